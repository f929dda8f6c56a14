"""Aggregations: what a metric's number is, as SQL for its value at one instant and for its every step over time.

Takes a metric's definition and its signal; gives SQL text; refuses a field that cannot be aggregated. No I/O.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from milepost.domain import metric as noun
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.metric import MetricDraft
from milepost.domain.signal import Signal
from milepost.measure.windows import WindowSql

NUMBER_SLOTS = frozenset(f"n{index}" for index in range(1, 17))
SLOTS = NUMBER_SLOTS | {f"t{index}" for index in range(1, 17)}
"""The columns of the store's `signals` that hold fields: the only names that ever become SQL text."""


class Aggregation(Protocol):
    """One way to make a number of a company's emissions.

    A value is a step function of time: it changes where an emission enters the window or lapses from it.
    """

    def value(self, column: str) -> str:
        """An aggregate expression over the emissions inside the window; NULL stands for the empty value."""

    def steps(self, window: WindowSql) -> str:
        """Named subqueries that end in `steps (ask, at, value)`.

        They read `asks (ask, company_id, since)` and `emissions (ask, since, at, field)`, whose `field` is
        never NULL, and give each ask one row at `since` and one at each later instant where the value may
        change, also where only the clock will get to.
        """


class Additive(ABC):
    """An aggregation that is a sum of changes: emissions add what their lapse takes away again.

    All changes up to `since` are folded into one opening row before anything is sorted, so a late start is
    no dearer than the plain aggregate.
    """

    delta_type = "Int64"
    """What changes are summed in: integers, so that a sum is the same in every order and leaves no residue."""

    @abstractmethod
    def value(self, column: str) -> str: ...

    @abstractmethod
    def changes(self, window: WindowSql) -> str:
        """SELECT ask, since, moment, delta: what each emission adds, and when."""

    def number(self, total: str) -> str:
        """The value, a Float64, of a total of changes."""
        return f"toFloat64({total})"

    def steps(self, window: WindowSql) -> str:
        return f"""changes AS (
    {self.changes(window)}
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, '{self.delta_type}') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS change FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, {self.number("sum(change) OVER (PARTITION BY ask ORDER BY at)")} AS value FROM folded
)"""


class Count(Additive):
    """Emissions."""

    def value(self, column: str) -> str:
        del column
        return "count()"

    def changes(self, window: WindowSql) -> str:
        return _enter_and_lapse("CAST(1, 'Int64')", window)


class Sum(Additive):
    """The sum of a number field, to six decimals; a number of 1e28 or more either way counts as missing.

    Steps add up in billionths as 256-bit integers, which no order of events can change and which cannot overflow
    in any number of rows that a disk holds. The value at one instant is a compensated sum of floats, which over 20M
    rows costs what a plain one does and is as exact as a float can say.
    """

    delta_type = "Int256"

    def value(self, column: str) -> str:
        return f"round(sumKahanIf({column}, abs({column}) < 1e28), 6)"

    def changes(self, window: WindowSql) -> str:
        return _enter_and_lapse("if(abs(field) < 1e28, toInt256(round(field * 1e9)), toInt256(0))", window)

    def number(self, total: str) -> str:
        return f"round(toFloat64({total}) / 1e9, 6)"


class Distinct(Additive):
    """Different values of a field: texts letter by letter, numbers as numbers.

    The value at one instant tells values apart by 64-bit hashes, at half the cost of whole texts: among a million
    different values, two share a hash once in 37 million times.
    """

    def value(self, column: str) -> str:
        return f"uniqExactIf(cityHash64(assumeNotNull({column})), {column} IS NOT NULL)"

    def changes(self, window: WindowSql) -> str:
        if window.lapse is None:
            return """SELECT ask, any(since) AS since, min(at) AS moment, CAST(1, 'Int64') AS delta
    FROM emissions GROUP BY ask, field"""
        # A value counts from an emission not covered by the one before, to a lapse not covered by the one after.
        return f"""SELECT ask, since, change.1 AS moment, change.2 AS delta FROM (
        SELECT ask, since, at, {window.lapse} AS lapse,
            lagInFrame(lapse, 1, at) OVER same AS covered_until,
            leadInFrame(at, 1, lapse) OVER same AS next_at
        FROM emissions
        WINDOW same AS (PARTITION BY ask, field ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ) ARRAY JOIN [(at, toInt64(covered_until <= at)), (lapse, -toInt64(next_at >= lapse))] AS change
    WHERE change.2 != 0"""


def _enter_and_lapse(delta: str, window: WindowSql) -> str:
    if window.lapse is None:
        return f"SELECT ask, since, at AS moment, {delta} AS delta FROM emissions"
    return f"""SELECT ask, since, change.1 AS moment, change.2 AS delta FROM emissions
    ARRAY JOIN [(at, {delta}), ({window.lapse}, -{delta})] AS change"""


AGGREGATIONS: dict[noun.Aggregation, Aggregation] = {
    noun.Aggregation.COUNT: Count(),
    noun.Aggregation.SUM: Sum(),
    noun.Aggregation.DISTINCT: Distinct(),
}
"""A new aggregation is a member of the enum, a class above and a line here."""


def column_of(metric: MetricDraft, signal: Signal) -> str | None:
    """The store column that the metric aggregates, None for a count; InvalidInputError if it cannot be.

    A field that only older revisions of the signal had still has its column, so its metrics go on. Distinct
    numbers are read as `n + 0`, which makes one value of 0 and -0.
    """
    if metric.field is None:
        return None
    slot = signal.slots.get(metric.field)
    if slot is None or slot not in SLOTS:
        known = ", ".join(repr(name) for name in signal.slots)
        raise _misfit(metric, f"the signal {signal.name!r} has no field {metric.field!r}; it has {known}")
    if metric.aggregation is noun.Aggregation.SUM:
        if slot not in NUMBER_SLOTS:
            raise _misfit(metric, f"sum needs a number field, which {metric.field!r} is not")
        return slot
    return f"{slot} + 0" if slot in NUMBER_SLOTS else slot


def _misfit(metric: MetricDraft, reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"The metric {metric.name!r} does not fit its signal: {reason}.", faults=(Fault(path="field", reason=reason),)
    )
