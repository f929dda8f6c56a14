"""Refusals between the event loop and the disk: bounded while they wait, briefed and masked when written."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from milepost.domain.errors import Fault
from milepost.domain.rejection import Rejection, RejectionFilter
from milepost.receive.rejections import (
    MOST_WAITING,
    MOST_WAITING_BYTES,
    MOST_WAITING_OF_ONE,
    Refused,
    RejectionQueue,
    keep,
)
from milepost.record.rejections import RejectionReader, RejectionWriter

NOW_MS = 1_700_000_000_000


def refused(sender: int = 1, *, body: bytes = b"{}") -> Refused:
    return Refused(
        connection_id=sender.to_bytes(16, "big"),
        received_at_ms=NOW_MS,
        door="track",
        status=400,
        code="invalid_input",
        reason="not valid",
        faults=(),
        body=body,
        query="",
        own_key="the-key",
    )


def test_one_connection_cannot_crowd_out_another() -> None:
    queue = RejectionQueue()
    assert [queue.note(refused()) for _ in range(MOST_WAITING_OF_ONE + 1)] == [True] * MOST_WAITING_OF_ONE + [False]
    assert queue.note(refused(2))


def test_what_waits_is_bounded_in_number_and_in_bytes() -> None:
    queue = RejectionQueue()
    assert sum(queue.note(refused(sender)) for sender in range(MOST_WAITING + 5)) == MOST_WAITING
    assert len(queue.take()) == MOST_WAITING
    assert queue.note(refused(body=b"x" * MOST_WAITING_BYTES))
    assert not queue.note(refused())


def test_taking_makes_room() -> None:
    queue = RejectionQueue()
    while queue.note(refused()):
        pass
    queue.take()
    assert queue.note(refused())
    assert len(queue.take()) == 1


def written(tmp_path: Path, one: Refused) -> Rejection:
    keep(RejectionWriter(tmp_path, 0, most_per_connection=9, keep_ms=1000), [one], NOW_MS)
    (rejection,) = RejectionReader(tmp_path, keep_ms=1000, clock=lambda: NOW_MS).page(
        RejectionFilter(), older_than=None, limit=9
    )
    return rejection


def test_a_refusal_is_kept_with_its_first_faults_and_short_texts(tmp_path: Path) -> None:
    faults = tuple(Fault(path=f"batch[{place}]", reason="r" * 600) for place in range(50))
    rejection = written(tmp_path, msgspec.structs.replace(refused(), faults=faults))
    assert (rejection.path, len(rejection.faults)) == ("batch[0]", 20)
    assert rejection.faults[0].reason == "r" * 500 + "…"


def test_neither_texts_nor_excerpt_hold_the_senders_key(tmp_path: Path) -> None:
    fault = Fault(path="timestamp", reason="the-key is not a date")
    one = msgspec.structs.replace(refused(body=b'{"a":"the-key"}'), reason="the-key?", faults=(fault,))
    assert "the-key" not in str(written(tmp_path, one))


def test_a_disk_that_does_not_take_them_fails_nothing() -> None:
    class FullDisk:
        def write(self, rejections: Sequence[Rejection], now_ms: int) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    keep(FullDisk(), [refused()], NOW_MS)
