"""How many events of the log have implausible dates: counts, and the latest of them, by connection and reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from milepost.domain.event import EventId
from milepost.domain.event_date import DateFlag
from milepost.store.client import Queries
from milepost.store.event_filter import EventFilter, conditions_of

_MOST_GROUPS: Final = 10_000
_SELECT: Final = (
    "SELECT connection_id, arrayJoin(splitByChar(',', date_flags)) AS flag, count(),"
    " toUnixTimestamp64Milli(min(received_at)), toUnixTimestamp64Milli(max(received_at)),"
    " groupArraySorted(3)((-toUnixTimestamp64Milli(received_at), toString(request_id), item, toString(event_key),"
    " toUnixTimestamp64Milli(event_date)))"
)


class DoubtfulEvent(NamedTuple):
    """One such event. Times are Unix milliseconds."""

    id: EventId
    event_key: str
    received_at_ms: int
    event_date_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulDatesSeen:
    """Events of one connection whose dates are doubtful for one reason; `latest` are up to three of them."""

    connection_id: UUID
    flag: DateFlag
    events: int
    first_ms: int
    last_ms: int
    latest: tuple[DoubtfulEvent, ...]


def count_doubtful_dates(client: Queries, wanted: EventFilter) -> list[DoubtfulDatesSeen]:
    """Those that the filter takes, by connection and reason; an event with two flags counts under each."""
    conditions = list(conditions_of(wanted))
    where = " AND ".join(condition for condition, _ in conditions)
    rows = client.query(
        f"{_SELECT} FROM events WHERE {where} GROUP BY connection_id, flag"
        " ORDER BY connection_id, flag LIMIT {most:UInt32}",
        parameters={name: value for _, values in conditions for name, value in values.items()} | {"most": _MOST_GROUPS},
    ).result_rows
    return [
        DoubtfulDatesSeen(
            connection_id=connection_id,
            flag=DateFlag(flag),
            events=events,
            first_ms=first_ms,
            last_ms=last_ms,
            latest=tuple(
                DoubtfulEvent(EventId(UUID(request_id), item), key, -negative_ms, date_ms)
                for negative_ms, request_id, item, key, date_ms in latest
            ),
        )
        for connection_id, flag, events, first_ms, last_ms, latest in rows
    ]


def has_date_flags(client: Queries) -> bool:
    """Whether the store's events have flags already, which an earlier version did not write."""
    columns = "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'events'"
    ((found,),) = client.query(f"{columns} AND name = 'date_flags'").result_rows
    return bool(found)
