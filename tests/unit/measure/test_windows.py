"""Where windows begin, what they are compared with, and when what is in a calendar period lapses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from milepost.domain.calendar import Calendar, Period, WeekStart
from milepost.domain.metric import AllTime, CalendarPeriod, RollingDays, Window
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.measure.windows import DAY_MS, before, begins_after_ms, ends_of

BERLIN = Calendar("Europe/Berlin", WeekStart.SUNDAY)


def ms(text: str) -> int:
    return to_unix_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


def instant(unix_ms: int | None) -> str | None:
    return None if unix_ms is None else to_datetime(unix_ms).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("window", "begins", "compared"),
    [
        pytest.param(AllTime(), None, None, id="all time has no beginning"),
        pytest.param(RollingDays(days=2), "2026-03-29 10:00", "2026-03-29 10:00", id="rolling days are of 24 hours"),
        pytest.param(CalendarPeriod(period=Period.DAY), "2026-03-30 22:00", "2026-03-30 10:00", id="a day"),
        pytest.param(CalendarPeriod(period=Period.WEEK), "2026-03-28 23:00", "2026-03-24 10:00", id="clocks changed"),
        pytest.param(CalendarPeriod(period=Period.MONTH), "2026-02-28 23:00", "2026-02-28 22:59", id="a shorter month"),
        pytest.param(CalendarPeriod(period=Period.QUARTER), "2025-12-31 23:00", "2025-12-29 09:00", id="a quarter"),
    ],
)
def test_a_window_begins_and_is_compared_where_its_calendar_says(
    window: Window, begins: str | None, compared: str | None
) -> None:
    as_of_ms = ms("2026-03-31 10:00")
    begins_after = begins_after_ms(window, as_of_ms, BERLIN)
    last_outside = 0 if isinstance(window, RollingDays) else 1
    assert instant(None if begins_after is None else begins_after + last_outside) == begins
    assert instant(before(window, as_of_ms, BERLIN)) == compared


def test_ends_are_those_of_the_periods_on_these_days() -> None:
    days = [ms("2026-03-28") // DAY_MS, ms("2026-06-30") // DAY_MS]
    ends = [instant(-end) for end in reversed(ends_of(Period.MONTH, days, BERLIN))]
    assert ends == ["2026-03-31 22:00", "2026-06-30 22:00", "2026-07-31 22:00"]
