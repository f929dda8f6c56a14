"""Windows: which emissions count at an instant, and when each one stops counting, as SQL over their event dates.

Takes the window of a metric's definition; gives SQL text, and the ends of calendar periods. No clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import assert_never

from milepost.domain.metric import AllTime, RollingDays, Window
from milepost.kit.clock import to_unix_ms

DAY_MS = 86_400_000
"""A rolling day: 24 hours, whatever the clocks on the wall do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSql:
    """How a window reads in SQL.

    `begun` tests the column `event_date` against where the window that ends with the parameter `as_of` (Unix
    milliseconds) begins; None if it has no beginning. `lapse` is the instant in Unix milliseconds from which an
    emission at `at` no longer counts, None if it counts for ever; it must not move back when `at` moves on, since
    distinct values rely on that order.
    """

    begun: str | None = None
    lapse: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)


_LATER_THAN_SPAN = "event_date > fromUnixTimestamp64Milli({as_of:Int64} - {span_ms:Int64}, 'UTC')"


def window_sql(window: Window) -> WindowSql:
    """The SQL of a metric's window; a new window is a type in `domain/metric.py` and a case here."""
    match window:
        case AllTime():
            return WindowSql()
        case RollingDays(days=days):
            return WindowSql(
                begun=_LATER_THAN_SPAN,
                lapse="at + {span_ms:Int64}",
                parameters={"span_ms": days * DAY_MS},
            )
        case _:
            assert_never(window)


class Period(StrEnum):
    """The steps of a series."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def period_ends(first: date, last: date, period: Period, zone: tzinfo) -> Iterator[int]:
    """The last millisecond (Unix) of each period that touches the days `first` to `last` in that time zone.

    Weeks begin on Monday. A day is as long as the zone makes it: 23 or 25 hours where clocks change.
    """
    start = _start(first, period)
    while start <= last:
        start = _start(start + _INTO_THE_NEXT[period], period)
        yield to_unix_ms(datetime.combine(start, time(), zone)) - 1


_INTO_THE_NEXT = {Period.DAY: timedelta(days=1), Period.WEEK: timedelta(days=7), Period.MONTH: timedelta(days=31)}


def _start(day: date, period: Period) -> date:
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
