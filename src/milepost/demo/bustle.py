"""The clicks of the present: single feature uses and sign-ins, a few every two seconds, while someone may be watching.

Pure by second. In looking back, the same use is told in sums per visit (`routine`), so it is not told here again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Final

from milepost.demo.companies import MINUTE_MS, SECOND_MS, Company
from milepost.demo.happenings import Happening, feature_used, signed_in
from milepost.demo.people import Person
from milepost.demo.routine import DEVICES, daylight

_SIGN_IN_CHANCE: Final = 0.12
_REGULAR: Final = 0.5
"""Only who comes at least this often clicks here, so that the numbers of active people stay what they are."""


def bustle(
    seed: int, companies: Sequence[Company], people: Mapping[str, Sequence[Person]], since_ms: int, until_ms: int
) -> Iterator[Happening]:
    """What happens in [since, until); one or two things in most seconds."""
    for minute in range(since_ms // MINUTE_MS, -(-until_ms // MINUTE_MS)):
        present = _present(companies, people, minute * MINUTE_MS)
        weights = list(accumulate(weight for _, _, weight in present))
        begin, end = max(since_ms, minute * MINUTE_MS), min(until_ms, (minute + 1) * MINUTE_MS)
        for second in range(begin // SECOND_MS, -(-end // SECOND_MS)):
            rng = Random(f"{seed}/second/{second}")
            for _ in range(rng.choice((0, 1, 1, 2, 2, 3)) if present else 0):
                company, regulars, _ = rng.choices(present, cum_weights=weights)[0]
                happening = _click(rng, company, rng.choice(regulars), second * SECOND_MS + rng.randrange(SECOND_MS))
                if begin <= happening.at_ms < end:
                    yield happening


def _present(
    companies: Sequence[Company], people: Mapping[str, Sequence[Person]], at_ms: int
) -> list[tuple[Company, list[Person], float]]:
    """The customers that may click, who of them, and how likely."""
    regulars = (
        (company, [one for one in people[company.account_id] if one.joins_ms < at_ms and one.frequency >= _REGULAR])
        for company in companies
    )
    weighed = (
        (company, some, len(some) * company.activity(at_ms) * daylight(company, at_ms)) for company, some in regulars
    )
    return [one for one in weighed if one[2] > 0]


def _click(rng: Random, company: Company, person: Person, at_ms: int) -> Happening:
    if rng.random() < _SIGN_IN_CHANCE:
        return signed_in(company, person.user_id, at_ms, rng.choice(DEVICES))
    return feature_used(company, person.user_id, at_ms, rng.choice(person.features), 1)
