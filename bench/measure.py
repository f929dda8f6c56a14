"""One measured number, with its bar and a limit that was measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`limit` is in the same unit as `value`; their ratio is what can be compared between machines."""

    name: str
    value: float
    unit: str
    bar: str
    limit_name: str
    limit: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """value / limit."""
        return self.value / self.limit
