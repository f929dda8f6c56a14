"""Signals and their revisions: each edit makes a new one, and the old ones are kept.

Takes a session and gives domain types; refuses what does not fit together. Writes raise `definitions`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.checks import check_metrics_still_fit, check_signal
from milepost.control.repos.jobs import find_unfinished
from milepost.control.repos.key_spaces import ensure_key_spaces
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import MetricRow, SignalRevisionRow, SignalRow
from milepost.control.slots import assign_slots
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.job import JobKind
from milepost.domain.metric import MetricDraft
from milepost.domain.signal import Signal, SignalDraft
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7


class SignalRevision(BaseModel):
    """A signal as one of its revisions defined it."""

    model_config = ConfigDict(frozen=True)

    signal: Signal
    created_at: datetime


def create_signal(session: Session, draft: SignalDraft, *, now_ms: int) -> Signal:
    """Put a signal in force; events from now on are read by it."""
    check_signal(session, draft)
    ensure_key_spaces(session, {draft.company.key_space}, now_ms=now_ms)
    row = SignalRow(
        id=uuid7(now_ms),
        connection_id=draft.connection_id,
        definition=draft.model_dump_json(),
        slots=dict(assign_slots(draft.fields, ())),
        revision=1,
        generation=0,
        created_at_ms=now_ms,
    )
    session.add(row)
    session.flush()
    _keep_revision(session, row, now_ms=now_ms)
    return _to_signal(row)


def update_signal(session: Session, signal_id: UUID, draft: SignalDraft, *, now_ms: int) -> Signal:
    """Put a new revision in force. Emissions of earlier revisions stay as they were."""
    row = _row(session, signal_id)
    check_is_at_rest(session, signal_id)
    check_signal(session, draft)
    check_metrics_still_fit(session, signal_id, draft)
    ensure_key_spaces(session, {draft.company.key_space}, now_ms=now_ms)
    earlier = session.scalars(
        select(SignalRevisionRow.slots)
        .where(SignalRevisionRow.signal_id == signal_id, SignalRevisionRow.generation == row.generation)
        .order_by(SignalRevisionRow.revision)
    ).all()
    row.connection_id = draft.connection_id
    row.definition = draft.model_dump_json()
    row.slots = dict(assign_slots(draft.fields, earlier))
    row.revision += 1
    row.building = None  # what a failed backfill left would be of another revision
    session.flush()
    _keep_revision(session, row, now_ms=now_ms)
    return _to_signal(row)


def list_signals(session: Session) -> tuple[Signal, ...]:
    """All of them, disabled ones included, oldest first."""
    return tuple(_to_signal(row) for row in session.scalars(select(SignalRow).order_by(SignalRow.id)))


def get_signal(session: Session, signal_id: UUID) -> Signal:
    """The revision in force; NotFoundError."""
    return _to_signal(_row(session, signal_id))


def list_signal_revisions(session: Session, signal_id: UUID) -> tuple[SignalRevision, ...]:
    """Every revision, newest first."""
    _row(session, signal_id)
    of_signal = select(SignalRevisionRow).where(SignalRevisionRow.signal_id == signal_id)
    return tuple(
        SignalRevision(signal=_to_signal(row), created_at=to_datetime(row.created_at_ms))
        for row in session.scalars(of_signal.order_by(SignalRevisionRow.revision.desc()))
    )


def signals_as_of(session: Session, revisions: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], Signal]:
    """Signals as they were in these revisions, by id and revision."""
    row = SignalRevisionRow
    found: dict[tuple[UUID, int], Signal] = {}
    for chunk in chunks(sorted({signal_id for signal_id, _ in revisions})):
        numbers = {revision for _, revision in revisions}
        query = select(row).where(row.signal_id.in_(chunk), row.revision.in_(numbers))
        found |= {(one.signal_id, one.revision): _to_signal(one) for one in session.scalars(query)}
    return found


def list_all_revisions(session: Session) -> tuple[Signal, ...]:
    """Every revision of every signal there ever was, also of those that are deleted."""
    ordered = select(SignalRevisionRow).order_by(SignalRevisionRow.signal_id, SignalRevisionRow.revision.desc())
    return tuple(_to_signal(row) for row in session.scalars(ordered))


def delete_signal(session: Session, signal_id: UUID) -> Signal:
    """Take a signal away; ConflictError while metrics draw on it. What it emitted is no longer read.

    Its revisions stay, see `list_all_revisions`.
    """
    signal = _to_signal(_row(session, signal_id))
    check_is_at_rest(session, signal_id)
    users = session.scalars(select(MetricRow.definition).where(MetricRow.signal_id == signal_id)).all()
    if users:
        names = ", ".join(repr(MetricDraft.model_validate_json(text).name) for text in users[:5])
        raise ConflictError(f"Metrics draw on this signal: {names}. Delete them first, or disable the signal.")
    session.execute(delete(SignalRow).where(SignalRow.id == signal_id))
    raise_revision(session, Scope.DEFINITIONS)
    return signal


def check_is_at_rest(session: Session, signal_id: UUID) -> None:
    """ConflictError while a backfill of the signal waits or runs: it fills in what the revision in force says."""
    job = find_unfinished(session, JobKind.BACKFILL, signal_id)
    if job is not None:
        raise ConflictError(
            f"The signal is being applied to history (job {job.id}). Wait for its end, or cancel it, and try again."
        )


def _row(session: Session, signal_id: UUID) -> SignalRow:
    row = session.get(SignalRow, signal_id)
    if row is None:
        raise NotFoundError(f"No signal has the id {signal_id}.")
    return row


def _keep_revision(session: Session, row: SignalRow, *, now_ms: int) -> None:
    session.add(
        SignalRevisionRow(
            signal_id=row.id,
            revision=row.revision,
            generation=row.generation,
            definition=row.definition,
            slots=row.slots,
            created_at_ms=now_ms,
        )
    )
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()


@lru_cache(maxsize=4096)
def _parse(definition: str) -> SignalDraft:
    return SignalDraft.model_validate_json(definition)


def _to_signal(row: SignalRow | SignalRevisionRow) -> Signal:
    return Signal.model_construct(  # its parts were checked when they were written
        **dict(_parse(row.definition)),
        id=row.id if isinstance(row, SignalRow) else row.signal_id,
        revision=row.revision,
        generation=row.generation,
        slots=row.slots,
    )
