"""The HTTP layer over random bytes: it answers or ends the connection, never raises, and gives whole requests alone.

A third of a minute each for requests of known parts, for bytes of any kind, and for the corpus at the real doors, all
with bytes gone wrong. `MILEPOST_FUZZ_SECONDS` says how long in all; `MILEPOST_FUZZ_SEED` tries what a failure names.
"""

import asyncio
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from milepost.receive.http.bounds import Bounds
from milepost.testing import corpus
from milepost.testing.echo import Echo
from milepost.testing.wire import Wire

SECONDS = float(os.environ.get("MILEPOST_FUZZ_SECONDS", "60")) / 3
SEED = os.environ.get("MILEPOST_FUZZ_SEED")
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


SIGNS = b'\r\n\r\n :;,=%/0123456789abcdefGETPOSTHTTP/1.1{}[]"\\\0\xff\xc3\xa9'
REQUESTS = list(corpus.CORPUS.values())


def of_parts(chance: random.Random) -> bytes:
    """What a client might send on one connection: requests of known parts, some bytes of which go wrong."""
    sent = b""
    for _ in range(chance.randint(1, 4)):
        lines = chance.sample(LINES, chance.randint(1, 5))
        sent += chance.choice(HEADS) + b"".join(lines) + b"\r\n" + chance.choice(BODIES)
    return gone_wrong(chance, sent, chance.choice([0, 0, 0, 1, 2, 6]))


def of_bytes(chance: random.Random) -> bytes:
    """No request at all, or the begin of one and then anything."""
    length = int(chance.paretovariate(0.7)) + 1
    signs = bytes(chance.choices(SIGNS, k=min(length, 2_000)))
    anything = signs if chance.random() < 0.5 else chance.randbytes(min(length, 2_000))
    begin = chance.choice([b"", b"", *HEADS])
    return begin + b"".join(chance.sample(LINES, chance.randint(0, 3))) + anything


def of_the_corpus(chance: random.Random) -> bytes:
    """Requests that doors know, one after the other, with bytes that go wrong, go missing, or come twice."""
    sent = b"".join(chance.choices(REQUESTS, k=chance.choice([1, 1, 1, 2, 3])))
    for _ in range(chance.choice([0, 0, 1])):
        begin, end = sorted(chance.randrange(len(sent)) for _ in range(2))
        sent = sent[:end] + sent[begin:] if chance.random() < 0.5 else sent[:begin] + sent[end:]
    return gone_wrong(chance, sent or b"\n", chance.choice([0, 1, 1, 2, 4]))


def gone_wrong(chance: random.Random, sent: bytes, times: int) -> bytes:
    for _ in range(times):
        at = chance.randrange(len(sent))
        odd = chance.choice(ODD) if chance.random() < 0.7 else chance.randbytes(1)
        sent = sent[:at] + odd + sent[at + chance.randint(0, 3) :]
    return sent


def cut(chance: random.Random, sent: bytes) -> list[bytes]:
    """The same in pieces."""
    places = sorted(chance.randrange(len(sent)) for _ in range(chance.choice([0, 0, 1, 2, 5])))
    return [sent[begin:end] for begin, end in zip([0, *places], [*places, len(sent)], strict=True) if begin < end]


def comparable(answer: bytes) -> bytes:
    """Without what may differ: the date, the go-ahead, and whether it was known already that nothing else follows."""
    answer = corpus.comparable(answer).replace(b"\r\nconnection: close", b"")
    return re.sub(rb'("lag_entries":)\d+', rb"\1", answer)


def is_ended_early(given: bytes, whole: bytes) -> bool:
    """Refused before its body had come, so that the connection ends: requests behind it are left to be sent again."""
    *_, last = given.split(b"HTTP/1.1 ")
    return last.startswith(b"4") and b"\r\nconnection: close" in last and whole.startswith(comparable(given))


async def try_one(wire: Wire, make: Callable[[random.Random], bytes], seed: str) -> None:
    chance = random.Random(seed)
    sent = make(chance)
    whole = comparable(await wire.exchange(sent))
    pieces = cut(chance, sent)
    given = await wire.exchange(*pieces)
    assert comparable(given) == whole or is_ended_early(given, whole), (seed, pieces, whole, given)
    assert re.match(rb"HTTP/1\.1 [2-5]\d\d [A-Z]", whole) or not whole, (seed, sent, whole)
    assert not re.search(rb"HTTP/1\.1 50[0-9] (?!HTTP Version|Not Impl)", whole), (seed, sent, whole)


async def until_time_is_up(wire: Wire, make: Callable[[random.Random], bytes]) -> int:
    """How many were tried. Seeds of what is found are in the failure, and can be given as MILEPOST_FUZZ_SEED."""
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: raised.append(context))
    run = f"{random.randrange(1 << 32)}"
    tried = 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        seeds = [SEED or f"{run}-{tried + one}" for one in range(1 if SEED else AT_ONCE)]
        await asyncio.gather(*(try_one(wire, make, seed) for seed in seeds))
        tried += len(seeds)
        assert raised == [], seeds
        if SEED:
            break
    await wire.until_alone()
    return tried


def check_nothing_is_said(capfd: pytest.CaptureFixture[str], tried: int) -> None:
    assert capfd.readouterr() == ("", "")
    assert SEED or tried > 100


@pytest.mark.parametrize("make", [of_parts, of_bytes])
def test_random_connections_are_answered_alike_however_they_are_cut(
    capfd: pytest.CaptureFixture[str], make: Callable[[random.Random], bytes]
) -> None:
    async def check() -> int:
        echo = Echo()
        wire = Wire(echo, BOUNDS)
        tried = await until_time_is_up(wire, make)
        wire.close()
        assert all(len(body) <= BOUNDS.body_bytes for body in echo.bodies)
        return tried

    check_nothing_is_said(capfd, uvloop.run(check()))


def test_requests_of_the_corpus_gone_wrong_are_answered_alike_however_they_are_cut(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    counted: list[int] = []

    async def check(doors: corpus.Doors) -> None:
        counted.append(await until_time_is_up(doors.wire, of_the_corpus))

    corpus.in_loop(tmp_path, check)
    check_nothing_is_said(capfd, *counted)
