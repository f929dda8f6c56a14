"""ISO 8601 points in time as senders write them: text in, Unix milliseconds out, None for anything else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from milepost.domain.event_date import EARLIEST_MS, LATEST_MS
from milepost.kit.clock import to_datetime, to_unix_ms

_INSTANT = re.compile(
    r"\d{4}-?\d\d-?\d\d[T ]\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.IGNORECASE | re.ASCII
)


def parse_instant(text: str) -> int | None:
    """A calendar date and time in the years 1900 to 2299 (those the store can hold); UTC without `Z` or an offset."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(text.upper())
        unix_ms = to_unix_ms(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return unix_ms if EARLIEST_MS <= unix_ms <= LATEST_MS else None


def to_seconds_text(unix_ms: int) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, as in the answers of seed 003."""
    return _seconds_text(unix_ms // 1000)


@lru_cache(maxsize=16)
def _seconds_text(unix_seconds: int) -> str:
    return to_datetime(unix_seconds * 1000).isoformat()[:19] + "Z"
