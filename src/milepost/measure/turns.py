"""Aggregations that pick one emission, as SQL: smallest, largest, first, latest, and how long ago the last one was.

Takes a window and a column; gives SQL text (see `aggregations.Aggregation`). No I/O.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from milepost.measure.windows import DAY_MS, WindowSql

MOST_DAYS: Final = 3660
"""Ten years: days since the last emission are counted no further, since each day is a step of its own."""

_RECEIVED: Final = "(event_date, UUIDToNum(request_id), item)"
"""In the order of event dates, and where those are the same, in that of receipt: request ids begin with their time."""

_ROUND_ABOUT: Final = "PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"


class Turning(ABC):
    """An aggregation whose value turns from one to another, rather than adding up.

    Emissions of the same date are first made one. `next_at` is the date of the next ones, far ahead where there are
    none; what holds at `lapse` without a next one by then is no value.
    """

    reads_order = False
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
        return f"""SELECT ask, any(since) AS since, moment, any(inside) AS value FROM (
        SELECT ask, since, change.1 AS moment,
            {self._function}(change.2) OVER (PARTITION BY ask ORDER BY moment
                RANGE BETWEEN {window.span} - 1 PRECEDING AND CURRENT ROW) AS inside
        FROM placed ARRAY JOIN [(at, toNullable(picked)), (lapse, NULL)] AS change
    ) WHERE inside IS NOT NULL GROUP BY ask, moment"""


class DaysSinceLast(Turning):
    """Whole days of 24 hours since the last emission, up to `MOST_DAYS`.

    Steps go up to the constant `oldest`, and to the one at `since`.
    """

    def value(self, column: str) -> str:
        del column
        return f"least(intDiv({{as_of:Int64}} - toUnixTimestamp64Milli(max(event_date)), {DAY_MS}), {MOST_DAYS})"

    def turns(self, window: WindowSql) -> str:
        del window
        return f"""SELECT ask, since, at + age * {DAY_MS} AS moment, toFloat64(age) AS value
    FROM (
        SELECT ask, since, at, least(next_at, lapse) AS until, intDiv(until - at - 1, {DAY_MS}) AS last_age,
            if(at <= since AND since < until, [toUInt32(least(intDiv(since - at, {DAY_MS}), {MOST_DAYS}))], [])
                AS opening
        FROM placed
    ) ARRAY JOIN arrayConcat(range(toUInt32(least(last_age, oldest) + 1)), opening) AS age"""
