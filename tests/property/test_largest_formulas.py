"""The largest formulas that are accepted are evaluated, and what they become stays within the store's limits."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.domain.arithmetic import Name, Node, Number, Operation, evaluate, parse, size, with_names
from milepost.domain.basis import LARGEST_FORMULA, MOST_AGGREGATES, Basis, Leaf
from milepost.domain.calendar import Calendar, Period
from milepost.domain.criterion import FieldType
from milepost.domain.crossing import Ask, Threshold
from milepost.domain.metric import Aggregation, CalendarPeriod, Metric, RollingDays, Window
from milepost.domain.milestone import Comparison
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.measure.aggregations import AGGREGATIONS
from milepost.measure.arithmetic_sql import computed
from milepost.measure.queries import MetricReader
from milepost.measure.statements import LeafSql, crossings, steps_sql
from milepost.measure.windows import window_sql
from milepost.store.client import LIMITS

FIELD = SignalField(name="amount", path=("amount",), type=FieldType.NUMBER)
SIGNAL = Signal(
    id=UUID(int=0xB16),
    revision=1,
    slots={"amount": "n1"},
    name="order placed",
    connection_id=UUID(int=2),
    event_key="order",
    fields=(FIELD,),
    company=CompanyMapping(field="amount"),
)


def grown(join: Callable[[Node, Node], Node], leaves: int) -> Node:
    """As many operations as a formula may have, each inside the next."""
    node: Node = Name("0")
    for place in range((LARGEST_FORMULA - 1) // 2):
        node = join(node, Name(str((place + 1) % leaves)))
    assert size(node) in (LARGEST_FORMULA, LARGEST_FORMULA - 1)
    return node


SHAPES: dict[str, Callable[[Node, Node], Node]] = {
    "from the left": lambda deep, leaf: Operation("+", deep, leaf),
    "from the right": lambda deep, leaf: Operation("-", leaf, deep),
    "divisions": lambda deep, leaf: Operation("/", leaf, deep),
}


def basis(node: Node, leaves: int, aggregation: Aggregation, window: Callable[[int], Window]) -> Basis:
    field = "amount" if aggregation.takes_field else None
    made = tuple(
        Leaf(
            metric=Metric(
                id=UUID(int=place + 1),
                name="m",
                signal_id=SIGNAL.id,
                aggregation=aggregation,
                field=field,
                window=window(place),
            ),
            signal=SIGNAL,
        )
        for place in range(leaves)
    )
    return Basis(arithmetic=node, leaves=made, calendar=Calendar())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_deepest_formula_is_evaluated(chdb_client: Client, shape: str) -> None:
    deep = basis(grown(SHAPES[shape], 1), 1, Aggregation.COUNT, lambda place: RollingDays(days=place + 1))
    reader, asks = MetricReader(chdb_client), [Ask(UUID(int=1))]
    holds = deep.empty is not None and deep.empty >= 0
    found = reader.crossings(deep, Threshold(Comparison.AT_LEAST, 0.0), asks)
    assert [bool(some) for some in found] == [holds]
    assert reader.values(deep, 0, [UUID(int=1)]) == {UUID(int=1): deep.empty}


def test_the_widest_formula_of_the_longest_aggregate_is_evaluated(chdb_client: Client) -> None:
    wide = basis(
        grown(SHAPES["from the left"], MOST_AGGREGATES),
        MOST_AGGREGATES,
        Aggregation.MAXIMUM,
        lambda place: RollingDays(days=3660 - place),
    )
    found = MetricReader(chdb_client).crossings(wide, Threshold(Comparison.AT_LEAST, 0.0), [Ask(UUID(int=1))])
    assert found == [[]]


@pytest.mark.parametrize("aggregation", Aggregation)
def test_a_statement_is_within_a_third_of_what_the_store_takes(aggregation: Aggregation) -> None:
    for window in (RollingDays(days=3660), CalendarPeriod(period=Period.DAY)):
        leaf = LeafSql(AGGREGATIONS[aggregation], window_sql(window), "n16" if aggregation.takes_field else None)
        sql = steps_sql(
            [leaf] * MOST_AGGREGATES, grown(SHAPES["divisions"], MOST_AGGREGATES), crossings(Comparison.AT_LEAST)
        )
        assert len(sql.encode()) < LIMITS["max_query_size"] / 3


nodes = st.recursive(
    st.one_of(st.sampled_from(["0", "1"]).map(Name), st.floats(0, 9).map(lambda number: Number(round(number, 2)))),
    lambda inside: st.builds(Operation, st.sampled_from("+-*/"), inside, inside),
    max_leaves=60,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(node=nodes, chain=st.integers(0, 120), sign=st.sampled_from("+-*/"), left=st.sampled_from([None, 0.0, 2.5]))
def test_layers_of_columns_compute_what_python_does(
    chdb_client: Client, node: Node, chain: int, sign: str, left: float | None
) -> None:
    for place in range(chain):
        other = Number(float(place % 7 + 1))
        node = Operation(sign, node, other) if place % 3 else Operation(sign, other, node)
    values = {"0": left, "1": 1.5}
    known = "SELECT 1 AS ask, 2 AS at, {a:Nullable(Float64)} AS leaf_0, {b:Nullable(Float64)} AS leaf_1"
    sql = f"SELECT if(isFinite(computed * 1e6), round(computed, 6), NULL) FROM ({computed(node, known)})"
    ((found,),) = chdb_client.query(sql, parameters={"a": left, "b": 1.5}).result_rows
    expected = evaluate(node, values)
    assert (found is None) is (expected is None)
    if found is not None and expected is not None:
        assert abs(found - expected) <= max(1.5e-6, abs(expected) * 1e-12)


def test_a_formula_of_many_signs_is_read() -> None:
    text = "x" + "+1" * 249
    assert size(with_names(parse(text), {"x": Name("0")})) == 499
