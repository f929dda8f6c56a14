"""Success plans as a whole: templates that assign several outcomes at once, and what was done to companies' plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from milepost.domain.account import AuditEntry
from milepost.domain.company_filter import CompanyFilter
from milepost.domain.revision import Revision

Subject = Literal["milestone", "outcome"]


class PlanTemplateDraft(BaseModel):
    """A named plan: outcomes, and milestones that no outcome counts on; at least one of either."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=4000)
    outcome_ids: tuple[UUID, ...] = Field(default=(), max_length=50)
    milestone_ids: tuple[UUID, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _has_something_once(self) -> PlanTemplateDraft:
        if not self.outcome_ids and not self.milestone_ids:
            raise ValueError("a plan has at least one outcome or milestone")
        if len({*self.outcome_ids, *self.milestone_ids}) < len(self.outcome_ids) + len(self.milestone_ids):
            raise ValueError("an outcome or milestone is named more than once")
        return self


class PlanTemplate(PlanTemplateDraft):
    """A template in force; see `milestone.Milestone` for what new companies get."""

    id: UUID
    revision: Revision = 1
    assigns_new_companies: bool = False
    new_companies_filter: CompanyFilter | None = None


class ChangeKind(StrEnum):
    """What can be done to a milestone or an outcome on a company's plan."""

    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    EDITED = "edited"
    RESET = "reset"
    UPDATED = "updated"
    TICKED = "ticked"
    UNTICKED = "unticked"


class PlanChange(BaseModel):
    """Something done to a company's plan, kept for ever; `detail` says what, where the kind does not.

    `subject_id` is of the company's copy, `definition_id` of what it was copied from. `actor` is a person, a machine,
    or Milepost itself, which gives new companies their plans.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    company_id: UUID
    at: datetime
    kind: ChangeKind
    subject: Subject
    subject_id: UUID
    definition_id: UUID
    name: str
    detail: str = ""
    actor: str


class Deed(NamedTuple):
    """What the judge wants to know of a plan change, of which there may be very many: who did what to which copy."""

    id: UUID
    company_id: UUID
    subject_id: UUID
    kind: ChangeKind
    actor: str


class News(NamedTuple):
    """What people did, oldest first: to plans, and to all else."""

    plans: Sequence[Deed]
    others: Sequence[AuditEntry]


class Owed(NamedTuple):
    """A company that must be judged again because of something done at `since_ms` (Unix) or later.

    `mark` is another once more was done. `is_from_scratch`: what is known of its history is no longer good;
    `is_urgent`: a person has changed this plan, and waits to see what follows.
    """

    company_id: UUID
    mark: UUID
    is_from_scratch: bool
    is_urgent: bool
    since_ms: int


class Waiting(NamedTuple):
    """How many companies wait to be judged, and since when the first of them does, in Unix ms; None: nobody waits."""

    companies: int = 0
    since_ms: int | None = None
