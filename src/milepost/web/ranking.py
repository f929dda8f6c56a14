"""Companies in the order of their names or values, and what their values are compared with. Pure.

A cursor holds an instant and the last company shown, so that a list keeps its order while one pages through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from milepost.domain.basis import Basis
from milepost.domain.company import folded
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.metric import NumberFormat
from milepost.measure.windows import DAY_MS, before


class Sort(StrEnum):
    """What companies are sorted by; those without a value come last."""

    NAME = "name"
    VALUE = "value"


class Order(StrEnum):
    """Which comes first: the smallest, or the largest."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class Compared(StrEnum):
    """What a value is compared with: its own window before, or the same instant so much earlier."""

    PREVIOUS = "previous"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS: Final = {Compared.MONTH: 1, Compared.QUARTER: 3, Compared.YEAR: 12}


class CompanyValue(BaseModel):
    """A metric's value for one company; `shown` is the value as a person reads it.

    `previous` is the value at the instant of comparison, `change` what was added since; None where not known.
    """

    company_id: UUID
    company_name: str
    value: float | None
    shown: str | None
    previous: float | None = None
    change: float | None = None


class Place(NamedTuple):
    """Where a page begins: after this company, in the list as of this instant."""

    at_ms: int
    after: UUID


def ranked(names: Mapping[UUID, str], values: Mapping[UUID, float | None], sort: Sort, order: Order) -> list[UUID]:
    """The companies in order; the same values are in the order of names, and the same names in that of ids."""
    if sort is Sort.NAME:
        return sorted(names, key=lambda company: (folded(names[company]), company), reverse=order is Order.DESCENDING)
    sign = -1 if order is Order.DESCENDING else 1

    def key(company: UUID) -> tuple[bool, float, str, UUID]:
        value = values[company]
        return value is None, sign * (value or 0.0), folded(names[company]), company

    return sorted(names, key=key)


def page_after(companies: list[UUID], place: Place | None, limit: int) -> tuple[list[UUID], UUID | None]:
    """The page's companies, and the one that the next page begins after, None on the last one."""
    first = 0
    if place is not None:
        if place.after not in companies:
            fault = Fault(path="cursor", reason="the company where the page began is gone; begin anew")
            raise InvalidInputError("The cursor is no longer valid.", faults=(fault,))
        first = companies.index(place.after) + 1
    page = companies[first : first + limit]
    return page, page[-1] if first + limit < len(companies) else None


def compared_ms(basis: Basis, as_of_ms: int, compared: Compared) -> int:
    """The instant to compare with; InvalidInputError where the windows do not say which one that is."""
    if compared in _MONTHS:
        return basis.calendar.months_later(as_of_ms, -_MONTHS[compared])
    if compared is Compared.WEEK:
        return basis.calendar.days_later(as_of_ms, -7)
    if compared is Compared.DAY:
        return as_of_ms - DAY_MS
    instants = {before(leaf.metric.window, as_of_ms, basis.calendar) for leaf in basis.leaves}
    found = [instant for instant in instants if instant is not None]
    if len(found) != 1:
        reason = "the metric has no one window that says what came before; say day, week, month, quarter or year"
        raise InvalidInputError("The comparison is not clear.", faults=(Fault(path="compare", reason=reason),))
    return found[0]


def difference(earlier: float | None, later: float | None) -> float | None:
    """How much was added, to six decimals; None where either is not known."""
    return None if earlier is None or later is None else round(later - earlier, 6)


def company_values(
    basis: Basis,
    shown_as: tuple[NumberFormat, str],
    names: Mapping[UUID, str],
    values: Mapping[UUID, float | None],
    previous: Mapping[UUID, float | None],
) -> list[CompanyValue]:
    """A line for each of the companies, in the order of the names; `shown_as` is a format and a unit."""
    number_format, unit = shown_as
    lines = []
    for company_id, name in names.items():
        value, earlier = values[company_id], previous.get(company_id)
        lines.append(
            CompanyValue(
                company_id=company_id,
                company_name=name,
                value=value,
                shown=None if value is None else number_format.show(value, unit, basis.calendar),
                previous=earlier,
                change=difference(earlier, value),
            )
        )
    return lines
