"""Tells the service what happened: in order, in batches of one event key, from where the event log ends.

Takes the business and instants; sends each happening once, also around restarts, for each key is told in order.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from milepost.demo.business import Business
from milepost.demo.companies import DAY_MS
from milepost.demo.happenings import EventKey, Happening
from milepost.demo.service import MOST_EVENTS, ConsoleApi, FrontDoor, until_it_works
from milepost.kit.clock import to_unix_ms
from milepost.observe.logs import logger

_log = logger("demo")

_STRETCH_MS: Final = 30 * DAY_MS
_LOOK_SECONDS: Final = 0.2
_WAIT_SECONDS: Final = 60.0


class Teller:
    """Sends through the front door, and looks through the console API how far that has come."""

    def __init__(self, api: ConsoleApi, door: FrontDoor) -> None:
        self._api = api
        self._door = door

    async def reached(self, connection_id: UUID, business: Business) -> dict[EventKey, int]:
        """The instant of the last event in the log, for each event key; where there is none, the beginning."""
        found: dict[EventKey, int] = {}
        for key in EventKey:
            page = await self._api.get("/api/events", connection_id=str(connection_id), event_key=key.value, limit=1)
            dates = [to_unix_ms(datetime.fromisoformat(event["event_date"])) for event in page["items"]]
            found[key] = max([business.began_ms, *dates])
        return found

    async def catch_up(self, business: Business, reached: Mapping[EventKey, int], until_ms: int) -> None:
        """Tell what happened from where each key was reached, and wait until all of it is in the event log."""
        history = await asyncio.to_thread(business.history, min(reached.values()), until_ms)
        untold = [one for one in history if one.at_ms > reached[one.key]]
        if not untold:
            return
        told, request_ids = 0, list[str]()
        for stretch in _stretches(untold):
            request_ids += await self.tell(stretch)
            told += len(stretch)
            _log.info("history_sent", events=told, of=len(untold))
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._until_logged(request_ids, told)
        except TimeoutError:
            _log.warning("history_is_still_being_processed")

    async def tell(self, some: Iterable[Happening]) -> list[str]:
        """Send these, which are in order; gives the ids of the requests."""
        by_key: dict[EventKey, list[Happening]] = defaultdict(list)
        for one in some:
            by_key[one.key].append(one)
        return [
            await until_it_works(partial(self._door.send, key, batch))
            for key, of_key in by_key.items()
            for batch in _batches(of_key)
        ]

    async def _until_logged(self, request_ids: Sequence[str], events: int) -> None:
        while True:
            fates = await self._api.post("/api/requests/fates", {"request_ids": request_ids})
            if sum(fates.values()) >= events:
                return
            await asyncio.sleep(_LOOK_SECONDS)


def _stretches(some: Sequence[Happening]) -> Iterator[Sequence[Happening]]:
    """Months, so that what is told is told in order, and yet in large batches."""
    begin = 0
    for place, one in enumerate(some):
        if one.at_ms - some[begin].at_ms > _STRETCH_MS:
            yield some[begin:place]
            begin = place
    yield some[begin:]


def _batches(some: Sequence[Happening]) -> Iterator[Sequence[Happening]]:
    """As large as may be; what happened at one instant stays together, so that an instant says how far we came."""
    begin = 0
    while begin < len(some):
        end = min(begin + MOST_EVENTS, len(some))
        while end < len(some) and some[end].at_ms == some[end - 1].at_ms:
            end -= 1
        yield some[begin:end]
        begin = end
