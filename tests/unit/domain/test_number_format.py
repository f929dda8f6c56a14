"""How values read, also those that no person would write down."""

from __future__ import annotations

import pytest

from milepost.domain.calendar import Calendar
from milepost.domain.metric import NumberFormat


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(1_790_000_000_000.0, "2026-09-21", id="milliseconds"),
        pytest.param(1_790_000_000_000_000.0, "1,790,000,000,000,000", id="microseconds, far beyond any calendar"),
        pytest.param(-1e300, f"{-1e300:,.0f}", id="no instant at all"),
        pytest.param(253_402_300_799_999.0, "253,402,300,799,999", id="a last moment that is past it in the zone"),
        pytest.param(-62_135_596_800_001.0, "-62,135,596,800,001", id="before the first year"),
    ],
)
def test_what_is_no_date_of_the_calendar_is_shown_as_the_number_it_is(value: float, shown: str) -> None:
    assert NumberFormat(style="date").show(value, "", Calendar("Asia/Tokyo")) == shown


@pytest.mark.parametrize(
    ("number_format", "value", "shown"),
    [
        pytest.param(NumberFormat(decimals=2), -0.004, "0.00 EUR", id="two decimals"),
        pytest.param(NumberFormat(), -1e-9, "0 EUR", id="as few as are needed"),
        pytest.param(NumberFormat(), -0.0, "0 EUR", id="the other zero"),
        pytest.param(NumberFormat(style="percent", decimals=0), -0.004, "0 % EUR", id="percent"),
        pytest.param(NumberFormat(decimals=2), -0.005001, "-0.01 EUR", id="less than zero"),
    ],
)
def test_a_zero_has_no_minus(number_format: NumberFormat, value: float, shown: str) -> None:
    assert number_format.show(value, "EUR", Calendar()) == shown
