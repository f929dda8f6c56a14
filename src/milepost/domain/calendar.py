"""The account's calendar: where days, weeks, months and quarters begin in its time zone. Pure.

Takes and gives instants in Unix milliseconds; a day is as long as the zone makes it, where clocks change also 23 or 25
hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INTO_THE_NEXT = {"day": 1, "week": 7, "month": 31, "quarter": 92}
"""Days from the first of any period that lead into the one after it, and no further."""


class Period(StrEnum):
    """A stretch of the calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


class WeekStart(StrEnum):
    """The day on which weeks begin."""

    MONDAY = "monday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEKDAY = {WeekStart.MONDAY: 0, WeekStart.SATURDAY: 5, WeekStart.SUNDAY: 6}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Dates in an IANA time zone, with weeks that begin where the account has them begin."""

    time_zone: str = "UTC"
    week_start: WeekStart = WeekStart.MONDAY

    def day(self, instant_ms: int) -> date:
        """The date there at this instant."""
        return self._local(instant_ms).date()

    def midnight(self, day: date) -> int:
        """The first instant of this day there, or of the next that there was, where clocks skip midnight or the day.

        Of a midnight that the clocks show twice it is the first: what is shown of the day before once more is of this.
        """
        start = datetime.combine(day, time(), ZoneInfo(self.time_zone))
        start_ms = (start - _EPOCH) // _MILLISECOND
        skipped = start.replace(fold=1)
        if start.utcoffset() == skipped.utcoffset() or self.day(start_ms - 1) < day <= self.day(start_ms):
            return start_ms
        before_ms = (skipped - _EPOCH) // _MILLISECOND - 1
        while start_ms - before_ms > 1:  # clocks went from before midnight to after it, at an instant between the two
            between_ms = (before_ms + start_ms) // 2
            before_ms, start_ms = (before_ms, between_ms) if self.day(between_ms) >= day else (between_ms, start_ms)
        return start_ms

    def first_day(self, day: date, period: Period) -> date:
        """The first day of the period that this day lies in."""
        match period:
            case Period.DAY:
                return day
            case Period.WEEK:
                return day - timedelta(days=(day.weekday() - _WEEKDAY[self.week_start]) % 7)
            case Period.MONTH:
                return day.replace(day=1)
            case Period.QUARTER:
                return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
            case _:
                assert_never(period)

    def next_first_day(self, day: date, period: Period) -> date:
        """The first day of the period after the one that this day lies in."""
        return self.first_day(self.first_day(day, period) + timedelta(days=_INTO_THE_NEXT[period]), period)

    def start(self, instant_ms: int, period: Period) -> int:
        """The first instant of the period that this one lies in."""
        return self.midnight(self._first_day_at(instant_ms, period))

    def end(self, instant_ms: int, period: Period) -> int:
        """The first instant after the period that this one lies in."""
        return self.midnight(self.next_first_day(self._first_day_at(instant_ms, period), period))

    def periods(self, first: date, last: date, period: Period) -> Iterator[tuple[int, int]]:
        """The first instant of, and the first after, each period that touches these days; none is empty."""
        day = self.first_day(first, period)
        while day <= last:
            next_day = self.next_first_day(day, period)
            start_ms, end_ms = self.midnight(day), self.midnight(next_day)
            if start_ms < end_ms:  # some zones have skipped a whole day, to cross the date line
                yield start_ms, end_ms
            day = next_day

    def days_later(self, instant_ms: int, days: int) -> int:
        """The same time of day that many days on, which where clocks change are not all of 24 hours."""
        return (self._local(instant_ms) + timedelta(days=days) - _EPOCH) // _MILLISECOND

    def months_later(self, instant_ms: int, months: int) -> int:
        """The same time of day that many months on; of a day that the month lacks, its last."""
        local = self._local(instant_ms)
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        first_after = date(year + (month == 11), (month + 1) % 12 + 1, 1)
        last_day = (first_after - timedelta(days=1)).day
        moved = local.replace(year=year, month=month + 1, day=min(local.day, last_day), fold=0)
        return (moved - _EPOCH) // _MILLISECOND

    def _first_day_at(self, instant_ms: int, period: Period) -> date:
        """Of the period under way; it does not begin again where clocks go back over midnight."""
        first = self.first_day(self.day(instant_ms), period)
        following = self.next_first_day(first, period)
        return following if self.midnight(following) <= instant_ms else first

    def _local(self, instant_ms: int) -> datetime:
        return (_EPOCH + instant_ms * _MILLISECOND).astimezone(ZoneInfo(self.time_zone))
