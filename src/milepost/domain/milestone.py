"""A Milestone: a definition people write once, and the copy that lives on each company it is assigned to."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, computed_field, model_validator

from milepost.domain.calendar import Calendar
from milepost.domain.company_filter import CompanyFilter
from milepost.domain.instant import DayOrInstant, end_of_day, first_instant, last_instant
from milepost.domain.revision import Revision

_WEB_ADDRESSES: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


def _is_a_web_address(url: str) -> str:
    try:
        _WEB_ADDRESSES.validate_python(url)
    except ValueError:
        raise ValueError("must be a web address that begins with http:// or https://") from None
    return url


class Asset(BaseModel):
    """A document or link that goes with a milestone or an action, under its title; the address stays as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    url: Annotated[str, Field(max_length=2000, pattern=r"^\S+$"), AfterValidator(_is_a_web_address)]


Assets = Annotated[tuple[Asset, ...], Field(max_length=20)]


class AnyTime(BaseModel):
    """Evaluate over all history: achieved on the day the condition first held, however long ago."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["any_time"] = "any_time"


class OnAssignment(BaseModel):
    """Evaluate from the instant of assignment."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["on_assignment"] = "on_assignment"


class OnDate(BaseModel):
    """A date or an instant, in the years 1900 to 2299.

    A date alone (2026-03-01) is that day in the account's time zone: its beginning as a start, its end as a deadline.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["date"] = "date"
    at: DayOrInstant


class DaysAfterAssignment(BaseModel):
    """A start that many times 24 hours after the assignment."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["after_days"] = "after_days"
    days: int = Field(ge=0, le=3660)


class AfterDays(BaseModel):
    """A deadline N days after the start (after the assignment for any_time).

    At the end of that day in the account's time zone, or, with `at` `instant`, exactly N times 24 hours later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["after_days"] = "after_days"
    days: int = Field(ge=0, le=3660)
    at: Literal["end_of_day", "instant"] = "end_of_day"


Start = Annotated[AnyTime | OnAssignment | OnDate | DaysAfterAssignment, Field(discriminator="kind")]
Deadline = Annotated[OnDate | AfterDays, Field(discriminator="kind")]


class Comparison(StrEnum):
    """How a metric's value is compared with the target."""

    AT_LEAST = ">="
    MORE_THAN = ">"
    AT_MOST = "<="
    LESS_THAN = "<"
    EQUALS = "="

    def holds(self, value: float, target: float) -> bool:
        """Whether `value` compares true with `target`."""
        match self:
            case Comparison.AT_LEAST:
                return value >= target
            case Comparison.MORE_THAN:
                return value > target
            case Comparison.AT_MOST:
                return value <= target
            case Comparison.LESS_THAN:
                return value < target
            case Comparison.EQUALS:
                return value == target


class HeldFor(BaseModel):
    """How long a comparison must have held without a break: days of 24 hours, weeks of 7 of them, or months.

    A month ends at the same time of day in the account's time zone, on the same day of the next month or on its last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    periods: int = Field(ge=1, le=120)
    period: Literal["day", "week", "month"]


class AutomaticAction(BaseModel):
    """Done while the metric's value compares true with the target, and has done so for as long as `held_for` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["automatic"] = "automatic"
    name: str = Field(min_length=1, max_length=120)
    metric_id: UUID
    operator: Comparison
    value: float
    held_for: HeldFor | None = None
    affects_achievement: bool = True
    assets: Assets = ()


class ManualAction(BaseModel):
    """Done once a person ticks it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["manual"] = "manual"
    name: str = Field(min_length=1, max_length=120)
    affects_achievement: bool = True
    assets: Assets = ()


Action = Annotated[AutomaticAction | ManualAction, Field(discriminator="kind")]


class MilestoneDraft(BaseModel):
    """What a person writes down; at least one action must affect achievement (FACTS, Milestones)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=4000)
    icon: str = Field(default="flag", max_length=40)
    start: Start = AnyTime()
    deadline: Deadline | None = None
    actions: tuple[Action, ...] = Field(min_length=1, max_length=20)
    latches: bool = True
    assets: Assets = ()

    @model_validator(mode="after")
    def _has_an_action_that_counts(self) -> MilestoneDraft:
        if not any(action.affects_achievement for action in self.actions):
            raise ValueError("at least one action must affect the milestone's achievement")
        return self


class Milestone(MilestoneDraft):
    """A definition in force; `id` is the definition's.

    With `assigns_new_companies`, each new company gets a copy; with `new_companies_filter`, each that fits it then or
    comes to fit it later.
    """

    id: UUID
    revision: Revision = 1
    assigns_new_companies: bool = False
    new_companies_filter: CompanyFilter | None = None


class MilestoneState(StrEnum):
    """not started -> in progress -> achieved | achieved late | missed (DESIGN section 6)."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    ACHIEVED = "achieved"
    ACHIEVED_LATE = "achieved_late"
    MISSED = "missed"


class AssignedMilestone(BaseModel):
    """The copy of a definition on one company, with its state.

    `state_at` is when the state began by event dates and deadlines; when we noticed is in the transitions.
    `ticks` maps the index of a manual action to the instant it was ticked. `outcome_id` is the assigned outcome
    that brought the copy, if one did. `is_edited`: a person changed it on this company; `differs`: it is not as the
    definition is now, since either was changed. `starts_at` is the instant from which history counts, null for all of
    it; `due_at` is the last instant that is in time, null without a deadline. Both are by the account's time zone now.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    milestone_id: UUID
    company_id: UUID
    outcome_id: UUID | None = None
    definition: MilestoneDraft
    is_edited: bool = False
    differs: bool = False
    assigned_at: datetime
    ticks: dict[int, datetime] = {}
    state: MilestoneState = MilestoneState.NOT_STARTED
    state_at: datetime
    time_zone: str = Field(default="UTC", exclude=True)

    @computed_field  # type: ignore[prop-decorator]  # as Pydantic documents it
    @property
    def starts_at(self) -> datetime | None:
        """The instant from which history counts; None: all of it."""
        return starts_at(self.definition, self.assigned_at, Calendar(self.time_zone))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def due_at(self) -> datetime | None:
        """The last instant that is in time; None: any time is."""
        return due_at(self.definition, self.assigned_at, Calendar(self.time_zone))


def starts_at(definition: MilestoneDraft, assigned_at: datetime, calendar: Calendar) -> datetime | None:
    """The start of a copy that was assigned then, in a calendar; None for any time."""
    match definition.start:
        case AnyTime():
            return None
        case OnAssignment():
            return assigned_at
        case OnDate(at=at):
            return first_instant(at, calendar)
        case DaysAfterAssignment(days=days):
            return assigned_at + timedelta(days=days)


def due_at(definition: MilestoneDraft, assigned_at: datetime, calendar: Calendar) -> datetime | None:
    """The last instant that is in time for a copy that was assigned then, in a calendar; None without a deadline."""
    match definition.deadline:
        case None:
            return None
        case OnDate(at=at):
            return last_instant(at, calendar)
        case AfterDays(days=days, at="instant"):
            return (starts_at(definition, assigned_at, calendar) or assigned_at) + timedelta(days=days)
        case AfterDays(days=days):
            return end_of_day(starts_at(definition, assigned_at, calendar) or assigned_at, days, calendar)


class Transition(BaseModel):
    """A change of state that is kept for ever, with its reason in words and the value that caused it.

    `cause` is what brought it about: the clock, an event, or what a person did. `is_correction`: the state before
    turned out never to have been true; `is_late`: the new one holds since more than a day before it was recorded.
    `until`: it tells of a stretch of the past, and from that instant on, what had been recorded before it stands.
    """

    model_config = ConfigDict(frozen=True)

    company_id: UUID
    subject: Literal["milestone", "outcome", "company"]
    subject_id: UUID
    name: str
    from_state: str
    to_state: str
    at: datetime
    recorded_at: datetime
    reason: str
    value: float | None = None
    cause: str = ""
    is_correction: bool = False
    is_late: bool = False
    until: datetime | None = None
