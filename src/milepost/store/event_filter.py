"""Which events of the log are asked for, and the SQL conditions of that: values are always parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from milepost.domain.event_date import DateFlag
from milepost.domain.fate import Fate

Condition = tuple[str, dict[str, Any]]
"""SQL, and the values of its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Each given part narrows. Times are Unix milliseconds of arrival; `text` is found anywhere in the payload.

    `date_flag` is one that the event has, or `any`.
    """

    connection_id: UUID | None = None
    event_key: str | None = None
    fate: Fate | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    text: str | None = None
    date_flag: DateFlag | Literal["any"] | None = None

    def between(self, since_ms: int, until_ms: int) -> EventFilter:
        """The same in this span of time."""
        return replace(self, since_ms=since_ms, until_ms=until_ms)


def conditions_of(wanted: EventFilter) -> Iterator[Condition]:
    """The conditions that the filter comes to, each with its parameters."""
    if wanted.connection_id is not None:
        yield "connection_id = {connection_id:UUID}", {"connection_id": wanted.connection_id}
    if wanted.event_key is not None:
        yield "event_key = {event_key:String}", {"event_key": wanted.event_key}
    if wanted.fate is not None:
        yield "fate = {fate:String}", {"fate": wanted.fate.value}
    if wanted.since_ms is not None:
        yield "received_at >= {since:DateTime64(3, 'UTC')}", {"since": as_instant(wanted.since_ms)}
    if wanted.until_ms is not None:
        yield "received_at < {until:DateTime64(3, 'UTC')}", {"until": as_instant(wanted.until_ms)}
    if wanted.date_flag == "any":
        yield "date_flags != ''", {}
    elif wanted.date_flag is not None:
        yield "has(splitByChar(',', date_flags), {date_flag:String})", {"date_flag": wanted.date_flag.value}
    if wanted.text:
        yield "positionCaseInsensitiveUTF8(payload, {text:String}) > 0", {"text": wanted.text}


def as_instant(unix_ms: int) -> datetime:
    """Unix milliseconds as the parameter of a DateTime64."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=unix_ms)
