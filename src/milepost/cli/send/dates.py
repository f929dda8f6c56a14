"""The date of a record: takes what its member holds and the layout; gives Unix milliseconds, or ValueError says why.

A number that is more likely seconds than milliseconds is no date until someone has said which.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from milepost.cli.send.layout import Layout

SECONDS: Final = "seconds"
MILLISECONDS: Final = "milliseconds"

_UNITS: Final = {SECONDS: 1000, MILLISECONDS: 1}
_LEAST_SURE: Final = 100_000_000_000
"""As milliseconds this is in 1973, as seconds in the year 5138: what is below is seconds, as far as anyone can tell."""
_MOST_SURE: Final = _LEAST_SURE * 1000
_NUMBER: Final = re.compile(r"[+-]?\d{9,}(\.\d*)?", re.ASCII)


def unix_ms(value: Any, layout: Layout) -> int:
    """The instant in Unix milliseconds."""
    if value is None or isinstance(value, bool | list | dict) or not str(value).strip():
        raise ValueError("it is empty" if value is None or not str(value).strip() else "it is no text or number")
    text = str(value).strip()
    try:
        if layout.date_format in _UNITS:
            return _of_number(Decimal(text) * _UNITS[layout.date_format])
        if layout.date_format is None:
            if isinstance(value, int | float) or _NUMBER.fullmatch(text):
                return _of_number(_sure(Decimal(text)))
            instant = datetime.fromisoformat(text)
        else:
            instant = datetime.strptime(text, layout.date_format)  # noqa: DTZ007  # the zone is given below
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=layout.time_zone or UTC)
        return round(instant.timestamp() * 1000)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number of {layout.date_format}") from None
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of reach: {error}") from None


def is_more_likely_seconds(value: Any) -> bool:
    """Whether a number is no plausible count of milliseconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < abs(value) < _LEAST_SURE


def _sure(number: Decimal) -> Decimal:
    if _LEAST_SURE <= abs(number) < _MOST_SURE:
        return number
    if abs(number) < _LEAST_SURE:
        as_ms, as_seconds = _day(number), _day(number * 1000)
        raise ValueError(
            f"{number} is {as_ms} in milliseconds and {as_seconds} in seconds;"
            f" say --date-format {SECONDS} or {MILLISECONDS}"
        )
    raise ValueError(f"{number} is beyond the year 5138 in milliseconds; are these micro- or nanoseconds?")


def _of_number(milliseconds: Decimal) -> int:
    if not milliseconds.is_finite() or abs(milliseconds) >= 10**16:
        raise ValueError("it is out of reach")
    return round(milliseconds)


def _day(milliseconds: Decimal) -> str:
    return f"{datetime.fromtimestamp(float(milliseconds) / 1000, UTC):%Y-%m-%d}"
