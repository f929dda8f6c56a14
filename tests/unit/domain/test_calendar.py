"""Where the periods of an account's calendar begin and end, also where clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.calendar import Calendar, Period, WeekStart
from milepost.kit.clock import to_datetime, to_unix_ms

UTC_CALENDAR = Calendar()
BERLIN = Calendar("Europe/Berlin")


def ms(text: str) -> int:
    return to_unix_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


def starts(calendar: Calendar, first: str, last: str, period: Period) -> list[str]:
    some = calendar.periods(date.fromisoformat(first), date.fromisoformat(last), period)
    return [to_datetime(start).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00") for start, _ in some]


@pytest.mark.parametrize(
    ("calendar", "period", "first", "last", "expected"),
    [
        pytest.param(UTC_CALENDAR, Period.DAY, "2024-02-28", "2024-03-01",
                     ["2024-02-28", "2024-02-29", "2024-03-01"], id="leap day"),
        pytest.param(UTC_CALENDAR, Period.WEEK, "2024-01-03", "2024-01-08", ["2024-01-01", "2024-01-08"], id="Monday"),
        pytest.param(Calendar(week_start=WeekStart.SUNDAY), Period.WEEK, "2024-01-03", "2024-01-08",
                     ["2023-12-31", "2024-01-07"], id="Sunday"),
        pytest.param(Calendar(week_start=WeekStart.SATURDAY), Period.WEEK, "2024-01-05", "2024-01-06",
                     ["2023-12-30", "2024-01-06"], id="Saturday"),
        pytest.param(UTC_CALENDAR, Period.MONTH, "2023-12-31", "2024-02-01",
                     ["2023-12-01", "2024-01-01", "2024-02-01"], id="months"),
        pytest.param(UTC_CALENDAR, Period.QUARTER, "2023-11-30", "2024-04-01",
                     ["2023-10-01", "2024-01-01", "2024-04-01"], id="quarters"),
        pytest.param(BERLIN, Period.DAY, "2026-03-29", "2026-03-30",
                     ["2026-03-28 23:00", "2026-03-29 22:00"], id="a day of 23 hours"),
        pytest.param(BERLIN, Period.DAY, "2026-10-25", "2026-10-26",
                     ["2026-10-24 22:00", "2026-10-25 23:00"], id="a day of 25 hours"),
        pytest.param(Calendar("America/Santiago"), Period.DAY, "2025-09-07", "2025-09-07",
                     ["2025-09-07 04:00"], id="a midnight that clocks skip"),
        pytest.param(Calendar("Pacific/Apia"), Period.DAY, "2011-12-29", "2011-12-31",
                     ["2011-12-29 10:00", "2011-12-30 10:00"], id="a day that never was"),
        pytest.param(UTC_CALENDAR, Period.DAY, "2024-03-02", "2024-03-01", [], id="nothing between"),
    ],
)  # fmt: skip
def test_periods_begin_where_the_calendar_says(
    calendar: Calendar, period: Period, first: str, last: str, expected: list[str]
) -> None:
    assert starts(calendar, first, last, period) == expected


@given(
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia"]),
    week_start=st.sampled_from(WeekStart),
    period=st.sampled_from(Period),
    at=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds
)
def test_every_instant_lies_in_one_period_that_ends_where_the_next_begins(
    zone: str, week_start: WeekStart, period: Period, at: datetime
) -> None:
    calendar, at_ms = Calendar(zone, week_start), to_unix_ms(at)
    start, end = calendar.start(at_ms, period), calendar.end(at_ms, period)
    assert start <= at_ms < end
    assert calendar.start(end, period) == end
    assert calendar.start(end - 1, period) == start


@pytest.mark.parametrize(
    ("months", "later"),
    [
        pytest.param(1, "2026-02-28 09:00", id="the last day of a shorter month"),
        pytest.param(6, "2026-07-31 08:00", id="the same time of day, in summer"),
        pytest.param(-2, "2025-11-30 09:00", id="back"),
        pytest.param(11, "2026-12-31 09:00", id="December"),
        pytest.param(12, "2027-01-31 09:00", id="a year"),
    ],
)
def test_months_later_keeps_the_time_of_day(months: int, later: str) -> None:
    assert BERLIN.months_later(ms("2026-01-31 09:00"), months) == ms(later)


@pytest.mark.parametrize(
    ("at", "days", "later"),
    [
        pytest.param("2026-04-01 08:00", -7, "2026-03-25 09:00", id="back over the clocks of spring"),
        pytest.param("2026-10-21 08:00", 7, "2026-10-28 09:00", id="on over those of autumn"),
        pytest.param("2026-04-05 00:30", -7, "2026-03-29 01:30", id="to an hour that clocks skip"),
        pytest.param("2026-07-08 08:00", -7, "2026-07-01 08:00", id="where none change"),
    ],
)
def test_days_later_keeps_the_time_of_day(at: str, days: int, later: str) -> None:
    assert BERLIN.days_later(ms(at), days) == ms(later)


def test_a_day_is_told_in_the_zone() -> None:
    assert BERLIN.day(ms("2026-03-28 23:30")) == date(2026, 3, 29)
    assert BERLIN.midnight(date(2026, 3, 29)) == ms("2026-03-29 00:00") - timedelta(hours=1) // timedelta(
        milliseconds=1
    )
