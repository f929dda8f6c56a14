"""How the reactor says how it is: takes how far it is and what it waits for, gives a record a few times a second.

Nothing that goes wrong in saying so is raised: the line goes on, and says it a moment later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from milepost.kit.clock import Clock
from milepost.observe.health import ReactorHealth
from milepost.observe.metric_names import LAG_ENTRIES
from milepost.observe.unharmed import unharmed

EVERY_MS: Final = 250


class Pulse:
    """`beat` is called by the line's own thread alone, as often as it likes; the rest may be called by any.

    `lag` counts the entries that wait; `clock` is monotonic.
    """

    def __init__(self, lag: Callable[[], int], report: Callable[[ReactorHealth], None], clock: Clock) -> None:
        self._lag = lag
        self._report = report
        self._clock = clock
        self._entries = 0
        self._reported_at_ms = clock() - EVERY_MS
        self._progressed_at_ms = clock()
        self._waits_for: dict[str, str] = {}

    def progressed(self) -> None:
        """A batch is finished."""
        self._progressed_at_ms = self._clock()

    def waits(self, who: str, reason: str) -> None:
        """One of the threads cannot go on for now; an empty reason: it goes on."""
        self._waits_for[who] = reason

    def beat(self, stopped_because: str = "") -> None:
        """Say it, if it is time."""
        now = self._clock()
        if now - self._reported_at_ms < EVERY_MS:
            return
        self._reported_at_ms = now
        with unharmed("the backlog"):
            self._entries = self._lag()
            LAG_ENTRIES.set(self._entries)
        with unharmed("the reactor's health"):
            self._report(
                ReactorHealth(
                    at_ms=now,
                    progressed_at_ms=self._progressed_at_ms if self._entries else now,
                    lag_entries=self._entries,
                    stopped_because=stopped_because,
                    waits_for=next(filter(None, self._waits_for.values()), ""),
                )
            )

    def rest(self, seconds: float, stop: threading.Event, *, is_beating: bool) -> bool:
        """Whether `stop` was set before so many seconds were over; beats meanwhile, if it is the line's own thread."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if stop.wait(min(left, EVERY_MS / 1000)):
                return True
            if is_beating:
                self.beat()
        return False
