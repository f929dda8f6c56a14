"""The ends of calendar periods, also where clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milepost.kit.clock import to_datetime
from milepost.measure.windows import Period, period_ends

BERLIN = ZoneInfo("Europe/Berlin")
LAST_MS = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("period", "first", "last", "ends_before"),
    [
        pytest.param(Period.DAY, "2024-02-28", "2024-03-01", ["2024-02-29", "2024-03-01", "2024-03-02"], id="leap day"),
        pytest.param(Period.WEEK, "2024-01-03", "2024-01-08", ["2024-01-08", "2024-01-15"], id="weeks begin on Monday"),
        pytest.param(
            Period.MONTH,
            "2023-12-31",
            "2024-03-01",
            ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
            id="months",
        ),
        pytest.param(Period.DAY, "2024-03-02", "2024-03-01", [], id="nothing between"),
    ],
)
def test_periods_end_just_before_the_next_begins(period: Period, first: str, last: str, ends_before: list[str]) -> None:
    ends = [to_datetime(end) for end in period_ends(date.fromisoformat(first), date.fromisoformat(last), period, UTC)]
    assert ends == [datetime.fromisoformat(end).replace(tzinfo=UTC) - LAST_MS for end in ends_before]


def test_a_day_is_as_long_as_its_time_zone_makes_it() -> None:
    before, spring, autumn_before, autumn = (
        to_datetime(next(period_ends(day, day, Period.DAY, BERLIN)))
        for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25))
    )
    assert spring - before == timedelta(hours=23)
    assert autumn - autumn_before == timedelta(hours=25)
