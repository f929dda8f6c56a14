"""The watch beside an event loop: it tells that the loop turns, and of one that is held, by whom."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from milepost.observe.metric_names import LOOP_HELD
from milepost.operate import stall
from milepost.operate.stall import StallWatch
from milepost.testing.service import wait_for


class Turning:
    """A loop in a thread, its watch, and what the watch said."""

    def __init__(self) -> None:
        self.beats: list[bool] = []
        self.watch = StallWatch("tests", self.beats.append)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.release = threading.Event()
        self.holds = threading.Event()

    def attend(self) -> None:
        async def attend() -> None:
            self.watch.attend(asyncio.get_running_loop())

        asyncio.run_coroutine_threadsafe(attend(), self.loop).result(10)

    def hold(self) -> None:
        """Hold the loop as a door does that computes for long."""
        door = SimpleNamespace(name="track")
        self.holds.set()
        assert door.name == "track"
        wait_for(self.release.is_set, seconds=60, what="release")


@pytest.fixture
def turning() -> Iterator[Turning]:
    made = Turning()
    yield made
    made.release.set()
    made.loop.call_soon_threadsafe(made.loop.stop)
    made.thread.join(30)
    made.loop.close()


@contextmanager
def _said() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def _counted() -> float:
    labels = {"process": "tests", "door": "track"}
    samples = (sample for metric in LOOP_HELD.collect() for sample in metric.samples)
    return sum(one.value for one in samples if one.name.endswith("_total") and one.labels == labels)


def test_before_the_loop_is_at_work_signs_of_life_say_that_it_starts(turning: Turning) -> None:
    turning.watch.look()
    turning.attend()
    turning.watch.look()
    assert turning.beats == [False, True]


def test_a_held_loop_gives_no_sign_of_life_and_is_said_and_counted_once_with_its_door(
    turning: Turning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall, "HELD_SECONDS", 0.1)
    monkeypatch.setattr(stall, "_LOOK_SECONDS", 0.01)
    turning.attend()
    before = _counted()
    turning.loop.call_soon_threadsafe(turning.hold)
    assert turning.holds.wait(10)

    def said(event: str) -> bool:
        turning.watch.look()
        return any(line["event"] == event for line in lines)

    with _said() as lines:
        wait_for(lambda: said("loop_held"), seconds=10, what="a word that it is held")
        beats = len(turning.beats)
        for _ in range(10):
            turning.watch.look()
        assert len(turning.beats) == beats
        turning.release.set()
        wait_for(lambda: said("loop_released"), seconds=10, what="a word that it turns")
    held, released = lines
    assert (held["event"], held["door"], held["place"]) == ("loop_held", "track", held["place"])
    assert held["place"].startswith("testing/service.py:")
    assert held["place"].endswith(" in wait_for")
    assert (released["event"], released["seconds"] >= 0.1) == ("loop_released", True)
    assert _counted() == before + 1
    turning.watch.look()
    assert turning.beats[-1] is True
