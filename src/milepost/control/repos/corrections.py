"""Lines of the audit log for changes of state that alter the past: how it was before, how it is now, and why."""

from __future__ import annotations

from collections.abc import Collection
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


def audit_corrections(session: Session, transitions: Collection[Transition]) -> None:
    """One line for each that is a correction or late; call it before they are recorded themselves."""
    altering = [one for one in transitions if one.is_correction or one.is_late]
    before = _latest(session, {one.subject_id for one in altering})
    for one in altering:
        row = before.get(one.subject_id)
        earlier = StateThen(
            name=one.name,
            company_id=one.company_id,
            state=one.from_state,
            since=None if row is None else to_datetime(row.at_ms),
            value=None if row is None else row.value,
            reason="" if row is None else row.reason,
        )
        now = StateThen(
            name=one.name,
            company_id=one.company_id,
            state=one.to_state,
            since=one.at,
            value=one.value,
            reason=one.reason,
            cause=one.cause,
        )
        record_change(
            session,
            actor=MILEPOST,
            action="correct_state",
            subject=f"assigned_{one.subject}",
            subject_id=one.subject_id,
            now_ms=to_unix_ms(one.recorded_at),
            before=earlier,
            after=now,
        )


def _latest(session: Session, subject_ids: Collection[UUID]) -> dict[UUID, TransitionRow]:
    """The transition of each that was recorded last."""
    found: dict[UUID, TransitionRow] = {}
    for chunk in chunks(subject_ids):
        of_chunk = select(TransitionRow).where(TransitionRow.subject_id.in_(chunk)).order_by(TransitionRow.id)
        found.update((row.subject_id, row) for row in session.scalars(of_chunk))
    return found
