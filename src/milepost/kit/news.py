"""How far something has come, told from any thread to those of this process's event loop who wait for more.

Takes a rising number and what it is about; gives wake-ups. Keeps one number a topic: who is slow costs nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection, Hashable


class News:
    """The reactor tells it of each batch that has become readable; live tails wait for that instead of looking."""

    def __init__(self, upto: int = 0) -> None:
        self._lock = threading.Lock()
        self._upto = upto
        self._last_about: dict[Hashable, int] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        self._is_closed = False

    @property
    def upto(self) -> int:
        """Everything up to this number is there to be read."""
        return self._upto

    @property
    def is_closed(self) -> bool:
        """Whether nobody is to wait any more."""
        return self._is_closed

    def tell(self, upto: int, topics: Collection[Hashable]) -> None:
        """It has come as far as `upto`, with something new about these topics; from any thread."""
        with self._lock:
            self._upto = upto
            self._last_about |= dict.fromkeys(topics, upto)
        self._wake()

    def last_about(self, topics: Collection[Hashable]) -> int:
        """The latest number that brought something about any of these topics since the process began, or 0."""
        with self._lock:
            return max((self._last_about.get(topic, 0) for topic in topics), default=0)

    async def beyond(self, upto: int, seconds: float) -> None:
        """Come back once there is more than `upto`, once it is closed, or when the seconds have passed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._upto > upto or self._is_closed:
                return
            self._waiting.add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting.discard(future)

    def close(self) -> None:
        """Wake everyone, and let nobody wait again."""
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            future.get_loop().call_soon_threadsafe(_ring, future)


def _ring(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
