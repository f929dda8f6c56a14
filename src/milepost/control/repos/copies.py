"""Changing what companies have: edits of one copy, ticks, and going back to the definition.

Takes a session and gives domain types; refuses a tick of what is not a manual action. Writes are noted among the
changes of the company's plan, which the judge is then owed a look at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import case, delete, func, insert, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.checks import check_milestone, check_outcome
from milepost.control.plan_rows import TickRow
from milepost.control.repos.assigned import (
    assigned_milestone_row,
    assigned_outcome_row,
    get_assigned_milestone,
    get_assigned_outcome,
)
from milepost.control.repos.milestones import milestone_row, parse_milestone
from milepost.control.repos.outcomes import outcome_row, parse_outcome
from milepost.control.repos.plan_changes import Act, note_changes, noted
from milepost.control.repos.plans import copy_milestone
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, MilestoneRow, OutcomeRow
from milepost.domain.errors import Fault, InvalidInputError, NotFoundError
from milepost.domain.milestone import Action, AssignedMilestone, ManualAction, MilestoneDraft
from milepost.domain.outcome import AssignedOutcome, OutcomeDraft
from milepost.domain.plan import ChangeKind
from milepost.kit.clock import to_unix_ms


class CopyCounts(BaseModel):
    """How many copies there are, are not as the definition is now, and were edited on their company."""

    model_config = ConfigDict(frozen=True)

    assigned: int = 0
    differing: int = 0
    edited: int = 0


def count_copies(session: Session, row: MilestoneRow | OutcomeRow) -> CopyCounts:
    """Of one definition; equal copies are equal text, so that few are parsed."""
    is_milestone = isinstance(row, MilestoneRow)
    table: type[AssignedMilestoneRow | AssignedOutcomeRow]
    table = AssignedMilestoneRow if is_milestone else AssignedOutcomeRow
    of_definition = (AssignedMilestoneRow.milestone_id if is_milestone else AssignedOutcomeRow.outcome_id) == row.id
    parse = parse_milestone if is_milestone else parse_outcome
    grouped = (
        select(table.definition, table.is_edited, func.count())
        .where(of_definition)
        .group_by(table.definition, table.is_edited)
    )
    groups = session.execute(grouped).all()
    return CopyCounts(
        assigned=sum(count for _, _, count in groups),
        differing=sum(count for text, _, count in groups if parse(text) != parse(row.definition)),
        edited=sum(count for _, is_edited, count in groups if is_edited),
    )


def count_all_copies(session: Session, table: type[MilestoneRow | OutcomeRow]) -> dict[UUID, CopyCounts]:
    """Of every definition that has copies, in two statements; only copies of another text are looked at one by one."""
    is_milestone = table is MilestoneRow
    copy: type[AssignedMilestoneRow | AssignedOutcomeRow]
    copy = AssignedMilestoneRow if is_milestone else AssignedOutcomeRow
    of = AssignedMilestoneRow.milestone_id if is_milestone else AssignedOutcomeRow.outcome_id
    parse = parse_milestone if is_milestone else parse_outcome
    other = (
        select(of, copy.definition, table.definition, func.count())
        .join(table, table.id == of)
        .where(copy.definition != table.definition)
        .group_by(of, copy.definition, table.definition)
    )
    differing: dict[UUID, int] = defaultdict(int)
    for definition_id, text, definition, count in session.execute(other):
        differing[definition_id] += count if parse(text) != parse(definition) else 0
    edited = func.sum(case((copy.is_edited, 1), else_=0))
    return {
        definition_id: CopyCounts(assigned=count, differing=differing[definition_id], edited=of_them)
        for definition_id, count, of_them in session.execute(select(of, func.count(), edited).group_by(of))
    }


def update_assigned_milestone(
    session: Session, assigned_id: UUID, draft: MilestoneDraft, act: Act
) -> AssignedMilestone:
    """Change one company's copy; ticks stay with the manual actions of the same name."""
    row = assigned_milestone_row(session, assigned_id)
    check_milestone(session, draft)
    definition = parse_milestone(milestone_row(session, row.milestone_id).definition)
    _rewrite_milestone(session, row, draft, ChangeKind.EDITED, act, is_edited=draft != definition)
    return get_assigned_milestone(session, assigned_id)


def update_assigned_outcome(session: Session, assigned_id: UUID, draft: OutcomeDraft, act: Act) -> AssignedOutcome:
    """Change the outcome on one plan; the company gets the milestones that it lacks."""
    row = assigned_outcome_row(session, assigned_id)
    check_outcome(session, draft)
    definition = parse_outcome(outcome_row(session, row.outcome_id).definition)
    _rewrite_outcome(session, row, draft, ChangeKind.EDITED, act, is_edited=draft != definition)
    return get_assigned_outcome(session, assigned_id)


def reset_assigned_milestone(session: Session, assigned_id: UUID, act: Act) -> AssignedMilestone:
    """Make one company's copy what the definition is now; ticks stay with the manual actions of the same name."""
    row = assigned_milestone_row(session, assigned_id)
    draft = parse_milestone(milestone_row(session, row.milestone_id).definition)
    _rewrite_milestone(session, row, draft, ChangeKind.RESET, act, is_edited=False)
    return get_assigned_milestone(session, assigned_id)


def reset_assigned_outcome(session: Session, assigned_id: UUID, act: Act) -> AssignedOutcome:
    """Make the outcome on one plan what the template is now."""
    row = assigned_outcome_row(session, assigned_id)
    draft = parse_outcome(outcome_row(session, row.outcome_id).definition)
    _rewrite_outcome(session, row, draft, ChangeKind.RESET, act, is_edited=False)
    return get_assigned_outcome(session, assigned_id)


def tick_action(session: Session, assigned_id: UUID, action: int, at: datetime, act: Act) -> AssignedMilestone:
    """Mark a manual action as done at an instant; ticking again moves the instant."""
    row, manual = _manual(session, assigned_id, action)
    session.merge(TickRow(assigned_id=assigned_id, action=action, ticked_at_ms=to_unix_ms(at)))
    detail = f"“{manual.name}”, done at {at.isoformat(timespec='seconds').replace('+00:00', 'Z')}"
    _note(session, ChangeKind.TICKED, row, act, detail)
    return get_assigned_milestone(session, assigned_id)


def untick_action(session: Session, assigned_id: UUID, action: int, act: Act) -> AssignedMilestone:
    """Mark a manual action as not done; nothing happens when it was not ticked."""
    row, manual = _manual(session, assigned_id, action)
    tick = session.get(TickRow, (assigned_id, action))
    if tick is not None:
        session.delete(tick)
        _note(session, ChangeKind.UNTICKED, row, act, f"“{manual.name}”")
    return get_assigned_milestone(session, assigned_id)


def _rewrite_milestone(
    session: Session, row: AssignedMilestoneRow, draft: MilestoneDraft, kind: ChangeKind, act: Act, *, is_edited: bool
) -> None:
    carry_ticks(session, {row.id: row.definition}, draft.actions)
    row.definition, row.is_edited = draft.model_dump_json(), is_edited
    _note(session, kind, row, act)


def _rewrite_outcome(
    session: Session, row: AssignedOutcomeRow, draft: OutcomeDraft, kind: ChangeKind, act: Act, *, is_edited: bool
) -> None:
    row.definition, row.is_edited = draft.model_dump_json(), is_edited
    _note(session, kind, row, act)
    for weighted in draft.milestones:
        copy_milestone(session, milestone_row(session, weighted.milestone_id), {row.company_id: row.id}, act)


def _note(
    session: Session,
    kind: ChangeKind,
    row: AssignedMilestoneRow | AssignedOutcomeRow,
    act: Act,
    detail: str = "",
) -> None:
    session.flush()
    parse = parse_milestone if isinstance(row, AssignedMilestoneRow) else parse_outcome
    note_changes(session, kind, [noted(row, parse(row.definition).name)], act, detail=detail)


def carry_ticks(session: Session, before: Mapping[UUID, str], actions: Sequence[Action]) -> None:
    """A tick goes where the manual action of its name has gone, and is dropped where there is none.

    `before` has the definitions of copies as they were until now, by the copies' ids.
    """
    for chunk in chunks(before):
        found = select(TickRow.assigned_id, TickRow.action, TickRow.ticked_at_ms).where(TickRow.assigned_id.in_(chunk))
        ticks = session.execute(found).all()
        kept = [
            {"assigned_id": tick.assigned_id, "action": place, "ticked_at_ms": tick.ticked_at_ms}
            for tick in ticks
            if (place := _moved(parse_milestone(before[tick.assigned_id]).actions, actions).get(tick.action))
            is not None
        ]
        if ticks:
            session.execute(delete(TickRow).where(TickRow.assigned_id.in_(chunk)))
        if kept:
            session.execute(insert(TickRow), kept)


def _moved(before: Sequence[Action], after: Sequence[Action]) -> dict[int, int]:
    """Where each manual action is now: the first of a name is the first of that name, and so on."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, action in enumerate(after):
        if isinstance(action, ManualAction):
            places[action.name].append(place)
    moved: dict[int, int] = {}
    for place, action in enumerate(before):
        if isinstance(action, ManualAction) and places[action.name]:
            moved[place] = places[action.name].pop(0)
    return moved


def _manual(session: Session, assigned_id: UUID, place: int) -> tuple[AssignedMilestoneRow, ManualAction]:
    row = assigned_milestone_row(session, assigned_id)
    actions = parse_milestone(row.definition).actions
    if not 0 <= place < len(actions):
        raise NotFoundError(f"The milestone has {len(actions)} actions, counted from 0; there is no action {place}.")
    action = actions[place]
    if not isinstance(action, ManualAction):
        reason = "is automatic: its metric decides, and nobody ticks it"
        raise InvalidInputError(
            "Only manual actions are ticked.", faults=(Fault(path=f"actions[{place}]", reason=reason),)
        )
    return row, action
