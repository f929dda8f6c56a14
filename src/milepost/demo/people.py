"""The people of a customer: who they are, when they first sign in, how often they come, what they like to use."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from milepost.demo.companies import DAY_MS, HOUR_MS, SECOND_MS, Brink, Company, Temperament

FEATURES: Final = ("dashboards", "alerts", "exports", "automations", "integrations", "forecasts")
_STALLED_PEOPLE: Final = 2
_FIRST_GROUP: Final = 5
_FIRST_NAMES: Final = (
    "ada", "amir", "ana", "ben", "carla", "chen", "clara", "dana", "david", "elif", "emil", "eva", "farid", "fiona",
    "george", "grace", "hana", "hugo", "ida", "igor", "ines", "jack", "jana", "joao", "jonas", "kai", "kofi", "lara",
    "leo", "lina", "louis", "mai", "marco", "maya", "mia", "milan", "nadia", "nils", "nora", "omar", "oscar", "paula",
    "pedro", "priya", "raul", "rosa", "sam", "sara", "sven", "tara", "theo", "tom", "uma", "vera", "will", "yuki",
)  # fmt: skip
_DAYS_BETWEEN_JOINING: Final = {
    Temperament.GROWING: 0.8,
    Temperament.STEADY: 1.1,
    Temperament.TROUBLED: 1.6,
    Temperament.CHURNED: 2.0,
    Temperament.SLOW: 6.5,
    Temperament.STALLED: 1.2,
}
_NEWCOMERS_JOIN_AFTER_SECONDS: Final = (5, 50, 110, 200, 320)


class Person(NamedTuple):
    """Someone with a seat. `frequency` is the chance to come on a working day of a company at its best."""

    user_id: str
    joins_ms: int
    frequency: float
    features: tuple[str, ...]


def staff(seed: int, company: Company) -> tuple[Person, ...]:
    """Everyone who ever gets a seat, in the order of joining."""
    rng = Random(f"{seed}/{company.account_id}/staff")
    names = rng.sample(_FIRST_NAMES, company.seats)
    people = _STALLED_PEOPLE if company.temperament is Temperament.STALLED else company.seats
    return tuple(
        Person(
            user_id=f"{name}@{company.account_id}.example",
            joins_ms=_joins_ms(company, place, rng),
            frequency=rng.choice((0.9, 0.8, 0.5, 0.5, 0.4, 0.15)),
            features=tuple(rng.sample(FEATURES, 3)),
        )
        for place, name in enumerate(names[:people])
    )


def _joins_ms(company: Company, place: int, rng: Random) -> int:
    if company.is_newcomer:
        if place < _FIRST_GROUP:
            after = _NEWCOMERS_JOIN_AFTER_SECONDS[place] + rng.uniform(0, 25)
            return company.signed_up_ms + round(after * SECOND_MS)
        return company.signed_up_ms + round((place - _FIRST_GROUP + 1 + rng.random()) * DAY_MS)
    if company.brink is Brink.FIRST_VALUE and place > 1:
        return company.tips_ms + (place - 2) * DAY_MS
    pace = _DAYS_BETWEEN_JOINING[company.temperament]
    days = pace * min(place, _FIRST_GROUP)
    if place > _FIRST_GROUP:
        days += (place - _FIRST_GROUP) * (110 / company.seats if company.temperament is Temperament.GROWING else 0.7)
    return company.signed_up_ms + round(days * DAY_MS + rng.uniform(0.1, 4) * HOUR_MS)
