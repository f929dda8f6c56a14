"""Many callers who wait for their requests, and one look at the store for all of them whenever the reactor has news.

Takes ids; says whether the log has the request's events. For one event loop; no thread is held between two looks.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import Final
from uuid import UUID

from fastapi.concurrency import run_in_threadpool

from milepost.kit.news import News

_REST_SECONDS: Final = 0.05
"""Between two looks, so that those who wait leave the store to others however often it has news."""

Look = Callable[[Collection[UUID]], set[UUID]]
"""Which of the requests are in the log; called in a thread."""


class Lookout:
    """See the module."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._waiting: Counter[UUID] = Counter()
        self._one_look = asyncio.Lock()
        self._looked_upto = -1
        self._looked_for: frozenset[UUID] = frozenset()
        self._found: set[UUID] = set()

    async def until_logged(self, request_id: UUID, seconds: float, look: Look) -> bool:
        """True as soon as the request is in the log; False once the seconds have passed or the service stops."""
        ends_at = time.monotonic() + seconds
        self._waiting[request_id] += 1
        try:
            while True:
                upto = self._news.upto
                if await self._is_found(request_id, upto, look):
                    return True
                left = ends_at - time.monotonic()
                if left <= 0 or self._news.is_closed:
                    return False
                await self._news.beyond(upto, left)
                await asyncio.sleep(min(_REST_SECONDS, max(0.0, ends_at - time.monotonic())))
        finally:
            self._waiting[request_id] -= 1
            self._waiting += Counter()  # lets go of zeros

    async def _is_found(self, request_id: UUID, upto: int, look: Look) -> bool:
        async with self._one_look:
            if self._looked_upto < upto or request_id not in self._looked_for:
                wanted, now = frozenset(self._waiting), self._news.upto
                self._found = await run_in_threadpool(look, wanted)
                self._looked_for, self._looked_upto = wanted, now
            return request_id in self._found
