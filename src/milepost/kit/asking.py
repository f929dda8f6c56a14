"""Who waits for an answer: noted where it begins, read where its statements are run, in whichever thread.

Takes nothing of the caller but that it has left. What is asked outside of any caller's context has none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4


class Asker:
    """One who waits. `name` marks the statements that are run for it, so that they can be told from others."""

    def __init__(self) -> None:
        self.name = f"milepost-asker-{uuid4().hex}"
        self.has_left = False
        self._lock = threading.Lock()
        self._under_way = 0

    @property
    def is_served(self) -> bool:
        """Whether a statement is being run for it."""
        return self._under_way > 0

    @contextmanager
    def statement(self) -> Iterator[None]:
        """While one is run."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1


ASKER: ContextVar[Asker | None] = ContextVar("asker", default=None)
