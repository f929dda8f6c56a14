"""The periods of a series: days, weeks, months or quarters of the account's calendar, the one under way ending now.

Refuses days outside the years that events can have, a first day after the last, and more points than a series has.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from typing import Annotated, Final

from fastapi import Query
from pydantic import AfterValidator

from milepost.domain.calendar import Calendar, Period
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.instant import EARLIEST
from milepost.web.instants import LATEST

MOST_POINTS: Final = 1000
_USUAL: Final = {Period.DAY: 30, Period.WEEK: 12, Period.MONTH: 12, Period.QUARTER: 8}
"""How many periods a series has unless it is told."""


def _within_the_calendar(day: date) -> date:
    if not EARLIEST.date() <= day <= LATEST.date():
        raise ValueError(f"must be a day from {EARLIEST.date()} to {LATEST.date()}")
    return day


Day = Annotated[date, AfterValidator(_within_the_calendar)]
"""A day that a caller asks about; one that no event can have is refused, not moved, since the answer names it."""

First = Annotated[Day | None, Query(alias="from", description="A day of the first period.")]
Last = Annotated[Day | None, Query(alias="to", description="A day of the last period; today unless given.")]


def days_asked(calendar: Calendar, by: Period, first: date | None, last: date | None, now_ms: int) -> tuple[date, date]:
    """The first day of the first period, and the last day, which is today at the latest and unless given.

    Without `first`, there are as many periods as are usual. InvalidInputError if the first day is after the last.
    """
    today = calendar.day(now_ms)
    if first is not None and first > (last or today):
        fault = Fault(path="from", reason=f"is after `to`, which is {last or today}")
        raise InvalidInputError("The series would end before it begins.", faults=(fault,))
    ends = min(last or today, today)
    begins = calendar.first_day(first or ends, by)
    for _ in range(0 if first else _USUAL[by] - 1):
        begins = calendar.first_day(begins - timedelta(days=1), by)
    return begins, ends


def periods_until(calendar: Calendar, by: Period, first: date, last: date, now_ms: int) -> list[tuple[int, int]]:
    """First instant of, and first after, each period that has begun; InvalidInputError for more than `MOST_POINTS`."""
    found = list(islice(calendar.periods(first, last, by), MOST_POINTS + 2))
    if len(found) > MOST_POINTS + 1:
        fault = Fault(path="from", reason=f"there would be more than {MOST_POINTS} points")
        raise InvalidInputError("The series is too long.", faults=(fault,))
    return [(start, min(end, now_ms + 1)) for start, end in found if start <= now_ms]
