"""The SQL of metrics, letter by letter: a change of meaning or of cost shows here. Golden texts are in golden/."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest

from milepost.domain.metric import Aggregation, AllTime, RollingDays, Window
from milepost.domain.milestone import Comparison
from milepost.measure.aggregations import AGGREGATIONS
from milepost.measure.statements import SERIES, crossings, first_crossing, steps_sql, values_sql
from milepost.measure.windows import window_sql

GOLDEN = Path(__file__).parent / "golden"
COLUMNS = {Aggregation.COUNT: None, Aggregation.SUM: "n3", Aggregation.DISTINCT: "t1"}
WINDOWS: dict[str, Window] = {"all_time": AllTime(), "rolling": RollingDays(days=30)}


def matches_golden(name: str, sql: str) -> bool:
    """MILEPOST_WRITE_GOLDEN=1 writes the texts anew, to be read in the diff."""
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("MILEPOST_WRITE_GOLDEN"):
        path.write_text(sql + "\n")
    return path.read_text() == sql + "\n"


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("aggregation", Aggregation)
def test_a_value_is_one_plain_aggregate(aggregation: Aggregation, window: str) -> None:
    sql = values_sql(AGGREGATIONS[aggregation], window_sql(WINDOWS[window]), COLUMNS[aggregation], of_all=True)
    assert matches_golden(f"value_{aggregation}_{window}", sql)


def test_a_value_of_now_may_be_asked_without_a_look_at_dates() -> None:
    sql = values_sql(AGGREGATIONS[Aggregation.COUNT], window_sql(AllTime()), None, of_all=True, is_open=True)
    assert "event_date" not in sql


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("aggregation", Aggregation)
def test_crossings_add_up_changes(aggregation: Aggregation, window: str) -> None:
    question = first_crossing(Comparison.AT_LEAST)
    sql = steps_sql(AGGREGATIONS[aggregation], window_sql(WINDOWS[window]), COLUMNS[aggregation], question)
    assert matches_golden(f"first_crossing_{aggregation}_{window}", sql)


@pytest.mark.parametrize(
    ("name", "question"), [("series", SERIES), ("crossings", crossings(Comparison.LESS_THAN))], ids=str
)
def test_other_questions_are_put_to_the_same_steps(name: str, question: str) -> None:
    sql = steps_sql(AGGREGATIONS[Aggregation.COUNT], window_sql(AllTime()), None, question)
    assert matches_golden(name, sql)


def test_nothing_a_person_wrote_is_part_of_the_text() -> None:
    window = window_sql(RollingDays(days=3659))
    assert str(3659 * 86_400_000) not in f"{window.begun} {window.lapse}"
    assert window.parameters == {"span_ms": 3659 * 86_400_000}
    assert str(UUID(int=7)) not in values_sql(AGGREGATIONS[Aggregation.COUNT], window, None, of_all=False)
