"""A company's success plan, now or at any instant, and its timeline: what was done to the plan, and how it fared."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from milepost.control.repos import assigned, companies
from milepost.control.repos.plan_changes import page_plan_changes
from milepost.control.repos.transitions import page_transitions
from milepost.domain.company import Company
from milepost.domain.milestone import Transition
from milepost.domain.plan import ChangeKind, PlanChange
from milepost.kit.clock import to_unix_ms
from milepost.web.auth import Viewer
from milepost.web.behind import Behind, behind_since
from milepost.web.deps import Deps
from milepost.web.instants import AskedInstant
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor
from milepost.web.places import place_of, read_place
from milepost.web.standing import ExplainedMilestone, ExplainedOutcome, on_record, standing

router = APIRouter(prefix="/companies", tags=["companies"])


class PlanMilestone(BaseModel):
    """A milestone that an outcome counts on, and the company's copy of it."""

    weight: float
    milestone: ExplainedMilestone | None


class PlanOutcome(ExplainedOutcome):
    """An outcome of the plan with its milestones."""

    parts: tuple[PlanMilestone, ...]


class Plan(BaseModel):
    """A company's success plan: its outcomes, and the milestones that no outcome counts on.

    With `behind`, something has happened that its states do not show yet.
    """

    company: Company
    behind: Behind | None
    outcomes: tuple[PlanOutcome, ...]
    milestones: tuple[ExplainedMilestone, ...]


class TimelineEntry(BaseModel):
    """A change of state (`kind` is `state`), or something done to the plan; each has an id of its own.

    `at` is when it happened by event dates and deadlines, `recorded_at` when it was noted. `reason` says what happened,
    `cause` what brought a state about, `actor` who did something to the plan. With `until` it tells of a stretch of the
    past, and from that instant on what was recorded before it stands.
    """

    kind: Literal["state"] | ChangeKind
    company_id: UUID
    subject: str
    subject_id: UUID
    name: str
    from_state: str | None = None
    to_state: str | None = None
    at: datetime
    recorded_at: datetime
    reason: str
    cause: str = ""
    is_correction: bool = False
    is_late: bool = False
    until: datetime | None = None
    value: float | None = None
    actor: str | None = None
    id: UUID


@router.get("/{company_id}/plan")
def read_plan(
    company_id: UUID,
    _: Viewer,
    deps: Deps,
    at: Annotated[
        AskedInstant | None,
        Query(description="As it stood, or will stand unless something happens, by all that is known now."),
    ] = None,
    explain: Annotated[
        bool, Query(description="Without explanations, only what is on record is read; not together with `at`.")
    ] = True,
) -> Plan:
    """The company's success plan with all its states, each explained."""
    with deps.database.read() as session:
        company = companies.get_company(session, company_id)
        outcomes = assigned.list_assigned_outcomes(session, [company_id])
        milestones = assigned.list_assigned_milestones(session, [company_id])
        behind = behind_since(deps, session, [company_id]).get(company_id) if at is None else None
    if at is not None:
        outcomes = tuple(one for one in outcomes if one.assigned_at <= at)
        milestones = tuple(one for one in milestones if one.assigned_at <= at)
    if explain or at is not None:
        found = standing(deps, milestones, outcomes, at_ms=None if at is None else to_unix_ms(at))
    else:
        found = on_record(deps, milestones, outcomes)
    copies = {copy.milestone_id: copy for copy in found.milestones}
    counted = {weighted.milestone_id for outcome in outcomes for weighted in outcome.milestones}
    return Plan(
        company=company,
        behind=behind,
        outcomes=tuple(_plan_outcome(outcome, copies) for outcome in found.outcomes),
        milestones=tuple(copy for copy in found.milestones if copy.milestone_id not in counted),
    )


@router.get("/{company_id}/timeline")
def read_timeline(
    *,
    company_id: UUID,
    _: Viewer,
    deps: Deps,
    kind: Annotated[
        Literal["state", "plan"] | None,
        Query(description="Only changes of states, or only what was done to the plan."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[TimelineEntry]:
    """What happened to the company's milestones and outcomes, by when it was recorded, latest first."""
    before = read_cursor(cursor, read_place)
    entries: list[TimelineEntry] = []
    with deps.database.read() as session:
        companies.get_company(session, company_id)
        if kind != "plan":
            found = page_transitions(session, company_id=company_id, before=before, limit=limit + 1)
            entries += (_state_entry(entry_id, transition) for entry_id, transition in found)
        if kind != "state":
            changes = page_plan_changes(session, company_id, before=before, limit=limit + 1)
            entries += (_plan_entry(one) for one in changes)
    entries.sort(key=place_of, reverse=True)
    return page_of(entries[: limit + 1], limit, place_of)


def _state_entry(entry_id: UUID, transition: Transition) -> TimelineEntry:
    return TimelineEntry(id=entry_id, kind="state", **dict(transition))


def _plan_entry(change: PlanChange) -> TimelineEntry:
    done = change.kind.value + (f": {change.detail}" if change.detail else "")
    return TimelineEntry(
        **change.model_dump(include={"id", "kind", "company_id", "at", "subject", "subject_id", "name", "actor"}),
        recorded_at=change.at,
        reason=f"{done}, by {change.actor}",
    )


def _plan_outcome(outcome: ExplainedOutcome, copies: dict[UUID, ExplainedMilestone]) -> PlanOutcome:
    parts = tuple(
        PlanMilestone(weight=weighted.weight, milestone=copies.get(weighted.milestone_id))
        for weighted in outcome.milestones
    )
    return PlanOutcome(**dict(outcome), parts=parts)
