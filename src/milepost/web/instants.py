"""Instants that a caller asks about: any with an offset, brought into the years that events can have.

A program's "since ever" is often the year 1, which the store has no date for; nothing lies before 1900 or after 2299.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2299, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


def _within_the_calendar(instant: datetime) -> datetime:
    return min(max(instant, EARLIEST), LATEST)


Instant = Annotated[AwareDatetime, AfterValidator(_within_the_calendar)]
