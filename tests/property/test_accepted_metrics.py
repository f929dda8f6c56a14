"""Every metric that the API accepts is evaluated over all it accepts, its bounds included: held to a plain recount.

The recount looks at every emission for every instant, in Python alone, and shares nothing with the statements.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from milepost.domain.basis import Basis, Leaf, basis_of
from milepost.domain.calendar import Calendar, Period, WeekStart
from milepost.domain.criterion import FieldType
from milepost.domain.crossing import BEGINNING_MS, Ask, Threshold
from milepost.domain.event import Emissions
from milepost.domain.metric import Aggregation, AllTime, CalendarPeriod, Metric, RollingDays
from milepost.domain.milestone import Comparison
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.measure.queries import MetricReader
from milepost.measure.windows import DAY_MS
from milepost.store.signals import insert_signals

LATEST_MS = 10_413_791_999_999
MOST_DAYS = 3660
COMPANY = UUID(int=0xC0)
SIGNAL = Signal(
    id=UUID(int=0xACCE),
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


class Emission(NamedTuple):
    """What one event emitted."""

    at_ms: int
    amount: float | None
    text: str | None


days = st.one_of(st.sampled_from([1, 2, 24, 25, 30, 365, 3659, 3660]), st.integers(1, 3660))
windows = st.one_of(
    st.just(AllTime()),
    days.map(lambda count: RollingDays(days=count)),
    st.sampled_from(Period).map(lambda period: CalendarPeriod(period=period)),
)
ZONES = [
    "UTC",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Monrovia",
    "Asia/Kathmandu",
    "Europe/Dublin",
    "America/Havana",
]
calendars = st.builds(Calendar, st.sampled_from(ZONES), st.sampled_from(WeekStart))
measures = st.sampled_from(
    [(one, "amount" if one.takes_field else None) for one in Aggregation] + [(Aggregation.DISTINCT, "user")]
)
metrics = st.builds(
    lambda measure, window: Metric(
        id=UUID(int=1), name="m", signal_id=SIGNAL.id, aggregation=measure[0], field=measure[1], window=window
    ),
    measures,
    windows,
)
amounts = st.one_of(
    st.none(), st.integers(-100, 100).map(float), st.sampled_from([0.5, -0.25, 1e15, -1e27, 1.7e308, -1.7e308, 5e-324])
)
targets = st.one_of(
    st.integers(-3, 3).map(float),
    st.sampled_from([0.5, -0.0, 25.0, 3659.0, 3659.5, 3660.0, 3661.0, 1e15, -1.7e308, 1.7e308, 5e-324]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Emission]:
    """Up to nine emissions that lie near one another, a window apart to the millisecond, or centuries."""
    at = draw(st.one_of(st.sampled_from([BEGINNING_MS, -1, 0, LATEST_MS]), st.integers(BEGINNING_MS, LATEST_MS)))
    found: list[Emission] = []
    for _ in range(draw(st.integers(0, 9))):
        found.append(Emission(at, draw(amounts), draw(st.sampled_from([None, "", "a", "A", "ß"]))))
        step = draw(st.one_of(days.map(lambda count: count * DAY_MS), st.integers(0, 40 * DAY_MS), st.just(0)))
        sign = draw(st.sampled_from([1, 1, -1]))
        at = min(max(at + sign * step + draw(st.sampled_from([-1, 0, 0, 1])), BEGINNING_MS), LATEST_MS)
    return found


def _local(calendar: Calendar, at_ms: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(calendar.time_zone))


def _period_of(calendar: Calendar, period: Period, at_ms: int) -> Any:
    """Which period an instant is in, by the date on the wall there."""
    day = _local(calendar, at_ms).date()
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            first = {WeekStart.MONDAY: 0, WeekStart.SATURDAY: 5, WeekStart.SUNDAY: 6}[calendar.week_start]
            return day.toordinal() - (day.weekday() - first) % 7
        case Period.MONTH:
            return day.year, day.month
        case Period.QUARTER:
            return day.year, (day.month - 1) // 3


def recount(metric: Metric, calendar: Calendar, rows: Sequence[Emission], at_ms: int) -> float | None:
    """The value at an instant, from scratch."""
    window = metric.window
    inside = [(row.at_ms, place, row) for place, row in enumerate(rows) if row.at_ms <= at_ms]
    if isinstance(window, RollingDays):
        inside = [one for one in inside if one[0] > at_ms - window.days * DAY_MS]
    elif isinstance(window, CalendarPeriod):
        now = _period_of(calendar, window.period, at_ms)
        inside = [one for one in inside if _period_of(calendar, window.period, one[0]) == now]
    inside.sort()
    if metric.aggregation is Aggregation.COUNT:
        return float(len(inside))
    if metric.aggregation is Aggregation.DAYS_SINCE_LAST:
        return float(min((at_ms - inside[-1][0]) // DAY_MS, MOST_DAYS)) if inside else None
    values = [row.amount if metric.field == "amount" else row.text for _, _, row in inside]
    return _aggregated(metric.aggregation, [value for value in values if value is not None])


def _aggregated(aggregation: Aggregation, values: list[Any]) -> float | None:
    if aggregation is Aggregation.DISTINCT:
        return float(len({value + 0.0 if isinstance(value, float) else value for value in values}))
    counted = [value for value in values if aggregation.takes_field and abs(value) < 1e28]
    match aggregation:
        case Aggregation.SUM:
            return round(math.fsum(counted), 6)
        case Aggregation.AVERAGE:
            return round(math.fsum(counted) / len(counted), 6) if counted else None
    picks: dict[Aggregation, Callable[[list[Any]], float]] = {
        Aggregation.MINIMUM: min,
        Aggregation.MAXIMUM: max,
        Aggregation.FIRST: lambda some: some[0],
        Aggregation.LATEST: lambda some: some[-1],
    }
    return picks[aggregation](values) if values else None


def turns(metric: Metric, calendar: Calendar, rows: Sequence[Emission], targets_days: set[int]) -> set[int]:
    """Every instant at which the value may begin to compare otherwise."""
    found = {row.at_ms for row in rows}
    window = metric.window
    if isinstance(window, RollingDays):
        found |= {at + window.days * DAY_MS for at in found}
    elif isinstance(window, CalendarPeriod):
        found |= {calendar.end(at, window.period) for at in found}
    if metric.aggregation is Aggregation.DAYS_SINCE_LAST:
        found |= {at + age * DAY_MS for at in found for age in targets_days}
    return found


class Store:
    """One signal in the shared store, whose emissions each example replaces."""

    def __init__(self, client: Client) -> None:
        self.client, self.reader, self.generation = client, MetricReader(client), 0

    def hold(self, rows: Sequence[Emission], metric: Metric, calendar: Calendar) -> Basis:
        self.generation += 1
        emitted = Emissions(
            signal_id=SIGNAL.id,
            generation=self.generation,
            revision=1,
            company_ids=[COMPANY.bytes] * len(rows),
            request_ids=[(place // 3).to_bytes(16) for place in range(len(rows))],
            items=[place % 3 for place in range(len(rows))],
            event_date_ms=[row.at_ms for row in rows],
            numbers={"n1": [row.amount for row in rows]},
            texts={"t1": [row.text for row in rows]},
        )
        insert_signals(self.client, self.generation, f"accepted-{self.generation}", [emitted])
        basis = basis_of(metric, {}, {SIGNAL.id: SIGNAL}, calendar)
        signal = SIGNAL.model_copy(update={"generation": self.generation})
        leaves = tuple(Leaf(metric=leaf.metric, signal=signal) for leaf in basis.leaves)
        return Basis(arithmetic=basis.arithmetic, leaves=leaves, calendar=calendar)


@pytest.fixture(scope="module")
def store(chdb_client: Client) -> Iterator[Store]:
    yield Store(chdb_client)
    chdb_client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": SIGNAL.id})


def same(left: float | None, right: float | None) -> bool:
    """To six decimals, or to the last digits that a float of that size has."""
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-12, abs_tol=1.5e-6)


def close_to(target: float, value: float | None) -> bool:
    """Whether rounding alone may decide how they compare."""
    return value is not None and value != target and same(value, target)


LONG = Metric(
    id=UUID(int=1),
    name="m",
    signal_id=SIGNAL.id,
    aggregation=Aggregation.MAXIMUM,
    field="amount",
    window=RollingDays(days=3660),
)
DAILY = LONG.model_copy(update={"window": CalendarPeriod(period=Period.DAY)})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metric=metrics, calendar=calendars, rows=histories(), operator=st.sampled_from(Comparison), target=targets)
@example(
    metric=LONG,
    calendar=Calendar(),
    rows=[Emission(0, 5.0, None), Emission(3660 * DAY_MS, 1.0, None)],
    operator=Comparison.AT_LEAST,
    target=2.0,
)
@example(
    metric=DAILY,
    calendar=Calendar(),
    rows=[Emission(-DAY_MS - 1, 5.0, None)],
    operator=Comparison.AT_LEAST,
    target=2.0,
)
def test_values_series_and_crossings_are_what_a_recount_gives(
    *, store: Store, metric: Metric, calendar: Calendar, rows: list[Emission], operator: Comparison, target: float
) -> None:
    basis = store.hold(rows, metric, calendar)
    ages = {age for age in (math.floor(max(min(target, 4000.0), 0.0)) + step for step in (0, 1)) if age <= MOST_DAYS}
    points = sorted({BEGINNING_MS, *turns(metric, calendar, rows, ages)})
    values = {at: recount(metric, calendar, rows, at) for at in points}
    threshold = Threshold(operator, target)
    expected: list[tuple[int, float | None, bool]] = []
    for at in points:
        holds = threshold.holds(values[at])
        if holds != bool(expected and expected[-1][2]):
            expected.append((at, values[at], holds))
    (found,) = store.reader.crossings(basis, threshold, [Ask(COMPANY)])
    if not any(close_to(target, value) for value in values.values()):
        assert [(one.at_ms, one.holds) for one in found] == [(at, holds) for at, _, holds in expected]
        assert all(same(one.value, value) for one, (_, value, _) in zip(found, expected, strict=True))
    assert store.reader.first_crossings(basis, threshold, [Ask(COMPANY)]) == [next(iter(found), None)]

    ends = [at for at in points if at <= LATEST_MS][:12]
    series = store.reader.series(basis, ends, [COMPANY])[COMPANY]
    assert all(same(one, values[at]) for one, at in zip(series, ends, strict=True)), (series, ends)
    for at in {ends[0], ends[-1]}:
        assert same(store.reader.values(basis, at, [COMPANY]).get(COMPANY, basis.empty), values[at])
