"""Which columns of the store a metric reads; refuses metrics that do not fit their signal. Pure."""

from __future__ import annotations

from milepost.domain.basis import Leaf
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.metric import Aggregation

NUMBER_SLOTS = frozenset(f"n{index}" for index in range(1, 17))
SLOTS = NUMBER_SLOTS | {f"t{index}" for index in range(1, 17)}
"""The columns of the store's `signals` that hold fields: the only names that ever become SQL text."""


def column_of(leaf: Leaf) -> str | None:
    """What the metric aggregates, None where it looks at emissions as such; InvalidInputError if it cannot be.

    A field that only older revisions of the signal had still has its column, so its metrics go on. Distinct
    numbers are read as `n + 0`, which makes one value of 0 and -0.
    """
    metric = leaf.metric
    if metric.field is None:
        return None
    slot = _slot(leaf, metric.field)
    if metric.aggregation is Aggregation.DISTINCT:
        return f"{slot} + 0" if slot in NUMBER_SLOTS else slot
    if slot not in NUMBER_SLOTS:
        reason = f"{metric.aggregation.value} needs a field that is a number, which {metric.field!r} is not"
        raise _misfit(leaf, "field", reason)
    return slot


def group_column_of(leaf: Leaf, field: str) -> str:
    """What the metric is broken down by; InvalidInputError if the signal does not have it."""
    slot = _slot(leaf, field, path="group_by")
    return f"{slot} + 0" if slot in NUMBER_SLOTS else slot


def _slot(leaf: Leaf, field: str, path: str = "field") -> str:
    slot = leaf.signal.slots.get(field)
    if slot is None or slot not in SLOTS:
        known = ", ".join(repr(name) for name in leaf.signal.slots)
        raise _misfit(leaf, path, f"the signal {leaf.signal.name!r} has no field {field!r}; it has {known}")
    return slot


def _misfit(leaf: Leaf, path: str, reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"The metric {leaf.metric.name!r} does not fit its signal: {reason}.",
        faults=(Fault(path=path, reason=reason),),
    )
