"""Crossings: when a company's metric began, or ceased, to compare true with a target.

What the judge asks of the measure stage, and what it is told; instants are Unix milliseconds of event dates.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from milepost.domain.milestone import Comparison

BEGINNING_MS = -2_208_988_800_000
"""1900-01-01, the earliest event date that the store keeps: where all history begins."""


class Threshold(NamedTuple):
    """What a metric's value is compared with."""

    operator: Comparison
    target: float

    def holds(self, value: float | None) -> bool:
        """Whether the value compares true with the target; no value never does."""
        return value is not None and self.operator.holds(value, self.target)


class Ask(NamedTuple):
    """One company, and the instant from which its history counts: what lies before it makes the opening value."""

    company_id: UUID
    since_ms: int = BEGINNING_MS


class Crossing(NamedTuple):
    """The value that a metric takes at `at_ms`, None for none, and whether the threshold holds from there on."""

    at_ms: int
    value: float | None
    holds: bool = True
