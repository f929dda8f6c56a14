"""What became of an event. The list is closed: nothing vanishes without one of these (DESIGN law 5)."""

from __future__ import annotations

from enum import StrEnum


class Fate(StrEnum):
    """`rejected` never reaches the journal; it is kept, bounded, among the rejections."""

    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    REJECTED = "rejected"


class ParkReason(StrEnum):
    """Why an accepted event was set aside instead of processed."""

    UNREADABLE_ENTRY = "unreadable_entry"
    STAGE_FAILED = "stage_failed"
