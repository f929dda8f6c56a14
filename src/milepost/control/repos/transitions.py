"""Changes of state: recorded in bulk by the judge, read by people as a company's timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, tuple_, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.corrections import audit_corrections
from milepost.control.repos.plan_changes import Place
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, TransitionRow
from milepost.domain.history import Recorded
from milepost.domain.milestone import Transition
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.kit.ids import uuid7, uuid7_unix_ms

Subject = Literal["milestone", "outcome", "company"]
_SUBJECTS: dict[str, Subject] = {"milestone": "milestone", "outcome": "outcome", "company": "company"}
_TABLES: dict[str, type[AssignedMilestoneRow | AssignedOutcomeRow]] = {
    "milestone": AssignedMilestoneRow,
    "outcome": AssignedOutcomeRow,
}


def record_transitions(session: Session, transitions: Collection[Transition]) -> int:
    """Set the new states and keep the transitions; gives how many took effect.

    One takes effect only where its subject still is in `from_state`, so a batch that is judged again after a crash,
    or a subject that a person has meanwhile unassigned, leaves no second trace. Where `from_state` is `to_state`,
    the instant since when is corrected. Several of one subject apply in order. One that tells of a stretch of the past
    moves no state. Raises no revision: states are
    no definitions. Those that alter the past are lines of the audit log too.
    """
    states = _current_states(session, transitions)
    taken: list[Transition] = []
    for transition in transitions:
        before, after = states.get(transition.subject_id), (transition.to_state, to_unix_ms(transition.at))
        if before is not None and transition.until is not None:
            taken.append(transition)
        elif before is not None and before[0] == transition.from_state and before != after:
            states[transition.subject_id] = after
            taken.append(transition)
    last = {transition.subject_id: transition for transition in taken if transition.until is None}
    for subject, table in _TABLES.items():
        changes = [
            {"id": subject_id, "state": one.to_state, "state_at_ms": to_unix_ms(one.at)}
            for subject_id, one in last.items()
            if one.subject == subject
        ]
        if changes:
            session.execute(update(table), changes)
    if taken:
        audit_corrections(session, taken)
        ids = _next_ids(session, [to_unix_ms(one.recorded_at) for one in taken])
        session.execute(insert(TransitionRow), [_to_row(*pair) for pair in zip(ids, taken, strict=True)])
    return len(taken)


def record_progress(session: Session, progress: Mapping[UUID, float]) -> None:
    """Set the progress (0 to 1) of assigned outcomes by their ids."""
    if progress:
        session.execute(
            update(AssignedOutcomeRow),
            [{"id": outcome_id, "progress": share} for outcome_id, share in progress.items()],
        )


def read_recorded(session: Session, of: ColumnElement[bool]) -> dict[UUID, list[Recorded]]:
    """The changes of state that the condition is true of, by their subject, as they were recorded one after another."""
    row = TransitionRow
    query = select(row.subject_id, row.at_ms, row.to_state, row.is_correction, row.until_ms).where(of).order_by(row.id)
    changes: dict[UUID, list[Recorded]] = defaultdict(list)
    for subject_id, at_ms, state, is_correction, until_ms in session.execute(query):
        changes[subject_id].append(Recorded(at_ms, state, is_correction, until_ms))
    return changes


def recorded_of(session: Session, subject_ids: Collection[UUID]) -> dict[UUID, list[Recorded]]:
    """The same of these subjects."""
    found: dict[UUID, list[Recorded]] = {}
    for chunk in chunks(subject_ids):
        found.update(read_recorded(session, TransitionRow.subject_id.in_(chunk)))
    return found


def page_transitions(
    session: Session,
    *,
    company_id: UUID | None = None,
    subject: Subject | None = None,
    subject_id: UUID | None = None,
    before: Place | None = None,
    limit: int,
) -> tuple[tuple[UUID, Transition], ...]:
    """What was recorded last first, so that of each subject the state that stands is on top; each with its id.

    What was recorded at one instant is in the order in which it happened; `before` is the place of the last seen.
    """
    place = (TransitionRow.recorded_at_ms, TransitionRow.at_ms, TransitionRow.id)
    query = select(TransitionRow).order_by(*(column.desc() for column in place)).limit(limit)
    if company_id is not None:
        query = query.where(TransitionRow.company_id == company_id)
    if subject is not None:
        query = query.where(TransitionRow.subject == subject)
    if subject_id is not None:
        query = query.where(TransitionRow.subject_id == subject_id)
    if before is not None:
        query = query.where(tuple_(*place) < before)
    return tuple((row.id, _to_transition(row)) for row in session.scalars(query))


def _next_ids(session: Session, recorded_at_ms: Sequence[int]) -> list[UUID]:
    """Ids that rise from one recording to the next, also within a millisecond or where the clock was set back."""
    last = session.scalar(select(TransitionRow.id).order_by(TransitionRow.id.desc()).limit(1))
    earliest_ms = 0 if last is None else uuid7_unix_ms(last) + 1
    return sorted(uuid7(max(at_ms, earliest_ms)) for at_ms in recorded_at_ms)


def _current_states(session: Session, transitions: Collection[Transition]) -> dict[UUID, tuple[str, int]]:
    """For each subject its state, and since when in Unix ms."""
    states: dict[UUID, tuple[str, int]] = {}
    for subject, table in _TABLES.items():
        for chunk in chunks({one.subject_id for one in transitions if one.subject == subject}):
            of_chunk = select(table.id, table.state, table.state_at_ms).where(table.id.in_(chunk))
            states.update((subject_id, (state, at_ms)) for subject_id, state, at_ms in session.execute(of_chunk))
    return states


def _to_row(transition_id: UUID, transition: Transition) -> dict[str, object]:
    return {
        "id": transition_id,
        "company_id": transition.company_id,
        "subject": transition.subject,
        "subject_id": transition.subject_id,
        "name": transition.name,
        "from_state": transition.from_state,
        "to_state": transition.to_state,
        "at_ms": to_unix_ms(transition.at),
        "recorded_at_ms": to_unix_ms(transition.recorded_at),
        "reason": transition.reason,
        "value": transition.value,
        "cause": transition.cause,
        "is_correction": transition.is_correction,
        "is_late": transition.is_late,
        "until_ms": None if transition.until is None else to_unix_ms(transition.until),
    }


def _to_transition(row: TransitionRow) -> Transition:
    return Transition(
        company_id=row.company_id,
        subject=_SUBJECTS[row.subject],
        subject_id=row.subject_id,
        name=row.name,
        from_state=row.from_state,
        to_state=row.to_state,
        at=to_datetime(row.at_ms),
        recorded_at=to_datetime(row.recorded_at_ms),
        reason=row.reason,
        value=row.value,
        cause=row.cause,
        is_correction=row.is_correction,
        is_late=row.is_late,
        until=None if row.until_ms is None else to_datetime(row.until_ms),
    )
