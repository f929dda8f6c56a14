"""A server that is told to stop: what is under way is answered, what is acknowledged is kept, and nothing is cut."""

import re
from dataclasses import replace

import pytest

from milepost.testing.echo import BOUNDS, Echo, in_loop
from milepost.testing.wire import Client, Wire

LONG = replace(BOUNDS, idle_seconds=60, head_seconds=60, body_seconds=60, write_seconds=60, connections=1000)
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)]


async def begun(wire: Wire, *pieces: bytes) -> Client:
    client = await wire.connect()
    await client.send(*pieces)
    return client


def stop(wire: Wire) -> None:
    """As SIGTERM does."""
    wire.server.stop()
    wire.server.drain()


@pytest.mark.parametrize("sent", [HEAD[:20], HEAD[:-1], HEAD, HEAD + b"o"], ids=["line", "head", "no body", "a part"])
def test_a_request_that_is_half_sent_is_answered_once_it_is_whole_and_its_connection_ends(sent: bytes) -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await begun(wire, sent)
        stop(wire)
        await client.send((HEAD + b"one")[len(sent) :])
        said = await client.receive()
        assert (statuses(said), said[-3:]) == ([200], b"one")
        assert b"connection: close" in said
        await wire.until_alone()

    assert in_loop(check, LONG).bodies == [b"one"]


def test_an_answer_that_is_owed_is_given_and_what_is_pipelined_behind_it_was_never_taken() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        echo.is_slow = True
        client = await begun(wire, HEAD + b"one" + HEAD + b"two" + HEAD + b"six")
        stop(wire)
        echo.waiting.pop()()
        said = await client.receive()
        assert (statuses(said), said[-3:]) == ([200], b"one")
        assert b"connection: close" in said
        await wire.until_alone()

    assert in_loop(check, LONG).bodies == [b"one"]


def test_an_idle_connection_ends_at_once_without_a_word() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        fresh = await begun(wire)
        used = await begun(wire, HEAD + b"one")
        await used.receive(until=b"one")
        stop(wire)
        assert [await fresh.receive(), await used.receive()] == [b"", b""]
        await wire.until_alone()

    in_loop(check, LONG)


def test_a_request_that_was_refused_early_still_has_its_answer() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await begun(wire, HEAD.replace(b"POST /", b"POST /early") + b"o")
        stop(wire)
        await client.send(b"ne")
        assert statuses(await client.receive()) == [404]
        await wire.until_alone()

    assert in_loop(check, LONG).bodies == []
