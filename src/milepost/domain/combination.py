"""What comes together when companies are combined into one: histories, keys, attributes, plans."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from milepost.domain.company import Company


class History(BaseModel):
    """What a company's history amounts to: signals emitted, and the events that emitted them.

    `last_received_at` is when the last of them arrived; the other two are their own dates.
    """

    model_config = ConfigDict(frozen=True)

    emissions: int = 0
    events: int = 0
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    last_received_at: datetime | None = None


class CombinedPart(BaseModel):
    """One of the companies, as it is before."""

    model_config = ConfigDict(frozen=True)

    company: Company
    history: History


class AttributeMeeting(BaseModel):
    """An attribute afterwards: its value, whose that is, and whose different values it hides."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: str
    company_id: UUID
    others: dict[UUID, str]


class PlanMeeting(BaseModel):
    """A milestone or an outcome on a plan of the companies.

    `assigned_id` and `state` are those of the primary, None where only others have it: then it is hidden while they
    are combined. `states` has the others' by their ids. `resulting_state` is what the joint history will make of it.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    definition_id: UUID
    name: str
    assigned_id: UUID | None = None
    state: str | None = None
    resulting_state: str | None = None
    states: dict[UUID, str] = {}


class Combination(BaseModel):
    """What a combination brings together (with `is_dry_run`, would), and the company that it makes."""

    model_config = ConfigDict(frozen=True)

    is_dry_run: bool
    primary: CombinedPart
    others: tuple[CombinedPart, ...]
    attributes: tuple[AttributeMeeting, ...]
    plan: tuple[PlanMeeting, ...]
    company: Company
