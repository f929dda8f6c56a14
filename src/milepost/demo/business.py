"""The demo business as a whole: from a seed and the instant of its opening, everything that ever happens there.

Pure: the part of any stretch of time is the same whenever it is asked for, so a restart goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from milepost.demo.bustle import bustle
from milepost.demo.companies import (
    DAY_MS,
    HISTORY_DAYS,
    Company,
    Temperament,
    first_customers,
    newcomers,
)
from milepost.demo.happenings import EventKey, Happening
from milepost.demo.people import Person, staff
from milepost.demo.routine import LONGEST_TICKET_MS, local_day, ordinary_day, tickets_of_day
from milepost.demo.stories import LONGEST_FLARE_UP_MS, flare_ups, invoices, story

SEED: Final = 2026


class Business:
    """Opened at `opened_ms`; what came before is its history, what comes after goes on for ever."""

    def __init__(self, opened_ms: int, seed: int = SEED) -> None:
        self.opened_ms = opened_ms
        self._seed = seed
        self._customers: list[Company] = []
        self._people: dict[str, Sequence[Person]] = {}
        self._stories: dict[str, Sequence[Happening]] = {}
        for company in first_customers(opened_ms):
            self._add(company)
        self._troubled = [one for one in self._customers if one.temperament is Temperament.TROUBLED]
        self._newcomers = newcomers(seed, opened_ms)
        self._next_newcomer = next(self._newcomers, None)

    @property
    def began_ms(self) -> int:
        """Nothing happened before."""
        return self.opened_ms - HISTORY_DAYS * DAY_MS

    def customers(self, at_ms: int) -> Sequence[Company]:
        """Who has signed up by then, in the order of signing up after the opening."""
        while self._next_newcomer is not None and self._next_newcomer.signed_up_ms <= at_ms:
            self._add(self._next_newcomer)
            self._next_newcomer = next(self._newcomers, None)
        return [company for company in self._customers if company.signed_up_ms <= at_ms]

    def history(self, since_ms: int, until_ms: int) -> list[Happening]:
        """What happened in [since, until), in order, with the use of features as a sum for each visit."""
        return self._told(since_ms, until_ms, self._days(since_ms, until_ms))

    def live(self, since_ms: int, until_ms: int) -> list[Happening]:
        """What happens in [since, until), in order, with the use of features click by click."""
        days = (one for one in self._days(since_ms, until_ms) if one.key is not EventKey.FEATURE_USED)
        clicks = bustle(self._seed, self.customers(until_ms), self._people, since_ms, until_ms)
        return self._told(since_ms, until_ms, chain(days, clicks))

    def _add(self, company: Company) -> None:
        people = staff(self._seed, company)
        self._customers.append(company)
        self._people[company.account_id] = people
        self._stories[company.account_id] = tuple(story(self._seed, company, people, self.opened_ms))

    def _told(self, since_ms: int, until_ms: int, some: Iterable[Happening]) -> list[Happening]:
        customers = self.customers(until_ms)
        stories = chain.from_iterable(self._stories[company.account_id] for company in customers)
        bills = chain.from_iterable(invoices(company, since_ms, until_ms) for company in customers)
        flares = flare_ups(self._seed, self._troubled, self.opened_ms, since_ms - LONGEST_FLARE_UP_MS, until_ms)
        everything = chain(some, stories, bills, flares)
        return sorted((one for one in everything if since_ms <= one.at_ms < until_ms), key=_when)

    def _days(self, since_ms: int, until_ms: int) -> Iterator[Happening]:
        """Days that may reach into [since, until): visits end a day later at most, tickets six."""
        for company in self.customers(until_ms):
            people = self._people[company.account_id]
            first, last = local_day(company, max(since_ms, company.signed_up_ms)), local_day(company, until_ms)
            for day in range(first - 1, last + 1):
                yield from ordinary_day(self._seed, company, people, day)
            for day in range(first - LONGEST_TICKET_MS // DAY_MS - 1, last + 1):
                yield from tickets_of_day(self._seed, company, day, self.opened_ms)


def _when(one: Happening) -> tuple[int, str, str]:
    return one.at_ms, one.key, one.account_id
