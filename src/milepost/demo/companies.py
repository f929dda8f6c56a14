"""The customers of the demo business: who was there at its opening, and who signs up afterwards.

Takes the opening instant and a seed; gives Companies. The same arguments always give the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from random import Random
from typing import Final, NamedTuple

SECOND_MS: Final = 1000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
HISTORY_DAYS: Final = 180
TRIAL_DAYS: Final = 14
BILLING_DAYS: Final = 30


class Plan(StrEnum):
    """What a customer pays for."""

    STARTER = "Starter"
    TEAM = "Team"
    BUSINESS = "Business"
    ENTERPRISE = "Enterprise"


EUROS_PER_SEAT: Final = {Plan.STARTER: 15, Plan.TEAM: 29, Plan.BUSINESS: 59, Plan.ENTERPRISE: 89}
"""A month."""


class Temperament(StrEnum):
    """How a customer gets on; `activity` has the numbers."""

    GROWING = "growing"
    STEADY = "steady"
    SLOW = "slow"
    TROUBLED = "troubled"
    CHURNED = "churned"
    STALLED = "stalled"


class Brink(StrEnum):
    """What a customer stands just before at the opening, so that whoever looks on sees it happen.

    The milestone that it is about to achieve, or the end of its onboarding, which it is about to miss.
    """

    FIRST_VALUE = "first value"
    ONBOARDED = "onboarded"
    ADOPTION = "adoption"
    PAYING = "paying"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A customer. `tips_ms` is when one on a brink goes over it; `is_newcomer`: signed up after the opening."""

    account_id: str
    name: str
    industry: str
    plan: Plan
    seats: int
    temperament: Temperament
    signed_up_ms: int
    zone_hours: int
    is_newcomer: bool = False
    brink: Brink | None = None
    tips_ms: int = 0

    @property
    def euros_a_month(self) -> int:
        """What it is invoiced."""
        return self.seats * EUROS_PER_SEAT[self.plan]

    def age_days(self, at_ms: int) -> float:
        """Days since it signed up; negative before."""
        return (at_ms - self.signed_up_ms) / DAY_MS

    def activity(self, at_ms: int) -> float:
        """Which share of its usual self the company is, 0 to 1."""
        age = self.age_days(at_ms)
        match self.temperament:
            case Temperament.GROWING:
                return min(1.0, 0.55 + 0.45 * age / 120)
            case Temperament.STEADY:
                return 0.9
            case Temperament.SLOW:
                return 0.5
            case Temperament.TROUBLED:
                return max(0.5, 0.95 - age / 400)
            case Temperament.CHURNED:
                return min(1.0, max(0.0, 1 - (age - 75) / 12))
            case Temperament.STALLED:
                return 0.25 if age < 20 else 0.04


class _Row(NamedTuple):
    name: str
    industry: str
    plan: Plan
    seats: int
    temperament: Temperament
    days_ago: float
    zone_hours: int
    brink: Brink | None = None
    tips_after_seconds: int = 0


_G, _S, _T = Temperament.GROWING, Temperament.STEADY, Temperament.TROUBLED
_SLOW, _CHURNED, _STALLED = Temperament.SLOW, Temperament.CHURNED, Temperament.STALLED

# For PAYING, days_ago is the trial and whole billing periods, so that an invoice falls due when it tips; for DEADLINE,
# it is the time for onboarding.
_ROWS: Final = (
    _Row("Bluefin Logistics", "Logistics", Plan.ENTERPRISE, 46, _G, 176.3, 1),
    _Row("Marigold Health", "Health care", Plan.BUSINESS, 33, _G, 151.1, -5),
    _Row("Kestrel Robotics", "Manufacturing", Plan.BUSINESS, 27, _G, 139.4, 9),
    _Row("Tidewater Insurance", "Insurance", Plan.ENTERPRISE, 36, _S, 104, -5, Brink.PAYING, 75),
    _Row("Polar Peak Outdoors", "Retail", Plan.TEAM, 16, _G, 118.2, -8),
    _Row("Saffron Kitchens", "Food", Plan.TEAM, 12, _G, 77.6, 1),
    _Row("Larkspur Media", "Media", Plan.BUSINESS, 22, _S, 166.9, 0, Brink.ADOPTION, 45),
    _Row("Copperline Energy", "Energy", Plan.ENTERPRISE, 41, _S, 170.5, -6),
    _Row("Harbour & Vale", "Law", Plan.TEAM, 14, _S, 162.2, 0),
    _Row("Juniper Analytics", "Software", Plan.BUSINESS, 30, _S, 164, 1, Brink.PAYING, 190),
    _Row("Redwood Furniture", "Retail", Plan.TEAM, 11, _S, 133.7, -8),
    _Row("Cloud Cafe", "Food", Plan.STARTER, 8, _S, 142.8, -5),
    _Row("Sable Security", "Software", Plan.BUSINESS, 24, _S, 128.4, 2, Brink.ADOPTION, 140),
    _Row("Willowbrook Schools", "Education", Plan.TEAM, 19, _S, 111.6, -6),
    _Row("Nimbus Travel", "Travel", Plan.TEAM, 13, _S, 96.1, 8),
    _Row("Granite Works", "Construction", Plan.STARTER, 9, _S, 88.3, 1),
    _Row("Firefly Games", "Games", Plan.BUSINESS, 21, _S, 84.5, 9, Brink.ADOPTION, 300),
    _Row("Orchard Bank", "Banking", Plan.BUSINESS, 40, _S, 134, 1, Brink.PAYING, 420),
    _Row("Pinnacle Print", "Printing", Plan.STARTER, 7, _SLOW, 119.8, -5),
    _Row("Amber Textiles", "Manufacturing", Plan.TEAM, 12, _SLOW, 101.3, 5),
    _Row("Fjord Shipping", "Logistics", Plan.TEAM, 15, _SLOW, 92.7, 1),
    _Row("Meadow Vets", "Health care", Plan.STARTER, 8, _SLOW, 30, 0, Brink.DEADLINE, 480),
    _Row("Ironbridge Rail", "Transport", Plan.ENTERPRISE, 44, _T, 173.2, 0),
    _Row("Vantage Realty", "Real estate", Plan.BUSINESS, 23, _T, 148.4, -5),
    _Row("Quarry Lane Foods", "Food", Plan.TEAM, 18, _T, 137.1, -6),
    _Row("Solstice Solar", "Energy", Plan.BUSINESS, 20, _T, 122.9, 10),
    _Row("Beacon Charity", "Non-profit", Plan.TEAM, 10, _T, 109.5, 1),
    _Row("Helix Labs", "Research", Plan.BUSINESS, 26, _T, 94.8, -8),
    _Row("Cedar & Stone", "Architecture", Plan.TEAM, 13, _T, 73.4, 2),
    _Row("Metro Couriers", "Logistics", Plan.TEAM, 17, _T, 61.2, -3),
    _Row("Brightside Events", "Events", Plan.TEAM, 11, _CHURNED, 158.6, -5),
    _Row("Old Mill Brewery", "Food", Plan.STARTER, 8, _CHURNED, 124.3, 1),
    _Row("Palmetto Fitness", "Sports", Plan.TEAM, 14, _CHURNED, 93.9, -5),
    _Row("Tinker & Co", "Retail", Plan.STARTER, 6, _STALLED, 68.7, 0),
    _Row("Hillside Hotel", "Hotels", Plan.STARTER, 7, _STALLED, 44.1, -6),
    _Row("Windrose Sailing", "Sports", Plan.STARTER, 6, _STALLED, 30, 1, Brink.DEADLINE, 1200),
    _Row("Lumen Lighting", "Manufacturing", Plan.TEAM, 12, _S, 12.4, 1, Brink.ONBOARDED, 165),
    _Row("Baltic Timber", "Manufacturing", Plan.TEAM, 10, _S, 9.6, 2, Brink.ONBOARDED, 500),
    _Row("Peregrine Drones", "Software", Plan.STARTER, 9, _G, 3.3, -8, Brink.FIRST_VALUE, 105),
    _Row("Clementine Toys", "Retail", Plan.STARTER, 7, _S, 2.7, 9, Brink.FIRST_VALUE, 360),
)

_FIRST_WORDS: Final = (
    "Silver", "Northern", "Little", "Golden", "Crimson", "Quiet", "Summit", "Coastal", "Lucky", "Velvet",
    "Granary", "Electric", "Maple", "Paper", "Thistle", "Cobalt", "Rapid", "Sunday", "Violet", "Anchor",
    "Hazel", "Open", "Lantern", "Prairie", "Ember", "Opal", "Fern", "Atlas", "Winter", "Bramble",
)  # fmt: skip
_SECOND_WORDS: Final = (
    "Foods", "Systems", "Travel", "Design", "Dental", "Motors", "Books", "Studios", "Farms", "Clinics",
    "Freight", "Pharma", "Capital", "Schools", "Hotels", "Interiors", "Cycles", "Optics", "Ceramics",
)  # fmt: skip
_INDUSTRIES: Final = ("Retail", "Software", "Food", "Health care", "Manufacturing", "Media", "Education")
_MOST_NEWCOMERS: Final = len(_FIRST_WORDS) * len(_SECOND_WORDS)
_FIRST_NEWCOMER_MS: Final = 60 * SECOND_MS
_BETWEEN_NEWCOMERS_MS: Final = 5 * MINUTE_MS


def first_customers(opened_ms: int) -> tuple[Company, ...]:
    """Those who signed up in the months before the opening."""
    return tuple(_from_row(row, opened_ms) for row in _ROWS)


def newcomers(seed: int, opened_ms: int) -> Iterator[Company]:
    """Those who sign up afterwards, in order: every few minutes at first, then ever more slowly."""
    for number in count():
        signed_up_ms = opened_ms + _FIRST_NEWCOMER_MS + _BETWEEN_NEWCOMERS_MS * (12 * number + number**2) // 12
        if number == _MOST_NEWCOMERS:
            return
        yield _newcomer(seed, number, signed_up_ms)


def _from_row(row: _Row, opened_ms: int) -> Company:
    tips_ms = opened_ms + row.tips_after_seconds * SECOND_MS
    return Company(
        account_id=_account_id(row.name),
        name=row.name,
        industry=row.industry,
        plan=row.plan,
        seats=row.seats,
        temperament=row.temperament,
        signed_up_ms=tips_ms - round(row.days_ago * DAY_MS),
        zone_hours=row.zone_hours,
        brink=row.brink,
        tips_ms=tips_ms if row.brink else 0,
    )


def _newcomer(seed: int, number: int, signed_up_ms: int) -> Company:
    rng = Random(f"{seed}/newcomer/{number}")
    place = number * 211 % _MOST_NEWCOMERS  # 211 is prime to 30 * 19: each pair of words comes once
    name = f"{_FIRST_WORDS[place % len(_FIRST_WORDS)]} {_SECOND_WORDS[place // len(_FIRST_WORDS)]}"
    return Company(
        account_id=_account_id(name),
        name=name,
        industry=rng.choice(_INDUSTRIES),
        plan=rng.choice((Plan.STARTER, Plan.TEAM)),
        seats=rng.randint(6, 20),
        temperament=rng.choice((_G, _G, _S, _S, _SLOW, _STALLED)),
        signed_up_ms=signed_up_ms,
        zone_hours=rng.randint(-8, 10),
        is_newcomer=True,
    )


def _account_id(name: str) -> str:
    return name.lower().replace(" & ", "-").replace(" ", "-")
