"""Reading a request's body within bounds of size on the wire and time; `expand.py` expands it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from milepost.domain.errors import InvalidInputError
from milepost.receive.expand import BodyTooLargeError


class BodyTooSlowError(InvalidInputError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    status = 408


class Deadlines:
    """Cancels reads that take too long, by one look around now and then: a timer a request costs a tenth of it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: dict[asyncio.Task[object], float] = {}
        self._passed: set[asyncio.Task[object]] = set()
        self._loop = asyncio.get_running_loop()

    def begin(self) -> asyncio.Task[object]:
        """The current task begins to wait for a body."""
        task = asyncio.current_task()
        assert task is not None
        self._until[task] = self._loop.time() + self.seconds
        return task

    def end(self, task: asyncio.Task[object]) -> None:
        """It has it, or has given up."""
        self._until.pop(task, None)
        self._passed.discard(task)

    def has_passed(self, task: asyncio.Task[object]) -> bool:
        """Whether it was this that cancelled the task."""
        return task in self._passed

    def enforce(self) -> None:
        """Cancel what is overdue; to be called regularly on the loop."""
        now = self._loop.time()
        for task in [task for task, until in self._until.items() if until < now]:
            self._passed.add(task)
            task.cancel()


class BodySource(Protocol):
    """The part of granian's protocol that gives the body: whole, or in chunks."""

    async def __call__(self) -> bytes: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...


async def read_body(source: BodySource, headers: Mapping[str, str], *, limit: int, deadlines: Deadlines) -> bytes:
    """The body as it comes; raises BodyTooLargeError or BodyTooSlowError."""
    declared = headers.get("content-length")
    if declared is not None and int(declared) > limit:  # the HTTP layer has checked that it is a number
        raise BodyTooLargeError(f"The body has {declared} bytes; at most {limit} are taken. Send smaller batches.")
    task = deadlines.begin()
    try:
        return await source() if declared is not None else await _read_chunks(source, limit)
    except asyncio.CancelledError:
        if deadlines.has_passed(task):
            raise BodyTooSlowError(f"The body did not arrive within {deadlines.seconds:g} seconds.") from None
        raise
    finally:
        deadlines.end(task)


async def _read_chunks(source: BodySource, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in source:
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError(f"The body has more than {limit} bytes. Send smaller batches.")
        chunks.append(chunk)
    return b"".join(chunks)
