"""The periods of a series: days, weeks, months or quarters of the account's calendar, the one under way ending now."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from typing import Final

from milepost.domain.calendar import Calendar, Period
from milepost.domain.errors import Fault, InvalidInputError

MOST_POINTS: Final = 1000
_USUAL: Final = {Period.DAY: 30, Period.WEEK: 12, Period.MONTH: 12, Period.QUARTER: 8}
"""How many periods a series has unless it is told."""


def first_day_of(calendar: Calendar, by: Period, first: date | None, last: date) -> date:
    """The first day of the first period; without `first`, that of as many periods as are usual."""
    begins = calendar.first_day(first or last, by)
    for _ in range(0 if first else _USUAL[by] - 1):
        begins = calendar.first_day(begins - timedelta(days=1), by)
    return begins


def periods_until(calendar: Calendar, by: Period, first: date, last: date, now_ms: int) -> list[tuple[int, int]]:
    """First instant of, and first after, each period that has begun; InvalidInputError for more than `MOST_POINTS`."""
    found = list(islice(calendar.periods(first, last, by), MOST_POINTS + 2))
    if len(found) > MOST_POINTS + 1:
        fault = Fault(path="from", reason=f"there would be more than {MOST_POINTS} points")
        raise InvalidInputError("The series is too long.", faults=(fault,))
    return [(start, min(end, now_ms + 1)) for start, end in found if start <= now_ms]
