"""What companies have: their copies of milestones, with ticks and transitions, and their outcomes with progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from milepost.control.repos import assigned, copies
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.transitions import page_transitions
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.instant import Instant
from milepost.domain.milestone import AssignedMilestone, MilestoneDraft, MilestoneState, Transition
from milepost.domain.outcome import AssignedOutcome, OutcomeDraft, OutcomeState
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps, WebDeps
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor
from milepost.web.places import place_of, read_place
from milepost.web.standing import ExplainedMilestone, ExplainedOutcome, on_record, standing
from milepost.web.versions import Versioned

router = APIRouter(tags=["assigned"])

ActionIndex = Annotated[int, Field(ge=0, le=99, description="The action's place in the milestone, from 0.")]


Explain = Annotated[
    bool | None,
    Query(description="With explanations, for which metrics are asked; unless said, only in lists of one company."),
]


class Tick(BaseModel):
    """When the action was done; now unless given."""

    model_config = ConfigDict(extra="forbid")

    at: Instant | None = None


class TransitionView(Transition):
    """A transition with its own id."""

    id: UUID


@router.get("/assigned-milestones")
def list_assigned_milestones(
    *,
    _: Viewer,
    deps: Deps,
    milestone_id: UUID | None = None,
    company_id: UUID | None = None,
    state: MilestoneState | None = None,
    explain: Explain = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ExplainedMilestone]:
    """Companies' milestones with their states, in the order of assignment."""
    with deps.database.read() as session:
        found = assigned.page_assigned_milestones(
            session,
            milestone_id=milestone_id,
            company_id=company_id,
            state=state,
            after=read_cursor(cursor, UUID),
            limit=limit + 1,
        )
    told = (standing if _explains(explain, company_id) else on_record)(deps, found)
    return page_of(told.milestones, limit, lambda copy: (copy.id,))


@router.get("/assigned-milestones/{assigned_id}")
def read_assigned_milestone(assigned_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> ExplainedMilestone:
    """One company's milestone."""
    with deps.database.read() as session:
        found = assigned.get_assigned_milestone(session, assigned_id)
    return version.tagged(_explained(deps, found), of=found.definition)


@router.put("/assigned-milestones/{assigned_id}")
def replace_assigned_milestone(
    assigned_id: UUID, draft: MilestoneDraft, caller: Editor, deps: Deps, version: Versioned
) -> ExplainedMilestone:
    """Change one company's copy; the definition and other companies' copies stay."""
    with change(deps, caller) as work:
        before = assigned.get_assigned_milestone(work.session, assigned_id)
        version.require(before, draft, of=before.definition)
        after = copies.update_assigned_milestone(work.session, assigned_id, draft, Act(work.actor, work.now_ms))
        work.record("update", "assigned_milestone", assigned_id, before=before, after=after)
    return version.tagged(_explained(deps, after), of=after.definition)


@router.post("/assigned-milestones/{assigned_id}/reset")
def reset_assigned_milestone(assigned_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> ExplainedMilestone:
    """Make one company's copy what the definition is now; ticks stay with the manual actions of the same name."""
    with change(deps, caller) as work:
        before = assigned.get_assigned_milestone(work.session, assigned_id)
        version.require(before, of=before.definition)
        after = copies.reset_assigned_milestone(work.session, assigned_id, Act(work.actor, work.now_ms))
        work.record("reset", "assigned_milestone", assigned_id, before=before, after=after)
    return version.tagged(_explained(deps, after), of=after.definition)


@router.put("/assigned-milestones/{assigned_id}/ticks/{action}")
def tick(
    assigned_id: UUID, action: ActionIndex, caller: Editor, deps: Deps, body: Tick | None = None
) -> ExplainedMilestone:
    """Mark a manual action as done."""
    at_ms = to_unix_ms(body.at) if body and body.at else deps.clock()
    if at_ms > deps.clock():
        fault = Fault(path="at", reason="lies ahead; an action is ticked once it is done")
        raise InvalidInputError("The tick is not valid.", faults=(fault,))
    with change(deps, caller) as work:
        before = assigned.get_assigned_milestone(work.session, assigned_id)
        act = Act(work.actor, work.now_ms)
        after = copies.tick_action(work.session, assigned_id, action, to_datetime(at_ms), act)
        work.record("tick", "assigned_milestone", assigned_id, before=before, after=after)
    return _explained(deps, after)


@router.delete("/assigned-milestones/{assigned_id}/ticks/{action}")
def untick(assigned_id: UUID, action: ActionIndex, caller: Editor, deps: Deps) -> ExplainedMilestone:
    """Mark a manual action as not done."""
    with change(deps, caller) as work:
        before = assigned.get_assigned_milestone(work.session, assigned_id)
        after = copies.untick_action(work.session, assigned_id, action, Act(work.actor, work.now_ms))
        work.record("untick", "assigned_milestone", assigned_id, before=before, after=after)
    return _explained(deps, after)


@router.get("/assigned-milestones/{assigned_id}/transitions")
def list_transitions(
    assigned_id: UUID, _: Viewer, deps: Deps, cursor: Cursor = None, limit: Limit = 100
) -> Page[TransitionView]:
    """Every change of this milestone's state, the one recorded last first; also once it is unassigned."""
    before = read_cursor(cursor, read_place)
    with deps.database.read() as session:
        found = page_transitions(session, subject_id=assigned_id, before=before, limit=limit + 1)
    entries = [TransitionView(id=entry_id, **dict(transition)) for entry_id, transition in found]
    return page_of(entries, limit, place_of)


@router.get("/assigned-outcomes")
def list_assigned_outcomes(
    *,
    _: Viewer,
    deps: Deps,
    outcome_id: UUID | None = None,
    company_id: UUID | None = None,
    state: OutcomeState | None = None,
    explain: Explain = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ExplainedOutcome]:
    """Companies' outcomes with state and progress, in the order of assignment."""
    with deps.database.read() as session:
        found = assigned.page_assigned_outcomes(
            session,
            outcome_id=outcome_id,
            company_id=company_id,
            state=state,
            after=read_cursor(cursor, UUID),
            limit=limit + 1,
        )
    told = _explained_outcomes(deps, found) if _explains(explain, company_id) else on_record(deps, (), found).outcomes
    return page_of(told, limit, lambda outcome: (outcome.id,))


@router.get("/assigned-outcomes/{assigned_id}")
def read_assigned_outcome(assigned_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> ExplainedOutcome:
    """One company's outcome."""
    with deps.database.read() as session:
        found = assigned.get_assigned_outcome(session, assigned_id)
    return version.tagged(_explained_outcome(deps, found), of=_draft(found))


@router.put("/assigned-outcomes/{assigned_id}")
def replace_assigned_outcome(
    assigned_id: UUID, draft: OutcomeDraft, caller: Editor, deps: Deps, version: Versioned
) -> ExplainedOutcome:
    """Change one company's outcome: its name, milestones or weights; the company gets the milestones it lacks."""
    with change(deps, caller) as work:
        before = assigned.get_assigned_outcome(work.session, assigned_id)
        version.require(before, draft, of=_draft(before))
        after = copies.update_assigned_outcome(work.session, assigned_id, draft, Act(work.actor, work.now_ms))
        work.record("update", "assigned_outcome", assigned_id, before=before, after=after)
    return version.tagged(_explained_outcome(deps, after), of=_draft(after))


@router.post("/assigned-outcomes/{assigned_id}/reset")
def reset_assigned_outcome(assigned_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> ExplainedOutcome:
    """Make one company's outcome what the template is now."""
    with change(deps, caller) as work:
        before = assigned.get_assigned_outcome(work.session, assigned_id)
        version.require(before, of=_draft(before))
        after = copies.reset_assigned_outcome(work.session, assigned_id, Act(work.actor, work.now_ms))
        work.record("reset", "assigned_outcome", assigned_id, before=before, after=after)
    return version.tagged(_explained_outcome(deps, after), of=_draft(after))


def _explains(asked: bool | None, company_id: UUID | None) -> bool:
    return company_id is not None if asked is None else asked


def _explained(deps: WebDeps, one: AssignedMilestone) -> ExplainedMilestone:
    return standing(deps, [one]).milestones[0]


def _explained_outcome(deps: WebDeps, one: AssignedOutcome) -> ExplainedOutcome:
    return _explained_outcomes(deps, [one])[0]


def _explained_outcomes(deps: WebDeps, some: Sequence[AssignedOutcome]) -> Sequence[ExplainedOutcome]:
    with deps.database.read() as session:
        copies = assigned.list_assigned_milestones(session, {one.company_id for one in some})
    counted = {(one.company_id, weighted.milestone_id) for one in some for weighted in one.milestones}
    return standing(deps, [one for one in copies if (one.company_id, one.milestone_id) in counted], some).outcomes


def _draft(one: AssignedOutcome) -> OutcomeDraft:
    """What people edit of it; its state is none of their doing."""
    return OutcomeDraft(name=one.name, description=one.description, milestones=one.milestones)
