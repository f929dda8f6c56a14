"""Outcome templates, and to whom they are assigned."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.orm import Session

from milepost.control.repos import copies, outcomes
from milepost.control.repos.copies import CopyCounts
from milepost.control.rows import OutcomeRow
from milepost.domain.outcome import Outcome, OutcomeDraft, OutcomeState
from milepost.web.audience import Audience
from milepost.web.auth import Editor, Viewer
from milepost.web.bulk import BEGUN, AskedByEditor, Begun
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of
from milepost.web.routes.assignment import (
    Assigned,
    AssignTo,
    Pushed,
    PushWanted,
    Unassigned,
    assign_to,
    push_to,
    unassign_from,
)
from milepost.web.versions import Versioned

_NO_COPIES: Final = CopyCounts()

router = APIRouter(prefix="/outcomes", tags=["outcomes"])


class OutcomeInUse(Outcome):
    """A template, how many companies are in each state, and how many of their outcomes differ from it."""

    states: dict[OutcomeState, int]
    copies: CopyCounts


@router.get("")
def list_outcomes(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[OutcomeInUse]:
    """All templates with the companies' states, oldest first."""
    with deps.database.read() as session:
        states = outcomes.count_outcome_states(session)
        counts = copies.count_all_copies(session, OutcomeRow)
        page = some_of(outcomes.list_outcomes(session), cursor, limit, lambda one: (one.id,))
    shown = [
        OutcomeInUse(**dict(one), states=states.get(one.id, {}), copies=counts.get(one.id, _NO_COPIES))
        for one in page.items
    ]
    return Page(items=shown, next=page.next)


@router.post("", status_code=201)
def add_outcome(draft: OutcomeDraft, caller: Editor, deps: Deps, version: Versioned) -> Outcome:
    """Add a template."""
    with change(deps, caller) as work:
        outcome = outcomes.create_outcome(work.session, draft, now_ms=work.now_ms)
        work.record("create", "outcome", outcome.id, after=outcome)
    return version.tagged(outcome)


@router.get("/{outcome_id}")
def read_outcome(outcome_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> OutcomeInUse:
    """One template with the companies' states."""
    with deps.database.read() as session:
        outcome = outcomes.get_outcome(session, outcome_id)
        states = outcomes.count_outcome_states(session).get(outcome_id, {})
        return version.tagged(_in_use(session, outcome, states), of=outcome)


@router.put("/{outcome_id}")
def replace_outcome(outcome_id: UUID, draft: OutcomeDraft, caller: Editor, deps: Deps, version: Versioned) -> Outcome:
    """Change the template; companies keep the outcome as it was assigned."""
    with change(deps, caller) as work:
        before = outcomes.get_outcome(work.session, outcome_id)
        version.require(before, draft)
        after = outcomes.update_outcome(work.session, outcome_id, draft)
        work.record("update", "outcome", outcome_id, before=before, after=after)
    return version.tagged(after)


@router.delete("/{outcome_id}", status_code=204)
def remove_outcome(outcome_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> None:
    """Take a template away; 409 while a company has the outcome."""
    with change(deps, caller) as work:
        version.require(outcomes.get_outcome(work.session, outcome_id))
        work.record("delete", "outcome", outcome_id, before=outcomes.delete_outcome(work.session, outcome_id))


@router.post("/{outcome_id}/assign", responses=BEGUN)
def assign(outcome_id: UUID, body: AssignTo, asking: AskedByEditor) -> Assigned | Begun:
    """Put the outcome and its milestones on companies' plans."""
    return assign_to(asking, body, "outcome", outcome_id)


@router.post("/{outcome_id}/unassign", responses=BEGUN)
def unassign(outcome_id: UUID, body: Audience, asking: AskedByEditor) -> Unassigned | Begun:
    """Take the outcome off the plans; its milestones stay with the companies."""
    return unassign_from(asking, body, "outcome", outcome_id)


@router.post("/{outcome_id}/push", responses=BEGUN)
def push(outcome_id: UUID, body: PushWanted, asking: AskedByEditor) -> Pushed | Begun:
    """Bring companies' outcomes to what the template is now, but for those that a person has edited."""
    return push_to(asking, body, "outcome", outcome_id)


def _in_use(session: Session, outcome: Outcome, states: dict[OutcomeState, int]) -> OutcomeInUse:
    counts = copies.count_copies(session, outcomes.outcome_row(session, outcome.id))
    return OutcomeInUse(**dict(outcome), states=states, copies=counts)
