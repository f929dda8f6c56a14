"""A clock that stands still until it is told to move."""

from __future__ import annotations


class StandingClock:
    """Gives the same Unix milliseconds until `advance`."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def __call__(self) -> int:
        return self._now_ms

    def advance(self, *, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += int(seconds * 1000)
