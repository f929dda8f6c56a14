"""What people did that no judging has seen yet; a change may be committed some time after it says it was made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
_NOBODY: Final[Mapping[UUID, int]] = {}


class NewsDesk:
    """Remembers what judgings have seen, so that each change explains only what followed from it."""

    def __init__(self, plans: Plans, clock: Clock) -> None:
        self._plans = plans
        self._clock = clock
        self._since_ms = clock() - _BEFORE_START_MS
        self._seen: set[UUID] = set()
        self._begun = _NOTHING
        self._waits_since = _NOBODY
        self._of_all: Collection[UUID] | None = None

    def begin_all(self) -> None:
        """A judging of all companies begins, some after the other: until it ends, what was done until now is news."""
        now = self._unseen(())
        self._of_all = [entry.id for entry in now.others]

    def end_all(self) -> None:
        """All have been judged."""
        self._seen.update(self._of_all or ())
        self._of_all = None
        self._forget()

    def begin(self, company_ids: Collection[UUID], waits_since: Mapping[UUID, int] = _NOBODY) -> None:
        """A judging of these companies begins: it sees all that was done until now.

        `waits_since` says of a company when the first of what nobody has judged yet was done to it, in Unix ms.
        """
        self._waits_since = waits_since
        self._begun = self._unseen(company_ids)

    def fresh(self, company_ids: Collection[UUID]) -> News:
        """What no judging before this one has seen, of what was done to these companies, or to what numbers rest on."""
        now = self._unseen(company_ids)
        return News([*self._begun.plans, *now.plans], [*self._begun.others, *now.others])

    def end(self, company_ids: Collection[UUID]) -> None:
        """The judging that began, of these companies, is done."""
        begun, self._begun, self._waits_since = self._begun, _NOTHING, _NOBODY
        self._seen.update(deed.id for deed in begun.plans if deed.company_id in company_ids)
        self._seen.update(entry.id for entry in begun.others if entry.subject == "company")
        self._forget()

    def _forget(self) -> None:
        if self._of_all is None:
            self._since_ms = max(self._since_ms, self._clock() - _LOOKS_BACK_MS)
            self._seen = {one for one in self._seen if uuid7_unix_ms(one) >= self._since_ms}

    def _unseen(self, company_ids: Collection[UUID]) -> News:
        since_ms = self._since_ms if self._of_all is not None else self._recently_ms()
        news = self._plans.news(min([since_ms, *self._waits_since.values()]), company_ids)
        return News(
            [
                deed
                for deed in news.plans
                if deed.id not in self._seen
                and uuid7_unix_ms(deed.id) >= min(since_ms, self._waits_since.get(deed.company_id, since_ms))
            ],
            [entry for entry in news.others if entry.id not in self._seen],
        )

    def _recently_ms(self) -> int:
        return max(self._since_ms, self._clock() - _BEFORE_START_MS)
