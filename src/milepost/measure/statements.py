"""The SQL text of every question about metrics, from aggregations, windows and columns.

Gives statements whose every value is a parameter: nothing that a person wrote becomes part of the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from milepost.domain.arithmetic import Name, Node
from milepost.domain.milestone import Comparison
from milepost.measure.aggregations import Aggregation
from milepost.measure.arithmetic_sql import computed
from milepost.measure.windows import WindowSql

_OF_SIGNAL = "signal_id = {signal:UUID} AND generation = {generation:UInt32}"
_AS_OF = "fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')"
_BEGINS_AFTER = "fromUnixTimestamp64Milli({begins_after:Int64}, 'UTC')"

ANY_LATER = f"SELECT 1 FROM signals WHERE {_OF_SIGNAL} AND event_date > {_AS_OF} LIMIT 1"
"""One row if the signal has any emission dated after `as_of`; the index `by_date` answers without a scan."""


def _inside(*, has_beginning: bool, is_open: bool) -> str:
    """The conditions on emissions inside a window; `is_open`: nothing is dated later than `as_of`, so do not look."""
    conditions = [_OF_SIGNAL]
    if has_beginning:
        conditions.append(f"event_date > {_BEGINS_AFTER}")
    if not is_open:
        conditions.append(f"event_date <= {_AS_OF}")
    return " AND ".join(conditions)


def values_sql(
    aggregation: Aggregation, column: str | None, *, has_beginning: bool, of_all: bool, is_open: bool = False
) -> str:
    """SELECT company_id, value at `as_of`, for companies with an emission inside the window.

    The table lies in the order of companies, so groups are made in that order, one at a time. Not where a window
    leaves few emissions of each: then the order costs more than it spares.
    """
    companies = "" if of_all else " AND company_id IN {companies:Array(UUID)}"
    return f"""SELECT company_id, CAST({aggregation.value(column or "1")}, 'Nullable(Float64)') AS value
FROM signals
WHERE {_inside(has_beginning=has_beginning, is_open=is_open)}{companies}
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = {int(not has_beginning)}"""


def many_values_sql(
    groups: Sequence[Sequence[tuple[Aggregation, str | None]]],
    begins: Sequence[int],
    *,
    of_all: bool,
    is_joint: bool = False,
) -> str:
    """SELECT place, company, values at `as_of`: of each group all aggregates, in one pass over its emissions.

    A group's emissions are of one signal and one window, whose parameters end with its place: `signal_0`,
    `generation_0`, `begins_after_0`; `begins` are the places of those windows that have a beginning. With `is_joint`,
    several companies of the store (`parts`) are one (of `wholes`), else those of `companies` are asked about.
    """
    company, joined = ("whole", " INNER JOIN parts USING (company_id)") if is_joint else ("company_id", "")
    asked = "" if of_all else f" AND company_id IN {{{'parts' if is_joint else 'companies'}:Array(UUID)}}"
    every = "\nUNION ALL\n".join(
        f"""SELECT {place} AS place, {company} AS company, [{_each(group)}] AS found
FROM signals{joined}
WHERE signal_id = {{signal_{place}:UUID}} AND generation = {{generation_{place}:UInt32}} AND event_date <= {_AS_OF}
    {_begins_after(place) if place in begins else ""}{asked}
GROUP BY company"""
        for place, group in enumerate(groups)
    )
    return (
        f"""WITH {_PARTS}
SELECT place, company, found FROM (
{every}
)"""
        if is_joint
        else every
    )


def _each(group: Sequence[tuple[Aggregation, str | None]]) -> str:
    return ", ".join(f"CAST({aggregation.value(column or '1')}, 'Nullable(Float64)')" for aggregation, column in group)


def _begins_after(place: int) -> str:
    return f"AND event_date > fromUnixTimestamp64Milli({{begins_after_{place}:Int64}}, 'UTC') "


_PARTS = """parts AS (
    SELECT pair.1 AS company_id, pair.2 AS whole FROM (
        SELECT arrayJoin(arrayZip({parts:Array(UUID)}, {wholes:Array(UUID)})) AS pair)
)"""


def joint_values_sql(aggregation: Aggregation, column: str | None, *, has_beginning: bool) -> str:
    """SELECT company, value at `as_of`, where several companies of the store (`parts`) are one (of `wholes`)."""
    return f"""WITH {_PARTS}
SELECT whole, CAST({aggregation.value(column or "1")}, 'Nullable(Float64)') AS value
FROM signals INNER JOIN parts USING (company_id)
WHERE {_inside(has_beginning=has_beginning, is_open=False)} AND company_id IN {{parts:Array(UUID)}}
GROUP BY whole"""


def groups_sql(aggregation: Aggregation, column: str | None, by: str, *, has_beginning: bool, of_all: bool) -> str:
    """SELECT group, value at `as_of`: the largest values first, those of the smallest group where they are the same."""
    companies = "" if of_all else " AND company_id IN {companies:Array(UUID)}"
    return f"""SELECT {by} AS of_group, CAST({aggregation.value(column or "1")}, 'Nullable(Float64)') AS value
FROM signals
WHERE {_inside(has_beginning=has_beginning, is_open=False)}{companies}
GROUP BY of_group
ORDER BY value DESC NULLS LAST, of_group NULLS LAST
LIMIT {{most:UInt32}}"""


COMPANIES = f"SELECT DISTINCT company_id FROM signals WHERE {_OF_SIGNAL}"


class LeafSql(NamedTuple):
    """One of the aggregates that a metric comes down to."""

    aggregation: Aggregation
    window: WindowSql
    column: str | None

    @property
    def constants(self) -> Mapping[str, str]:
        """What its steps read besides emissions, by name, with its type."""
        return {**self.window.constants, **self.aggregation.constants}


ACTIVE_DAYS = f"""SELECT DISTINCT toInt64(floor(toUnixTimestamp64Milli(event_date) / 86400000)) AS utc_day
FROM signals
WHERE {_OF_SIGNAL} AND company_id IN {{companies:Array(UUID)}}"""
"""utc_day: the days in UTC, counted from 1970, on which any of the companies has emissions; intDiv would round those
before 1970 up."""


def steps_sql(leaves: Sequence[LeafSql], arithmetic: Node, question: str, *, is_joint: bool = False) -> str:
    """A question over `steps (ask, at, value)`: the values that each ask's metric takes, from its `since` on.

    Asks are numbered in the order of `companies`; with `is_joint` by `places`, where an ask is of several companies.
    The parameters of each leaf end with its place: `signal_0`, `generation_0`, and its constants (see `LeafSql`).
    """
    steps = _of_leaf(leaves[0], 0) if arithmetic == Name("0") else _computed(leaves, arithmetic)
    numbers = "{places:Array(UInt64)}" if is_joint else "range(length({companies:Array(UUID)}))"
    return f"""WITH asks AS (
    SELECT pair.1 AS ask, pair.2 AS company_id, pair.3 AS since FROM (
        SELECT arrayJoin(arrayZip({numbers}, {{companies:Array(UUID)}},
            {{sinces:Array(Int64)}})) AS pair)
),
steps AS (
{steps}
)
{question}"""


def _of_leaf(leaf: LeafSql, place: int) -> str:
    """SELECT ask, at, value: the steps of one aggregate."""
    column = leaf.column
    field = "" if column is None else f", assumeNotNull({column}) AS field"
    received = ", (UUIDToNum(request_id), item) AS received" if leaf.aggregation.reads_order else ""
    present = "" if column is None else f"\n        AND {column} IS NOT NULL"
    constants = "".join(f"    {{{name}_{place}:{kind}}} AS {name},\n" for name, kind in leaf.constants.items())
    return f"""WITH
{constants}emissions AS (
    SELECT ask, since, toUnixTimestamp64Milli(event_date) AS at{field}{received}
    FROM signals INNER JOIN asks USING (company_id)
    WHERE signal_id = {{signal_{place}:UUID}} AND generation = {{generation_{place}:UInt32}}
        AND company_id IN {{companies:Array(UUID)}}{present}
),
{leaf.aggregation.steps(leaf.window)}
SELECT ask, at, value FROM steps"""


def _computed(leaves: Sequence[LeafSql], arithmetic: Node) -> str:
    """SELECT ask, at, value: the steps of a formula, which are wherever one of its leaves has one."""
    every = "\n        UNION ALL\n".join(
        f"        SELECT ask, at, value, {place} AS leaf FROM (\n{_of_leaf(leaf, place)}\n)"
        for place, leaf in enumerate(leaves)
    )
    stepped = ", ".join(f"anyOrNullIf(value, leaf = {place}) AS step_{place}" for place in range(len(leaves)))
    known = ", ".join(f"last_value(step_{place}) OVER so_far AS leaf_{place}" for place in range(len(leaves)))
    values = computed(
        arithmetic,
        f"""        SELECT ask, at, {known} FROM (
            SELECT ask, at, {stepped} FROM (
{every}
            ) GROUP BY ask, at
        ) WINDOW so_far AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)""",
    )
    return f"""SELECT ask, at, if(isFinite(computed * 1e6), round(computed, 6), nan) AS value FROM (
    {values}
)"""


def first_crossing(operator: Comparison) -> str:
    """ask, at, value of the first step at which the comparison with `target` holds."""
    return f"""SELECT ask, min(at) AS first_at, argMin(value, at) AS first_value
FROM steps WHERE value {operator.value} {{target:Float64}} GROUP BY ask"""


def crossings(operator: Comparison) -> str:
    """ask, at, value, holds of every step at which the comparison with `target` begins or ceases to hold."""
    return f"""SELECT ask, at, value, holds FROM (
    SELECT ask, at, value, value {operator.value} {{target:Float64}} AS holds,
        lagInFrame(holds, 1, 0) OVER (PARTITION BY ask ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS held
    FROM steps
) WHERE holds != held ORDER BY ask, at"""


SERIES = """SELECT ask, roundDown(at - 1, {bounds:Array(Int64)}) AS bound, argMax(value, at)
FROM steps WHERE at <= {last:Int64} GROUP BY ask, bound"""
"""ask, bound, value: the last step of each span that begins just after one of the rising `bounds`."""
