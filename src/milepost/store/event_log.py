"""Reading the event log: pages newest first, one event's trace, one request's events.

Takes an EventQuery (its values always bound as parameters), gives EventRecords; as its client, for one thread or many.
Pages look at the latest hour first and widen only while they are not full, so a page costs little on any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from milepost.domain.event import EventId
from milepost.domain.event_log import EmissionRecord, EventQuery, EventRecord
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7_unix_ms
from milepost.store.client import Queries

_COLUMNS: Final = (
    "toUnixTimestamp64Milli(received_at), request_id, item, connection_id, event_key,"
    " toUnixTimestamp64Milli(event_date), toString(fate), reason, duplicate_of, door, payload"
)
_NEWEST_FIRST: Final = "ORDER BY received_at DESC, request_id DESC, item DESC"
_OLDER: Final = (
    "received_at <= {at:DateTime64(3, 'UTC')}"
    " AND (received_at, request_id, item) < ({at:DateTime64(3, 'UTC')}, {request_id:UUID}, {item:UInt16})"
)
_WINDOWS: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))


class EventLogReader:
    """See the module. `generations` gives each signal's generation in force."""

    def __init__(self, client: Queries, generations: Callable[[], Mapping[UUID, int]]) -> None:
        self._client = client
        self._generations = generations

    def find(self, query: EventQuery) -> list[EventRecord]:
        """Up to `limit` events: newest first by arrival, then request, then place in the request."""
        newest = _received_at_ms(query.before) if query.before else self._newest_ms()
        if newest is None:
            return []
        for window in (*_WINDOWS, None):
            oldest = newest - int(window.total_seconds() * 1000) if window else None
            found = self._select(query, oldest)
            reached_the_end = oldest is None or (query.from_ms is not None and oldest <= query.from_ms)
            if len(found) >= query.limit or reached_the_end:
                return found
        return []

    def get(self, event_id: EventId) -> EventRecord | None:
        """One event, or None if the log does not have it (yet)."""
        found = self._of_request(event_id.request_id, "AND item = {item:UInt16}", {"item": event_id.item})
        return found[0] if found else None

    def of_request(self, request_id: UUID) -> list[EventRecord]:
        """All events of a request in their order; empty if the log does not have it (yet)."""
        return self._of_request(request_id, "", {})

    def fates_of(self, request_ids: Sequence[UUID]) -> dict[Fate, int]:
        """How many events of these requests met which fate; those that are not processed yet do not count."""
        if not request_ids:
            return {}
        times = [_received_at_ms(EventId(request_id, 0)) for request_id in request_ids]
        rows = self._client.query(
            "SELECT toString(fate), count() FROM events WHERE request_id IN {request_ids:Array(UUID)}"
            " AND received_at BETWEEN {first:DateTime64(3, 'UTC')} AND {last:DateTime64(3, 'UTC')} GROUP BY fate",
            parameters={"request_ids": list(request_ids), "first": _instant(min(times)), "last": _instant(max(times))},
        ).result_rows
        return {Fate(fate): count for fate, count in rows}

    def emissions(self, event_id: EventId) -> list[EmissionRecord]:
        """What the event emitted, in each signal's generation in force (signals that are gone are left out)."""
        rows = self._client.query(
            "SELECT signal_id, revision, generation, company_id, toUnixTimestamp64Milli(event_date),"  # noqa: S608
            f" {', '.join(_SLOTS)} FROM signals"
            " WHERE request_id = {request_id:UUID} AND item = {item:UInt16} ORDER BY signal_id",
            parameters={"request_id": event_id.request_id, "item": event_id.item},
        ).result_rows
        in_force = self._generations()
        return [
            EmissionRecord(
                signal_id=signal_id,
                revision=revision,
                generation=generation,
                company_id=company_id,
                event_date_ms=event_date,
                slots={slot: value for slot, value in zip(_SLOTS, slots, strict=True) if value is not None},
            )
            for signal_id, revision, generation, company_id, event_date, *slots in rows
            if in_force.get(signal_id) == generation
        ]

    def _of_request(self, request_id: UUID, more: str, parameters: dict[str, Any]) -> list[EventRecord]:
        received_at = _instant(_received_at_ms(EventId(request_id, 0)))
        return self._rows(
            f"SELECT {_COLUMNS} FROM events WHERE request_id = {{request_id:UUID}}"  # noqa: S608  # no values in it
            f" AND received_at = {{received_at:DateTime64(3, 'UTC')}} {more} ORDER BY item",
            {"request_id": request_id, "received_at": received_at} | parameters,
        )

    def _newest_ms(self) -> int | None:
        ((rows, newest),) = self._client.query(
            "SELECT count(), toUnixTimestamp64Milli(max(received_at)) FROM events"
        ).result_rows
        return int(newest) if rows else None

    def _select(self, query: EventQuery, oldest_ms: int | None) -> list[EventRecord]:
        conditions = list(_conditions(query))
        if oldest_ms is not None:
            conditions.append(("received_at >= {oldest:DateTime64(3, 'UTC')}", {"oldest": _instant(oldest_ms)}))
        where = " AND ".join(["1", *(condition for condition, _ in conditions)])
        parameters = {name: value for _, values in conditions for name, value in values.items()}
        return self._rows(
            f"SELECT {_COLUMNS} FROM events WHERE {where} {_NEWEST_FIRST} LIMIT {{limit:UInt32}}",  # noqa: S608
            parameters | {"limit": query.limit},
        )

    def _rows(self, statement: str, parameters: dict[str, Any]) -> list[EventRecord]:
        found = self._client.query(statement, parameters=parameters, column_formats={"payload": "bytes"})
        return [_record(row) for row in found.result_rows]


_SLOTS: Final = tuple(f"{kind}{number}" for kind in "nt" for number in range(1, 17))


def _conditions(query: EventQuery) -> Iterator[tuple[str, dict[str, Any]]]:
    if query.connection_id is not None:
        yield "connection_id = {connection_id:UUID}", {"connection_id": query.connection_id}
    if query.event_key is not None:
        yield "event_key = {event_key:String}", {"event_key": query.event_key}
    if query.fate is not None:
        yield "fate = {fate:String}", {"fate": query.fate.value}
    if query.from_ms is not None:
        yield "received_at >= {from:DateTime64(3, 'UTC')}", {"from": _instant(query.from_ms)}
    if query.to_ms is not None:
        yield "received_at < {to:DateTime64(3, 'UTC')}", {"to": _instant(query.to_ms)}
    if query.text:
        yield "position(payload, {text:String}) > 0", {"text": query.text}
    if query.before is not None:
        at = _instant(_received_at_ms(query.before))
        yield _OLDER, {"at": at, "request_id": query.before.request_id, "item": query.before.item}


def _received_at_ms(event_id: EventId) -> int:
    """The log's time of arrival, which the id tells; that of a parked entry is 0 (record/step.py)."""
    is_parked = event_id.request_id.int >> 96 == 0
    return 0 if is_parked else uuid7_unix_ms(event_id.request_id)


def _instant(unix_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=unix_ms)


def _record(row: Sequence[Any]) -> EventRecord:
    received, request_id, item, connection_id, event_key, event_date, fate, reason, duplicate_of, door, payload = row
    return EventRecord(
        id=EventId(request_id, item),
        received_at_ms=received,
        event_date_ms=event_date,
        connection_id=connection_id,
        event_key=event_key,
        door=door,
        fate=Fate(fate),
        reason=reason,
        duplicate_of=duplicate_of,
        payload=payload,
    )
