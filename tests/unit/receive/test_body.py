"""Reading bodies within bounds."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.errors import InvalidInputError
from milepost.receive.body import BodyTooLargeError, BodyTooSlowError, Deadlines, expand_gzip, read_body


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
        pytest.param(Sent(gzip.compress(bytes(10_000))), {"content-encoding": "gzip"}, id="expanded"),
        pytest.param(Sent(gzip.compress(bytes(60)) * 2), {"content-encoding": "gzip"}, id="expanded, over two members"),
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


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"hello")[:-3], b"\x1f\x8b"], ids=["no gzip", "cut off", "only the magic"]
)
def test_broken_gzip_is_a_clear_error(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="gzip"):
        expand_gzip(body, 100)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_gzip_of_one_or_more_members_expands_to_what_it_was(parts: list[bytes]) -> None:
    assert expand_gzip(b"".join(map(gzip.compress, parts)), 1000) == b"".join(parts)


def test_an_encoding_we_do_not_read_is_said_so() -> None:
    with pytest.raises(InvalidInputError, match="br"):
        read(Sent(b"x"), {"content-encoding": "br"})
