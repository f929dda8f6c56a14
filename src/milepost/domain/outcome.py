"""An Outcome on a company's success plan: milestones with weights, and the state that follows from them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from milepost.domain.company_filter import CompanyFilter
from milepost.domain.revision import Revision


class OutcomeState(StrEnum):
    """not started, on track, at risk, achieved, missed (DESIGN section 6)."""

    NOT_STARTED = "not_started"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    ACHIEVED = "achieved"
    MISSED = "missed"


class WeightedMilestone(BaseModel):
    """A milestone definition and how much of the outcome it stands for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    milestone_id: UUID
    weight: float = Field(default=1.0, gt=0, le=1000)


class OutcomeDraft(BaseModel):
    """What a person writes down: the template that is assigned to companies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=4000)
    milestones: tuple[WeightedMilestone, ...] = Field(min_length=1, max_length=50)


class Outcome(OutcomeDraft):
    """An outcome template in force; `assigns_new_companies` and `new_companies_filter` as in `milestone.Milestone`."""

    id: UUID
    revision: Revision = 1
    assigns_new_companies: bool = False
    new_companies_filter: CompanyFilter | None = None


class AssignedOutcome(BaseModel):
    """The outcome on one company; `progress` is the achieved share of the weight, 0 to 1.

    `milestones` are the template's as they were on assignment, or as changed here since; the company's copies of them
    carry the states. `is_edited` and `differs` as in `milestone.AssignedMilestone`.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    outcome_id: UUID
    company_id: UUID
    name: str
    description: str = ""
    milestones: tuple[WeightedMilestone, ...] = ()
    is_edited: bool = False
    differs: bool = False
    assigned_at: datetime
    state: OutcomeState = OutcomeState.NOT_STARTED
    state_at: datetime
    progress: float = 0.0
