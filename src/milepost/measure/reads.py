"""What a question about steps reads: the constants of each aggregate, and how many companies one statement asks about.

Takes what a metric rests on; gives parameters and bounds. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

from milepost.domain.basis import Basis, Leaf
from milepost.domain.calendar import Period
from milepost.domain.metric import Aggregation, CalendarPeriod, RollingDays
from milepost.measure.turns import ages_read
from milepost.measure.windows import DAY_MS

ASKS_PER_QUERY: Final = 500
"""Bounds a query's memory: 500 companies of 4,000 emissions each are two million rows to put in order."""
_FREE: Final = 4
"""How many aggregates a formula may have before fewer companies are asked about at once."""
_DAILY: Final = 80
"""How many aggregates one is worth that has a row a day, for up to ten years after each emission."""


class Read(NamedTuple):
    """How much of the steps a question reads: those that a comparison with `target` needs, and up to when."""

    target: float | None = None
    latest_ms: int | None = None


def of_signal(leaf: Leaf) -> dict[str, object]:
    """The parameters that say which emissions."""
    return {"signal": leaf.signal.id, "generation": leaf.signal.generation}


def constants_of(leaf: Leaf, read: Read, ends: Callable[[UUID, int, Period], list[int]]) -> dict[str, object]:
    """The constants of one aggregate (see `statements.LeafSql`); `ends` of a signal in its generation."""
    constants = of_signal(leaf)
    match leaf.metric.window:
        case RollingDays(days=days):
            constants["span_ms"] = days * DAY_MS
        case CalendarPeriod(period=period):
            constants["ends"] = ends(leaf.signal.id, leaf.signal.generation, period)
    if leaf.metric.aggregation is Aggregation.DAYS_SINCE_LAST:
        constants |= ages_read(read.target, read.latest_ms)
    return constants


def asks_per_query(basis: Basis, read: Read) -> int:
    """Fewer of a metric that takes more rows a company: of many aggregates, or of one that steps day by day."""
    weights = (
        _DAILY if read == Read() and leaf.metric.aggregation is Aggregation.DAYS_SINCE_LAST else 1
        for leaf in basis.leaves
    )
    return max(1, ASKS_PER_QUERY * _FREE // max(_FREE, sum(weights)))
