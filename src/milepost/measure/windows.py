"""Windows: which emissions count at an instant, and when each one stops counting, as SQL over their event dates.

Takes the window of a metric's definition; gives SQL text and its parameters. No clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from milepost.domain.calendar import Calendar, Period
from milepost.domain.metric import AllTime, CalendarPeriod, RollingDays, Window

DAY_MS = 86_400_000
"""A rolling day: 24 hours, whatever the clocks on the wall do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSql:
    """How a window reads in SQL.

    `lapse` is the instant in Unix milliseconds from which an emission at `at` no longer counts, None if it counts
    for ever; it never moves back when `at` moves on. `span` is how long each emission counts, where that is the same
    for all. They read `constants`, given with their types: `span_ms`, or `ends`, which are those of all periods that
    have emissions (see `ends_of`).
    """

    lapse: str | None = None
    span: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)


def window_sql(window: Window) -> WindowSql:
    """The SQL of a metric's window; a new window is a type in `domain/metric.py`, and a case here and below."""
    match window:
        case AllTime():
            return WindowSql()
        case RollingDays():
            return WindowSql(lapse="at + span_ms", span="span_ms", constants={"span_ms": "Int64"})
        case CalendarPeriod():
            return WindowSql(lapse="-roundDown(-at - 1, ends)", constants={"ends": "Array(Int64)"})
        case _:
            assert_never(window)


def begins_after_ms(window: Window, as_of_ms: int, calendar: Calendar) -> int | None:
    """The last instant that lies before the window which ends with `as_of_ms`; None if it has no beginning."""
    match window:
        case AllTime():
            return None
        case RollingDays(days=days):
            return as_of_ms - days * DAY_MS
        case CalendarPeriod(period=period):
            return calendar.start(as_of_ms, period) - 1
        case _:
            assert_never(window)


def before(window: Window, as_of_ms: int, calendar: Calendar) -> int | None:
    """The instant to compare `as_of_ms` with: one window earlier, None for all time.

    In a calendar period, as far into the period before, by the hours that have passed, but not beyond its end.
    """
    match window:
        case AllTime():
            return None
        case RollingDays(days=days):
            return as_of_ms - days * DAY_MS
        case CalendarPeriod(period=period):
            start_ms = calendar.start(as_of_ms, period)
            earlier_ms = calendar.start(start_ms - 1, period)
            return min(earlier_ms + as_of_ms - start_ms, start_ms - 1)
        case _:
            assert_never(window)


def ends_of(period: Period, utc_days: Iterable[int], calendar: Calendar) -> list[int]:
    """The ends of all periods that overlap these days in UTC (counted from 1970), negative and rising."""
    ends: set[int] = set()
    for utc_day in utc_days:
        at_ms, last_ms = utc_day * DAY_MS, (utc_day + 1) * DAY_MS - 1
        while at_ms <= last_ms:
            at_ms = calendar.end(at_ms, period)
            ends.add(at_ms)
    return sorted(-end for end in ends)
