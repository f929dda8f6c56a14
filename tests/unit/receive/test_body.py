"""Reading bodies within bounds."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from milepost.receive.body import BodyTooSlowError, Deadlines, read_body
from milepost.receive.expand import BodyTooLargeError


class Sent:
    """A body that arrives in chunks; None means that the sender stops sending there."""

    def __init__(self, *chunks: bytes | None) -> None:
        self.chunks = chunks

    async def __call__(self) -> bytes:
        return b"".join([chunk async for chunk in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            if chunk is None:
                await asyncio.Event().wait()
            else:
                yield chunk


def read(sent: Sent, headers: dict[str, str], *, limit: int = 100) -> bytes:
    async def within_deadlines() -> bytes:
        deadlines = Deadlines(0.0)
        reading = asyncio.create_task(read_body(sent, headers, limit=limit, deadlines=deadlines))
        while not reading.done():
            await asyncio.sleep(0)
            deadlines.enforce()
        return await reading

    return asyncio.run(within_deadlines())


def test_a_body_is_read_whole_or_in_chunks() -> None:
    assert read(Sent(b"ab", b"c"), {"content-length": "3"}) == b"abc"
    assert read(Sent(b"ab", b"c"), {}) == b"abc"


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        pytest.param(Sent(), {"content-length": "101"}, id="declared"),
        pytest.param(Sent(b"x" * 60, b"x" * 60, None), {}, id="in chunks, before all of them came"),
    ],
)
def test_a_body_over_the_limit_is_refused(sent: Sent, headers: dict[str, str]) -> None:
    with pytest.raises(BodyTooLargeError):
        read(sent, headers)


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    with pytest.raises(BodyTooSlowError):
        read(Sent(b"x", None), {"content-length": "3"})


def test_a_request_that_is_cancelled_for_another_reason_stays_cancelled() -> None:
    async def cancel() -> None:
        deadlines = Deadlines(60.0)
        reading = asyncio.create_task(read_body(Sent(None), {}, limit=10, deadlines=deadlines))
        await asyncio.sleep(0)
        reading.cancel()
        await reading

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
