"""What may be kept now: the disk's reserve, and each connection's token bucket."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.connection import RateLimit
from milepost.domain.errors import UnavailableError
from milepost.receive.admission import Admission
from milepost.receive.door import Answer, Reading
from milepost.receive.refusals import OverLimitError
from milepost.testing.doors import known


@dataclass(slots=True)
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def reading(count: int = 1, *, rate: float | None = None, burst: int = 1, name: str = "a") -> Reading:
    connection = known(name, rate_limit=RateLimit(events_per_second=rate, burst=burst) if rate else None)
    return Reading(connection=connection, event_key="k", body=b"[]", count=count, answer=answer)


def answer(_: str) -> Answer:
    return Answer(status=202)


def wait_seconds(admission: Admission, wanted: Reading) -> int:
    """0 when it is let through."""
    try:
        admission(wanted)
    except OverLimitError as error:
        return error.retry_after_seconds
    return 0


def test_without_a_limit_everything_is_let_through() -> None:
    admission = Admission(reserve_bytes=0, clock=Clock())
    assert [wait_seconds(admission, reading(1000)) for _ in range(100)] == [0] * 100


def test_a_burst_is_let_through_at_once_and_then_the_rate() -> None:
    clock = Clock()
    admission = Admission(reserve_bytes=0, clock=clock)
    assert [wait_seconds(admission, reading(rate=2, burst=3)) for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 0.5
    assert [wait_seconds(admission, reading(rate=2, burst=3)) for _ in range(2)] == [0, 1]


def test_each_connection_has_a_bucket_of_its_own() -> None:
    admission = Admission(reserve_bytes=0, clock=Clock())
    assert [wait_seconds(admission, reading(rate=1, name=name)) for name in "aabb"] == [0, 1, 0, 1]


def test_a_bucket_holds_no_more_than_a_burst_however_long_nothing_comes() -> None:
    clock = Clock()
    admission = Admission(reserve_bytes=0, clock=clock)
    wait_seconds(admission, reading(rate=5, burst=2))
    clock.now += 3600
    assert [wait_seconds(admission, reading(rate=5, burst=2)) for _ in range(3)] == [0, 0, 1]


def test_a_request_of_more_than_a_burst_goes_through_a_full_bucket_and_leaves_a_debt() -> None:
    clock = Clock()
    admission = Admission(reserve_bytes=0, clock=clock)
    assert wait_seconds(admission, reading(100, rate=10, burst=20)) == 0
    assert wait_seconds(admission, reading(1, rate=10, burst=20)) == 9
    assert wait_seconds(admission, reading(100, rate=10, burst=20)) == 10
    clock.now += 10
    assert wait_seconds(admission, reading(100, rate=10, burst=20)) == 0


def test_workers_share_a_limit_in_equal_parts() -> None:
    clock = Clock()
    workers = [Admission(reserve_bytes=0, workers=2, clock=clock) for _ in range(2)]
    taken = sum(wait_seconds(worker, reading(rate=4, burst=10)) == 0 for worker in workers for _ in range(20))
    assert taken == 10
    clock.now += 1
    assert sum(wait_seconds(worker, reading(rate=4, burst=10)) == 0 for worker in workers for _ in range(20)) == 4


def test_a_changed_limit_holds_from_the_next_request_on() -> None:
    clock = Clock()
    admission = Admission(reserve_bytes=0, clock=clock)
    assert wait_seconds(admission, reading(rate=1, burst=100)) == 0
    assert [wait_seconds(admission, reading(rate=1, burst=2)) for _ in range(3)] == [0, 0, 1]
    assert wait_seconds(admission, reading()) == 0


def test_a_refusal_names_its_sender_and_the_limit() -> None:
    admission = Admission(reserve_bytes=0, clock=Clock())
    wanted = reading(rate=2.5, burst=1)
    admission(wanted)
    with pytest.raises(OverLimitError, match=r"2\.5 events a second, 1 at once") as error:
        admission(wanted)
    assert error.value.sender == wanted.connection.id


@given(
    rate=st.floats(0.01, 1000),
    burst=st.integers(1, 1000),
    steps=st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 100)), max_size=30),
)
def test_who_comes_back_when_told_is_let_through_and_nobody_gets_more_than_the_rate(
    rate: float, burst: int, steps: list[tuple[int, float]]
) -> None:
    clock = Clock()
    admission = Admission(reserve_bytes=0, clock=clock)
    begun, sent, largest = clock.now, 0, 0
    for count, pause in steps:
        clock.now += pause
        seconds = wait_seconds(admission, reading(count, rate=rate, burst=burst))
        if seconds:
            clock.now += seconds
            assert wait_seconds(admission, reading(count, rate=rate, burst=burst)) == 0
        sent, largest = sent + count, max(largest, count)
        assert sent <= (clock.now - begun) * rate + max(burst, largest) + 0.001


def test_below_the_disks_reserve_nothing_is_let_through_until_there_is_room_again() -> None:
    admission = Admission(reserve_bytes=100, clock=Clock())
    admission.free_bytes = 99
    with pytest.raises(UnavailableError, match="nearly full") as error:
        admission(reading())
    assert (error.value.status, error.value.retry_after_seconds, error.value.sender) == (503, 30, None)
    admission.free_bytes = 100
    admission(reading())
