"""A customer's ordinary day: who comes, what they use, which reports and tickets they make, by week and hour.

Pure: the same seed, customer and day always give the same happenings, however often and from wherever one asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from milepost.demo.companies import DAY_MS, HOUR_MS, SECOND_MS, Brink, Company, Temperament
from milepost.demo.happenings import Happening, feature_used, report_created, signed_in, ticket_changed
from milepost.demo.people import Person

LONGEST_TICKET_MS: Final = 6 * DAY_MS
DEVICES: Final = ("web", "web", "web", "ios", "android")
TEMPLATES: Final = ("weekly summary", "pipeline", "forecast", "team load", "incidents", "board pack")
TOPICS: Final = ("billing", "exports", "sign-in", "integrations", "slow dashboards", "permissions", "mobile app")
PRIORITIES: Final = ("low", "normal", "normal", "normal", "normal", "high", "high", "urgent")
_WEEKEND_SHARE: Final = 0.08
_REPORTS_PER_PERSON: Final = 0.11
_TICKETS_A_DAY: Final = {
    Temperament.GROWING: 0.22,
    Temperament.STEADY: 0.20,
    Temperament.SLOW: 0.25,
    Temperament.TROUBLED: 0.60,
    Temperament.CHURNED: 0.35,
    Temperament.STALLED: 0.05,
}
_ADOPTION_WINDOW_MS: Final = 30 * DAY_MS


def local_day(company: Company, at_ms: int) -> int:
    """The number of the day, since 1970, on the customer's calendar."""
    return (at_ms + company.zone_hours * HOUR_MS) // DAY_MS


def is_working_day(day: int) -> bool:
    """Monday to Friday; 1 January 1970 was a Thursday."""
    return (day + 3) % 7 < 5


def daylight(company: Company, at_ms: int) -> float:
    """How lively the customer is at that hour of its day, 0 to 1."""
    hour = (at_ms + company.zone_hours * HOUR_MS) % DAY_MS / HOUR_MS
    by_hour = 1.0 if 8 <= hour < 18 else 0.1
    return by_hour if is_working_day(local_day(company, at_ms)) else by_hour * 0.2


def ordinary_day(seed: int, company: Company, people: Sequence[Person], day: int) -> Iterator[Happening]:
    """What a customer's people do on a day of its calendar; not in order of time."""
    rng = Random(f"{seed}/{company.account_id}/{day}")
    midnight_ms = day * DAY_MS - company.zone_hours * HOUR_MS
    there = [person for person in people if person.joins_ms < midnight_ms]
    level = company.activity(midnight_ms) * (1.0 if is_working_day(day) else _WEEKEND_SHARE)
    for person in there:
        if rng.random() < person.frequency * level:
            at_ms = midnight_ms + _working_hour_ms(rng)
            yield signed_in(company, person.user_id, at_ms, rng.choice(DEVICES))
            later_ms = at_ms + round(rng.uniform(0.5, 4) * HOUR_MS)
            yield feature_used(company, person.user_id, later_ms, rng.choice(person.features), rng.randint(150, 700))
    expected = len(there) * level * _REPORTS_PER_PERSON * rng.uniform(0.5, 1.5)
    for _ in range(_whole(rng, expected)):
        at_ms = midnight_ms + _working_hour_ms(rng)
        if not _is_quiet(company, at_ms):
            yield report_created(company, rng.choice(there).user_id, at_ms, rng.choice(TEMPLATES))


def tickets_of_day(seed: int, company: Company, day: int, opened_ms: int) -> Iterator[Happening]:
    """Tickets that were opened on that day, each with its solution, which comes up to six days later.

    A troubled customer's tickets of the time after the opening are in `stories`.
    """
    rng = Random(f"{seed}/{company.account_id}/{day}/tickets")
    midnight_ms = day * DAY_MS - company.zone_hours * HOUR_MS
    is_told_elsewhere = company.temperament is Temperament.TROUBLED and midnight_ms + DAY_MS > opened_ms
    if is_told_elsewhere or midnight_ms < company.signed_up_ms:
        return
    share = 1.0 if is_working_day(day) else _WEEKEND_SHARE
    share *= 1.0 if company.activity(midnight_ms) > 0 else 0.0
    for number in range(_whole(rng, _TICKETS_A_DAY[company.temperament] * share)):
        ticket_id = f"T-{company.account_id}-{day}-{number}"
        begins_ms = midnight_ms + _working_hour_ms(rng)
        takes_ms = min(LONGEST_TICKET_MS, round(rng.lognormvariate(math.log(22), 0.9) * HOUR_MS))
        ends_ms = begins_ms + takes_ms
        if company.temperament is Temperament.TROUBLED:  # those that stay open are told in `stories`
            ends_ms = min(ends_ms, opened_ms - HOUR_MS)
        yield from ticket(rng, company, ticket_id, begins_ms, ends_ms)


def ticket(rng: Random, company: Company, ticket_id: str, begins_ms: int, ends_ms: int | None) -> Iterator[Happening]:
    """A ticket's opening, and its solution if it has one."""
    topic, priority = rng.choice(TOPICS), rng.choice(PRIORITIES)
    yield ticket_changed(company, ticket_id, begins_ms, is_solved=False, topic=topic, priority=priority)
    if ends_ms is not None:
        yield ticket_changed(company, ticket_id, ends_ms, is_solved=True, topic=topic, priority=priority)


def working_instants(rng: Random, company: Company, since_ms: int, until_ms: int, number: int) -> list[int]:
    """So many instants in the customer's working time, in order."""
    found: list[int] = []
    while len(found) < number:
        at_ms = rng.randrange(since_ms, until_ms)
        if daylight(company, at_ms) == 1:
            found.append(at_ms)
    return sorted(found)


def _is_quiet(company: Company, at_ms: int) -> bool:
    """Whether the customer's reports of that time are told in `stories`, because their number matters there."""
    match company.brink:
        case Brink.ONBOARDED:
            return at_ms < company.tips_ms + DAY_MS
        case Brink.ADOPTION:
            return company.tips_ms - _ADOPTION_WINDOW_MS - DAY_MS < at_ms < company.tips_ms + DAY_MS
        case _:
            return False


def _working_hour_ms(rng: Random) -> int:
    hour = min(19.5, max(6.5, rng.gauss(11, 2.5)))
    return round(hour * HOUR_MS) + rng.randrange(60 * SECOND_MS)


def _whole(rng: Random, expected: float) -> int:
    """A whole number that is `expected` on average."""
    return int(expected) + (rng.random() < expected % 1)
