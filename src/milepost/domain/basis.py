"""What a metric's numbers rest on: the aggregates it comes down to, their signals, and the account's calendar. Pure.

Takes definitions; gives one shape for aggregates and formulas; refuses formulas that go in circles or grow too large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from milepost.domain.arithmetic import Name, Node, evaluate, parse, size, text_of, with_names
from milepost.domain.calendar import Calendar
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.metric import CalendarPeriod, Formula, FormulaDraft, Metric, MetricDraft
from milepost.domain.signal import Signal

LARGEST_FORMULA = 500
"""Numbers, names and operations of a formula, with the formulas that it is made of."""
MOST_AGGREGATES = 20
"""Different aggregates that a formula may come down to: each is one to three kilobytes of the store's statement, and a
tenth of a second of planning, which is more than it takes to run it. What is within all bounds can be evaluated
(tests/property/test_largest_formulas.py)."""
LONGEST_CHAIN = 50
"""Formulas made of formulas made of formulas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """An aggregate, and the signal whose emissions it aggregates."""

    metric: MetricDraft
    signal: Signal

    @property
    def column(self) -> str | None:
        """The column of the store that holds the field, None where there is none, or none is needed."""
        return None if self.metric.field is None else self.signal.slots.get(self.metric.field)

    @property
    def meaning(self) -> str:
        """Differs where the numbers may."""
        metric = self.metric
        of = f"{self.signal.id} {self.signal.generation}"
        return f"{of} {metric.aggregation} {self.column} {metric.window.model_dump_json()}"


@dataclass(frozen=True, kw_only=True)
class Basis:
    """A metric with all it rests on: `arithmetic` over the `leaves`, whose names are their places in the tuple.

    For an aggregate, that is the one leaf itself.
    """

    arithmetic: Node
    leaves: tuple[Leaf, ...]
    calendar: Calendar

    @cached_property
    def signal_ids(self) -> frozenset[UUID]:
        """The signals whose emissions can change a value."""
        return frozenset(leaf.signal.id for leaf in self.leaves)

    @cached_property
    def fingerprint(self) -> str:
        """Differs where the numbers may: not where only a name or a unit does."""
        told = [text_of(self.arithmetic), *(leaf.meaning for leaf in self.leaves)]
        if any(isinstance(leaf.metric.window, CalendarPeriod) for leaf in self.leaves):
            told.append(str(self.calendar))
        return "\n".join(told)

    @cached_property
    def empty(self) -> float | None:
        """The value of a company that has emitted nothing."""
        return self.value_of([leaf.metric.aggregation.empty for leaf in self.leaves])

    @property
    def aggregate(self) -> Leaf | None:
        """The one leaf that the metric is; None for a formula."""
        return self.leaves[0] if self.arithmetic == Name("0") else None

    def value_of(self, values: list[float | None]) -> float | None:
        """The metric's value, given those of its leaves."""
        if self.aggregate is not None:
            return values[0]
        return evaluate(self.arithmetic, {str(place): value for place, value in enumerate(values)})


def basis_of(
    draft: MetricDraft | FormulaDraft,
    metrics: Mapping[UUID, Metric | Formula],
    signals: Mapping[UUID, Signal],
    calendar: Calendar,
) -> Basis:
    """What the draft rests on, given the metrics and signals in force; InvalidInputError where something is missing."""
    leaves: list[Leaf] = []
    path = (draft.id,) if isinstance(draft, Formula) else ()
    arithmetic = _come_down(draft, metrics, signals, leaves, path)
    return Basis(arithmetic=arithmetic, leaves=tuple(leaves), calendar=calendar)


def _come_down(
    draft: MetricDraft | FormulaDraft,
    metrics: Mapping[UUID, Metric | Formula],
    signals: Mapping[UUID, Signal],
    leaves: list[Leaf],
    path: tuple[UUID, ...],
) -> Node:
    if isinstance(draft, MetricDraft):
        signal = signals.get(draft.signal_id)
        if signal is None:
            raise _fault("signal_id", f"no signal has the id {draft.signal_id}")
        leaf = Leaf(metric=draft, signal=signal)
        if leaf not in leaves:
            if len(leaves) == MOST_AGGREGATES:
                reason = f"comes down to more than {MOST_AGGREGATES} aggregates, with the formulas that it is made of"
                raise _fault("terms", reason)
            leaves.append(leaf)
        return Name(str(leaves.index(leaf)))
    if len(path) > LONGEST_CHAIN:
        raise _fault("terms", f"is made of formulas of formulas, more than {LONGEST_CHAIN} deep")
    replacement: dict[str, Node] = {}
    for name, metric_id in draft.terms.items():
        if metric_id in path:
            raise _fault(f"terms.{name}", "the formula comes back to itself")
        term = metrics.get(metric_id)
        if term is None:
            raise _fault(f"terms.{name}", f"no metric has the id {metric_id}")
        replacement[name] = _come_down(term, metrics, signals, leaves, (*path, metric_id))
    whole = with_names(parse(draft.formula), replacement)
    if size(whole) > LARGEST_FORMULA:
        raise _fault("formula", f"has more than {LARGEST_FORMULA} parts, with the formulas that it is made of")
    return whole


def _fault(path: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"The metric is not valid: {reason}.", faults=(Fault(path=path, reason=reason),))
