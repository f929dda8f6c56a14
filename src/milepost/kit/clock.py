"""Time as an argument: everything that needs the time takes a Clock, so that any date can be simulated."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
"""Gives the current time as Unix milliseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """The machine's time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds since some moment of this boot, the same for all processes: for ages, since nobody sets it."""
    return time.monotonic_ns() // 1_000_000


def to_datetime(unix_ms: int) -> datetime:
    """Unix milliseconds to an aware UTC datetime, exactly (no float on the way)."""
    return _EPOCH + timedelta(milliseconds=unix_ms)


def to_unix_ms(instant: datetime) -> int:
    """An aware datetime to Unix milliseconds, rounding down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)
