"""A change of a metric is held to the bounds of all formulas that are made of it, however far, and names those."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from milepost.control.repos.bases import bases
from milepost.control.repos.metrics import create_metric, get_metric, update_metric
from milepost.control.session import Database
from milepost.domain.basis import LARGEST_FORMULA, LONGEST_CHAIN, MOST_AGGREGATES
from milepost.domain.errors import InvalidInputError
from milepost.domain.metric import Aggregation, FormulaDraft, MetricDraft
from milepost.testing.business import NOW_MS, add_business


class Shop(NamedTuple):
    """A session, and the signal that aggregates are of."""

    session: Session
    signal_id: UUID

    def aggregate(self, name: str = "m") -> MetricDraft:
        return MetricDraft(name=name, signal_id=self.signal_id, aggregation=Aggregation.COUNT)

    def counted(self) -> UUID:
        return create_metric(self.session, self.aggregate(), now_ms=NOW_MS).id

    def formula(self, name: str, text: str, **terms: UUID) -> UUID:
        return create_metric(self.session, draft(name, text, **terms), now_ms=NOW_MS).id

    def wide(self, name: str, aggregates: int) -> UUID:
        """A formula over so many aggregates, by way of formulas of up to ten."""
        counts = [self.counted() for _ in range(aggregates)]
        parts = [
            self.formula(f"{name} {first}", "+".join(terms), **terms)
            for first in range(0, aggregates, 10)
            for terms in ({f"t{place}": one for place, one in enumerate(counts[first : first + 10])},)
        ]
        terms = {f"t{place}": one for place, one in enumerate(parts)}
        return self.formula(name, "+".join(terms), **terms)

    def refusal(self, metric_id: UUID, change: MetricDraft | FormulaDraft) -> list[str]:
        """Why the change is not taken; the metric is as it was, and all others hold."""
        before = get_metric(self.session, metric_id)
        with pytest.raises(InvalidInputError) as refused:
            update_metric(self.session, metric_id, change)
        assert get_metric(self.session, metric_id) == before
        return [fault.reason for fault in refused.value.faults]


def draft(name: str, text: str, **terms: UUID) -> FormulaDraft:
    return FormulaDraft(name=name, formula=text, terms=terms)


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    with database.write() as session:
        yield Shop(session, add_business(session).signal.id)


def test_a_formula_that_would_make_its_users_too_long_is_refused_and_names_each(shop: Shop) -> None:
    inner = shop.formula("Inner", "x", x=shop.counted())
    middle = shop.formula("Middle", "+".join(["i"] * 10), i=inner)
    shop.formula("Outer", "m * m", m=middle)
    shop.formula("Beside it", "i", i=inner)
    told = f"it has more than {LARGEST_FORMULA} parts, with the formulas that it is made of"
    of_outer = f"the formula 'Outer', which is made of this one, would not hold: {told}"
    count = shop.counted()
    assert shop.refusal(inner, draft("Inner", "x" + "+1" * 12, x=count)) == [of_outer]
    assert shop.refusal(inner, draft("Inner", "x" + "+1" * 25, x=count)) == [
        of_outer.replace("Outer", "Middle"),
        of_outer,
    ]
    update_metric(shop.session, inner, draft("Inner", "x" + "+1" * 11, x=count))
    assert {inner, middle} <= bases(shop.session).keys()


def test_a_formula_that_would_bring_its_users_too_many_aggregates_is_refused(shop: Shop) -> None:
    inner = shop.formula("Inner", "x", x=shop.counted())
    shop.formula("Outer", "w + i", w=shop.wide("Wide", MOST_AGGREGATES - 1), i=inner)
    terms = {"a": shop.counted(), "b": shop.counted()}
    told = f"it comes down to more than {MOST_AGGREGATES} aggregates, with the formulas that it is made of"
    expected = [f"the formula 'Outer', which is made of this one, would not hold: {told}"]
    assert shop.refusal(inner, draft("Inner", "a + b", **terms)) == expected
    update_metric(shop.session, inner, draft("Inner", "a", a=terms["a"]))


def test_an_aggregate_in_the_place_of_a_formula_is_held_to_the_same_bounds(shop: Shop) -> None:
    wide = shop.wide("Wide", MOST_AGGREGATES)
    first = next(leaf.metric for leaf in bases(shop.session)[wide].leaves)
    inner = shop.formula("Inner", "x", x=getattr(first, "id"))  # noqa: B009  # a draft has none
    outer = shop.formula("Outer", "w + i", w=wide, i=inner)
    (reason,) = shop.refusal(inner, shop.aggregate("Inner"))
    assert reason.startswith("the formula 'Outer', which is made of this one, would not hold: it comes down to more")
    assert outer in bases(shop.session)


def test_a_formula_that_would_put_its_users_too_deep_is_refused(shop: Shop) -> None:
    bottom = below = shop.formula("0", "x", x=shop.counted())
    for level in range(1, LONGEST_CHAIN):
        below = shop.formula(str(level), "x", x=below)
    (reason,) = shop.refusal(bottom, draft("0", "x", x=shop.formula("new", "x", x=shop.counted())))
    told = f"it is made of formulas of formulas, more than {LONGEST_CHAIN} deep"
    assert reason == f"the formula '{LONGEST_CHAIN - 1}', which is made of this one, would not hold: {told}"
    with pytest.raises(InvalidInputError, match="formulas of formulas"):
        shop.formula("one more", "x", x=shop.formula(str(LONGEST_CHAIN), "x", x=below))
