"""Dates of events: which are doubtful, to the millisecond, and how a sender's clock corrects them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.event_date import (
    DAY_MS,
    EARLIEST_MS,
    LATEST_MS,
    MOST_CORRECTION_MS,
    DateFlag,
    EventDate,
    dated,
    flag_of,
    is_clean,
    other_unit,
    read_flags,
    write_flags,
)
from milepost.kit.clock import to_unix_ms

NOW_MS = 1_764_000_000_000
DATES = st.integers(EARLIEST_MS, LATEST_MS)


def ms(text: str) -> int:
    return to_unix_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("at_ms", "flag"),
    [
        pytest.param(1_709_164_800, DateFlag.IN_SECONDS, id="seconds of 2024"),
        pytest.param(315_532_800, DateFlag.IN_SECONDS, id="seconds of 1980"),
        pytest.param(315_532_799, DateFlag.NEAR_1970, id="seconds before 1980"),
        pytest.param(4_102_444_799, DateFlag.IN_SECONDS, id="the last second of 2099"),
        pytest.param(4_102_444_800, DateFlag.NEAR_1970, id="seconds of 2100"),
        pytest.param(0, DateFlag.NEAR_1970, id="zero"),
        pytest.param(-1, DateFlag.NEAR_1970, id="minus one"),
        pytest.param(20_240_229, DateFlag.NEAR_1970, id="a day written as a number"),
        pytest.param(45_351, DateFlag.NEAR_1970, id="a day of a spreadsheet"),
        pytest.param(28_486_080, DateFlag.NEAR_1970, id="minutes"),
        pytest.param(-2_000_000_000, DateFlag.NEAR_1970, id="seconds of 1906"),
        pytest.param(ms("1969-12-01"), DateFlag.NEAR_1970, id="the first millisecond of December 1969"),
        pytest.param(ms("1969-12-01") - 1, None, id="November 1969"),
        pytest.param(ms("1971-01-01") - 1, DateFlag.NEAR_1970, id="the last millisecond of 1970"),
        pytest.param(ms("1971-01-01"), None, id="1971"),
        pytest.param(ms("1969-07-20"), None, id="long ago"),
        pytest.param(ms("1999-12-31"), None, id="years ago"),
        pytest.param(NOW_MS + DAY_MS, None, id="tomorrow"),
        pytest.param(NOW_MS + DAY_MS + 1, DateFlag.IN_FUTURE, id="more than a day ahead"),
        pytest.param(LATEST_MS, DateFlag.IN_FUTURE, id="the last instant there is"),
    ],
)
def test_a_date_is_doubtful_within_exact_bounds(at_ms: int, flag: DateFlag | None) -> None:
    assert flag_of(at_ms, NOW_MS) is flag
    assert dated(at_ms, None, NOW_MS) == EventDate(at_ms, 0, (flag,) if flag else ())


def test_micro_and_nanoseconds_are_beyond_all_dates_and_known_by_their_size() -> None:
    assert [other_unit(NOW_MS * factor) for factor in (1_000, 1_000_000)] == ["microseconds", "nanoseconds"]
    assert other_unit(LATEST_MS + 1) is None


@pytest.mark.parametrize(
    ("sent_at_ms", "expected"),
    [
        pytest.param(NOW_MS - 3_600_000, EventDate(NOW_MS - 5_000, 3_600_000), id="an hour slow"),
        pytest.param(NOW_MS + 365 * DAY_MS, EventDate(NOW_MS - 5_000, -365 * DAY_MS), id="a year fast"),
        pytest.param(NOW_MS - MOST_CORRECTION_MS, EventDate(NOW_MS - 5_000, MOST_CORRECTION_MS), id="just believed"),
        pytest.param(ms("1980-01-06"), EventDate(ms("1980-01-06") - 5_000, 0, (DateFlag.CLOCK_FAR_OFF,)), id="1980"),
        pytest.param(
            ms("2099-01-01"),
            EventDate(ms("2099-01-01") - 5_000, 0, (DateFlag.IN_FUTURE, DateFlag.CLOCK_FAR_OFF)),
            id="2099",
        ),
        pytest.param(0, EventDate(-5_000, 0, (DateFlag.NEAR_1970, DateFlag.CLOCK_FAR_OFF)), id="1970"),
    ],
)
def test_a_clock_corrects_a_date_only_within_its_bound(sent_at_ms: int, expected: EventDate) -> None:
    assert dated(sent_at_ms - 5_000, sent_at_ms, NOW_MS) == expected


def test_a_difference_that_the_way_may_have_taken_is_not_corrected_where_asked() -> None:
    assert dated(NOW_MS - 1, NOW_MS - 9_999, NOW_MS, least_ms=10_000) == EventDate(NOW_MS - 1)
    assert dated(NOW_MS - 1, NOW_MS - 10_000, NOW_MS, least_ms=10_000) == EventDate(NOW_MS + 9_999, 10_000)


@given(own=DATES, sent=st.none() | DATES | st.integers(-(2**53), 2**53), received=st.integers(10**12, 4 * 10**12))
def test_a_date_stays_one_that_the_store_holds_and_never_moves_beyond_the_bound(
    own: int, sent: int | None, received: int
) -> None:
    date = dated(own, sent, received)
    assert EARLIEST_MS <= date.at_ms <= LATEST_MS
    assert date.at_ms - own == date.correction_ms
    assert abs(date.correction_ms) <= MOST_CORRECTION_MS
    assert read_flags(write_flags(date.flags)) == date.flags


@given(own=st.lists(DATES | st.integers(-(10**10), 10**11)), received=st.integers(10**12, 4 * 10**12))
def test_what_the_quick_look_takes_for_clean_has_no_flag(own: list[int], received: int) -> None:
    if is_clean(own, received):
        assert [flag_of(date, received) for date in own] == [None] * len(own)
