"""Knows when rows of the store come or go otherwise than by a batch: meanwhile nobody can say how many there must be.

Takes the checkpoints, how to pause the stream, and how to count; gives a block to make such changes in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from milepost.domain.errors import UnavailableError
from milepost.observe.logs import logger
from milepost.record.checkpoint import Checkpoints

_log = logger("store")


class StoreChanges:
    """For any thread, several at once too. A change that a crash or an error cuts short leaves the number unknown.

    The next start counts then, as the last of several changes does when it ends.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        paused: Callable[[], AbstractContextManager[None]],
        count: Callable[[], Mapping[str, int]],
    ) -> None:
        self._checkpoints = checkpoints
        self._paused = paused
        self._count = count
        self._under_way = 0
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Rows may come and go while the block runs."""
        with self._lock:
            self._under_way += 1
            self._checkpoints.rows_are(None)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
        self._know_again()

    def _know_again(self) -> None:
        try:
            with self._paused(), self._lock:
                if not self._under_way:
                    self._checkpoints.rows_are(self._count())
        except UnavailableError as error:
            _log.info("rows_not_counted", reason=error.message)
