"""The event log's writer: a recorded batch in, one idempotent insert out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from milepost.domain.event import RecordedGroup
from milepost.domain.event_date import write_flags
from milepost.domain.fate import Fate
from milepost.store import native

_CODES: Final = {Fate.PROCESSED: 1, Fate.DUPLICATE: 2, Fate.PARKED: 3}


def insert_events(client: Client, batch: int, token: str, groups: Sequence[RecordedGroup]) -> int:
    """Insert a batch under its token: again is a no-op. Gives the number of rows; durable when it returns."""
    rows = sum(len(group.payloads) for group in groups)
    if rows == 0:
        return 0
    joined = b"".join

    columns = [
        native.Column("received_at", _MILLIS, joined(native.millis(g.received_at_ms) for g in groups)),
        native.Column("request_id", "UUID", joined(native.uuids(g.request_ids) for g in groups)),
        native.Column("item", "UInt16", joined(native.uint16(g.items) for g in groups)),
        native.Column(
            "connection_id", "UUID", joined(native.uuid_bytes(g.connection_id) * len(g.payloads) for g in groups)
        ),
        native.Column("event_key", "String", _same(groups, "event_key")),
        native.Column("event_date", _MILLIS, joined(native.millis(g.event_date_ms) for g in groups)),
        native.Column("date_flags", "String", joined(_date_flags(g) for g in groups)),
        native.Column("date_correction_ms", "Int64", joined(_corrections(g) for g in groups)),
        native.Column("fate", _FATES, joined(_codes(g.fates) for g in groups)),
        native.Column("reason", "String", joined(_texts(g.reasons) for g in groups)),
        native.Column("duplicate_of", "String", joined(_texts(g.duplicates_of) for g in groups)),
        native.Column("door", "String", _same(groups, "door")),
        native.Column("smart_keys", "String", joined(_smart_keys(g) for g in groups)),
        native.Column("batch", "UInt64", native.uint64([batch]) * rows),
        native.Column("payload", "String", joined(native.strings(g.payloads) for g in groups)),
    ]
    client.raw_insert(
        "events",
        insert_block=native.block(columns, rows),
        fmt="Native",
        settings={"insert_deduplication_token": token},
    )
    return rows


_MILLIS: Final = "DateTime64(3, 'UTC')"
_FATES: Final = "Enum8('processed' = 1, 'duplicate' = 2, 'parked' = 3)"


def _codes(fates: Sequence[Fate]) -> bytes:
    if fates.count(Fate.PROCESSED) == len(fates):
        return native.int8([_CODES[Fate.PROCESSED]]) * len(fates)
    return native.int8([_CODES[fate] for fate in fates])


def _same(groups: Sequence[RecordedGroup], name: str) -> bytes:
    return b"".join(native.repeated_string(getattr(g, name).encode(), len(g.payloads)) for g in groups)


def _smart_keys(group: RecordedGroup) -> bytes:
    pairs = sorted({(key.alternate_id, key.field) for key in group.smart_keys})
    return native.repeated_string(msgspec.json.encode(pairs) if pairs else b"", len(group.payloads))


def _date_flags(group: RecordedGroup) -> bytes:
    return _texts([write_flags(flags) for flags in group.date_flags] or [""] * len(group.payloads))


def _corrections(group: RecordedGroup) -> bytes:
    return native.int64(group.date_corrections_ms or [0] * len(group.payloads))


def _texts(values: Sequence[str]) -> bytes:
    if not any(values):
        return bytes(len(values))  # a row of zero-length strings is a row of zero bytes
    return native.strings([value.encode() for value in values])
