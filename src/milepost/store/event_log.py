"""Reading the event log: pages newest first, one event's trace, one request's events.

Takes filters as values (always bound as parameters), gives LoggedEvent. As its client, a reader is for one thread at
a time, or for many. Pages look at the latest hour first and widen only while they are not full.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from milepost.domain.event import EventId
from milepost.domain.event_date import DateFlag, read_flags
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7_unix_ms
from milepost.store.activity import Bar, DayOfConnection, bars, days_of_connections, last_arrivals
from milepost.store.client import Queries
from milepost.store.doubtful_dates import DoubtfulDatesSeen, count_doubtful_dates
from milepost.store.event_filter import Condition, EventFilter, as_instant, conditions_of
from milepost.store.position import Position

_COLUMNS: Final = (
    "toUnixTimestamp64Milli(received_at), request_id, item, connection_id, event_key,"
    " toUnixTimestamp64Milli(event_date), toString(date_flags), date_correction_ms, toString(fate), reason,"
    " duplicate_of, door, payload, batch"
)
_NEWEST_FIRST: Final = "received_at DESC, request_id DESC, item DESC"
_ARRIVAL: Final = "batch, received_at, request_id, item"
_LATEST_FIRST: Final = "batch DESC, received_at DESC, request_id DESC, item DESC"
_OLDER: Final = (
    "received_at <= {at:DateTime64(3, 'UTC')}"
    " AND (received_at, request_id, item) < ({at:DateTime64(3, 'UTC')}, {request_id:UUID}, {item:UInt16})"
)
_NEWER: Final = (
    f"batch >= {{batch:UInt64}} AND ({_ARRIVAL})"
    " > ({batch:UInt64}, {at:DateTime64(3, 'UTC')}, {request_id:UUID}, {item:UInt16})"
)
_PER_PAGE: Final = 500
_MOST_RECENT_CHARACTERS: Final = 16 * 1024 * 1024
_WITHIN: Final = "received_at >= {oldest:DateTime64(3, 'UTC')}"
_WINDOWS: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event as the log has it. `payload` is the JSON text as sent; `duplicate_of` the id of the first, or None.

    `batch` is the reactor's batch that brought it. `date_correction_ms` was added to the date as sent.
    """

    id: EventId
    received_at_ms: int
    event_date_ms: int
    date_flags: tuple[DateFlag, ...] = ()
    date_correction_ms: int = 0
    connection_id: UUID
    event_key: str
    door: str
    fate: Fate
    reason: str
    duplicate_of: EventId | None
    payload: str
    batch: int

    @property
    def position(self) -> Position:
        """Where somebody is who has read up to this event."""
        return Position(self.batch, self.id)


class Place(NamedTuple):
    """Where a page ended: the next one holds what is older."""

    received_at_ms: int
    id: EventId


class EventKeySeen(NamedTuple):
    """An event key of a connection: how many events had it, repeats among them, and when they arrived (Unix ms)."""

    event_key: str
    events: int
    repeats: int
    first_ms: int
    last_ms: int


class EmittedSignal(NamedTuple):
    """A signal that an event emitted: which, in which revision, for which company, with which slot values."""

    signal_id: UUID
    revision: int
    company_id: UUID
    values: dict[str, float | str]


class EventLogReader:
    """See the module."""

    def __init__(self, client: Queries) -> None:
        self._client = client

    def page(self, wanted: EventFilter, *, older_than: Place | None, limit: int) -> list[LoggedEvent]:
        """Up to `limit` events, newest first."""
        newest = older_than.received_at_ms if older_than else self._newest_ms()
        conditions = [*conditions_of(wanted)]
        if older_than:
            place = {"at": as_instant(older_than.received_at_ms), **older_than.id._asdict()}
            conditions.append((_OLDER, place))
        return self._widening(wanted, newest, conditions, _NEWEST_FIRST, limit)

    def latest(self, wanted: EventFilter, upto: int, limit: int) -> list[LoggedEvent]:
        """Up to `limit` events that arrived last, up to and with the batch `upto`, latest first."""
        conditions = [*conditions_of(wanted), ("batch <= {upto:UInt64}", {"upto": upto})]
        return self._widening(wanted, self._newest_ms(), conditions, _LATEST_FIRST, limit)

    def after(self, wanted: EventFilter, position: Position, upto: int, limit: int) -> list[LoggedEvent]:
        """Up to `limit` events that arrived after the position, up to and with the batch `upto`, in their order."""
        conditions = [*conditions_of(wanted), ("batch <= {upto:UInt64}", {"upto": upto})]
        parameters: dict[str, Any] = {"batch": position.batch}
        if position.event_id is None:
            conditions.append(("batch > {batch:UInt64}", parameters))
        else:
            parameters |= {"at": _arrived(position.event_id.request_id), **position.event_id._asdict()}
            conditions.append((_NEWER, parameters))
        return self._found(conditions, _ARRIVAL, limit)

    def recent(self, connection_id: UUID, event_key: str, most: int) -> list[LoggedEvent]:
        """Up to `most` of the latest events that were processed, newest first; fewer where payloads are large."""
        wanted = EventFilter(connection_id=connection_id, event_key=event_key, fate=Fate.PROCESSED)
        found: list[LoggedEvent] = []
        characters = 0
        while len(found) < most and characters < _MOST_RECENT_CHARACTERS:
            last = Place(found[-1].received_at_ms, found[-1].id) if found else None
            wanted_now = min(_PER_PAGE, most - len(found))
            page = self.page(wanted, older_than=last, limit=wanted_now)
            found += page
            characters += sum(len(event.payload) for event in page)
            if len(page) < wanted_now:
                break
        return found

    def event_keys(self, connection_id: UUID, text: str, most: int) -> list[EventKeySeen]:
        """The keys of the connection that have `text` in them, those seen latest first."""
        rows = self._client.query(
            "SELECT event_key, count(), countIf(fate = 'duplicate'),"
            " toUnixTimestamp64Milli(min(received_at)), toUnixTimestamp64Milli(max(received_at)) AS last"
            " FROM events WHERE connection_id = {connection_id:UUID}"
            " AND positionCaseInsensitiveUTF8(event_key, {text:String}) > 0"
            " GROUP BY event_key ORDER BY last DESC, event_key LIMIT {most:UInt32}",
            parameters={"connection_id": connection_id, "text": text, "most": most},
        ).result_rows
        return [EventKeySeen(*row) for row in rows]

    def event(self, event_id: EventId) -> LoggedEvent | None:
        """One event, or None if the log does not have it (yet)."""
        found = self._of_request(event_id.request_id, "AND item = {item:UInt16}", {"item": event_id.item})
        return found[0] if found else None

    def request(self, request_id: UUID) -> list[LoggedEvent]:
        """All events of a request in their order; empty if the log does not have it (yet)."""
        return self._of_request(request_id, "", {})

    def logged(self, request_ids: Collection[UUID]) -> set[UUID]:
        """Which of the requests the log has: with all their events, since a batch brings these at once."""
        if not request_ids:
            return set()
        arrived = [_arrived(request_id) for request_id in request_ids]
        rows = self._client.query(
            "SELECT DISTINCT request_id FROM events WHERE request_id IN {request_ids:Array(UUID)}"
            " AND received_at BETWEEN {first:DateTime64(3, 'UTC')} AND {last:DateTime64(3, 'UTC')}",
            parameters={"request_ids": list(request_ids), "first": min(arrived), "last": max(arrived)},
        ).result_rows
        return {row[0] for row in rows}

    def fates(self) -> dict[Fate, int]:
        """How many events of the whole log met which fate."""
        rows = self._client.query("SELECT toString(fate), count() FROM events GROUP BY fate").result_rows
        return {Fate(fate): count for fate, count in rows}

    def fates_of(self, request_ids: Sequence[UUID]) -> dict[Fate, int]:
        """How many events of these requests met which fate; what is not processed yet does not count."""
        if not request_ids:
            return {}
        times = [uuid7_unix_ms(request_id) for request_id in request_ids]
        rows = self._client.query(
            "SELECT toString(fate), count() FROM events WHERE request_id IN {request_ids:Array(UUID)}"
            " AND received_at BETWEEN {first:DateTime64(3, 'UTC')} AND {last:DateTime64(3, 'UTC')} GROUP BY fate",
            parameters={
                "request_ids": list(request_ids),
                "first": as_instant(min(times)),
                "last": as_instant(max(times)),
            },
        ).result_rows
        return {Fate(fate): count for fate, count in rows}

    def doubtful_dates(
        self, *, connection_id: UUID | None = None, since_ms: int | None = None, until_ms: int | None = None
    ) -> list[DoubtfulDatesSeen]:
        """How many events have doubtful dates, by connection and reason, with the latest of each."""
        wanted = EventFilter(connection_id=connection_id, since_ms=since_ms, until_ms=until_ms, date_flag="any")
        return count_doubtful_dates(self._client, wanted)

    def days(self, since_ms: int, time_zone: str) -> list[DayOfConnection]:
        """How many events came from which connection on which day of the zone, by fate."""
        return days_of_connections(self._client, since_ms, time_zone)

    def last_arrivals(self) -> dict[UUID, int]:
        """When the latest event of each connection arrived, in Unix milliseconds."""
        return last_arrivals(self._client)

    def bars(self, wanted: EventFilter, step_ms: int) -> Sequence[Bar]:
        """How many events of the filter arrived in each step since its beginning, by fate."""
        return bars(self._client, wanted, step_ms)

    def signals_of(self, event_id: EventId, generations: dict[UUID, int]) -> list[EmittedSignal]:
        """What the event emitted, in each signal's generation in force (signals that are gone are left out)."""
        rows = self._client.query(
            f"SELECT signal_id, generation, revision, company_id, {', '.join(_SLOTS)} FROM signals"  # noqa: S608
            " WHERE request_id = {request_id:UUID} AND item = {item:UInt16}",
            parameters={"request_id": event_id.request_id, "item": event_id.item},
        ).result_rows
        return [
            EmittedSignal(
                signal_id, revision, company_id, {s: v for s, v in zip(_SLOTS, slots, strict=True) if v is not None}
            )
            for signal_id, generation, revision, company_id, *slots in rows
            if generations.get(signal_id) == generation
        ]

    def _of_request(self, request_id: UUID, more: str, parameters: dict[str, Any]) -> list[LoggedEvent]:
        received_at = _arrived(request_id)
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

    def _widening(
        self, wanted: EventFilter, newest_ms: int | None, conditions: Sequence[Condition], order: str, limit: int
    ) -> list[LoggedEvent]:
        """The events of the hour before `newest_ms`, or if they are too few, of more."""
        if newest_ms is None:
            return []
        for window in (*_WINDOWS, None):
            oldest = newest_ms - int(window.total_seconds() * 1000) if window else None
            within = () if oldest is None else ((_WITHIN, {"oldest": as_instant(oldest)}),)
            found = self._found([*conditions, *within], order, limit)
            reached_the_end = oldest is None or (wanted.since_ms is not None and oldest <= wanted.since_ms)
            if len(found) >= limit or reached_the_end:
                return found
        return []

    def _found(self, conditions: Sequence[Condition], order: str, limit: int) -> list[LoggedEvent]:
        where = " AND ".join(["1", *(condition for condition, _ in conditions)])
        parameters = {name: value for _, values in conditions for name, value in values.items()}
        return self._rows(
            f"SELECT {_COLUMNS} FROM events WHERE {where} ORDER BY {order} LIMIT {{limit:UInt32}}",  # noqa: S608
            parameters | {"limit": limit},
        )

    def _rows(self, statement: str, parameters: dict[str, Any]) -> list[LoggedEvent]:
        return [_logged(row) for row in self._client.query(statement, parameters=parameters).result_rows]


_SLOTS: Final = tuple(f"{kind}{number}" for kind in "nt" for number in range(1, 17))


def _arrived(request_id: UUID) -> datetime:
    is_parked = request_id.int >> 96 == 0  # such an id is made of a place in the journal (record/step.py)
    return as_instant(0 if is_parked else uuid7_unix_ms(request_id))


def _logged(row: Sequence[Any]) -> LoggedEvent:
    received, request_id, item, connection_id, event_key, event_date, *rest = row
    flags, correction_ms, fate, reason, duplicate_of, door, payload, batch = rest
    return LoggedEvent(
        id=EventId(request_id, item),
        received_at_ms=received,
        event_date_ms=event_date,
        date_flags=read_flags(flags),
        date_correction_ms=correction_ms,
        connection_id=connection_id,
        event_key=event_key,
        door=door,
        fate=Fate(fate),
        reason=reason,
        duplicate_of=EventId.parse(duplicate_of) if duplicate_of else None,
        payload=payload,
        batch=batch,
    )
