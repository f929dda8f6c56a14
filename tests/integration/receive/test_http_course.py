"""The course of a connection: what is answered, in which order, what waits for what, and what ends it."""

import re
from dataclasses import replace

import pytest

from milepost.testing.echo import BOUNDS, Echo, in_loop
from milepost.testing.wire import Client, Wire

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = replace(BOUNDS, idle_seconds=60, head_seconds=60, body_seconds=60, write_seconds=60, connections=1000)


def post(body: bytes, *headers: bytes, path: bytes = b"/", version: bytes = b"1.1", length: int | None = None) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    size = len(body) if length is None else length
    return b"POST %b HTTP/%b\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (path, version, lines, size, body)


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)]


async def answer(client: Client) -> bytes:
    """The next answer, whose body is at most what comes with its head."""
    return await client.receive(until=b"\r\n\r\n")


def test_pipelined_requests_are_answered_in_order() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        said = await wire.exchange(b"".join(post(b"<%d>" % number) for number in range(500)))
        assert [int(number) for number in re.findall(rb"<(\d+)>", said)] == list(range(500))

    in_loop(check, LONG)


def test_one_request_of_a_connection_is_under_way_at_a_time_and_the_rest_waits_in_a_bounded_buffer() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        echo.is_slow = True
        client = await wire.connect()
        piece = post(b"x" * 900) * 100
        await client.send(post(b"first"), piece)
        for _ in range(100):
            try:
                client.sent.send(piece)
            except BlockingIOError:
                break
        else:
            raise AssertionError("the server takes everything that is sent")
        assert echo.bodies == [b"first"]
        client.close()

    in_loop(check, LONG)


def test_what_a_client_sent_before_it_ended_its_side_is_answered() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        echo.is_slow = True
        client = await wire.connect()
        await client.send(post(b"one") + post(b"two"))
        client.end()
        for _ in range(2):
            while not echo.waiting:
                await client.read_by_server()
            echo.waiting.pop()()
        said = await client.receive()
        assert statuses(said) == [200, 200]
        assert said.endswith(b"two")
        client.close()

    in_loop(check, LONG)


def test_a_connection_ends_at_once_when_nothing_more_can_come_and_what_came_last_was_no_request() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        echo.is_slow = True
        client = await wire.connect()
        await client.send(post(b"one") + b"nonsense\r\n\r\n")
        client.end()
        assert statuses(await wire.exchange(post(b"", path=b"/early"))) == [404]  # after the end has been seen
        echo.waiting.pop()()
        assert statuses(await client.receive()) == [200, 400]
        await wire.until_alone()
        client.close()

    in_loop(check, replace(LONG, close_seconds=60))


@pytest.mark.parametrize("path", [b"/", b"/early"], ids=["wanted", "refused"])
def test_a_client_that_asks_first_is_told_to_send_only_what_is_wanted(path: bytes) -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await wire.connect()
        await client.send(post(b"", b"Expect: 100-continue", path=path, length=5))
        first = await answer(client)
        if path == b"/":
            assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(b"hello")
            assert (await client.receive(until=b"hello")).startswith(b"HTTP/1.1 200 OK\r\n")
        else:
            assert statuses(first + await client.receive()) == [404]
            assert b"connection: close" in first
            assert echo.bodies == []
        client.close()

    in_loop(check)


def test_an_early_answer_is_there_before_the_body_and_the_next_request_behind_it() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await wire.connect()
        await client.send(post(b"", path=b"/early", length=50_000))
        assert statuses(await client.receive(until=b"early")) == [404]
        for _ in range(50):
            await client.send(b"x" * 1000)
        await client.send(post(b"next"))
        assert statuses(await client.receive(until=b"next")) == [200]
        assert echo.bodies == [b"next"]
        client.close()

    in_loop(check)


@pytest.mark.parametrize(
    ("length", "sent"),
    [pytest.param(200_000, 0, id="in bytes, by its length"), pytest.param(50_000, 10, id="in time")],
)
def test_reading_on_behind_an_early_answer_is_bounded(length: int, sent: int) -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await wire.connect()
        await client.send(post(b"", path=b"/early", length=length), b"x" * sent)
        assert statuses(await client.receive()) == [404]
        client.close()

    in_loop(check)


def test_chunks_behind_an_early_answer_are_bounded_in_bytes() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await wire.connect()
        await client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n")
        assert statuses(await client.receive(until=b"early")) == [404]
        await client.send(*[b"x" * 10_000] * 11)
        assert await client.receive() == b""
        client.close()

    in_loop(check, replace(LONG, linger_seconds=60))


@pytest.mark.parametrize(
    ("request_", "connection"),
    [
        pytest.param(post(b"a"), None, id="1.1"),
        pytest.param(post(b"a", b"Connection: close"), b"close", id="1.1 that says so"),
        pytest.param(post(b"a", b"Connection: keep-alive, Close"), b"close", id="1.1 in a list"),
        pytest.param(post(b"a", version=b"1.0"), b"close", id="1.0"),
        pytest.param(post(b"a", b"Connection: keep-alive", version=b"1.0"), b"keep-alive", id="1.0 that asks"),
    ],
)
def test_the_connection_is_kept_as_its_client_wants(request_: bytes, connection: bytes | None) -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await wire.connect()
        await client.send(request_)
        first = await client.receive(until=b"\r\n\r\na")
        found = re.search(rb"connection: ([^\r]*)", first)
        assert (found and found[1]) == connection
        if connection == b"close":
            assert await client.receive() == b""
        else:
            await client.send(GET)
            assert statuses(await answer(client)) == [200]
        client.close()

    in_loop(check, LONG)


def test_head_has_the_length_of_get_and_no_body() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        said = await wire.exchange(post(b"hello").replace(b"POST", b"HEAD") + GET)
        assert statuses(said) == [200, 200]
        assert b"content-length: 5\r\n\r\nHTTP/1.1" in said

    in_loop(check)


def test_an_idle_connection_is_ended_without_a_word() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        silent, used = await wire.connect(), await wire.connect()
        await used.send(GET)
        assert statuses(await used.receive()) == [200]
        assert await silent.receive() == b""
        used.close()
        silent.close()

    in_loop(check)


def test_a_client_that_does_not_read_its_answers_is_not_read_either_and_then_dropped() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await wire.connect()
        while True:
            try:
                client.sent.send(post(b"x" * 100_000))
            except BlockingIOError:
                if len(echo.bodies) > 5:
                    break
                await client.read_by_server()
            except (BrokenPipeError, ConnectionResetError):
                break
        await wire.until_alone()
        client.close()

    in_loop(check, replace(BOUNDS, body_bytes=200_000, body_seconds=60, idle_seconds=60, head_seconds=60))


def test_nothing_is_read_while_the_application_is_behind_and_nothing_is_lost() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        client = await wire.connect()
        echo.is_full = True
        await client.send(post(b"waits"))
        assert echo.heads == []
        echo.is_full = False
        assert statuses(await client.receive(until=b"waits")) == [200]
        client.close()

    in_loop(check)


def test_more_connections_than_the_bound_are_told_so_and_others_go_on() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        clients = [await wire.connect() for _ in range(3)]
        one_more = await wire.connect()
        refused = await one_more.receive()
        assert statuses(refused) == [503]
        assert b"retry-after: 5" in refused
        await clients[0].send(GET)
        assert statuses(await answer(clients[0])) == [200]
        for client in (*clients, one_more):
            client.close()

    in_loop(check, replace(BOUNDS, idle_seconds=60))


def test_draining_ends_what_is_idle_and_answers_what_is_under_way() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        echo.is_slow = True
        idle, waiting, sending = [await wire.connect() for _ in range(3)]
        await waiting.send(post(b"kept"))
        await sending.send(post(b"ha", length=4))
        wire.server.stop()
        wire.server.drain()
        assert await idle.receive() == b""
        await sending.send(b"lf")
        assert echo.bodies == [b"kept", b"half"]
        for answer_now in echo.waiting:
            answer_now()
        for client, body in ((waiting, b"kept"), (sending, b"half")):
            said = await client.receive()
            assert said.endswith(body)
            assert b"connection: close" in said
        await wire.until_alone()

    in_loop(check, LONG)


@pytest.mark.parametrize("leave", [Client.close, Client.reset], ids=["closed", "reset"])
def test_a_client_that_leaves_before_its_answer_hinders_nothing(
    leave: object, capfd: pytest.CaptureFixture[str]
) -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        echo.is_slow = True
        client = await wire.connect()
        await client.send(post(b"kept"))
        leave(client)  # type: ignore[operator]
        if leave is Client.reset:
            await wire.until_alone()
        echo.waiting.pop()()
        await wire.until_alone()

    in_loop(check, LONG)
    assert capfd.readouterr() == ("", "")
