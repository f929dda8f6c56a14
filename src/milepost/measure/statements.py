"""The SQL text of every question about metrics, from an aggregation, a window and a column.

Gives statements whose every value is a parameter: nothing that a person wrote becomes part of the text.
"""

from __future__ import annotations

from milepost.domain.milestone import Comparison
from milepost.measure.aggregations import Aggregation
from milepost.measure.windows import WindowSql

_OF_SIGNAL = "signal_id = {signal:UUID} AND generation = {generation:UInt32}"
_AS_OF = "fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')"

ANY_LATER = f"SELECT 1 FROM signals WHERE {_OF_SIGNAL} AND event_date > {_AS_OF} LIMIT 1"
"""One row if the signal has any emission dated after `as_of`; the index `by_date` answers without a scan."""


def values_sql(
    aggregation: Aggregation, window: WindowSql, column: str | None, *, of_all: bool, is_open: bool = False
) -> str:
    """SELECT company_id, value at `as_of`, for companies with an emission inside the window.

    The table lies in the order of companies, so groups are made in that order, one at a time. `is_open`: nothing
    is dated later than `as_of`, so that dates need not be compared with it.
    """
    conditions = [_OF_SIGNAL]
    if window.begun is not None:
        conditions.append(window.begun)
    if not is_open:
        conditions.append(f"event_date <= {_AS_OF}")
    if not of_all:
        conditions.append("company_id IN {companies:Array(UUID)}")
    return f"""SELECT company_id, ifNull({aggregation.value(column or "1")}, {{empty:Float64}}) AS value
FROM signals
WHERE {" AND ".join(conditions)}
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1"""


def steps_sql(aggregation: Aggregation, window: WindowSql, column: str | None, question: str) -> str:
    """A question over `steps (ask, at, value)`: the values that each ask's metric takes, from its `since` on."""
    field = "" if column is None else f", assumeNotNull({column}) AS field"
    present = "" if column is None else f"\n        AND {column} IS NOT NULL"
    return f"""WITH asks AS (
    SELECT pair.1 AS ask, pair.2 AS company_id, pair.3 AS since FROM (
        SELECT arrayJoin(arrayZip(range(length({{companies:Array(UUID)}})), {{companies:Array(UUID)}},
            {{sinces:Array(Int64)}})) AS pair)
),
emissions AS (
    SELECT ask, since, toUnixTimestamp64Milli(event_date) AS at{field}
    FROM signals INNER JOIN asks USING (company_id)
    WHERE {_OF_SIGNAL}
        AND company_id IN {{companies:Array(UUID)}}{present}
),
{aggregation.steps(window)}
{question}"""


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
