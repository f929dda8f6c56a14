"""Who writes next when several wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from milepost.control.repos.settings import read_settings
from milepost.control.session import Database
from milepost.control.write_queue import Urgency, WriteQueue
from milepost.domain.errors import UnavailableError
from milepost.testing.service import wait_for

PERSON, BACKGROUND = Urgency.PERSON, Urgency.BACKGROUND


@contextmanager
def _waiting(queue: WriteQueue, *urgencies: Urgency) -> Iterator[list[int]]:
    """These wait in this order while the block runs; the list fills in the order in which they had their turns."""
    went: list[int] = []

    def go(place: int, urgency: Urgency) -> None:
        with queue.turn(urgency):
            went.append(place)

    threads = []
    for place, urgency in enumerate(urgencies):
        before = queue.waiting(urgency)
        threads.append(threading.Thread(target=go, args=(place, urgency)))
        threads[-1].start()
        wait_for(lambda: queue.waiting(urgency) > before, seconds=20, what="its place")  # noqa: B023  # called at once
    yield went
    for thread in threads:
        thread.join()


def test_people_go_before_background_work_each_in_the_order_of_asking() -> None:
    queue = WriteQueue()
    with queue.turn(BACKGROUND):
        waiting = _waiting(queue, BACKGROUND, PERSON, BACKGROUND, PERSON)
        went = waiting.__enter__()
    waiting.__exit__(None, None, None)
    assert went == [1, 3, 0, 2]


def test_background_work_has_a_turn_after_sixteen_people() -> None:
    queue = WriteQueue()
    with queue.turn(PERSON):
        waiting = _waiting(queue, BACKGROUND, *[PERSON] * 20)
        went = waiting.__enter__()
    waiting.__exit__(None, None, None)
    assert went == [*range(1, 17), 0, *range(17, 21)]


def test_who_waits_for_too_long_is_refused_and_leaves_the_queue() -> None:
    queue = WriteQueue(patience_seconds=0.01)
    refused: list[UnavailableError] = []

    def go() -> None:
        with pytest.raises(UnavailableError) as told, queue.turn(PERSON):
            pass
        refused.append(told.value)

    with queue.turn(BACKGROUND):
        thread = threading.Thread(target=go)
        thread.start()
        thread.join()
        assert len(refused) == 1
        assert queue.waiting(PERSON) == 0
    with queue.turn(PERSON):
        pass


def test_a_write_within_a_write_of_the_same_thread_is_refused_at_once_and_a_read_is_not(database: Database) -> None:
    with database.write():
        with database.read() as session:
            assert read_settings(session).creates_companies
        with pytest.raises(RuntimeError, match="within another"), database.in_background().write():
            pass
    with database.write() as session:
        assert read_settings(session).creates_companies


def test_a_write_that_fails_hands_its_turn_on(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write():
        raise ZeroDivisionError
    with database.in_background().write() as session:
        assert read_settings(session).creates_companies


def test_a_database_in_the_background_waits_in_the_same_queue(database: Database) -> None:
    behind = database.in_background()
    order: list[str] = []

    def write(one: Database, name: str) -> None:
        with one.write():
            order.append(name)

    threads = [threading.Thread(target=write, args=pair) for pair in ((behind, "work"), (database, "person"))]
    with database.write():
        for thread, urgency in zip(threads, (BACKGROUND, PERSON), strict=True):
            thread.start()
            wait_for(lambda: database.queue.waiting(urgency) == 1, seconds=20, what="its place")  # noqa: B023
    for thread in threads:
        thread.join()
    assert order == ["person", "work"]
