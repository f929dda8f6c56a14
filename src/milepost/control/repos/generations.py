"""A signal's generations in the store: one is in force, and beside it a backfill may be filling the next.

From `begin_generation` on the stream writes both, so that what arrives meanwhile is in either; `put_in_force` changes
over in one transaction. A number is never given twice, so rows of one that was abandoned can do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.repos.signals import get_signal
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import SignalRevisionRow, SignalRow
from milepost.control.slots import assign_slots
from milepost.domain.errors import NotFoundError
from milepost.domain.signal import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A generation that is being filled: the signal as that generation has it, and the first batch of the stream's."""

    twin: Signal
    first_batch: int


def begin_generation(session: Session, signal_id: UUID, *, job_id: UUID, first_batch: int) -> Building:
    """Let the stream write a new generation too, from `first_batch` on; one that another job left is abandoned."""
    row = _row(session, signal_id)
    row.last_generation = max(row.last_generation, row.generation) + 1
    row.building = {
        "job_id": str(job_id),
        "generation": row.last_generation,
        "first_batch": first_batch,
        "slots": dict(assign_slots(get_signal(session, signal_id).fields, ())),
    }
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return _building(get_signal(session, signal_id), row.building)


def find_building(session: Session, signal_id: UUID, *, job_id: UUID) -> Building | None:
    """What the job began for the signal and has neither put in force nor abandoned."""
    row = session.get(SignalRow, signal_id)
    if row is None or row.building is None or row.building["job_id"] != str(job_id):
        return None
    return _building(get_signal(session, signal_id), row.building)


def list_twins(session: Session) -> tuple[Signal, ...]:
    """The signals, as the generations that are being filled have them."""
    return tuple(
        _building(get_signal(session, row.id), row.building).twin
        for row in session.scalars(select(SignalRow).where(SignalRow.building.is_not(None)).order_by(SignalRow.id))
        if row.building is not None
    )


def abandon_generation(session: Session, signal_id: UUID) -> None:
    """Let the stream write only the generation in force again; it may be that none is being filled."""
    row = session.get(SignalRow, signal_id)
    if row is not None and row.building is not None:
        row.building = None
        raise_revision(session, Scope.DEFINITIONS)


def put_in_force(session: Session, building: Building) -> None:
    """Read the signal in the new generation from this transaction on; its revision's columns are those of it, then."""
    twin = building.twin
    row = _row(session, twin.id)
    assert row.building is not None
    assert row.building["generation"] == twin.generation
    row.generation, row.slots, row.building = twin.generation, dict(twin.slots), None
    revision = session.get(SignalRevisionRow, (twin.id, twin.revision))
    assert revision is not None
    revision.generation, revision.slots = row.generation, row.slots
    raise_revision(session, Scope.DEFINITIONS)


def _building(signal: Signal, building: dict[str, Any]) -> Building:
    return Building(
        twin=signal.model_copy(update={"generation": building["generation"], "slots": building["slots"]}),
        first_batch=building["first_batch"],
    )


def _row(session: Session, signal_id: UUID) -> SignalRow:
    row = session.get(SignalRow, signal_id)
    if row is None:
        raise NotFoundError(f"No signal has the id {signal_id}.")
    return row
