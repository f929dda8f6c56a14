"""Milestone definitions, and to whom they are assigned."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from milepost.control.repos import milestones, plans
from milepost.domain.milestone import Milestone, MilestoneDraft, MilestoneState
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Page, everything
from milepost.web.routes.assignment import Assigned, AssignTo, Unassigned, UnassignFrom

router = APIRouter(prefix="/milestones", tags=["milestones"])


class MilestoneInUse(Milestone):
    """A definition, and how many companies are in each state."""

    states: dict[MilestoneState, int]


@router.get("")
def list_milestones(_: Viewer, deps: Deps) -> Page[MilestoneInUse]:
    """All definitions with the companies' states, oldest first."""
    with deps.database.read() as session:
        states = milestones.count_milestone_states(session)
        return everything(
            [
                MilestoneInUse(**dict(milestone), states=states.get(milestone.id, {}))
                for milestone in milestones.list_milestones(session)
            ]
        )


@router.post("", status_code=201)
def add_milestone(draft: MilestoneDraft, caller: Editor, deps: Deps) -> Milestone:
    """Add a definition; it acts once it is assigned."""
    with change(deps, caller) as work:
        milestone = milestones.create_milestone(work.session, draft, now_ms=work.now_ms)
        work.record("create", "milestone", milestone.id, after=milestone)
    return milestone


@router.get("/{milestone_id}")
def read_milestone(milestone_id: UUID, _: Viewer, deps: Deps) -> MilestoneInUse:
    """One definition with the companies' states."""
    with deps.database.read() as session:
        milestone = milestones.get_milestone(session, milestone_id)
        states = milestones.count_milestone_states(session).get(milestone_id, {})
    return MilestoneInUse(**dict(milestone), states=states)


@router.put("/{milestone_id}")
def replace_milestone(milestone_id: UUID, draft: MilestoneDraft, caller: Editor, deps: Deps) -> Milestone:
    """Change the definition; companies keep the copies they have."""
    with change(deps, caller) as work:
        before = milestones.get_milestone(work.session, milestone_id)
        after = milestones.update_milestone(work.session, milestone_id, draft)
        work.record("update", "milestone", milestone_id, before=before, after=after)
    return after


@router.delete("/{milestone_id}", status_code=204)
def remove_milestone(milestone_id: UUID, caller: Editor, deps: Deps) -> None:
    """Take a definition away; 409 while a company has it or an outcome counts on it."""
    with change(deps, caller) as work:
        before = milestones.delete_milestone(work.session, milestone_id)
        work.record("delete", "milestone", milestone_id, before=before)


@router.post("/{milestone_id}/assign")
def assign(milestone_id: UUID, body: AssignTo, caller: Editor, deps: Deps) -> Assigned:
    """Copy the definition to companies; it is judged at once."""
    with change(deps, caller) as work:
        if body.company_ids is not None:
            count = plans.assign_milestone(work.session, milestone_id, body.company_ids, now_ms=work.now_ms)
        else:
            count = plans.assign_milestone_to_all(
                work.session, milestone_id, new_companies_too=body.auto_assign, now_ms=work.now_ms
            )
        work.record("assign", "milestone", milestone_id, after=body)
    return Assigned(assigned=count)


@router.post("/{milestone_id}/unassign")
def unassign(milestone_id: UUID, body: UnassignFrom, caller: Editor, deps: Deps) -> Unassigned:
    """Take the copies away; the timeline keeps what happened."""
    with change(deps, caller) as work:
        count = plans.unassign_milestone(work.session, milestone_id, body.company_ids)
        work.record("unassign", "milestone", milestone_id, before=body)
    return Unassigned(unassigned=count)
