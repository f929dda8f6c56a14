"""What metrics rest on: formulas come down to aggregates, and do not go in circles."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import ValidationError

from milepost.domain.basis import Basis, basis_of
from milepost.domain.calendar import Calendar, Period
from milepost.domain.criterion import FieldType
from milepost.domain.errors import InvalidInputError
from milepost.domain.metric import Aggregation, AllTime, CalendarPeriod, Formula, Metric, NumberFormat, Window
from milepost.domain.signal import CompanyMapping, Signal, SignalField

SIGNAL = Signal(
    id=UUID(int=1),
    revision=1,
    slots={"seats": "n1", "user": "t1"},
    name="s",
    connection_id=UUID(int=2),
    event_key="e",
    fields=(SignalField(name="seats", path=("seats",), type=FieldType.NUMBER),),
    company=CompanyMapping(field="user"),
)


def aggregate(number: int, aggregation: Aggregation, window: Window = AllTime(), unit: str = "") -> Metric:  # noqa: B008  # a frozen value
    field = "seats" if aggregation.takes_field else None
    return Metric(
        id=UUID(int=number),
        name="m",
        signal_id=SIGNAL.id,
        aggregation=aggregation,
        field=field,
        window=window,
        unit=unit,
    )


def formula(number: int, text: str, **terms: int) -> Formula:
    return Formula(
        id=UUID(int=number), name="f", formula=text, terms={name: UUID(int=term) for name, term in terms.items()}
    )


def rest(metric: Metric | Formula, *others: Metric | Formula) -> Basis:
    metrics = {one.id: one for one in (metric, *others)}
    return basis_of(metric, metrics, {SIGNAL.id: SIGNAL}, Calendar())


COUNT, LATEST = aggregate(10, Aggregation.COUNT), aggregate(11, Aggregation.LATEST)


def test_a_formula_of_formulas_comes_down_to_aggregates() -> None:
    basis = rest(formula(20, "100 * share", share=21), formula(21, "n / seats", n=10, seats=11), COUNT, LATEST)
    assert [leaf.metric for leaf in basis.leaves] == [COUNT, LATEST]
    assert basis.value_of([3.0, 4.0]) == 75
    assert basis.value_of([3.0, 0.0]) is None
    assert basis.signal_ids == {SIGNAL.id}


@pytest.mark.parametrize(
    ("text", "empty"),
    [("n", 0.0), ("n + 1", 1.0), ("seats", None), ("n / seats", None), ("1 / n", None)],
)
def test_without_emissions_a_formula_is_what_its_aggregates_make_it(text: str, empty: float | None) -> None:
    terms = {name: number for name, number in (("n", 10), ("seats", 11)) if name in text}
    assert rest(formula(20, text, **terms), COUNT, LATEST).empty == empty


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(formula(20, "x + 1", x=20), COUNT, id="itself"),
        pytest.param(formula(20, "x + 1", x=21), formula(21, "x - 1", x=20), id="through another"),
    ],
)
def test_a_formula_that_comes_back_to_itself_is_refused(first: Formula, second: Metric | Formula) -> None:
    with pytest.raises(InvalidInputError, match="comes back to itself"):
        rest(first, second)


def test_a_formula_that_grows_too_large_is_refused() -> None:
    sums = [formula(20 + level, "x" + " + x" * 20, x=19 + level) for level in range(4)]
    sums[0] = formula(20, "x + x", x=10)
    with pytest.raises(InvalidInputError, match="more than 500 parts"):
        rest(sums[-1], *sums[:-1], COUNT)


@pytest.mark.parametrize(("text", "terms", "reason"), [
    ("a / b", {"a": UUID(int=1)}, "speaks of b"),
    ("a", {"a": UUID(int=1), "b": UUID(int=2)}, "does not speak of its term b"),
    ("a +", {"a": UUID(int=1)}, "must stand before the end"),
])  # fmt: skip
def test_a_formula_speaks_of_its_terms_and_no_others(text: str, terms: dict[str, UUID], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Formula(id=UUID(int=9), name="f", formula=text, terms=terms)


def test_a_fingerprint_differs_only_where_the_numbers_may() -> None:
    plain = rest(COUNT).fingerprint
    assert plain == rest(aggregate(12, Aggregation.COUNT, unit="logins")).fingerprint
    assert plain != rest(aggregate(12, Aggregation.DAYS_SINCE_LAST)).fingerprint
    monthly = aggregate(12, Aggregation.COUNT, CalendarPeriod(period=Period.MONTH))
    in_utc, in_berlin = (
        basis_of(monthly, {}, {SIGNAL.id: SIGNAL}, Calendar(zone)).fingerprint for zone in ("UTC", "Europe/Berlin")
    )
    assert in_utc != in_berlin


@pytest.mark.parametrize(("number_format", "value", "unit", "text"), [
    (NumberFormat(), 1234.5, "EUR", "1,234.5 EUR"),
    (NumberFormat(), 3.0, "", "3"),
    (NumberFormat(), 100.0, "", "100"),
    (NumberFormat(decimals=2), 3.0, "h", "3.00 h"),
    (NumberFormat(style="percent", decimals=1), 2 / 3, "", "66.7 %"),
    (NumberFormat(style="date"), 1_774_738_800_000.0, "", "2026-03-29"),
])  # fmt: skip
def test_a_value_is_shown_as_its_format_says(number_format: NumberFormat, value: float, unit: str, text: str) -> None:
    assert number_format.show(value, unit, Calendar("Europe/Berlin")) == text
