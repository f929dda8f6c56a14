"""The HTTP layer over random bytes: it answers or ends the connection, never raises, and gives whole requests alone.

It runs for `MILEPOST_FUZZ_SECONDS` of processor time, 15 if that is not set.
"""

import asyncio
import os
import random
import re
import time

import pytest
import uvloop

from milepost.receive.http.bounds import Bounds
from milepost.testing.echo import Echo
from milepost.testing.wire import Wire

SECONDS = float(os.environ.get("MILEPOST_FUZZ_SECONDS", "15"))
BOUNDS = Bounds(body_bytes=300, line_bytes=200, head_bytes=600, head_lines=12, linger_bytes=5_000)
AT_ONCE = 16

HEADS = [
    b"POST / HTTP/1.1\r\n", b"GET /a?b HTTP/1.1\r\n", b"POST /early HTTP/1.1\r\n", b"HEAD / HTTP/1.0\r\n",
    b"POST http://x/y HTTP/1.1\r\n", b"CONNECT x:1 HTTP/1.1\r\n", b"PUT /%ff%00 HTTP/1.0\r\n", b"PRI * HTTP/2.0\r\n",
]  # fmt: skip
LINES = [
    b"Host: x\r\n", b"Host: x\r\n", b"Host: x\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n",
    b"Content-Length: 400\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: 100-continue\r\n", b"X-A: \xc3\xa9\r\n", b"X-B: \xe9\r\n", b"X-C:\r\n",
    b"X-D: \r\n b\r\n", b"X-E : 1\r\n",
]  # fmt: skip
BODIES = [
    b"", b"hello", b"x" * 400, b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"3;a=b\r\n\r\n\r\r\n0\r\nX: y\r\n\r\n",
    b"190\r\n" + b"y" * 400 + b"\r\n0\r\n\r\n", b"zz\r\n", b"1\r\nab\r\n", b"fffffffffffffffff\r\n",
]  # fmt: skip
ODD = [b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b":", b"\xff", b"0", b"5", b"-", b"\x0b", b"chunked"]


def connection(chance: random.Random) -> bytes:
    """What a client might send on one connection: requests of known parts, some bytes of which go wrong."""
    sent = b""
    for _ in range(chance.randint(1, 4)):
        lines = chance.sample(LINES, chance.randint(1, 5))
        sent += chance.choice(HEADS) + b"".join(lines) + b"\r\n" + chance.choice(BODIES)
    for _ in range(chance.choice([0, 0, 0, 1, 2, 6])):
        at = chance.randrange(len(sent))
        sent = sent[:at] + chance.choice(ODD) + sent[at + chance.randint(0, 3) :]
    return chance.randbytes(chance.randint(1, 200)) if chance.random() < 0.05 else sent


def cut(chance: random.Random, sent: bytes) -> list[bytes]:
    """The same in pieces."""
    places = sorted(chance.randrange(len(sent)) for _ in range(chance.choice([0, 0, 1, 2, 5])))
    return [sent[begin:end] for begin, end in zip([0, *places], [*places, len(sent)], strict=True) if begin < end]


def comparable(answer: bytes) -> bytes:
    """Without what may differ: the date, the go-ahead, and whether it was known already that nothing else follows."""
    answer = answer.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"").replace(b"\r\nconnection: close", b"")
    return re.sub(rb"\r\ndate: [^\r]*", b"", answer)


def is_ended_early(given: bytes, whole: bytes) -> bool:
    """Refused before its body had come, so that the connection ends: requests behind it are left to be sent again."""
    *_, last = given.split(b"HTTP/1.1 ")
    return last.startswith(b"4") and b"\r\nconnection: close" in last and whole.startswith(comparable(given))


async def try_one(wire: Wire, echo: Echo, seed: str) -> None:
    chance = random.Random(seed)
    sent = connection(chance)
    whole = comparable(await wire.exchange(sent))
    pieces = cut(chance, sent)
    given = await wire.exchange(*pieces)
    assert comparable(given) == whole or is_ended_early(given, whole), (seed, pieces)
    assert re.match(rb"HTTP/1\.1 [2-5]\d\d [A-Z]", whole) or not whole, (seed, sent)
    assert b"Internal Server Error" not in whole


async def until_time_is_up(seed: int) -> int:
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: raised.append(context))
    echo = Echo()
    wire = Wire(echo, BOUNDS)
    tried = 0
    until = time.process_time() + SECONDS
    while time.process_time() < until:
        await asyncio.gather(*(try_one(wire, echo, f"{seed}-{tried + one}") for one in range(AT_ONCE)))
        tried += AT_ONCE
    await wire.until_alone()
    wire.close()
    assert raised == []
    assert all(len(body) <= BOUNDS.body_bytes for body in echo.bodies)
    return tried


def test_random_connections_are_answered_alike_however_they_are_cut(capfd: pytest.CaptureFixture[str]) -> None:
    seed = random.randrange(1 << 32)
    tried = uvloop.run(until_time_is_up(seed))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", ""), seed
    assert tried > 100
