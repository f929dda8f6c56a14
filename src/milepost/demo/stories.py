"""What is told of a customer one by one: people's first visits, invoices, and what happens on a brink of a milestone.

Pure, like `routine`. All instants follow from when the customer signed up and when the business opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from random import Random
from typing import Final

from milepost.demo.companies import (
    BILLING_DAYS,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    TRIAL_DAYS,
    Brink,
    Company,
    Temperament,
)
from milepost.demo.happenings import Happening, feature_used, invoice_paid, report_created, signed_in
from milepost.demo.people import FEATURES, Person
from milepost.demo.routine import DEVICES, TEMPLATES, ticket, working_instants

LONGEST_FLARE_UP_MS: Final = 5 * MINUTE_MS
_BETWEEN_FLARE_UPS_MS: Final = 12 * MINUTE_MS
_STUCK_TICKETS: Final = 5
_REPORTS_FOR_ONBOARDING: Final = 10
_REPORTS_FOR_ADOPTION: Final = 50
_REPORTS_OF_A_STALLED: Final = 4


def story(seed: int, company: Company, people: Sequence[Person], opened_ms: int) -> Iterator[Happening]:
    """All that happens to a customer once; not in order of time."""
    rng = Random(f"{seed}/{company.account_id}/story")
    yield from chain.from_iterable(_first_visit(rng, company, place, person) for place, person in enumerate(people))
    author = people[0].user_id
    for at_ms in _told_reports(rng, company):
        yield report_created(company, author, at_ms, rng.choice(TEMPLATES))
    if company.temperament is Temperament.TROUBLED:
        for number in range(_STUCK_TICKETS):
            begins_ms = opened_ms - round(rng.uniform(4, 25) * DAY_MS)
            yield from ticket(rng, company, f"T-{company.account_id}-stuck-{number}", begins_ms, None)


def invoices(company: Company, since_ms: int, until_ms: int) -> Iterator[Happening]:
    """Paid a month each from the end of the trial on, as long as the customer stays: those in [since, until)."""
    first_ms = company.signed_up_ms + TRIAL_DAYS * DAY_MS
    every_ms = BILLING_DAYS * DAY_MS
    number = max(0, -((first_ms - since_ms) // every_ms))
    while (at_ms := first_ms + number * every_ms) < until_ms:
        if at_ms >= since_ms and company.temperament is not Temperament.STALLED and company.activity(at_ms) > 0:
            yield invoice_paid(company, number, at_ms)
        number += 1


def flare_ups(
    seed: int, troubled: Sequence[Company], opened_ms: int, since_ms: int, until_ms: int
) -> Iterator[Happening]:
    """After the opening, one troubled customer after the other opens a ticket too many, solved minutes later.

    Gives those opened in [since, until), with their solutions.
    """
    apart_ms = _BETWEEN_FLARE_UPS_MS // len(troubled)
    first = max(0, (since_ms - opened_ms) // apart_ms - 1)
    last = (until_ms - opened_ms) // apart_ms
    for number in range(first, last + 1):
        company = troubled[number % len(troubled)]
        rng = Random(f"{seed}/flare-up/{number}")
        begins_ms = opened_ms + number * apart_ms + rng.randrange(30 * SECOND_MS)
        if since_ms <= begins_ms < until_ms:
            ends_ms = begins_ms + rng.randrange(2 * MINUTE_MS, LONGEST_FLARE_UP_MS)
            yield from ticket(rng, company, f"T-{company.account_id}-{number}", begins_ms, ends_ms)


def _first_visit(rng: Random, company: Company, place: int, person: Person) -> Iterator[Happening]:
    """People sign in for the first time and look at two features."""
    yield signed_in(company, person.user_id, person.joins_ms, rng.choice(DEVICES))
    for look in range(2):
        feature = FEATURES[(2 * place + look) % len(FEATURES)]
        yield feature_used(company, person.user_id, person.joins_ms + (8 + 11 * look) * SECOND_MS, feature, 1)


def _told_reports(rng: Random, company: Company) -> list[int]:
    """When reports are made whose number matters: one short of a milestone before it tips, or in the first minutes."""
    if company.brink is Brink.ONBOARDED:
        since_ms = company.signed_up_ms + DAY_MS
        return [*_before_it_tips(rng, company, since_ms, _REPORTS_FOR_ONBOARDING - 1), company.tips_ms]
    if company.brink is Brink.ADOPTION:
        since_ms = company.tips_ms - 30 * DAY_MS + 6 * HOUR_MS
        return [*_before_it_tips(rng, company, since_ms, _REPORTS_FOR_ADOPTION - 1), company.tips_ms]
    if company.is_newcomer:
        is_stalled = company.temperament is Temperament.STALLED
        number = _REPORTS_OF_A_STALLED if is_stalled else _REPORTS_FOR_ONBOARDING
        gaps = [round(rng.uniform(30, 60) * SECOND_MS) for _ in range(number)]
        begin_ms = company.signed_up_ms + 150 * SECOND_MS
        return [begin_ms + sum(gaps[: place + 1]) for place in range(number)]
    return []


def _before_it_tips(rng: Random, company: Company, since_ms: int, number: int) -> list[int]:
    return working_instants(rng, company, since_ms, company.tips_ms - HOUR_MS, number)
