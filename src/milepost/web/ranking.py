"""Companies in the order of their names or values, and what their values are compared with. Pure.

A cursor holds an instant and where the last company shown stood: by its key, which tells what comes after it wherever
that company stands by now, or whether it is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


class Key(NamedTuple):
    """What a company stands by: its value (None comes last), then its folded name, then its id.

    Sorted by name, all have the value None.
    """

    value: float | None
    name: str
    company_id: UUID


class Place(NamedTuple):
    """Where a page begins: after what stands by this key, in the list as of this instant."""

    at_ms: int
    after: Key


def ranked(names: Mapping[UUID, str], values: Mapping[UUID, float | None], sort: Sort, order: Order) -> list[Key]:
    """The companies in order; the same values are in the order of names, and the same names in that of ids."""
    by_value = sort is Sort.VALUE
    keys = [Key(values[company] if by_value else None, folded(name), company) for company, name in names.items()]
    return sorted(keys, key=_by(sort, order), reverse=_is_reversed(sort, order))


def page_after(
    keys: list[Key], place: Place | None, limit: int, sort: Sort, order: Order
) -> tuple[list[UUID], Key | None]:
    """The page's companies, and the key that the next page begins after, None on the last one."""
    if place is not None:
        by, after = _by(sort, order), _by(sort, order)(place.after)
        is_reversed = _is_reversed(sort, order)
        keys = [key for key in keys if (by(key) < after if is_reversed else by(key) > after)]
    page = keys[:limit]
    return [key.company_id for key in page], page[-1] if limit < len(keys) else None


def _by(sort: Sort, order: Order) -> Callable[[Key], tuple[bool, float, str, UUID]]:
    sign = -1 if sort is Sort.VALUE and order is Order.DESCENDING else 1
    return lambda key: (key.value is None, sign * (key.value or 0.0), key.name, key.company_id)


def _is_reversed(sort: Sort, order: Order) -> bool:
    """Names are read backwards as a whole; of values only the value, so that those without one come last."""
    return sort is Sort.NAME and order is Order.DESCENDING


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
