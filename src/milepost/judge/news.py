"""What people did that no complete judging has seen yet; a change may be committed long after it says it was made."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from milepost.domain.plan import News
from milepost.judge.ports import Plans
from milepost.kit.clock import Clock

_BEFORE_START_MS: Final = 600_000
"""How far back a start looks for changes that no judging has seen."""
_LONGEST_COMMIT_MS: Final = 60_000


class NewsDesk:
    """Remembers what a complete judging has seen, so that each change explains only what followed from it."""

    def __init__(self, plans: Plans, clock: Clock) -> None:
        self._plans = plans
        self._clock = clock
        self._since_ms = clock() - _BEFORE_START_MS
        self._seen: frozenset[UUID] = frozenset()

    def fresh(self) -> News:
        """What no complete judging has seen."""
        news = self._plans.news(self._since_ms)
        return News(
            [one for one in news.plans if one.id not in self._seen],
            [one for one in news.others if one.id not in self._seen],
        )

    def begin(self) -> frozenset[UUID]:
        """What a judging that begins now is going to see."""
        news = self._plans.news(self._since_ms)
        return frozenset([*(one.id for one in news.plans), *(one.id for one in news.others)])

    def end(self, seen: frozenset[UUID]) -> None:
        """A complete judging that saw all this is done."""
        self._seen = seen
        self._since_ms = max(self._since_ms, self._clock() - _LONGEST_COMMIT_MS)
