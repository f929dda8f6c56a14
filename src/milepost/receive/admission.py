"""Whether what a door has read may be kept now: the node's disk, and each connection's own limit.

Takes a Reading; gives nothing; refuses with UnavailableError, whose Retry-After is when it will do. What is refused
here is not kept, and nothing has to be done for it to be taken again later.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from milepost.domain.connection import KnownConnection, RateLimit
from milepost.domain.errors import UnavailableError
from milepost.receive.door import Reading
from milepost.receive.refusals import OverLimitError

_DISK_SECONDS = 30


class Admission:
    """The judge of one worker. `free_bytes` of the disk is to be refreshed now and then; so may `reserve_bytes`.

    Each of `workers` gets an equal share of a connection's limit, so that together they let through no more than it.
    """

    def __init__(self, *, reserve_bytes: int, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.reserve_bytes = reserve_bytes
        self.free_bytes = reserve_bytes
        self._workers = workers
        self._clock = clock
        self._buckets: dict[bytes, _Bucket] = {}

    def __call__(self, reading: Reading) -> None:
        """Returns when the reading may be kept; its events then count against the connection's limit."""
        if self.free_bytes < self.reserve_bytes:
            raise UnavailableError(
                "The disk is nearly full; nothing more can be kept now.", retry_after_seconds=_DISK_SECONDS
            )
        limit = reading.connection.rate_limit
        if limit is not None:
            self._take(reading.connection, limit, reading.count)

    def _take(self, connection: KnownConnection, limit: RateLimit, count: int) -> None:
        rate = limit.events_per_second / self._workers
        burst = max(1.0, limit.burst / self._workers)
        now = self._clock()
        bucket = self._buckets.get(connection.id)
        if bucket is None:
            bucket = self._buckets[connection.id] = _Bucket(events=burst, filled_at=now)
        wait_seconds = bucket.take(count, rate, burst, now)
        if wait_seconds > 0:
            error = OverLimitError(
                f"This connection may send {limit.events_per_second:g} events a second, {limit.burst} at once.",
                retry_after_seconds=math.ceil(wait_seconds),
            )
            error.sender = connection.id
            raise error


@dataclass(slots=True, kw_only=True)
class _Bucket:
    """Token bucket: how many events may be sent at `filled_at`. Below zero, it is in debt for a large request."""

    events: float
    filled_at: float

    def take(self, count: int, rate: float, burst: float, now: float) -> float:
        """0 when the events may be sent, and they are taken out; else in how many seconds they may.

        A request of more than a burst is let through when the bucket is full, and leaves a debt: a limit slows such
        a sender down to its rate, but never shuts it out.
        """
        self.events = min(burst, self.events + (now - self.filled_at) * rate)
        self.filled_at = now
        lacking = min(count, burst) - self.events
        if lacking > 1e-9:  # a sender that waited as long as it was told must not fail by a rounding error
            return lacking / rate
        self.events -= count
        return 0.0
