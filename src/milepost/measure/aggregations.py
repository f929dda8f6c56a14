"""Aggregations: what a metric's number is, as SQL for its value at one instant and for its every step over time.

Takes a metric's window and column; gives SQL text. No I/O. In steps, NaN stands for no value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol

from milepost.domain import metric as noun
from milepost.measure.turns import DaysSinceLast, Extreme, First, Latest
from milepost.measure.windows import WindowSql


class Aggregation(Protocol):
    """One way to make a number of a company's emissions.

    A value is a step function of time: it changes where an emission enters the window or lapses from it.
    """

    reads_order: bool
    """Whether it tells emissions of the same date apart, by the order in which they were received."""
    constants: Mapping[str, str]
    """What its steps read besides emissions and their window, by name, with its type."""

    def value(self, column: str) -> str:
        """An aggregate expression over the emissions inside the window that ends with `as_of`; NULL: no value."""

    def steps(self, window: WindowSql) -> str:
        """Named subqueries that end in `steps (ask, at, value)`.

        They read `asks (ask, company_id, since)` and `emissions (ask, since, at, field, received)`, whose `field` is
        never NULL, and give each ask one row at `since` and one at each later instant where the value may change,
        also where only the clock will get to. `received` is there if `reads_order`.
        """


class Additive(ABC):
    """An aggregation that is made of sums of changes: emissions add what their lapse takes away again.

    All changes up to `since` are folded into one opening row before anything is sorted, so a late start is
    no dearer than the plain aggregate.
    """

    reads_order = False
    constants: Mapping[str, str] = {}
    sums: Mapping[str, str] = {"delta": "Int64"}
    """What is summed up, and in which type: integers, so that a sum is the same in every order, without residue."""

    @abstractmethod
    def value(self, column: str) -> str: ...

    def deltas(self) -> tuple[str, ...]:
        """What one emission adds to each of the sums."""
        return ("toInt64(1)",)

    def changes(self, window: WindowSql) -> str:
        """SELECT ask, since, moment and what is summed: what each emission adds, and when."""
        named = list(zip(self.sums, self.deltas(), strict=True))
        if window.lapse is None:
            return f"SELECT ask, since, at AS moment, {_as_columns(named)} FROM emissions"
        entered = ", ".join(delta for _, delta in named)
        lapsed = ", ".join(f"-{delta}" for _, delta in named)
        changed = _as_columns([(name, f"change.{place}") for place, (name, _) in enumerate(named, start=2)])
        return f"""SELECT ask, since, change.1 AS moment, {changed} FROM emissions
    ARRAY JOIN [(at, {entered}), ({window.lapse}, {lapsed})] AS change"""

    def number(self, totals: Mapping[str, str]) -> str:
        """The value, a Float64, of the totals of changes."""
        return f"toFloat64({totals['delta']})"

    def steps(self, window: WindowSql) -> str:
        nothing = _as_columns([(name, f"CAST(0, '{kind}')") for name, kind in self.sums.items()])
        folded = ", ".join(f"sum({name}) AS {name}_then" for name in self.sums)
        totals = {name: f"sum({name}_then) OVER (PARTITION BY ask ORDER BY at)" for name in self.sums}
        return f"""changes AS (
    {self.changes(window)}
    UNION ALL
    SELECT ask, since, since AS moment, {nothing} FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, {folded} FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, {self.number(totals)} AS value FROM folded
)"""


class Count(Additive):
    """Emissions."""

    def value(self, column: str) -> str:
        del column
        return "count()"


_UNITS = "1e15"
"""How many of the units that steps add up in are one: a billion numbers too small for a unit are no millionth."""

_IN_UNITS = f"if(abs(field) < 1e28, toInt256(round(field * {_UNITS})), toInt256(0))"


class Sum(Additive):
    """The sum of a number field, to six decimals; a number of 1e28 or more either way counts as missing.

    Steps add up in units as 256-bit integers, which no order of events can change and which cannot overflow in any
    number of rows that a disk holds (1e33 of the largest would). The value at one instant is a compensated sum of
    floats, which over 20M rows costs what a plain one does and is as exact as a float can say.
    """

    sums: Mapping[str, str] = {"delta": "Int256"}

    def value(self, column: str) -> str:
        return f"ifNull(round(sumKahanIf({column}, abs({column}) < 1e28), 6), 0)"

    def deltas(self) -> tuple[str, ...]:
        return (_IN_UNITS,)

    def number(self, totals: Mapping[str, str]) -> str:
        return f"round(toFloat64({totals['delta']}) / {_UNITS}, 6)"


class Average(Additive):
    """The sum of a number field (see Sum) by how many numbers are in it, to six decimals."""

    sums: Mapping[str, str] = {"delta": "Int256", "many": "Int64"}

    def value(self, column: str) -> str:
        has_number = f"abs({column}) < 1e28"
        return f"round(round(sumKahanIf({column}, {has_number}), 9) / nullIf(countIf({has_number}), 0), 6)"

    def deltas(self) -> tuple[str, ...]:
        return _IN_UNITS, "toInt64(abs(field) < 1e28)"

    def number(self, totals: Mapping[str, str]) -> str:
        return f"round(round(toFloat64({totals['delta']}) / {_UNITS}, 9) / toFloat64({totals['many']}), 6)"


class Distinct(Additive):
    """Different values of a field: texts letter by letter, numbers as numbers.

    The value at one instant tells values apart by 64-bit hashes, at half the cost of whole texts: among a million
    different values, two share a hash once in 37 million times.
    """

    def value(self, column: str) -> str:
        return f"uniqExactIf(cityHash64(assumeNotNull({column})), {column} IS NOT NULL)"

    def changes(self, window: WindowSql) -> str:
        if window.lapse is None:
            return """SELECT ask, any(since) AS since, min(at) AS moment, toInt64(1) AS delta
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


def _as_columns(named: list[tuple[str, str]]) -> str:
    return ", ".join(f"{expression} AS {name}" for name, expression in named)


AGGREGATIONS: dict[noun.Aggregation, Aggregation] = {
    noun.Aggregation.COUNT: Count(),
    noun.Aggregation.DISTINCT: Distinct(),
    noun.Aggregation.SUM: Sum(),
    noun.Aggregation.AVERAGE: Average(),
    noun.Aggregation.MINIMUM: Extreme("min"),
    noun.Aggregation.MAXIMUM: Extreme("max"),
    noun.Aggregation.FIRST: First(),
    noun.Aggregation.LATEST: Latest(),
    noun.Aggregation.DAYS_SINCE_LAST: DaysSinceLast(),
}
"""A new aggregation is a member of the enum, a class here or in `turns.py`, and a line here."""
