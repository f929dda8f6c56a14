"""Aggregations that pick one emission, as SQL: smallest, largest, first, latest, and how long ago the last one was.

Takes a window and a column; gives SQL text (see `aggregations.Aggregation`). No I/O.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from milepost.measure.windows import DAY_MS, WindowSql

MOST_DAYS: Final = 3660
"""Ten years: days since the last emission are counted no further, since each day is a step of its own."""

LATEST_MS: Final = 4_000_000_000_000_000
"""Later than any step."""

_RECEIVED: Final = "(event_date, UUIDToNum(request_id), item)"
"""In the order of event dates, and where those are the same, in that of receipt: request ids begin with their time."""

_ROUND_ABOUT: Final = "PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"


class Turning(ABC):
    """An aggregation whose value turns from one to another, rather than adding up.

    Emissions of the same date are first made one. `next_at` is the date of the next ones, far ahead where there are
    none; what holds at `lapse` without a next one by then is no value.
    """

    reads_order = False
    constants: Mapping[str, str] = {}
    pick = "any(at)"
    """What emissions of the same date amount to."""

    @abstractmethod
    def value(self, column: str) -> str: ...

    @abstractmethod
    def turns(self, window: WindowSql) -> str:
        """SELECT ask, since, moment, value: what the value is from each moment on, one row a moment."""

    def steps(self, window: WindowSql) -> str:
        return f"""dates AS (
    SELECT ask, any(since) AS since, at, {self.pick} AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, {window.lapse or _NEVER} AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, {_NEVER}) OVER round_about AS next_at
    FROM dates WINDOW round_about AS ({_ROUND_ABOUT})
),
turns AS (
    {self.turns(window)}
    UNION ALL
    SELECT ask, since, lapse AS moment, nan AS value FROM placed WHERE lapse < {_NEVER} AND next_at > lapse
    UNION ALL
    SELECT ask, since, -{_NEVER} AS moment, nan AS value FROM asks
),
steps AS (
    SELECT ask, greatest(moment, since) AS at, argMax(value, moment) AS value FROM turns GROUP BY ask, at
)"""


_NEVER: Final = "toInt64(4000000000000000000)"


class Latest(Turning):
    """The field of the last emission that has it."""

    reads_order = True
    pick = "argMax(field, received)"

    def value(self, column: str) -> str:
        return f"argMax({column}, {_RECEIVED})"

    def turns(self, window: WindowSql) -> str:
        del window
        return "SELECT ask, since, at AS moment, picked AS value FROM placed"


class First(Turning):
    """The field of the first emission that has it: once it lapses, of the one after."""

    reads_order = True
    pick = "argMin(field, received)"

    def value(self, column: str) -> str:
        return f"argMin({column}, {_RECEIVED})"

    def turns(self, window: WindowSql) -> str:
        if window.lapse is None:
            return """SELECT ask, any(since) AS since, min(at) AS moment, argMin(picked, at) AS value
    FROM placed GROUP BY ask"""
        return """SELECT ask, since, greatest(at, lapse_before) AS moment, picked AS value
    FROM placed WHERE moment < lapse"""


class Extreme(Turning):
    """The smallest or largest number of a field."""

    def __init__(self, function: str) -> None:
        self._function = function
        self.pick = f"{function}(field)"

    def value(self, column: str) -> str:
        return f"{self._function}({column})"

    def turns(self, window: WindowSql) -> str:
        so_far = f"{self._function}(picked)"
        if window.span is None:
            alike = "ask" if window.lapse is None else "ask, lapse"
            return f"""SELECT ask, since, at AS moment,
        {so_far} OVER (PARTITION BY {alike} ORDER BY at) AS value FROM placed"""
        return self._inside_span(window.span)

    def _inside_span(self, span: str) -> str:
        """What lies inside a moving window: all of this block of time so far, and what is left of the one before.

        Blocks are as long as the window, so an emission lapses in the block after its own. The one part only gains,
        the other only loses emissions, which is exact for every length: ClickHouse's frames by RANGE end at 2^31.
        """
        lost = "min" if self._function == "max" else "max"
        nothing, unknown = ("-inf", "inf") if self._function == "max" else ("inf", "-inf")
        pick = "greatest" if self._function == "max" else "least"
        return f"""SELECT ask, any(since) AS since, moment, any(inside) AS value FROM (
        SELECT ask, since, change.1 AS moment, {self._function}(change.3) OVER so_far AS gained,
            {lost}(change.4) OVER so_far AS kept, if(kept = {unknown}, gained, {pick}(gained, kept)) AS inside
        FROM (
            SELECT ask, since, at, picked, lapse, at - toInt64(positiveModulo(at, {span})) AS block,
                lapse_before - {span} < block AS is_first,
                {self._function}(picked) OVER (PARTITION BY ask, block) AS whole,
                ifNull({self._function}(toNullable(picked)) OVER (PARTITION BY ask, block ORDER BY at DESC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), {nothing}) AS rest
            FROM placed
        ) ARRAY JOIN arrayConcat([(at, block, picked, {unknown}), (lapse, block + {span}, {nothing}, rest)],
            if(is_first, [(block + {span}, block + {span}, {nothing}, whole)], [])) AS change
        WINDOW so_far AS (PARTITION BY ask, change.2 ORDER BY change.1)
    ) WHERE inside != {nothing} GROUP BY ask, moment"""


class DaysSinceLast(Turning):
    """Whole days of 24 hours since the last emission, up to `MOST_DAYS`.

    There is a step for each day up to the constant `oldest` and each of the constant `ages`, none later than `latest`,
    and one for the age at `since`: those at which a question's answer may turn, since all would be thousands a company.
    """

    constants: Mapping[str, str] = {"oldest": "Int64", "ages": "Array(UInt32)", "latest": "Int64"}

    def value(self, column: str) -> str:
        del column
        return f"least(intDiv({{as_of:Int64}} - toUnixTimestamp64Milli(max(event_date)), {DAY_MS}), {MOST_DAYS})"

    def turns(self, window: WindowSql) -> str:
        del window
        return f"""SELECT ask, since, at + age * {DAY_MS} AS moment, toFloat64(age) AS value
    FROM (
        SELECT ask, since, at, least(next_at, lapse) AS until,
            intDiv(least(until - 1, greatest(latest, at)) - at, {DAY_MS}) AS last_age,
            toUInt32(least(intDiv(since - at, {DAY_MS}), {MOST_DAYS})) AS age_then,
            if(at <= since AND since < until, [age_then], []) AS opening
        FROM placed
    ) ARRAY JOIN arrayConcat(
        range(toUInt32(least(last_age, oldest) + 1)), arrayFilter(one -> one <= last_age, ages), opening) AS age"""


def ages_read(target: float | None, latest_ms: int | None) -> dict[str, object]:
    """The constants of days since the last emission: for a comparison with the target, or each value up to `latest_ms`.

    A comparison turns at none but the ages on either side of its target, and at 0.
    """
    latest = LATEST_MS if latest_ms is None else latest_ms
    if target is None:
        return {"oldest": MOST_DAYS, "ages": [], "latest": latest}
    below = math.floor(min(max(target, -1.0), MOST_DAYS))
    return {"oldest": 0, "ages": [age for age in (below, below + 1) if 0 < age <= MOST_DAYS], "latest": latest}
