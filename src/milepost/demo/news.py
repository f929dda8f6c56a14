"""Tells in the log what became of companies after something happened there, as the console API says it.

Takes the accounts that had something happen; says a few sentences a minute at most, and forgets the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from milepost.demo.companies import MINUTE_MS
from milepost.demo.service import ConsoleApi
from milepost.domain.errors import NotFoundError
from milepost.kit.clock import to_datetime
from milepost.observe.logs import logger

_log = logger("demo")

_MOST_A_MINUTE: Final = 6
_SETTLED_MS: Final = 1500
"""So long after an event was sent, what follows from it has been recorded."""
_SENTENCES: Final = {
    ("milestone", "achieved"): "{company} achieved '{name}'",
    ("milestone", "achieved_late"): "{company} achieved '{name}' late",
    ("milestone", "missed"): "{company} missed '{name}'",
    ("milestone", "in_progress"): "{company} no longer meets '{name}'",
    ("outcome", "achieved"): "{company} reached the outcome '{name}'",
    ("outcome", "at_risk"): "{company} is at risk of missing the outcome '{name}'",
    ("outcome", "missed"): "{company} missed the outcome '{name}'",
}


class News:
    """Looks at companies' timelines; only what was recorded after `since_ms` is news."""

    def __init__(self, api: ConsoleApi, since_ms: int) -> None:
        self._api = api
        self._told_until: dict[UUID, datetime] = {}
        self._since = to_datetime(since_ms)
        self._waiting: dict[UUID, tuple[str, int]] = {}
        self._minute = 0
        self._told = 0

    def expect(self, companies: Iterable[tuple[UUID, str]], now_ms: int) -> None:
        """Something just happened at these companies, given by id and name."""
        for company_id, name in companies:
            self._waiting.setdefault(company_id, (name, now_ms))

    async def tell(self, now_ms: int) -> None:
        """Say what has become of those for which it should be known by now."""
        ripe = [one for one, (_, at_ms) in self._waiting.items() if now_ms - at_ms >= _SETTLED_MS]
        for company_id in ripe:
            name, _ = self._waiting.pop(company_id)
            with suppress(NotFoundError):  # people may have combined it with another
                await self._tell_of(company_id, name, now_ms)

    async def _tell_of(self, company_id: UUID, name: str, now_ms: int) -> None:
        since = self._told_until.get(company_id, self._since)
        timeline = (await self._api.get(f"/api/companies/{company_id}/timeline", kind="state", limit=5))["items"]
        for entry in reversed(timeline):
            recorded_at = datetime.fromisoformat(entry["recorded_at"])
            if recorded_at > since:
                self._told_until[company_id] = recorded_at
                self._say(name, entry, now_ms)

    def _say(self, company: str, entry: Mapping[str, Any], now_ms: int) -> None:
        sentence = _SENTENCES.get((entry["subject"], entry["to_state"]))
        is_beginning = entry["from_state"] == "not_started" and entry["to_state"] == "in_progress"
        if sentence is None or is_beginning:
            return
        if now_ms // MINUTE_MS != self._minute:
            self._minute, self._told = now_ms // MINUTE_MS, 0
        if self._told < _MOST_A_MINUTE:
            self._told += 1
            _log.info(sentence.format(company=company, name=entry["name"]), because=entry["reason"])
