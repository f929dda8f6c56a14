"""Metrics in the real store against a recount in plain Python, over emissions that tie, repeat and come late."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.domain.criterion import FieldType
from milepost.domain.crossing import BEGINNING_MS, Ask, Crossing, Threshold
from milepost.domain.event import Emissions
from milepost.domain.metric import Aggregation, AllTime, MetricDraft, RollingDays
from milepost.domain.milestone import Comparison
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.measure.queries import MetricReader
from milepost.measure.windows import DAY_MS
from milepost.store.signals import insert_signals

SIGNAL = Signal(
    id=UUID(int=0x1EC0),
    revision=1,
    slots={"amount": "n1", "user": "t1"},
    name="order placed",
    connection_id=UUID(int=2),
    event_key="order",
    fields=(
        SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),
        SignalField(name="user", path=("user",), type=FieldType.TEXT),
    ),
    company=CompanyMapping(field="user"),
)
COMPANIES = tuple(UUID(int=100 + index) for index in range(3))
EPOCH_MS = 870_000_000_000

Emission = tuple[UUID, int, float | None, str | None]

instants = st.one_of(
    st.integers(0, 12).map(lambda day: EPOCH_MS + day * DAY_MS),
    st.integers(0, 12 * DAY_MS).map(lambda offset: EPOCH_MS + offset),
)
amounts = st.one_of(
    st.none(),
    st.integers(-5000, 5000).map(lambda cents: cents / 100),
    st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.3, 1e6, 123456.789]),
)
texts = st.sampled_from([None, "", "a", "A", "b", "ß", "a "])
emissions = st.lists(st.tuples(st.sampled_from(COMPANIES), instants, amounts, texts), max_size=30)
windows = st.one_of(st.just(AllTime()), st.sampled_from([1, 2, 5]).map(lambda days: RollingDays(days=days)))
measures = st.sampled_from(
    [
        (Aggregation.COUNT, None),
        (Aggregation.SUM, "amount"),
        (Aggregation.DISTINCT, "amount"),
        (Aggregation.DISTINCT, "user"),
    ]
)
metrics = st.builds(
    lambda measure, window: MetricDraft(
        name="metric", signal_id=SIGNAL.id, aggregation=measure[0], field=measure[1], window=window
    ),
    measures,
    windows,
)
thresholds = st.builds(
    Threshold,
    st.sampled_from(Comparison),
    st.one_of(st.integers(-2, 6).map(float), st.sampled_from([0.3, 0.6, 100.5, -10.0])),
)
asks = st.lists(
    st.builds(Ask, st.sampled_from(COMPANIES), st.one_of(st.just(BEGINNING_MS), instants)), min_size=1, max_size=6
)


class Store:
    """One signal in the shared store, whose emissions each example replaces."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.reader = MetricReader(client)
        self.generation = 0

    def hold(self, rows: list[Emission]) -> Signal:
        """These are all the emissions there are; those of earlier examples are of a generation gone by."""
        self.generation += 1
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        emitted = Emissions(
            signal_id=SIGNAL.id,
            generation=self.generation,
            revision=1,
            company_ids=[company.bytes for company in columns[0]],
            request_ids=[bytes(16)] * len(rows),
            items=list(range(len(rows))),
            event_date_ms=columns[1],
            numbers={"n1": columns[2]},
            texts={"t1": columns[3]},
        )
        insert_signals(self.client, self.generation, f"recount-{self.generation}", [emitted])
        return SIGNAL.model_copy(update={"generation": self.generation})


@pytest.fixture(scope="module")
def store(chdb_client: Client) -> Iterator[Store]:
    yield Store(chdb_client)
    chdb_client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": SIGNAL.id})


def recount(metric: MetricDraft, rows: list[Emission], company: UUID, at_ms: int) -> float:
    """The metric's meaning (docs/reference/metrics.md), as simply as it can be said."""
    after = at_ms - metric.window.days * DAY_MS if isinstance(metric.window, RollingDays) else BEGINNING_MS
    inside = [row for row in rows if row[0] == company and after < row[1] <= at_ms]
    if metric.aggregation is Aggregation.COUNT:
        return len(inside)
    given_values = [value for row in inside if (value := row[2] if metric.field == "amount" else row[3]) is not None]
    if metric.aggregation is Aggregation.DISTINCT:
        return len(set(given_values))
    return float(round(sum(Fraction(str(value)) for value in given_values), 6))


def instants_of_change(metric: MetricDraft, rows: list[Emission], company: UUID, since_ms: int) -> list[int]:
    entries = {row[1] for row in rows if row[0] == company}
    span = metric.window.days * DAY_MS if isinstance(metric.window, RollingDays) else 0
    return sorted({since_ms} | {at for entry in entries for at in (entry, entry + span) if at > since_ms})


def crossings_by_hand(metric: MetricDraft, rows: list[Emission], threshold: Threshold, ask: Ask) -> list[Crossing]:
    found: list[Crossing] = []
    held = False
    for at_ms in instants_of_change(metric, rows, ask.company_id, ask.since_ms):
        value = recount(metric, rows, ask.company_id, at_ms)
        if threshold.holds(value) != held:
            held = not held
            found.append(Crossing(at_ms, value, held))
    return found


thorough = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@thorough
@given(metric=metrics, rows=emissions, at_ms=instants)
def test_a_value_at_an_instant_is_what_a_recount_gives(
    store: Store, metric: MetricDraft, rows: list[Emission], at_ms: int
) -> None:
    expected = {company: recount(metric, rows, company, at_ms) for company in COMPANIES}
    signal = store.hold(rows)
    assert store.reader.values(metric, signal, at_ms, COMPANIES) == expected
    of_all = store.reader.values(metric, signal, at_ms)
    assert expected == dict.fromkeys(COMPANIES, 0.0) | of_all


@thorough
@given(metric=metrics, rows=emissions, ends=st.lists(instants, min_size=1, max_size=6, unique=True).map(sorted))
def test_a_series_is_the_value_at_each_of_its_instants(
    store: Store, metric: MetricDraft, rows: list[Emission], ends: list[int]
) -> None:
    assert store.reader.series(metric, store.hold(rows), ends, COMPANIES) == {
        company: [recount(metric, rows, company, end) for end in ends] for company in COMPANIES
    }


@thorough
@given(metric=metrics, rows=emissions, threshold=thresholds, some=asks)
def test_crossings_are_where_a_recount_crosses(
    store: Store, metric: MetricDraft, rows: list[Emission], threshold: Threshold, some: list[Ask]
) -> None:
    signal = store.hold(rows)
    expected = [crossings_by_hand(metric, rows, threshold, ask) for ask in some]
    assert store.reader.crossings(metric, signal, threshold, some) == expected
    assert store.reader.first_crossings(metric, signal, threshold, some) == [
        next(iter(all_), None) for all_ in expected
    ]


@thorough
@given(metric=metrics, rows=emissions, order=st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_changes_no_value(
    store: Store, metric: MetricDraft, rows: list[Emission], order: Random
) -> None:
    threshold = Threshold(Comparison.AT_LEAST, 0.3)
    before = store.reader.crossings(metric, store.hold(rows), threshold, [Ask(company) for company in COMPANIES])
    order.shuffle(rows)
    assert before == store.reader.crossings(
        metric, store.hold(rows), threshold, [Ask(company) for company in COMPANIES]
    )
