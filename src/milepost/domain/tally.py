"""What a signal made of the events of its key, counted per UTC day of their arrival."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One signal's counts of new events that arrived on one day, `day` counted from 1970-01-01.

    `seen` are the events of its connection and key, `matched` those that its rules took; of these, `company_missing`
    had no company key, and `company_unknown` one that no company has, so that what they emitted is held. `failures`
    has, per field name, how many of the seen had a value that does not convert to the field's type; a field without
    failures may be left out.
    """

    signal_id: UUID
    day: int
    seen: int = 0
    matched: int = 0
    company_missing: int = 0
    company_unknown: int = 0
    failures: Mapping[str, int]
