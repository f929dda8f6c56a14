"""Filling a signal's new generation from the event log, inside the store: payloads are parsed there, and only there.

Takes a signal and spans of arrival; a few spans are read into a table beside (`stage`), their companies are told
(`unknown_keys`, `learn`), and they go into `signals` (`emit`). What a crash left of them is taken away by `clear`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from clickhouse_connect.driver.client import Client

from milepost.criteria.to_sql import to_sql
from milepost.domain.signal import Signal
from milepost.store.client import unavailable

_OF_EVENTS: Final = (
    "connection_id = {connection_id:UUID} AND event_key = {event_key:String} AND fate = 'processed'"
    " AND batch < {first_batch:UInt64} AND received_at > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')"
)
_UPTO: Final = " AND received_at <= fromUnixTimestamp64Milli({upto_ms:Int64}, 'UTC')"
_OF_ROWS: Final = (
    "signal_id = {signal_id:UUID} AND generation = {generation:UInt32} AND batch < {first_batch:UInt64}"
    " AND toUnixTimestamp64Milli(UUIDv7ToDateTime(request_id)) > {after_ms:Int64}"
)
_STAGE: Final = "backfill_stage"
_COMPANIES: Final = "backfill_companies"
_READ_HISTORY: Final = "read history"
_BLOCK_ROWS: Final = 65_536
"""Small blocks beside, so that there is some for every thread to sort; parts are as large as they can be for that."""
_WRITERS: Final = 2


class Source(NamedTuple):
    """Which events: those of the signal's key in batches before `first_batch`, of which the stream takes care."""

    signal: Signal
    first_batch: int


class Span(NamedTuple):
    """Events that arrived after the span before and up to an instant, in Unix ms, and how many they are."""

    upto_ms: int
    events: int


class Staged(NamedTuple):
    """What the table beside holds: matches, those without a company key, and the bytes of them all."""

    matched: int = 0
    company_missing: int = 0
    bytes: int = 0


class BackfillStore:
    """Owns a client, for one thread; one at a time in a store, for its tables have fixed names.

    Every call raises UnavailableError when the store cannot do it now.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def close(self) -> None:
        """Take the tables away, and let go of the client."""
        try:
            self._drop_tables()
        finally:
            self._client.close()

    def spans(self, source: Source, after_ms: int, most: int) -> list[Span]:
        """What is there to read, in spans of `most` events or so, in their order.

        Events that arrived within a second are in one span, however many.
        """
        rows = self._query(
            "SELECT max(second), sum(events) FROM ("
            " SELECT second, events, intDiv(sum(events) OVER (ORDER BY second) - 1, {most:UInt64}) AS place FROM ("
            " SELECT intDiv(toUnixTimestamp64Milli(received_at), 1000) AS second, count() AS events FROM events"
            f" WHERE {_OF_EVENTS} GROUP BY second)) GROUP BY place ORDER BY place",
            {**_parameters(source, after_ms), "most": most},
        )
        return [Span(upto_ms=second * 1000 + 999, events=events) for second, events in rows]

    def typical_bytes(self, source: Source, after_ms: int) -> int:
        """The mean length of the next thousand payloads."""
        ((mean,),) = self._query(
            "SELECT intDiv(sum(length(payload)), greatest(count(), 1))"
            f" FROM (SELECT payload FROM events WHERE {_OF_EVENTS} LIMIT 1000)",
            _parameters(source, after_ms),
        )
        return int(mean)

    def begin(self, signal: Signal) -> None:
        """Make the tables beside, anew."""
        kinds = {"n": "Nullable(Float64)", "t": "Nullable(String)"}
        fields = _listed([f"{column} {kinds[column[0]]}" for column in _columns(signal)])
        self._drop_tables()
        self._command(
            f"CREATE TABLE {_STAGE} (company String, event_date DateTime64(3, 'UTC'), request_id UUID, item UInt16,"
            f" batch UInt64{fields}) ENGINE = Memory"
        )
        self._command(f"CREATE TABLE {_COMPANIES} (company String, company_id UUID) ENGINE = Memory")

    def stage(self, source: Source, after_ms: int, upto_ms: int) -> Staged:
        """Read a span: what matches is added to the table beside, with the key of its company, or an empty one."""
        signal = source.signal
        sql = to_sql(signal.rules, signal.fields, company=signal.company.field)
        stored = [sql.stored[field.name] for field in signal.fields]
        self._command(
            f"INSERT INTO {_STAGE} (company, event_date, request_id, item, batch{_listed(_columns(signal))})"
            f" WITH {sql.bindings} SELECT ifNull({sql.company}, ''), event_date, request_id, item, batch"
            f"{_listed(stored)} FROM events PREWHERE {_OF_EVENTS}{_UPTO} AND {sql.prefilter} WHERE {sql.test}",
            {**sql.parameters, **_parameters(source, after_ms), "upto_ms": upto_ms},
            {"min_insert_block_size_rows": _BLOCK_ROWS, "min_insert_block_size_bytes": 0},
        )
        ((matched, missing, size),) = self._query(
            f"SELECT count(), countIf(company = ''), sum(byteSize(*)) FROM {_STAGE}", {}
        )
        return Staged(matched, missing, size or 0)

    def unknown_keys(self) -> list[str]:
        """The company keys in the table beside that nothing was learned of yet."""
        return [
            company
            for (company,) in self._query(
                f"SELECT DISTINCT company FROM {_STAGE} WHERE company != ''"
                f" AND company NOT IN (SELECT company FROM {_COMPANIES})",
                {},
            )
        ]

    def learn(self, companies: Mapping[str, UUID]) -> None:
        """Whom these keys name."""
        if companies:
            with unavailable(_READ_HISTORY):
                self._client.insert(_COMPANIES, list(companies.items()), column_names=["company", "company_id"])

    def emit(self, signal: Signal, rows: int) -> None:
        """Put what the table beside holds on disk, about so many rows, under the companies that were learned.

        In the order in which they will lie: to sort these few columns is cheaper than all that the table has.
        """
        columns = _listed(_columns(signal))
        self._command(
            "INSERT INTO signals"
            f" (signal_id, generation, company_id, event_date, request_id, item, revision, batch{columns})"
            " SELECT {signal_id:UUID}, {generation:UInt32}, company_id, event_date, request_id, item,"
            f" {{revision:UInt32}}, batch{columns} FROM {_STAGE} INNER JOIN {_COMPANIES} USING (company)"
            " ORDER BY company_id, event_date",
            {"signal_id": signal.id, "generation": signal.generation, "revision": signal.revision},
            {
                "insert_deduplicate": 0,  # the same rows again, after `clear`, are no repeat
                "max_insert_threads": _WRITERS,
                "min_insert_block_size_rows": max(rows // _WRITERS + 1, _BLOCK_ROWS),
                "min_insert_block_size_bytes": 0,
            },
        )
        self._command(f"TRUNCATE TABLE {_STAGE}")

    def clear(self, source: Source, after_ms: int) -> None:
        """Take away what was put into the generation for events that arrived later than `after_ms`."""
        parameters = _parameters(source, after_ms)
        parameters |= {"signal_id": source.signal.id, "generation": source.signal.generation}
        self._delete(_OF_ROWS, parameters)

    def keep_only(self, signal: Signal) -> None:
        """Delete what the signal emitted in all generations but the given one."""
        self._delete(
            "signal_id = {signal_id:UUID} AND generation != {generation:UInt32}",
            {"signal_id": signal.id, "generation": signal.generation},
        )

    def _delete(self, which: str, parameters: Mapping[str, Any]) -> None:
        ((rows,),) = self._query(f"SELECT count() FROM signals WHERE {which}", parameters)
        if rows:
            self._command(f"DELETE FROM signals WHERE {which}", parameters)

    def _drop_tables(self) -> None:
        for table in (_STAGE, _COMPANIES):
            self._command(f"DROP TABLE IF EXISTS {table} SYNC")

    def _query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        with unavailable(_READ_HISTORY):
            rows: Sequence[Sequence[Any]] = self._client.query(statement, parameters=dict(parameters)).result_rows
        return rows

    def _command(
        self, statement: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        with unavailable(_READ_HISTORY):
            self._client.command(statement, parameters=dict(parameters or {}), settings=dict(settings or {}))


def _parameters(source: Source, after_ms: int) -> dict[str, Any]:
    return {
        "connection_id": source.signal.connection_id,
        "event_key": source.signal.event_key,
        "first_batch": source.first_batch,
        "after_ms": after_ms,
    }


def _columns(signal: Signal) -> list[str]:
    """The signal's columns of the store, in the order of its fields."""
    return [signal.slots[field.name] for field in signal.fields]


def _listed(parts: Sequence[str]) -> str:
    return "".join(f", {part}" for part in parts)
