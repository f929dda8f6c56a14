"""Instants that a caller asks about: any with an offset, brought into the years that events can have.

A program's "since ever" is often the year 1, which the store has no date for; nothing lies before 1900 or after 2299.
(What a person writes down, to stay, is refused instead: domain/instant.py.)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

from milepost.domain.instant import AFTER_LATEST, EARLIEST

LATEST: Final = AFTER_LATEST - timedelta(milliseconds=1)


def _within_the_calendar(instant: datetime) -> datetime:
    return min(max(instant, EARLIEST), LATEST)


AskedInstant = Annotated[AwareDatetime, AfterValidator(_within_the_calendar)]
