"""The SQL of metrics, letter by letter: a change of meaning or of cost shows here. Golden texts are in golden/."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from milepost.domain.arithmetic import Name, Number, Operation, parse, with_names
from milepost.domain.calendar import Period
from milepost.domain.metric import Aggregation, AllTime, CalendarPeriod, RollingDays, Window
from milepost.domain.milestone import Comparison
from milepost.measure.aggregations import AGGREGATIONS
from milepost.measure.statements import (
    SERIES,
    LeafSql,
    crossings,
    first_crossing,
    groups_sql,
    steps_sql,
    values_sql,
)
from milepost.measure.windows import window_sql

GOLDEN = Path(__file__).parent / "golden"
WINDOWS: dict[str, Window] = {
    "all time": AllTime(),
    "rolling days": RollingDays(days=30),
    "calendar": CalendarPeriod(period=Period.WEEK),
}
COUNT = AGGREGATIONS[Aggregation.COUNT]


def column(aggregation: Aggregation) -> str | None:
    return ("t1" if aggregation is Aggregation.DISTINCT else "n3") if aggregation.takes_field else None


def matches_golden(name: str, statements: dict[str, str]) -> bool:
    """MILEPOST_WRITE_GOLDEN=1 writes the texts anew, to be read in the diff."""
    text = "\n".join(f"-- {title}\n{sql}\n" for title, sql in statements.items())
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("MILEPOST_WRITE_GOLDEN"):
        path.write_text(text)
    return path.read_text() == text


def test_a_value_is_one_plain_aggregate() -> None:
    assert matches_golden(
        "values",
        {
            one.value: values_sql(AGGREGATIONS[one], column(one), has_beginning=False, of_all=True)
            for one in Aggregation
        },
    )


def test_a_value_looks_at_dates_and_companies_only_where_it_must() -> None:
    assert matches_golden(
        "value_conditions",
        {
            "a window that begins, for some companies": values_sql(COUNT, None, has_beginning=True, of_all=False),
            "of now, where nothing is later": values_sql(COUNT, None, has_beginning=False, of_all=True, is_open=True),
            "by the values of a field": groups_sql(COUNT, None, "t1", has_beginning=False, of_all=False),
        },
    )


@pytest.mark.parametrize("aggregation", Aggregation)
def test_steps_are_where_emissions_enter_and_lapse(aggregation: Aggregation) -> None:
    steps = {title: AGGREGATIONS[aggregation].steps(window_sql(window)) for title, window in WINDOWS.items()}
    assert matches_golden(f"steps_{aggregation}", steps)


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("first_crossing", first_crossing(Comparison.AT_LEAST)),
        ("series", SERIES),
        ("crossings", crossings(Comparison.LESS_THAN)),
    ],
    ids=str,
)
def test_questions_are_put_to_the_steps(name: str, question: str) -> None:
    latest = LeafSql(AGGREGATIONS[Aggregation.LATEST], window_sql(AllTime()), "n3")
    assert matches_golden(name, {"of the latest": steps_sql([latest], Name("0"), question)})


def test_a_formula_steps_wherever_one_of_its_leaves_does() -> None:
    leaves = [
        LeafSql(COUNT, window_sql(RollingDays(days=7)), None),
        LeafSql(AGGREGATIONS[Aggregation.SUM], window_sql(AllTime()), "n3"),
    ]
    share = with_names(parse("-a / (b - 1.5e3) / b"), {"a": Name("0"), "b": Name("1")})
    assert matches_golden("formula", {"-a / (b - 1.5e3) / b": steps_sql(leaves, share, SERIES)})


def test_a_formula_of_divisions_does_not_repeat_its_parts() -> None:
    nested = Name("0")
    deep: Name | Operation = nested
    for _ in range(100):
        deep = Operation("/", Number(1.0), deep)
    leaf = LeafSql(COUNT, window_sql(AllTime()), None)
    assert len(steps_sql([leaf], deep, SERIES)) < 10_000


@pytest.mark.parametrize("window", [RollingDays(days=3659), CalendarPeriod(period=Period.QUARTER)], ids=str)
def test_nothing_a_person_wrote_is_part_of_the_text(window: Window) -> None:
    text = str(window_sql(window))
    assert "3659" not in text
    assert str(3659 * 86_400_000) not in text
    assert "quarter" not in text
