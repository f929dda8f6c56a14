"""Requests of every sort, cut in two at every byte and broken off at every byte, over real TCP.

Where TCP cuts a request says nothing about it: the answer is the same. A request that never came whole has never been.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from milepost.testing.corpus import CHUNKED, CORPUS, KEPT, Doors, comparable, in_loop
from milepost.testing.wire import Client


@pytest.mark.parametrize("name", CORPUS)
def test_a_request_in_two_pieces_is_answered_as_in_one(tmp_path: Path, name: str) -> None:
    request = CORPUS[name]

    async def check(doors: Doors) -> None:
        whole = comparable(await doors.wire.exchange(request))
        assert whole.startswith(b"HTTP/1.1 ")
        for at in range(1, len(request)):
            assert comparable(await doors.wire.exchange(request[:at], request[at:])) == whole, (at, request[:at])
        bodies = {submission.body for submission in doors.kept()}
        assert len(doors.kept()) == (len(request) if name in KEPT else 0)
        assert len(bodies) <= 1

    in_loop(tmp_path, check)


def test_a_request_byte_by_byte_is_answered_as_in_one(tmp_path: Path) -> None:
    async def check(doors: Doors) -> None:
        for name, request in CORPUS.items():
            whole = comparable(await doors.wire.exchange(request))
            pieces = [request[at : at + 1] for at in range(len(request))]
            assert comparable(await doors.wire.exchange(*pieces)) == whole, name

    in_loop(tmp_path, check)


@pytest.mark.parametrize("leave", [Client.close, Client.reset], ids=["closed", "reset"])
def test_a_request_that_breaks_off_is_not_kept_and_is_no_error_of_ours(
    tmp_path: Path, leave: Callable[[Client], None], capfd: pytest.CaptureFixture[str]
) -> None:
    async def check(doors: Doors) -> None:
        for request in KEPT.values():
            for end in range(1, len(request)):
                client = await doors.wire.connect()
                await client.send(request[:end])
                leave(client)
                await doors.wire.until_alone()
        assert doors.kept() == []
        assert doors.app.tally.take().requests == {}
        assert doors.app.rejections.take() == []

    in_loop(tmp_path, check)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", [name for name, request in KEPT.items() if CHUNKED in request])
def test_chunks_that_go_wrong_at_any_byte_are_refused_and_not_kept(tmp_path: Path, name: str) -> None:
    """An odd byte in the framing; within a chunk's data there is none."""
    head, _, body = KEPT[name].partition(b"\r\n\r\n")

    async def check(doors: Doors) -> None:
        for at in framing_bytes(body):
            request = head + b"\r\n\r\n" + body[:at] + b"\x01" + body[at + 1 :]
            answer = await doors.wire.exchange(request)
            assert answer.split(b" ", 2)[1] == b"400", (at, body)
        assert doors.kept() == []

    in_loop(tmp_path, check)


def framing_bytes(body: bytes) -> list[int]:
    """Where sizes and their line ends stand."""
    places: list[int] = []
    at = 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].partition(b";")[0], 16)
        places += [at, end, end + 1]
        if not size:
            return places
        at = end + 2 + size + 2
        places += [at - 2, at - 1]


def test_the_next_request_behind_a_chunked_one_is_understood(tmp_path: Path) -> None:
    async def check(doors: Doors) -> None:
        for name, request in KEPT.items():
            if b"1.0\r\n" in request:
                continue
            answer = await doors.wire.exchange(request + KEPT["track"])
            assert answer.count(b"HTTP/1.1 20") == 2, name

    in_loop(tmp_path, check)
