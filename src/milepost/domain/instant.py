"""Instants and dates that people write down, in the years that events can have; others lead sums out of the calendar.

Takes dates alone, and times with a zone; refuses those that lie outside, and says within what they must lie.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, Discriminator, Tag

from milepost.domain.calendar import Calendar

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
AFTER_LATEST: Final = datetime(2300, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_A_DAY: Final = timedelta(days=1)


def _in_bounds(instant: datetime) -> datetime:
    if not EARLIEST <= instant < AFTER_LATEST:
        raise ValueError("must lie in the years 1900 to 2299 (UTC)")
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


Instant = Annotated[AwareDatetime, AfterValidator(_in_bounds)]
"""An aware datetime from 1900-01-01 up to the end of 2299-12-31, by UTC, to the millisecond as all that is kept."""


def _day_in_bounds(day: date) -> date:
    if not EARLIEST.year <= day.year < AFTER_LATEST.year:
        raise ValueError("must lie in the years 1900 to 2299")
    return day


Day = Annotated[date, AfterValidator(_day_in_bounds)]
"""A date alone, from 1900-01-01 to 2299-12-31; which instants it covers depends on the account's time zone."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _form(at: object) -> Literal["day", "instant"]:
    is_day = _DAY.fullmatch(at) if isinstance(at, str) else isinstance(at, date) and not isinstance(at, datetime)
    return "day" if is_day else "instant"


DayOrInstant = Annotated[
    Annotated[Day, Tag("day")] | Annotated[Instant, Tag("instant")],
    Discriminator(_form),
]
"""A date alone, as 2026-03-01, or an instant, as 2026-03-01T12:00:00Z; either is kept as it was written."""


def first_instant(at: date | datetime, calendar: Calendar) -> datetime:
    """The instant itself, or the first one of the day there."""
    return at if isinstance(at, datetime) else _datetime(calendar.midnight(at))


def last_instant(at: date | datetime, calendar: Calendar) -> datetime:
    """The instant itself, or the last millisecond of the day there."""
    return at if isinstance(at, datetime) else _datetime(calendar.midnight(at + _A_DAY) - 1)


def end_of_day(instant: datetime, days: int, calendar: Calendar) -> datetime:
    """The last millisecond of the day there that lies so many days after the one of the instant."""
    return last_instant(calendar.day(_unix_ms(instant)) + days * _A_DAY, calendar)


def _datetime(unix_ms: int) -> datetime:
    return _EPOCH + unix_ms * _MILLISECOND


def _unix_ms(instant: datetime) -> int:
    return (instant - _EPOCH) // _MILLISECOND
