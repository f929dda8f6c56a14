"""What people did that no judging has seen yet; a change may be committed some time after it says it was made."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from milepost.domain.plan import News
from milepost.judge.ports import Plans
from milepost.kit.clock import Clock
from milepost.kit.ids import uuid7_unix_ms

_BEFORE_START_MS: Final = 60_000
"""How far back a start looks for changes that no judging has seen."""
_LOOKS_BACK_MS: Final = 20_000
"""Longer than a commit and a round of judging take; what is older has been judged."""
_NOTHING: Final = News((), ())


class NewsDesk:
    """Remembers what judgings have seen, so that each change explains only what followed from it."""

    def __init__(self, plans: Plans, clock: Clock) -> None:
        self._plans = plans
        self._clock = clock
        self._since_ms = clock() - _BEFORE_START_MS
        self._seen: set[UUID] = set()
        self._begun = _NOTHING

    def begin(self, company_ids: Collection[UUID] | None) -> None:
        """A judging of these companies, or of all, begins: it sees all that was done until now."""
        self._begun = self._unseen(company_ids)

    def fresh(self, company_ids: Collection[UUID]) -> News:
        """What no judging before this one has seen, of what was done to these companies, or to what numbers rest on."""
        now = self._unseen(company_ids)
        return News([*self._begun.plans, *now.plans], [*self._begun.others, *now.others])

    def end(self, company_ids: Collection[UUID] | None) -> None:
        """The judging that began, of these companies or of all, is done."""
        begun, self._begun = self._begun, _NOTHING
        self._seen.update(deed.id for deed in begun.plans if company_ids is None or deed.company_id in company_ids)
        self._seen.update(entry.id for entry in begun.others if company_ids is None or entry.subject == "company")
        self._since_ms = max(self._since_ms, self._clock() - _LOOKS_BACK_MS)
        self._seen = {one for one in self._seen if uuid7_unix_ms(one) >= self._since_ms}

    def _unseen(self, company_ids: Collection[UUID] | None) -> News:
        news = self._plans.news(max(self._since_ms, self._clock() - _BEFORE_START_MS), company_ids)
        return News(
            [deed for deed in news.plans if deed.id not in self._seen],
            [entry for entry in news.others if entry.id not in self._seen],
        )
