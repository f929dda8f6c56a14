"""Milestone definitions, and to whom they are assigned."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.orm import Session

from milepost.control.repos import copies, milestones
from milepost.control.repos.copies import CopyCounts
from milepost.control.rows import MilestoneRow
from milepost.domain.milestone import Milestone, MilestoneDraft, MilestoneState
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

router = APIRouter(prefix="/milestones", tags=["milestones"])


class MilestoneInUse(Milestone):
    """A definition, how many companies are in each state, and how many of their copies differ from it."""

    states: dict[MilestoneState, int]
    copies: CopyCounts


@router.get("")
def list_milestones(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[MilestoneInUse]:
    """All definitions with the companies' states, oldest first."""
    with deps.database.read() as session:
        states = milestones.count_milestone_states(session)
        counts = copies.count_all_copies(session, MilestoneRow)
        page = some_of(milestones.list_milestones(session), cursor, limit, lambda one: (one.id,))
    shown = [
        MilestoneInUse(**dict(one), states=states.get(one.id, {}), copies=counts.get(one.id, _NO_COPIES))
        for one in page.items
    ]
    return Page(items=shown, next=page.next)


@router.post("", status_code=201)
def add_milestone(draft: MilestoneDraft, caller: Editor, deps: Deps, version: Versioned) -> Milestone:
    """Add a definition; it acts once it is assigned."""
    with change(deps, caller) as work:
        milestone = milestones.create_milestone(work.session, draft, now_ms=work.now_ms)
        work.record("create", "milestone", milestone.id, after=milestone)
    return version.tagged(milestone)


@router.get("/{milestone_id}")
def read_milestone(milestone_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> MilestoneInUse:
    """One definition with the companies' states."""
    with deps.database.read() as session:
        milestone = milestones.get_milestone(session, milestone_id)
        states = milestones.count_milestone_states(session).get(milestone_id, {})
        return version.tagged(_in_use(session, milestone, states), of=milestone)


@router.put("/{milestone_id}")
def replace_milestone(
    milestone_id: UUID, draft: MilestoneDraft, caller: Editor, deps: Deps, version: Versioned
) -> Milestone:
    """Change the definition; companies keep the copies they have."""
    with change(deps, caller) as work:
        before = milestones.get_milestone(work.session, milestone_id)
        version.require(before, draft)
        after = milestones.update_milestone(work.session, milestone_id, draft)
        work.record("update", "milestone", milestone_id, before=before, after=after)
    return version.tagged(after)


@router.delete("/{milestone_id}", status_code=204)
def remove_milestone(milestone_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> None:
    """Take a definition away; 409 while a company has it or an outcome counts on it."""
    with change(deps, caller) as work:
        version.require(milestones.get_milestone(work.session, milestone_id))
        before = milestones.delete_milestone(work.session, milestone_id)
        work.record("delete", "milestone", milestone_id, before=before)


@router.post("/{milestone_id}/assign", responses=BEGUN)
def assign(milestone_id: UUID, body: AssignTo, asking: AskedByEditor) -> Assigned | Begun:
    """Copy the definition to companies; it is judged at once."""
    return assign_to(asking, body, "milestone", milestone_id)


@router.post("/{milestone_id}/unassign", responses=BEGUN)
def unassign(milestone_id: UUID, body: Audience, asking: AskedByEditor) -> Unassigned | Begun:
    """Take the copies away; the timeline keeps what happened."""
    return unassign_from(asking, body, "milestone", milestone_id)


@router.post("/{milestone_id}/push", responses=BEGUN)
def push(milestone_id: UUID, body: PushWanted, asking: AskedByEditor) -> Pushed | Begun:
    """Bring companies' copies to what the definition is now, but for those that a person has edited."""
    return push_to(asking, body, "milestone", milestone_id)


def _in_use(session: Session, milestone: Milestone, states: dict[MilestoneState, int]) -> MilestoneInUse:
    counts = copies.count_copies(session, milestones.milestone_row(session, milestone.id))
    return MilestoneInUse(**dict(milestone), states=states, copies=counts)
