"""Rows of a feed put straight into a real store, as the reactor's batches bring them, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from clickhouse_connect.driver.client import Client

from milepost.domain.event import Emissions, EventId
from milepost.domain.signal import Signal
from milepost.store.signals import insert_signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """One emission; `values` are by field name, numbers and texts as the store keeps them."""

    company_id: UUID
    event_id: EventId
    event_date_ms: int
    values: Mapping[str, float | str | None]


def emit(client: Client, batch: int, signal: Signal, rows: Sequence[Emitted]) -> None:
    """Insert what this revision of the signal emitted in a batch."""
    columns = {slot: [row.values.get(name) for row in rows] for name, slot in signal.slots.items()}
    emissions = Emissions(
        signal_id=signal.id,
        generation=signal.generation,
        revision=signal.revision,
        company_ids=[row.company_id.bytes for row in rows],
        request_ids=[row.event_id.request_id.bytes for row in rows],
        items=[row.event_id.item for row in rows],
        event_date_ms=[row.event_date_ms for row in rows],
        numbers={slot: [_number(value) for value in values] for slot, values in columns.items() if slot[0] == "n"},
        texts={slot: [_text(value) for value in values] for slot, values in columns.items() if slot[0] == "t"},
    )
    insert_signals(client, batch, f"emit-{uuid4()}", [emissions])


def _number(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def _text(value: float | str | None) -> str | None:
    return None if value is None else str(value)
