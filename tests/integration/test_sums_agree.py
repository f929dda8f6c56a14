"""A sum has one value: at an instant, over time, and where it crosses, also of numbers too small to be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.basis import Basis, basis_of
from milepost.domain.calendar import Calendar
from milepost.domain.criterion import FieldType
from milepost.domain.crossing import BEGINNING_MS, Ask, Threshold
from milepost.domain.event import Emissions
from milepost.domain.metric import Aggregation, AllTime, Metric, RollingDays, Window
from milepost.domain.milestone import Comparison
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.measure.queries import MetricReader
from milepost.store.signals import insert_signals

AT_MS = 1_761_177_600_000
GENERATIONS = count(1)
COMPANY = UUID(int=0xAC)
SIGNAL = Signal(
    id=UUID(int=0x5003),
    revision=1,
    slots={"amount": "n1"},
    name="dust",
    connection_id=UUID(int=2),
    event_key="dust",
    fields=(SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),),
    company=CompanyMapping(field="amount"),
)


@pytest.fixture
def client(chdb_client: Client) -> Iterator[Client]:
    yield chdb_client
    chdb_client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": SIGNAL.id})


def emit(client: Client, generation: int, amounts: Sequence[float]) -> None:
    """One row each, all at once; no batch is written twice, so each has a generation of its own."""
    rows = len(amounts)
    emitted = Emissions(
        signal_id=SIGNAL.id,
        generation=generation,
        revision=1,
        company_ids=[COMPANY.bytes] * rows,
        request_ids=[place.to_bytes(16) for place in range(rows)],
        items=[0] * rows,
        event_date_ms=[AT_MS] * rows,
        numbers={"n1": amounts},
        texts={},
    )
    insert_signals(client, generation, f"dust-{generation}", [emitted])


def basis(aggregation: Aggregation, window: Window, generation: int) -> Basis:
    metric = Metric(
        id=UUID(int=1), name="m", signal_id=SIGNAL.id, aggregation=aggregation, field="amount", window=window
    )
    return basis_of(metric, {}, {SIGNAL.id: SIGNAL.model_copy(update={"generation": generation})}, Calendar())


@pytest.mark.parametrize("window", [AllTime(), RollingDays(days=2)], ids=["all time", "rolling"])
@pytest.mark.parametrize(
    ("aggregation", "amounts", "expected"),
    [
        pytest.param(Aggregation.SUM, [4e-10] * 3000, 0.000001, id="dust adds up"),
        pytest.param(Aggregation.SUM, [1e-13] * 30_000, 0.0, id="and comes to nothing"),
        pytest.param(Aggregation.SUM, [99.99] * 30_000, 2_999_700.0, id="prices"),
        pytest.param(Aggregation.SUM, [123456.789, -123456.788, 0.1, 0.2], 0.301, id="large ones that cancel"),
        pytest.param(Aggregation.SUM, [9e27, 9e27, 1e28], 1.8e28, id="the largest that count"),
        pytest.param(Aggregation.AVERAGE, [4e-10, 0.0000014], 0.000001, id="an average of dust"),
        pytest.param(Aggregation.AVERAGE, [0.1, 0.2, 0.3], 0.2, id="an average"),
    ],
)
def test_a_sum_is_the_same_at_an_instant_over_time_and_where_it_crosses(
    *, client: Client, window: Window, aggregation: Aggregation, amounts: list[float], expected: float
) -> None:
    generation = next(GENERATIONS)
    emit(client, generation, amounts)
    reader, asked = MetricReader(client), basis(aggregation, window, generation)
    assert reader.values(asked, AT_MS, [COMPANY]) == {COMPANY: expected}
    assert reader.series(asked, [AT_MS], [COMPANY]) == {COMPANY: [expected]}
    (crossings,) = reader.crossings(asked, Threshold(Comparison.EQUALS, expected), [Ask(COMPANY, BEGINNING_MS)])
    assert any(one.holds and one.value == expected for one in crossings)
