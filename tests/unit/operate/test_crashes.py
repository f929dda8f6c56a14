"""Crashes at one stage, minutes apart, are a loop; deaths that people, limits or errors bring about are none."""

import signal

import pytest

from milepost.operate.crashes import CRASHES, WITHIN_SECONDS, Crashes

STAGE = "checking the parts of /data/store"


def test_crashes_at_one_stage_are_a_loop_and_name_what_is_worked_on() -> None:
    crashes = Crashes("app")
    for number in range(CRASHES - 1):
        assert crashes.note(-signal.SIGSEGV, STAGE, float(number)) is None
    told = crashes.note(-signal.SIGABRT, STAGE, 10.0)
    assert told is not None
    assert told.startswith(f"app was ended {CRASHES} times by SIGABRT, each time while {STAGE}:")
    assert "milepost doctor" in told
    assert "start from a backup" in told


@pytest.mark.parametrize("status", [0, 1, 70, 78, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT])
def test_other_deaths_are_none(status: int) -> None:
    crashes = Crashes("app")
    assert [crashes.note(status, STAGE, 1.0) for _ in range(10)] == [None] * 10


def test_crashes_at_other_stages_or_long_ago_do_not_count() -> None:
    crashes = Crashes("app")
    stages = [crashes.note(-signal.SIGSEGV, f"stage {number % 2}", float(number)) for number in range(10)]
    times = [crashes.note(-signal.SIGSEGV, STAGE, number * (WITHIN_SECONDS / 1.5)) for number in range(10)]
    assert {*stages, *times} == {None}
