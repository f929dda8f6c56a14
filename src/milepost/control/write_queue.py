"""One writer at a time within a process: people first, then background work, each in the order of asking.

SQLite has one write lock, and lets those that wait for it try again after ever longer pauses, in no order: beside a
busy writer some would wait until they give up. Refuses with UnavailableError who has waited for too long.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

from milepost.domain.errors import UnavailableError

_PATIENCE_SECONDS: Final = 30.0
_MOST_PASSING: Final = 16
"""So many writes of people in a row go before background work that waits; then one piece of it has its turn."""


class Urgency(IntEnum):
    """Who waits for a write, the more urgent first."""

    PERSON = 0
    BACKGROUND = 1


class _Waiting:
    def __init__(self) -> None:
        self.turn = threading.Event()


class WriteQueue:
    """For any number of threads. A thread that asks for a turn while it has one would wait for itself: RuntimeError."""

    def __init__(self, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._is_taken = False
        self._writer: int | None = None
        self._waiting: dict[Urgency, deque[_Waiting]] = {urgency: deque() for urgency in Urgency}
        self._passed = 0

    @contextmanager
    def turn(self, urgency: Urgency) -> Iterator[None]:
        """Be the one writer for the block."""
        me = threading.get_ident()
        if self._writer == me:  # no other thread can have written this one's id there
            raise RuntimeError("A write was begun within another of the same thread; pass its session on instead.")
        self._begin(urgency)
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            with self._lock:
                self._hand_over()

    def waiting(self, urgency: Urgency) -> int:
        """How many of this urgency wait now."""
        with self._lock:
            return len(self._waiting[urgency])

    def _begin(self, urgency: Urgency) -> None:
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = _Waiting()
            self._waiting[urgency].append(mine)
        try:
            has_turn = mine.turn.wait(self._patience_seconds)
        except BaseException:  # a signal, in the main thread
            self._leave(urgency, mine)
            raise
        if not has_turn:
            self._leave(urgency, mine)
            raise UnavailableError("Too many write to the control database at once.")

    def _leave(self, urgency: Urgency, mine: _Waiting) -> None:
        """Give up the place, and a turn that came at the last moment."""
        with self._lock:
            if mine.turn.is_set():
                self._hand_over()
            else:
                self._waiting[urgency].remove(mine)

    def _hand_over(self) -> None:
        people, background = self._waiting[Urgency.PERSON], self._waiting[Urgency.BACKGROUND]
        is_persons = bool(people) and not (background and self._passed >= _MOST_PASSING)
        self._passed = self._passed + 1 if is_persons and background else 0
        heads = people if is_persons else background
        if heads:
            heads.popleft().turn.set()
        else:
            self._is_taken = False
