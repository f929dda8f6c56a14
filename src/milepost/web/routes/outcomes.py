"""Outcome templates, and to whom they are assigned."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from milepost.control.repos import outcomes, plans
from milepost.domain.outcome import Outcome, OutcomeDraft, OutcomeState
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Page, everything
from milepost.web.routes.assignment import Assigned, AssignTo, Unassigned, UnassignFrom

router = APIRouter(prefix="/outcomes", tags=["outcomes"])


class OutcomeInUse(Outcome):
    """A template, and how many companies are in each state."""

    states: dict[OutcomeState, int]


@router.get("")
def list_outcomes(_: Viewer, deps: Deps) -> Page[OutcomeInUse]:
    """All templates with the companies' states, oldest first."""
    with deps.database.read() as session:
        states = outcomes.count_outcome_states(session)
        return everything(
            [
                OutcomeInUse(**dict(outcome), states=states.get(outcome.id, {}))
                for outcome in outcomes.list_outcomes(session)
            ]
        )


@router.post("", status_code=201)
def add_outcome(draft: OutcomeDraft, caller: Editor, deps: Deps) -> Outcome:
    """Add a template."""
    with change(deps, caller) as work:
        outcome = outcomes.create_outcome(work.session, draft, now_ms=work.now_ms)
        work.record("create", "outcome", outcome.id, after=outcome)
    return outcome


@router.get("/{outcome_id}")
def read_outcome(outcome_id: UUID, _: Viewer, deps: Deps) -> OutcomeInUse:
    """One template with the companies' states."""
    with deps.database.read() as session:
        outcome = outcomes.get_outcome(session, outcome_id)
        states = outcomes.count_outcome_states(session).get(outcome_id, {})
    return OutcomeInUse(**dict(outcome), states=states)


@router.put("/{outcome_id}")
def replace_outcome(outcome_id: UUID, draft: OutcomeDraft, caller: Editor, deps: Deps) -> Outcome:
    """Change the template; companies keep the outcome as it was assigned."""
    with change(deps, caller) as work:
        before = outcomes.get_outcome(work.session, outcome_id)
        after = outcomes.update_outcome(work.session, outcome_id, draft)
        work.record("update", "outcome", outcome_id, before=before, after=after)
    return after


@router.delete("/{outcome_id}", status_code=204)
def remove_outcome(outcome_id: UUID, caller: Editor, deps: Deps) -> None:
    """Take a template away; 409 while a company has the outcome."""
    with change(deps, caller) as work:
        work.record("delete", "outcome", outcome_id, before=outcomes.delete_outcome(work.session, outcome_id))


@router.post("/{outcome_id}/assign")
def assign(outcome_id: UUID, body: AssignTo, caller: Editor, deps: Deps) -> Assigned:
    """Put the outcome and its milestones on companies' plans."""
    with change(deps, caller) as work:
        if body.company_ids is not None:
            count = plans.assign_outcome(work.session, outcome_id, body.company_ids, now_ms=work.now_ms)
        else:
            count = plans.assign_outcome_to_all(
                work.session, outcome_id, new_companies_too=body.auto_assign, now_ms=work.now_ms
            )
        work.record("assign", "outcome", outcome_id, after=body)
    return Assigned(assigned=count)


@router.post("/{outcome_id}/unassign")
def unassign(outcome_id: UUID, body: UnassignFrom, caller: Editor, deps: Deps) -> Unassigned:
    """Take the outcome off the plans; its milestones stay with the companies."""
    with change(deps, caller) as work:
        count = plans.unassign_outcome(work.session, outcome_id, body.company_ids)
        work.record("unassign", "outcome", outcome_id, before=body)
    return Unassigned(unassigned=count)
