"""What is no HTTP/1.1 request, or could be read as two different ones, is refused and its connection closed."""

import json
import re

import pytest

from milepost.receive.http.bounds import Bounds
from milepost.testing.echo import BOUNDS, Echo, in_loop
from milepost.testing.wire import Wire


def answered(*pieces: bytes, bounds: Bounds = BOUNDS) -> tuple[list[int], bytes, Echo]:
    """The statuses, the last body, and what the application has seen; the client goes on listening to the end."""
    said = b""

    async def check(echo: Echo, wire: Wire) -> None:
        nonlocal said
        client = await wire.connect()
        await client.send(*pieces)
        said = await client.receive()
        client.close()

    echo = in_loop(check, bounds)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)]
    return statuses, said.rpartition(b"\r\n\r\n")[2], echo


def request(*lines: bytes, body: bytes = b"", first: bytes = b"POST / HTTP/1.1") -> bytes:
    return b"\r\n".join([first, *lines, b"", body])


HOST = b"Host: x"
CHUNKED = b"Transfer-Encoding: chunked"
EMPTY_CHUNKS = b"0\r\n\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

ATTACKS = {
    "a length and chunks": request(HOST, b"Content-Length: 5", CHUNKED, body=EMPTY_CHUNKS),
    "chunks and a length": request(HOST, CHUNKED, b"Content-Length: 5", body=EMPTY_CHUNKS),
    "two lengths": request(HOST, b"Content-Length: 0", b"Content-Length: 5", body=b"hello"),
    "the same length twice": request(HOST, b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
    "a list of lengths": request(HOST, b"Content-Length: 5, 5", body=b"hello"),
    "a negative length": request(HOST, b"Content-Length: -1"),
    "a length with a plus": request(HOST, b"Content-Length: +5", body=b"hello"),
    "a length in hex": request(HOST, b"Content-Length: 0x5", body=b"hello"),
    "a length in words": request(HOST, b"Content-Length: five", body=b"hello"),
    "a length that is empty": request(HOST, b"Content-Length:", body=b"hello"),
    "a length with a blank in it": request(HOST, b"Content-Length: 1 1", body=b"hello"),
    "a length beyond 64 bits": request(HOST, b"Content-Length: 18446744073709551621", body=b"hello"),
    "a length in other digits": request(HOST, b"Content-Length: \xd9\xa5", body=b"hello"),
    "chunks of HTTP/1.0": request(CHUNKED, body=EMPTY_CHUNKS, first=b"POST / HTTP/1.0"),
    "an odd transfer coding": request(HOST, b"Transfer-Encoding: xchunked", body=EMPTY_CHUNKS),
    "a coding before chunks": request(HOST, b"Transfer-Encoding: gzip, chunked", body=EMPTY_CHUNKS),
    "a coding behind chunks": request(HOST, b"Transfer-Encoding: chunked, identity", body=EMPTY_CHUNKS),
    "chunks twice": request(HOST, CHUNKED, CHUNKED, body=EMPTY_CHUNKS),
    "chunks twice in a line": request(HOST, b"Transfer-Encoding: chunked, chunked", body=EMPTY_CHUNKS),
    "a coding in quotes": request(HOST, b'Transfer-Encoding: "chunked"', body=EMPTY_CHUNKS),
    "identity": request(HOST, b"Transfer-Encoding: identity", body=EMPTY_CHUNKS),
    "no coding": request(HOST, b"Transfer-Encoding:", body=EMPTY_CHUNKS),
    "a vertical tab before chunked": request(HOST, b"Transfer-Encoding: \x0bchunked", body=EMPTY_CHUNKS),
    "a folded header": request(HOST, b"Transfer-Encoding:", b" chunked", body=EMPTY_CHUNKS),
    "a folded header with a tab": request(HOST, b"X-A: b", b"\tc"),
    "a blank before the first header": request(b" " + HOST),
    "a blank before the colon": request(HOST, b"Content-Length : 5", body=b"hello"),
    "a tab before the colon": request(HOST, b"Transfer-Encoding\t: chunked", body=EMPTY_CHUNKS),
    "a header without a name": request(HOST, b": x"),
    "a header without a colon": request(HOST, b"x"),
    "a NUL in a header": request(HOST, b"X-A: b\0c"),
    "a NUL in a name": request(HOST, b"X\0A: b"),
    "a bare carriage return in a header": request(HOST, b"X-A: b\rContent-Length: 5"),
    "a bare line feed behind a header": HOST.join([b"POST / HTTP/1.1\r\n", b"\nContent-Length: 0\r\n\r\n"]),
    "a bare line feed behind the first line": b"POST / HTTP/1.1\nHost: x\r\n\r\n",
    "bare line feeds at the end": b"POST / HTTP/1.1\r\nHost: x\n\n",
    "carriage returns alone": b"POST / HTTP/1.1\rHost: x\r\r",
    "no host": request(b"X-A: b"),
    "two hosts": request(HOST, HOST),
    "two hosts, one of them another": request(HOST, b"host: y"),
    "a list of hosts": request(b"Host: x y"),
    "a host with a path": request(b"Host: x/y"),
    "a host with a user": request(b"Host: me@x"),
    "CONNECT": request(HOST, first=b"CONNECT x:80 HTTP/1.1"),
    "TLS": bytes.fromhex("16030100c5010000c10303") + bytes(50),
    "no HTTP at all": b"hello\r\n\r\n",
    "no version": request(HOST, first=b"POST /"),
    "raw bytes in the path": request(HOST, first=b"POST /\xff HTTP/1.1"),
    "a chunk size that is none": request(HOST, CHUNKED, body=b"x\r\n\r\n0\r\n\r\n"),
    "a chunk size with a sign": request(HOST, CHUNKED, body=b"-1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with a plus": request(HOST, CHUNKED, body=b"+1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with a prefix": request(HOST, CHUNKED, body=b"0x1\r\nx\r\n0\r\n\r\n"),
    "a chunk size beyond 64 bits": request(HOST, CHUNKED, body=b"10000000000000001\r\nx\r\n0\r\n\r\n"),
    "a blank behind the chunk size": request(HOST, CHUNKED, body=b"1 \r\nx\r\n0\r\n\r\n"),
    "a line feed behind the chunk size": request(HOST, CHUNKED, body=b"1\nx\r\n0\r\n\r\n"),
    "a line feed behind the chunk": request(HOST, CHUNKED, body=b"1\r\nx\n0\r\n\r\n"),
    "a line feed in an extension": request(HOST, CHUNKED, body=b"1;a\nb\r\nx\r\n0\r\n\r\n"),
    "a line feed behind the last chunk": request(HOST, CHUNKED, body=b"1\r\nx\r\n0\n\n"),
    "a chunk longer than it says": request(HOST, CHUNKED, body=b"1\r\nxy\r\n0\r\n\r\n"),
    "a chunk shorter than it says": request(HOST, CHUNKED, body=b"3\r\nxy\r\n0\r\n\r\n"),
    "a chunk size for ever": request(HOST, CHUNKED, body=b"0" * 1000),
    "an extension for ever": request(HOST, CHUNKED, body=b"1;" + b"a" * 1000),
    "trailers for ever": request(HOST, CHUNKED, body=b"0\r\n" + b"X-A: b\r\n" * 100),
    "mostly framing": request(HOST, CHUNKED, body=b"1;a=bcdefghijk\r\nx\r\n" * 50),
    "a length in the trailer": request(HOST, CHUNKED, body=b"0\r\nContent-Length: 5\r\n\r\n"),
    "a coding in the trailer": request(HOST, CHUNKED, body=b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_two_readers_could_understand_differently_is_400_and_the_end(name: str) -> None:
    statuses, body, echo = answered(ATTACKS[name] + NEXT)
    assert statuses == [400]
    assert json.loads(body)["error"] == "bad_request"
    assert echo.bodies == []
    assert "/smuggled" not in [head.path for head in echo.heads]


@pytest.mark.parametrize("name", ATTACKS)
def test_they_are_refused_behind_a_request_that_they_resemble_too(name: str) -> None:
    good = request(HOST, b"Content-Length: 5", body=b"hello")
    statuses, body, echo = answered(good + good + ATTACKS[name] + NEXT)
    assert statuses == [200, 200, 400]
    assert json.loads(body)["error"] == "bad_request"
    assert echo.bodies == [b"hello", b"hello"]


def test_heads_that_differ_in_their_length_alone_say_the_same_with_another_length() -> None:
    async def check(echo: Echo, wire: Wire) -> None:
        for length in (0, 1, 12, 120, 3, 0):
            said = await wire.exchange(
                *[
                    b"POST /a?b HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: %d\r\nX-A: b\r\n\r\n" % n + b"x" * n
                    for n in (5, length)
                ]
            )
            assert said.count(b"HTTP/1.1 200 OK") == 2
            assert echo.bodies[-2:] == [b"x" * 5, b"x" * length]
        assert {(head.path, head.query, *head.headers.items()) for head in echo.heads} == {
            ("/a", "b", ("host", "x"), ("x-a", "b"))
        }

    in_loop(check)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(request(HOST, first=b"POST /" + b"a" * 400 + b" HTTP/1.1"), 414, id="a long request line"),
        pytest.param(b"POST /" + b"a" * 400, 414, id="a request line without an end"),
        pytest.param(request(HOST, b"X-A: " + b"a" * 1000), 431, id="a long header"),
        pytest.param(request(HOST)[:-2] + b"X-A: " + b"a" * 1000, 431, id="a header without an end"),
        pytest.param(request(HOST, *[b"A: b"] * 25), 431, id="many headers"),
        pytest.param(request(HOST, first=b"BREW / HTTP/1.1"), 501, id="an unknown method"),
        pytest.param(request(HOST, first=b"GET / HTTP/2.0"), 505, id="another version"),
        pytest.param(request(HOST, first=b"GET / HTTP/0.9"), 400, id="an old version"),
        pytest.param(b"POST / HTTP/1.1\r\nHo", 408, id="a head that does not come"),
    ],
)
def test_a_head_out_of_bounds_is_refused_with_its_reason(sent: bytes, status: int) -> None:
    statuses, body, echo = answered(sent)
    assert statuses == [status]
    assert json.loads(body)["message"]
    assert echo.heads == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(request(HOST, b"Content-Length: 5", body=b"hell"), 408, id="a body that stops"),
        pytest.param(request(HOST, CHUNKED, body=b"5\r\nhello\r\n"), 408, id="chunks that stop"),
    ],
)
def test_a_body_that_does_not_come_is_408_and_never_whole(sent: bytes, status: int) -> None:
    statuses, body, echo = answered(sent)
    assert statuses == [status]
    assert json.loads(body)["error"] == "body_too_slow"
    assert echo.bodies == []


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(request(HOST, b"Content-Length: 1001"), id="by its length"),
        pytest.param(request(HOST, CHUNKED) + b"3e9\r\n", id="in chunks"),
    ],
)
def test_a_body_over_the_limit_is_413_and_the_connection_goes_on(head: bytes) -> None:
    rest = b"\r\n0\r\n\r\n" if b"chunked" in head else b""
    statuses, body, echo = answered(head, b"x" * 1001 + rest, NEXT)
    assert statuses == [413, 200]
    assert echo.bodies == [b""]
    assert body == b""


def test_header_text_is_utf_8_or_else_latin_1_and_several_of_a_name_are_joined() -> None:
    _, _, echo = answered(
        request(
            HOST,
            b"A: caf\xc3\xa9",
            b"B: caf\xe9",
            b"C:  x \t",
            b"D: 1",
            b"d: 2",
            b"E:",
            first=b"GET /a%20%C3%A9?q=%20 HTTP/1.1",
        )
    )
    head = echo.heads[0]
    assert head.headers == {"host": "x", "a": "caf\u00e9", "b": "caf\u00e9", "c": "x", "d": "1, 2", "e": ""}
    assert (head.path, head.query, head.method, head.scheme) == ("/a \u00e9", "q=%20", "GET", "http")
    assert head.peer.startswith("127.0.0.1:")


@pytest.mark.parametrize("host", [b"x", b"x:8443", b"[::1]:8443", b"", b"a_b.example", b"127.0.0.1"])
def test_a_host_of_any_valid_form_is_taken(host: bytes) -> None:
    assert answered(request(b"Host: " + host, b"Connection: close", first=b"GET / HTTP/1.1"))[0] == [200]
