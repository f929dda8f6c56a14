"""Streams that stay open: at most so many at once, each reading on from a position, all ended when the service stops.

A tail holds no more than one page in memory. Who reads slowly falls behind, and is given the rest from the store.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import anyio.to_thread
from anyio.lowlevel import RunVar
from fastapi.sse import ServerSentEvent

from milepost.domain.errors import MilepostError, UnavailableError
from milepost.kit.news import News
from milepost.observe.logs import logger
from milepost.store.position import Position
from milepost.web.lookout import Lookout

_log = logger("web")

PAGE_ROWS: Final = 200
MOST_WAITING: Final = 200
MOST_EXPORTS: Final = 3
"""One of a million rows takes up to 300 MB as Parquet, 100 MB else (docs/reference/feeds.md)."""
_LOOK_SECONDS: Final = 2.0
_HEARTBEAT_SECONDS: Final = 10.0
_SHORTEST_REST_SECONDS: Final = 0.1
_LONGEST_REST_SECONDS: Final = 0.5
_REST_PER_WORK: Final = 5.0
_PATIENCE_SECONDS: Final = 1.0
_MOST_LOOKING: Final = 4
_looking: Final[RunVar[anyio.CapacityLimiter]] = RunVar("looking")
_T = TypeVar("_T")


class Told(NamedTuple):
    """One thing to tell: where its reader is then, and its JSON."""

    position: Position
    json: bytes


class TailSource(NamedTuple):
    """What a tail reads; both are called in a thread.

    `after` gives up to PAGE_ROWS rows (fewer only when there are no more) after a position, up to a batch; `latest`
    the given number of rows that arrived last up to a batch, oldest of them first. `topics` are the news that matter,
    or None for all.
    """

    after: Callable[[Position, int], tuple[Sequence[Told], bool]]
    latest: Callable[[int, int], Sequence[Told]]
    topics: Collection[Hashable] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TailStart:
    """Where a tail begins: after a position, or else with the latest so many and then what is new."""

    after: Position | None
    last: int


class Places:
    """How many of one kind of stream may be open at once; used within one event loop."""

    def __init__(self, most: int, refusal: str) -> None:
        self._most = most
        self._refusal = refusal
        self.tasks: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Hold one for the block; UnavailableError when all are taken."""
        if len(self.tasks) >= self._most:
            raise UnavailableError(self._refusal.format(self._most), retry_after_seconds=10)
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            yield
        finally:
            self.tasks.discard(task)


class LiveStreams:
    """The open streams of this process, and the news that tails wait for."""

    def __init__(self, news: News, most_tails: int) -> None:
        self.news = news
        self.tails = Places(most_tails, "All {} live streams are taken; MILEPOST_LIVE_STREAMS sets how many there are.")
        self.lookout = Lookout(news)
        self.waits = Places(MOST_WAITING, "{} callers wait for their requests already; look once, without `wait`.")
        self.exports = Places(MOST_EXPORTS, "{} exports are under way, which is the most; try again when one is done.")

    async def close(self) -> None:
        """Let every stream end where it is, and cut off those whose readers do not take what they are given."""
        self.news.close()
        for places in (self.tails, self.waits, self.exports):
            if places.tasks:
                await asyncio.wait(places.tasks, timeout=_PATIENCE_SECONDS)
            for task in places.tasks:
                task.cancel()


async def follow(
    news: News, source: TailSource, start: TailStart, check: Callable[[], object]
) -> AsyncIterator[ServerSentEvent]:
    """Everything from the start on, until the service stops, or the store or `check` (every two seconds) refuses.

    It tells where it begins at once, so that who loses the connection early knows where to go on too.
    """
    try:
        async for event in _follow(news, source, start, check):
            yield event
    except MilepostError as error:
        _log.info("tail_ended", reason=error.message)


async def _follow(
    news: News, source: TailSource, start: TailStart, check: Callable[[], object]
) -> AsyncIterator[ServerSentEvent]:
    position = Position(news.upto)
    if start.after:
        position = min(start.after, position, key=_batch)  # ahead of us are only readers of a store since restored
    elif start.last:
        for one in await _in_thread(source.latest, news.upto, start.last):
            position = one.position
            yield _event(one)
    yield ServerSentEvent(comment="live", id=str(position))
    told_at = checked_at = time.monotonic()
    looked_upto = -1
    while not news.is_closed:
        began_at = time.monotonic()
        if began_at - checked_at > _LOOK_SECONDS:
            await _in_thread(check)
            checked_at = began_at
        upto = news.upto
        if _last_about(news, source.topics) > looked_upto or looked_upto < 0:
            rows, is_full = await _in_thread(source.after, position, upto)
            for one in rows:
                position = one.position
                yield _event(one)
                told_at = time.monotonic()
            if is_full:
                continue
        looked_upto, position = upto, Position(upto)
        if began_at - told_at > _HEARTBEAT_SECONDS:
            yield ServerSentEvent(comment="still here", id=str(position))
            told_at = time.monotonic()
        await asyncio.sleep(_rest_seconds(time.monotonic() - began_at))
        await news.beyond(upto, _LOOK_SECONDS)


async def _in_thread(act: Callable[..., _T], *given: object) -> _T:
    """In one of a few threads that only tails have, so that many of them leave the rest of the console its own."""
    try:
        limiter = _looking.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_MOST_LOOKING)
        _looking.set(limiter)
    return await anyio.to_thread.run_sync(partial(act, *given), limiter=limiter)


def _rest_seconds(work_seconds: float) -> float:
    """Before the next look, so that all tails together leave the store to others however often it has news."""
    return min(max(work_seconds * _REST_PER_WORK, _SHORTEST_REST_SECONDS), _LONGEST_REST_SECONDS)


def _batch(position: Position) -> int:
    return position.batch


def _last_about(news: News, topics: Collection[Hashable] | None) -> int:
    return news.upto if topics is None else news.last_about(topics)


def _event(told: Told) -> ServerSentEvent:
    return ServerSentEvent(raw_data=told.json.decode(), id=str(told.position))
