"""Instants that people write down, in the years that events can have; later ones would lead sums out of the calendar.

Takes dates and times with a zone; refuses those that lie outside, and says within what they must lie.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
AFTER_LATEST: Final = datetime(2300, 1, 1, tzinfo=UTC)


def _in_bounds(instant: datetime) -> datetime:
    if not EARLIEST <= instant < AFTER_LATEST:
        raise ValueError("must lie in the years 1900 to 2299 (UTC)")
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


Instant = Annotated[AwareDatetime, AfterValidator(_in_bounds)]
"""An aware datetime from 1900-01-01 up to the end of 2299-12-31, by UTC, to the millisecond as all that is kept."""
