"""Lines of the audit log for changes of state that alter the past: how it was before, how it is now, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.audit import record_change
from milepost.control.repos.plan_changes import MILEPOST
from milepost.control.rows import TransitionRow
from milepost.domain.milestone import Transition
from milepost.kit.clock import to_datetime, to_unix_ms


class StateThen(BaseModel):
    """A state as it was believed to be; `cause` is None for what is no longer believed."""

    name: str
    company_id: UUID
    state: str
    since: datetime | None
    value: float | None
    reason: str
    cause: str | None = None


def audit_corrections(session: Session, transitions: Sequence[Transition]) -> None:
    """One line for each that is a correction or late; call it before they are recorded themselves."""
    altering = {one.subject_id for one in transitions if one.is_correction or one.is_late}
    known = _states_on_record(session, altering)
    for one in transitions:
        if one.is_correction or one.is_late:
            earlier = _before(one, known[one.subject_id])
            record_change(
                session,
                actor=MILEPOST,
                action="correct_state",
                subject=f"assigned_{one.subject}",
                subject_id=one.subject_id,
                now_ms=to_unix_ms(one.recorded_at),
                before=earlier.model_copy(update={"cause": None}),
                after=_state_of(one),
            )
        if one.until is None:
            known[one.subject_id].append(_state_of(one))


def _state_of(transition: Transition) -> StateThen:
    return StateThen(
        name=transition.name,
        company_id=transition.company_id,
        state=transition.to_state,
        since=transition.at,
        value=transition.value,
        reason=transition.reason,
        cause=transition.cause,
    )


def _before(transition: Transition, known: Sequence[StateThen]) -> StateThen:
    """What was recorded last; of a stretch of the past, the last of what had the state of then."""
    found, until = known, transition.until
    if until is not None:
        found = [one for one in known if one.state == transition.from_state and one.since and one.since < until]
    if found:
        return found[-1]
    return StateThen(
        name=transition.name,
        company_id=transition.company_id,
        state=transition.from_state,
        since=None,
        value=None,
        reason="",
    )


def _states_on_record(session: Session, subject_ids: Collection[UUID]) -> dict[UUID, list[StateThen]]:
    """All that was recorded of each, in that order."""
    found: dict[UUID, list[StateThen]] = defaultdict(list)
    for chunk in chunks(subject_ids):
        of_chunk = select(TransitionRow).where(TransitionRow.subject_id.in_(chunk)).order_by(TransitionRow.id)
        for row in session.scalars(of_chunk):
            then = StateThen(
                name=row.name,
                company_id=row.company_id,
                state=row.to_state,
                since=to_datetime(row.at_ms),
                value=row.value,
                reason=row.reason,
            )
            found[row.subject_id].append(then)
    return found
