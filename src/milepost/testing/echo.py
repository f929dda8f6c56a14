"""An application for the HTTP layer alone, and the loop to run it on; bounds are short, since tests wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import uvloop

from milepost.domain.errors import MilepostError
from milepost.receive.door import Answer
from milepost.receive.http.bounds import Bounds
from milepost.receive.http.port import Head, Reply
from milepost.receive.refusals import refuse
from milepost.testing.wire import Wire

BOUNDS: Final = Bounds(
    body_bytes=1000,
    line_bytes=300,
    head_bytes=1000,
    head_lines=20,
    chunking_bytes=200,
    linger_bytes=100_000,
    body_seconds=0.3,
    head_seconds=0.3,
    idle_seconds=0.6,
    linger_seconds=0.3,
    close_seconds=0.3,
    write_seconds=0.3,
    drain_seconds=0.5,
    connections=3,
)


@dataclass(slots=True)
class Echo:
    """An application that shows what it was given, and refuses paths under /early without a body."""

    heads: list[Head] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    waiting: list[Callable[[], None]] = field(default_factory=list)
    is_slow: bool = False
    is_full: bool = False

    def open(self, head: Head) -> EchoCall:
        """Every request is taken."""
        self.heads.append(head)
        return EchoCall(self, Answer(status=404, body=b"early") if head.path.startswith("/early") else None)

    def refuse(self, error: MilepostError) -> Answer:
        """In the shape of seed 000."""
        return refuse(error)

    def is_behind(self) -> bool:
        """As the test says."""
        return self.is_full


@dataclass(slots=True)
class EchoCall:
    """Answers with the body."""

    app: Echo
    early: Answer | None

    def whole(self, body: bytes, answer: Callable[[Reply], None]) -> None:
        """At once, or when the test says so."""
        self.app.bodies.append(body)
        if self.app.is_slow:
            self.app.waiting.append(lambda: answer(Answer(status=200, body=body)))
        else:
            answer(Answer(status=200, body=body))

    def refuse(self, error: MilepostError) -> Answer:
        """In the shape of seed 000."""
        return refuse(error)


def in_loop(check: Callable[[Echo, Wire], Awaitable[None]], bounds: Bounds = BOUNDS) -> Echo:
    """Run the check on the loop that the service has, with the clock that looks at connections."""
    echo = Echo()

    async def run() -> None:
        wire = Wire(echo, bounds)
        looking = asyncio.create_task(wire.server.watch())
        try:
            await asyncio.wait_for(check(echo, wire), 20)
        finally:
            looking.cancel()
            wire.close()

    uvloop.run(run())
    return echo
