"""How much came in: by connection and day, and over a span of time by fate. Counts only, made inside the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from milepost.domain.fate import Fate
from milepost.store.client import Queries
from milepost.store.event_filter import EventFilter, as_instant, conditions_of

_MOST_ROWS: Final = 1_000_000


class DayOfConnection(NamedTuple):
    """How many events of a connection arrived on a day, and met which fate."""

    connection_id: UUID
    day: date
    fate: Fate
    events: int


class Bar(NamedTuple):
    """How many events arrived from an instant on, for one step's time, and met the fate."""

    from_ms: int
    fate: Fate
    events: int


def days_of_connections(client: Queries, since_ms: int, time_zone: str) -> list[DayOfConnection]:
    """For every connection that anything came from since; days are those of the time zone."""
    rows = client.query(
        "SELECT connection_id, toDate(received_at, {zone:String}) AS day, toString(fate) AS met, count() FROM events"
        " WHERE received_at >= {since:DateTime64(3, 'UTC')} GROUP BY connection_id, day, met LIMIT {most:UInt32}",
        parameters={"since": as_instant(since_ms), "zone": time_zone, "most": _MOST_ROWS},
    ).result_rows
    return [DayOfConnection(connection, day, Fate(fate), events) for connection, day, fate, events in rows]


def last_arrivals(client: Queries) -> dict[UUID, int]:
    """When the latest event of each connection arrived, in Unix milliseconds."""
    rows = client.query(
        "SELECT connection_id, toUnixTimestamp64Milli(max(received_at)) FROM events GROUP BY connection_id"
    ).result_rows
    return {row[0]: row[1] for row in rows}


def bars(client: Queries, wanted: EventFilter, step_ms: int) -> Sequence[Bar]:
    """The events that the filter takes, by steps since its `since_ms`; steps without any are left out."""
    conditions = list(conditions_of(wanted))
    where = " AND ".join(["1", *(condition for condition, _ in conditions)])
    parameters: dict[str, Any] = {name: value for _, values in conditions for name, value in values.items()}
    parameters |= {"step": step_ms, "from_ms": wanted.since_ms or 0, "most": _MOST_ROWS}
    rows = client.query(
        "SELECT {from_ms:Int64} + intDiv(toUnixTimestamp64Milli(received_at) - {from_ms:Int64}, {step:Int64})"  # noqa: S608
        " * {step:Int64} AS bar, toString(fate) AS met, count() FROM events"
        f" WHERE {where} GROUP BY bar, met ORDER BY bar, met LIMIT {{most:UInt32}}",
        parameters=parameters,
    ).result_rows
    return [Bar(from_ms, Fate(fate), events) for from_ms, fate, events in rows]
