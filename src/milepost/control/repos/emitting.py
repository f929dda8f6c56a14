"""How what signals emitted is to be read: each one's generation in force, and every revision that wrote into it.

Takes a session and gives definitions as they are at that moment; refuses a signal that does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.rows import SignalRevisionRow, SignalRow
from milepost.domain.errors import NotFoundError
from milepost.domain.signal import Signal, SignalDraft


class _Written(NamedTuple):
    definition: str
    slots: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmittingSignals:
    """Signals by id; definitions are parsed only as they are asked for, since an account may have a thousand."""

    generations: Mapping[UUID, int]
    _latest: Mapping[UUID, int]
    _written: Mapping[UUID, Mapping[int, _Written]]
    _parsed: dict[tuple[UUID, int], Signal] = field(default_factory=dict)

    @property
    def slots(self) -> frozenset[str]:
        """The store's columns that any of them uses."""
        return frozenset(
            slot for one in self._written.values() for each in one.values() for slot in each.slots.values()
        )

    def revision(self, signal_id: UUID, revision: int) -> Signal:
        """One revision of one of the signals; the row in the store names it."""
        key = (signal_id, revision)
        if key not in self._parsed:
            written = self._written[signal_id][revision]
            self._parsed[key] = Signal(
                **dict(SignalDraft.model_validate_json(written.definition)),
                id=signal_id,
                revision=revision,
                generation=self.generations[signal_id],
                slots=dict(written.slots),
            )
        return self._parsed[key]

    def revisions(self, signal_id: UUID) -> tuple[Signal, ...]:
        """Those that wrote, or will write, into the generation in force, newest first."""
        return tuple(self.revision(signal_id, number) for number in sorted(self._written[signal_id], reverse=True))

    def name(self, signal_id: UUID) -> str:
        """What the signal is called now."""
        return self.revision(signal_id, self._latest[signal_id]).name


def read_emitting_signals(session: Session, signal_ids: Collection[UUID] | None = None) -> EmittingSignals:
    """These signals, or all; NotFoundError for an id that is none."""
    of_these = () if signal_ids is None else (SignalRow.id.in_(signal_ids),)
    written: dict[UUID, dict[int, _Written]] = {}
    earlier = (
        select(SignalRevisionRow)
        .join(SignalRow, SignalRow.id == SignalRevisionRow.signal_id)
        .where(SignalRevisionRow.generation == SignalRow.generation, *of_these)
    )
    for row in session.scalars(earlier):
        written.setdefault(row.signal_id, {})[row.revision] = _Written(row.definition, row.slots)
    in_force = session.scalars(select(SignalRow).where(*of_these).order_by(SignalRow.id)).all()
    for one in in_force:
        written.setdefault(one.id, {})[one.revision] = _Written(one.definition, one.slots)
    generations = {one.id: one.generation for one in in_force}
    for signal_id in signal_ids or ():
        if signal_id not in generations:
            raise NotFoundError(f"No signal has the id {signal_id}.")
    return EmittingSignals(
        generations=generations, _latest={one.id: one.revision for one in in_force}, _written=written
    )


def generations_in_force(session: Session, signal_ids: Collection[UUID] | None = None) -> dict[UUID, int]:
    """Alone what has to be the same before and after a look into the store, for the look to be whole."""
    of_these = () if signal_ids is None else (SignalRow.id.in_(signal_ids),)
    found = session.execute(select(SignalRow.id, SignalRow.generation).where(*of_these))
    return {row.id: row.generation for row in found}
