"""The supervisor as its child knows it: one line of orders on standard input, whose end is the supervisor's own.

Imports the standard library alone: the watch begins before anything that takes long to load (see `__main__.py`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

ORPHAN_SECONDS = 3.0
"""How long an orphan that has begun its work may take to leave; one that has not leaves at once."""


class Parent:
    """See the module; `descriptor` is where it speaks. Watched from the moment it is made."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._orders: SimpleQueue[bytes] = SimpleQueue()
        self._stop: Callable[[], object] | None = None
        threading.Thread(target=self._watch, name="parent-watch", daemon=True).start()

    def orders(self) -> bytes:
        """The line it began with; waits for it. To be called once."""
        return self._orders.get()

    def at_its_end(self, stop: Callable[[], object]) -> None:
        """Have `stop` called, in another thread, when it dies; this process is gone ORPHAN_SECONDS later.

        An orphan has no time to drain: the next start waits for the folder, and what is on disk is all it needs.
        """
        self._stop = stop

    def _watch(self) -> None:
        said = b""
        while b"\n" not in said:
            said += self._heard()
        self._orders.put(said)
        while True:
            self._heard()

    def _heard(self) -> bytes:
        some = os.read(self._descriptor, 65_536)
        if not some:
            self._leave()
        return some

    def _leave(self) -> None:
        if self._stop is not None:
            self._stop()
            time.sleep(ORPHAN_SECONDS)
        os._exit(1)
