"""What the console may do at once, by what it costs: so that much of one kind of work never holds up another.

Gives places; refuses early with UnavailableError where too many wait already, instead of letting them wait in a thread.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final

from milepost.domain.errors import UnavailableError

RETRY_SECONDS: Final = 2


class Work(StrEnum):
    """Kinds of work by what they need most."""

    HASHING = "hashing"
    COSTLY = "costly"
    WRITING = "writing"
    READING = "reading"
    STREAMING = "streaming"


_STREAMING: Final = re.compile(r"/api/(events/live|feeds/live|feeds/export|privacy/requests/[^/]+/export)")
_WAITING: Final = re.compile(r"/api/requests/[^/]+")
"""With `wait`: one look at the store is for all who wait (web/lookout.py), and none of them is in a thread."""
_HASHING: Final = re.compile(r"(POST /api/session|PUT /api/me/password|POST /api/users|PATCH /api/users/[^/]+)")
_COSTLY: Final = re.compile(
    r"/api/(events|events/[^/]+|requests/.+|feeds|overview|portfolio|portfolio/.+|companies/unmatched.*"
    r"|companies/import|companies/imports/.+|companies/[^/]+/(plan|timeline|combine|separate)"
    r"|connections/activity|events/bars|connections/[^/]+/event-keys|signals/suggestions|signals/(.+/)?preview|signals/[^/]+/counts"
    r"|metrics/(values|preview)|metrics/[^/]+/(values|series|groups)|milestones|outcomes"
    r"|(milestones|outcomes)/[^/]+/(assign|unassign|push)|outcomes/templates/[^/]+/assign"
    r"|assigned-milestones.*|assigned-outcomes.*|rejections)"
)
_BOUNDS: Final[Mapping[Work, tuple[int, int, float]]] = {
    Work.HASHING: (2, 6, 5.0),
    Work.COSTLY: (4, 16, 10.0),
    Work.WRITING: (8, 24, 10.0),
    Work.READING: (16, 200, 10.0),
    Work.STREAMING: (1000, 0, 1.0),
}
"""How many at once, how many more may wait, and for how long. Streams have places of their own (web/live.py)."""

MOST_THREADS: Final = 64
"""More than all places above that are in a thread at the same moment, and those of the streams' looks."""


def work_of(method: str, path: str, query: bytes = b"") -> Work:
    """What a request is going to cost, by its address alone."""
    is_reading = method in ("GET", "HEAD", "OPTIONS")
    if is_reading and _WAITING.fullmatch(path) and b"wait=" in query:
        return Work.STREAMING
    if is_reading and _STREAMING.fullmatch(path):
        return Work.STREAMING
    if _HASHING.fullmatch(f"{method} {path}"):
        return Work.HASHING
    if _COSTLY.fullmatch(path):
        return Work.COSTLY
    return Work.READING if is_reading else Work.WRITING


class Budget:
    """Places for one kind of work, given in the order of asking; used within one event loop."""

    def __init__(self, at_once: int, waiting: int, patience_seconds: float) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._patience_seconds = patience_seconds
        self._waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one for the block. Who leaves while waiting leaves the queue, and who leaves later gives it back."""
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    async def _wait(self) -> None:
        if self._waiting >= self._most_waiting:
            raise _too_much()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise _too_much() from None
        finally:
            self._waiting -= 1


def make_budgets() -> Mapping[Work, Budget]:
    """One for each kind of work."""
    return {work: Budget(*bounds) for work, bounds in _BOUNDS.items()}


def _too_much() -> UnavailableError:
    return UnavailableError(
        "Too much of this is asked for at once; try again in a moment.", retry_after_seconds=RETRY_SECONDS
    )
