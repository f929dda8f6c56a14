"""Instants, numbers and lists as people read them in a reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import HeldFor
from milepost.kit.clock import to_unix_ms

UTC_DATES: Final = Calendar()


def day(instant: datetime, calendar: Calendar) -> str:
    """The date there, as 1997-08-02: without a zone, so it must be the account's."""
    return calendar.day(to_unix_ms(instant)).isoformat()


def minute(instant: datetime) -> str:
    """The date and time in UTC, as 1997-08-02 09:30 UTC."""
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def number(value: float) -> str:
    """Up to six decimals and no trailing zeros, as 5 or 29.33."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def length(held_for: HeldFor) -> str:
    """A number of periods, as 1 week or 3 months."""
    return f"{held_for.periods} {held_for.period}{'s' if held_for.periods > 1 else ''}"


def listed(names: Iterable[str]) -> str:
    """Names in a row, as “Go live”, “Training”."""
    return ", ".join(f"“{name}”" for name in names)
