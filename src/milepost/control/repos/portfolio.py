"""How all companies that have a milestone or an outcome fare with it, now and at any instant before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.plan_rows import PlanChangeRow
from milepost.control.repos.identities import of_shown_company
from milepost.control.repos.milestones import parse_milestone
from milepost.control.repos.outcomes import parse_outcome
from milepost.control.repos.settings import read_settings
from milepost.control.repos.transitions import read_recorded, recorded_of
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, TransitionRow
from milepost.domain.history import Life, Stay, in_time, is_missed_on_plan, stays_on_record
from milepost.domain.milestone import MilestoneState, due_at, starts_at
from milepost.domain.plan import ChangeKind, Subject
from milepost.kit.clock import to_datetime, to_unix_ms


class Copy(NamedTuple):
    """One company's copy, whether it is still on its plan or not."""

    assigned_id: UUID
    company_id: UUID


class Times(NamedTuple):
    """The instant from which a copy's history counts, None for all of it, and its last in time, None for any."""

    starts_at: datetime | None
    due_at: datetime | None


class _Timed(NamedTuple):
    assigned_id: UUID
    company_id: UUID
    milestone_id: UUID
    assigned_at_ms: int
    times: Times


def read_stays(session: Session, subject: Subject, definition_id: UUID, state: str | None) -> dict[Copy, Stay]:
    """The state of every copy that a company shown has now, or of those in one state."""
    row = AssignedMilestoneRow if subject == "milestone" else AssignedOutcomeRow
    of_definition = AssignedMilestoneRow.milestone_id if subject == "milestone" else AssignedOutcomeRow.outcome_id
    query = select(row.id, row.company_id, row.state_at_ms, row.state).where(
        of_definition == definition_id, of_shown_company(row.company_id)
    )
    if state is not None:
        query = query.where(row.state == state)
    return {Copy(copy_id, company_id): Stay(at_ms, now) for copy_id, company_id, at_ms, now in session.execute(query)}


def read_times(session: Session, milestone_id: UUID) -> dict[UUID, Times]:
    """When the copies of a milestone that are on plans begin and end, by their ids, by the account's calendar now."""
    return {one.assigned_id: one.times for one in _copies(session, AssignedMilestoneRow.milestone_id == milestone_id)}


def read_lives(session: Session, subject: Subject, definition_id: UUID) -> dict[Copy, Life]:
    """Every copy that a company now shown has, or had, of this definition, with the states it was in.

    To the millisecond for what is on plans; of what was taken off, nobody knows which instants were deadlines.
    """
    begins, ends = _assignments(session, subject, definition_id)
    assigned = select(PlanChangeRow.subject_id).where(
        PlanChangeRow.definition_id == definition_id, PlanChangeRow.kind == ChangeKind.ASSIGNED.value
    )
    changes = read_recorded(session, TransitionRow.subject_id.in_(assigned))
    stays = {
        copy: stays_on_record(subject, begin_ms, changes.get(copy.assigned_id, ())) for copy, begin_ms in begins.items()
    }
    missed = {copy.assigned_id: at for copy, found in stays.items() if (at := _missed_at(found))}
    due_ms: Mapping[UUID, Collection[int]] = {}
    if missed and subject == "milestone":
        due_ms = {copy: (to_unix_ms(due),) for copy, (_, due) in read_times(session, definition_id).items() if due}
    elif missed:
        due_ms = _missed_by_parts(session, definition_id, missed)
    return {
        copy: Life(begin_ms, ends.get(copy), found, in_time(subject, found, due_ms.get(copy.assigned_id, ())))
        for copy, begin_ms in begins.items()
        for found in (stays[copy],)
    }


def _missed_at(found: Sequence[Stay]) -> set[int]:
    return {stay.since_ms for stay in found if stay.state == MilestoneState.MISSED.value}


def _missed_by_parts(
    session: Session, outcome_id: UUID, missed: Mapping[UUID, Collection[int]]
) -> Mapping[UUID, Collection[int]]:
    """By outcome on a plan: the deadlines, in Unix ms, at which it was missed with one of its milestones."""
    row = AssignedOutcomeRow
    query = select(row.id, row.company_id, row.definition).where(row.outcome_id == outcome_id)
    counting = {
        (company_id, part.milestone_id): assigned_id
        for assigned_id, company_id, definition in session.execute(query)
        if assigned_id in missed
        for part in parse_outcome(definition).milestones
    }
    parts: dict[UUID, tuple[UUID, int, int]] = {}
    for chunk in chunks({company_id for company_id, _ in counting}):
        for one in _copies(session, AssignedMilestoneRow.company_id.in_(chunk)):
            counts = counting.get((one.company_id, one.milestone_id))
            if counts is not None and one.times.due_at is not None:
                due_ms = to_unix_ms(one.times.due_at)
                if due_ms in missed[counts]:
                    parts[one.assigned_id] = counts, due_ms, one.assigned_at_ms
    recorded = recorded_of(session, parts)
    found: dict[UUID, set[int]] = defaultdict(set)
    for part_id, (counts, due_ms, assigned_at_ms) in parts.items():
        stays = stays_on_record("milestone", assigned_at_ms, recorded.get(part_id, ()))
        if is_missed_on_plan(assigned_at_ms, stays, due_ms):
            found[counts].add(due_ms)
    return found


def _copies(session: Session, of: ColumnElement[bool]) -> Iterator[_Timed]:
    row, calendar = AssignedMilestoneRow, read_settings(session).calendar
    query = select(row.id, row.company_id, row.milestone_id, row.definition, row.assigned_at_ms).where(of)
    for assigned_id, company_id, milestone_id, definition, assigned_at_ms in session.execute(query):
        draft, assigned_at = parse_milestone(definition), to_datetime(assigned_at_ms)
        times = Times(starts_at(draft, assigned_at, calendar), due_at(draft, assigned_at, calendar))
        yield _Timed(assigned_id, company_id, milestone_id, assigned_at_ms, times)


def _assignments(session: Session, subject: Subject, definition_id: UUID) -> tuple[dict[Copy, int], dict[Copy, int]]:
    """When each copy came, and when it was taken away, in Unix ms."""
    row = PlanChangeRow
    query = select(row.subject_id, row.company_id, row.kind, row.at_ms).where(
        row.definition_id == definition_id,
        row.subject == subject,
        row.kind.in_((ChangeKind.ASSIGNED.value, ChangeKind.UNASSIGNED.value)),
        of_shown_company(row.company_id),
    )
    begins: dict[Copy, int] = {}
    ends: dict[Copy, int] = {}
    for assigned_id, company_id, kind, at_ms in session.execute(query):
        (begins if kind == ChangeKind.ASSIGNED.value else ends)[Copy(assigned_id, company_id)] = at_ms
    return begins, ends
