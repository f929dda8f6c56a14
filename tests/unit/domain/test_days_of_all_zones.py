"""A day begins at its first instant, in every zone that is known, wherever its clocks go, by zoneinfo alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.domain.calendar import Calendar, Period
from milepost.kit.clock import to_datetime, to_unix_ms

ZONES = sorted(available_timezones())
A_MILLISECOND, A_DAY, A_STEP = timedelta(milliseconds=1), timedelta(days=1), timedelta(days=15)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The instants in UTC at which clocks change, each to the second; of two within a step, there may be none."""
    steps = [first + A_STEP * place for place in range((last - first) // A_STEP + 1)]
    for (before, is_then), (after, is_now) in pairwise((at, _offset(zone, at)) for at in steps):
        if is_then != is_now:
            early, late = int(before.timestamp()), int(after.timestamp())
            while late - early > 1:
                between = (early + late) // 2
                is_before = _offset(zone, datetime.fromtimestamp(between, UTC)) == is_then
                early, late = (between, late) if is_before else (early, between)
            yield datetime.fromtimestamp(late, UTC)


def first_instant(zone: ZoneInfo, day: date, change: datetime) -> datetime:
    """The first at which the date is this one or later; it is a midnight by either clock, or when they change."""
    midnight = datetime.combine(day, time(), UTC)
    offsets = {_offset(zone, change), _offset(zone, change - A_MILLISECOND)}
    instants = sorted({change, *(midnight - offset for offset in offsets if offset is not None)})
    return next(
        at
        for at in instants
        if at.astimezone(zone).date() >= day and (at - A_MILLISECOND).astimezone(zone).date() < day
    )


def check(name: str, change: datetime) -> None:
    """The days around it, and the instants at which a day may seem to be under way twice, or not at all."""
    calendar, zone = Calendar(name), ZoneInfo(name)
    there = change.astimezone(zone).date()
    for day in (there - A_DAY, there, there + A_DAY):
        assert to_datetime(calendar.midnight(day)) == first_instant(zone, day, change), (name, day)
    for at in (change - A_MILLISECOND, change, change + timedelta(minutes=30)):
        at_ms = to_unix_ms(at)
        start, end = calendar.start(at_ms, Period.DAY), calendar.end(at_ms, Period.DAY)
        assert start <= at_ms < end, (name, at)
        assert (calendar.end(end - 1, Period.DAY), calendar.start(end, Period.DAY)) == (end, end), (name, at)


def test_every_day_at_which_clocks_have_changed_begins_with_its_first_instant() -> None:
    seen: set[tuple[object, ...]] = set()  # many zones are one by several names
    for name in ZONES:
        zone = ZoneInfo(name)
        found = tuple(changes(zone, datetime(1900, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)))
        alike = (*found, *(_offset(zone, change) for change in found))
        for change in () if alike in seen else found:
            hours = {at.astimezone(zone).hour for at in (change - A_MILLISECOND, change)}
            if hours & {0, 23} or len(hours) == 1:  # at others, no midnight is near
                check(name, change)
        seen.add(alike)


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(ZONES), year=st.integers(1900, 2299), month=st.integers(1, 12), day=st.integers(1, 28))
def test_any_day_of_four_centuries_begins_with_its_first_instant(name: str, year: int, month: int, day: int) -> None:
    midnight, zone = to_datetime(Calendar(name).midnight(date(year, month, day))), ZoneInfo(name)
    before, begun = ((midnight + step).astimezone(zone).date() for step in (-A_MILLISECOND, timedelta()))
    assert before < date(year, month, day) <= begun
    first = datetime(year, 1, 1, tzinfo=UTC)
    for change in changes(ZoneInfo(name), first, first + 366 * A_DAY):
        check(name, change)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        pytest.param("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z", id="from half past eleven to half past"),
        pytest.param("America/Santiago", "2025-09-07", "2025-09-07T04:00:00Z", id="from midnight to one"),
        pytest.param("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", id="over a whole day"),
        pytest.param("America/St_Johns", "2006-10-29", "2006-10-29T02:30:00Z", id="back to one past eleven"),
        pytest.param("Pacific/Kwajalein", "1969-10-01", "1969-10-01T12:00:00Z", id="back by 23 hours"),
    ],
)
def test_a_midnight_that_is_skipped_or_shown_twice(zone: str, day: str, expected: str) -> None:
    assert to_datetime(Calendar(zone).midnight(date.fromisoformat(day))) == datetime.fromisoformat(expected)
