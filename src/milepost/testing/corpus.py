"""Requests of every sort for the HTTP layer, and every door over a journal of its own, to send them to.

`KEPT` are requests of which a door keeps one submission each; `OTHERS` are answered and nothing is kept of them.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import uvloop

from milepost.domain.connection import ConnectionKind
from milepost.domain.event import Submission
from milepost.kit.crypto import issue_token
from milepost.observe.health import Readiness
from milepost.receive.app import IngestApp
from milepost.receive.book import make_book
from milepost.receive.client_ip import ClientIp
from milepost.receive.http.bounds import Bounds
from milepost.receive.routes import make_routes
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter
from milepost.testing.doors import known
from milepost.testing.wire import Wire

KEY = b"k" * 32
NOW_MS = 1_700_000_000_000
BODY_LIMIT = 400
BOOK = make_book([known("custom"), known("handler", ConnectionKind.EVENT_HANDLER)])
HANDLER = known("handler", ConnectionKind.EVENT_HANDLER)
TOKEN = issue_token(HANDLER.id, ("write:events",), NOW_MS, 3600, KEY, kind=HANDLER.kind)
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def post(path: str, body: bytes, *headers: str, framing: bytes | None = None, version: str = "1.1") -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers).encode()
    framing = framing if framing is not None else b"Content-Length: %d\r\n" % len(body)
    return f"POST {path} HTTP/{version}\r\nHost: doors.example\r\n".encode() + lines + framing + b"\r\n" + body


def chunks(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


JSON = "Content-Type: application/json"
EVENTS = json.dumps({"eventKey": "logins", "data": [{"userId": "é"}]}, ensure_ascii=False).encode()
TRACK = b'{"writeKey":"custom","event":"e"}'
CLOUD = (
    "ce-specversion: 1.0",
    "ce-id: 1",
    "ce-source: /s",
    "ce-type: t",
)

KEPT = {
    "events": post("/events", EVENTS, JSON, f"Authorization: Bearer {TOKEN}"),
    "track": post("/v1/track", TRACK, JSON),
    "track, gzip": post("/v1/track", gzip.compress(TRACK, mtime=0), JSON, "Content-Encoding: gzip"),
    "track, from an HTTP/1.0 client": post("/v1/track", TRACK, JSON, version="1.0"),
    "track, in chunks": post("/v1/track", chunks(TRACK[:9], TRACK[9:]), JSON, framing=CHUNKED),
    "track, in chunks with extensions and trailers": post(
        "/v1/track", chunks(TRACK, end=b"0;last\r\nX-Sum: 1\r\n\r\n"), JSON, framing=CHUNKED
    ),
    "track, an empty line in its chunks": post(
        "/v1/track", chunks(b'{"writeKey":"custom",\r', b'\n\r\n"event":"e"}'), JSON, framing=CHUNKED
    ),
    "a form in chunks": post(
        "/v1/webhook?writeKey=custom",
        chunks(b"a=1&b=", b"22"),
        "Content-Type: application/x-www-form-urlencoded",
        framing=CHUNKED,
    ),
    "a number in chunks": post("/v1/cloudevents?writeKey=custom", chunks(b"12", b"00"), JSON, *CLOUD, framing=CHUNKED),
    "text in chunks": post(
        "/v1/cloudevents?writeKey=custom", chunks(b"cut", b"ting"), "Content-Type: text/plain", *CLOUD, framing=CHUNKED
    ),
    "octets in chunks": post(
        "/v1/cloudevents?writeKey=custom",
        chunks(b"\x00\r\n\r\n", b"0\r\n\r\n"),
        "Content-Type: application/octet-stream",
        *CLOUD,
        framing=CHUNKED,
    ),
    "an offer to speak HTTP/2": post(
        "/v1/track", TRACK, JSON, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"
    ),
    "a body that waits to be asked for": post("/v1/track", TRACK, JSON, "Expect: 100-continue"),
    "the whole address": post("http://doors.example/v1/track", TRACK, JSON),
    "a pixel": b"GET /v1/pixel/track?data=eyJ3cml0ZUtleSI6ImN1c3RvbSIsImV2ZW50IjoiZSJ9 HTTP/1.1\r\nHost: x\r\n\r\n",
}
"""What a door keeps, once."""

OTHERS = {
    "health": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "HEAD": b"HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "empty lines first": b"\r\n\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path that is not there": post("/nothing", b'{"a":1}'),
    "another method": b"PUT /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    "an unknown key": post("/v1/webhook?writeKey=nobody", b"{}"),
    "no JSON": post("/v1/track", b"{", JSON),
    "over the limit": post("/v1/webhook?writeKey=custom", b"x" * (BODY_LIMIT + 1)),
    "over the limit in chunks": post("/v1/webhook?writeKey=custom", chunks(*[b"x" * 50] * 9), framing=CHUNKED),
    "three at once": post("/nothing", b"{}")
    + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    + post("/v1/track", b"{", JSON),
    "a length and chunks": post("/v1/track", b"0\r\n\r\n", framing=CHUNKED + b"Content-Length: 5\r\n"),
    "a bare line feed": b"GET /health HTTP/1.1\nHost: x\n\n",
    "no host": b"GET /health HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "a size that is none": post("/v1/webhook?writeKey=custom", b"2\r\n{}\r\nx\r\n", framing=CHUNKED),
    "a chunk that is longer than it says": post(
        "/v1/webhook?writeKey=custom", b"1\r\n{}\r\n0\r\n\r\n", framing=CHUNKED
    ),
}
"""What is answered and not kept."""

CORPUS = KEPT | OTHERS


class Doors:
    """Every door over a journal of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = SqliteJournalWriter(folder, 0, loop=asyncio.get_running_loop())
        self.app = IngestApp(
            routes=make_routes(KEY, lambda: Readiness(ready=True, reasons=(), lag_entries=0)),
            journal=self.journal,
            body_bytes=BODY_LIMIT,
            client_ip=ClientIp(()),
            clock=lambda: NOW_MS,
        )
        self.app.book = BOOK
        self.wire = Wire(self.app, Bounds(body_bytes=BODY_LIMIT))

    def kept(self) -> list[Submission]:
        reader = SqliteJournalReader(self.folder)
        try:
            found = reader.read(0, 0, 1_000_000, 1 << 30)
            return [msgspec.msgpack.decode(located.entry, type=Submission) for located in found]
        finally:
            reader.close()


def in_loop(folder: Path, check: Callable[[Doors], Awaitable[None]]) -> None:
    """Run the check with doors, on the loop that the service has."""

    async def run() -> None:
        doors = Doors(folder)
        try:
            await check(doors)
        finally:
            doors.wire.close()
            doors.journal.close()

    uvloop.run(run())


def comparable(answer: bytes) -> bytes:
    """Without what differs from one time to the next, and without the go-ahead to a client that has gone ahead."""
    answer = answer.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    answer = re.sub(rb"\r\ndate: [^\r]*", b"", answer)
    return re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}", b"ID", answer)
