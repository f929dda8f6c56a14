"""How metrics spread over the companies: lowest, median and highest value, of all metrics in one pass.

Where that takes long, an answer is kept for ten times as long as it took, and at most for a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Final, NamedTuple
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.unjudged import reason_of
from milepost.measure.many import ManyValues

_QUICK_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 60.0


class Spread(NamedTuple):
    """Over the companies that have a value; `unjudged` is why the metric cannot be evaluated."""

    companies: int
    lowest: float
    median: float
    highest: float
    unjudged: str = ""


class _Kept(NamedTuple):
    of: Mapping[UUID, str]
    spreads: Mapping[UUID, Spread]
    at_ms: int
    until: float


class Spreads:
    """For any number of threads; while one measures, the others get what was measured last."""

    def __init__(self) -> None:
        self._measuring = threading.Lock()
        self._kept: _Kept | None = None

    def read(
        self, bases: Mapping[UUID, Basis], now_ms: int, measure: Callable[[], ManyValues]
    ) -> tuple[Mapping[UUID, Spread], int]:
        """The spread of each metric, and the instant of which that is, in Unix ms."""
        of = {metric_id: basis.fingerprint for metric_id, basis in bases.items()}
        kept = self._kept
        is_known = kept is not None and kept.of == of
        if kept is not None and is_known and time.monotonic() < kept.until:
            return kept.spreads, kept.at_ms
        if not self._measuring.acquire(blocking=not is_known):
            assert kept is not None
            return kept.spreads, kept.at_ms
        try:
            began = time.monotonic()
            measured = measure()
            spreads = {metric_id: _spread(values) for metric_id, values in measured.values.items()}
            spreads |= {one: without_values(reason_of(error)) for one, error in measured.failures.items()}
            took = time.monotonic() - began
            lasts = 0.0 if took < _QUICK_SECONDS else min(10 * took, _LONGEST_SECONDS)
            self._kept = _Kept(of, spreads, now_ms, time.monotonic() + lasts)
            return spreads, now_ms
        finally:
            self._measuring.release()


def without_values(reason: str) -> Spread:
    """Of a metric that cannot be evaluated."""
    return Spread(0, 0.0, 0.0, 0.0, reason)


def _spread(values: Mapping[UUID, float | None]) -> Spread:
    numbers = [value for value in values.values() if value is not None]
    some = numbers or [0.0]
    return Spread(len(numbers), min(some), median(some), max(some))
