"""The signals' writer: emissions of a batch, as columns per signal, in one idempotent insert."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

from clickhouse_connect.driver.client import Client

from milepost.domain.event import Emissions
from milepost.store import native


def insert_signals(client: Client, batch: int, token: str, groups: Sequence[Emissions]) -> int:
    """Insert a batch's emissions under its token: again is a no-op. Durable when it returns."""
    rows = sum(len(group.items) for group in groups)
    if rows == 0:
        return 0
    joined = b"".join
    columns = [
        native.Column("signal_id", "UUID", joined(native.uuid_bytes(g.signal_id.bytes) * len(g.items) for g in groups)),
        native.Column("generation", "UInt32", joined(native.uint32([g.generation]) * len(g.items) for g in groups)),
        native.Column("company_id", "UUID", joined(native.uuids(g.company_ids) for g in groups)),
        native.Column("event_date", "DateTime64(3, 'UTC')", joined(native.millis(g.event_date_ms) for g in groups)),
        native.Column("request_id", "UUID", joined(native.uuids(g.request_ids) for g in groups)),
        native.Column("item", "UInt16", joined(native.uint16(g.items) for g in groups)),
        native.Column("revision", "UInt32", joined(native.uint32([g.revision]) * len(g.items) for g in groups)),
        native.Column("batch", "UInt64", native.uint64([batch]) * rows),
    ]
    columns += [
        native.Column(slot, "Nullable(Float64)", native.nullable_floats(_chained(groups, "numbers", slot)))
        for slot in sorted({slot for g in groups for slot in g.numbers})
    ]
    columns += [
        native.Column(slot, "Nullable(String)", native.nullable_strings(_chained(groups, "texts", slot)))
        for slot in sorted({slot for g in groups for slot in g.texts})
    ]
    client.raw_insert(
        "signals",
        insert_block=native.block(columns, rows),
        fmt="Native",
        settings={"insert_deduplication_token": token},
    )
    return rows


def _chained(groups: Sequence[Emissions], kind: str, slot: str) -> list[Any]:
    """A slot's values over all groups; those that lack the slot have None in every row."""
    return list(chain.from_iterable(getattr(g, kind).get(slot) or repeat(None, len(g.items)) for g in groups))
