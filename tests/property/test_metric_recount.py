"""Metrics in the real store against a recount by DuckDB, over emissions that tie, repeat, come late and lie ahead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import duckdb
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from milepost.domain.basis import Basis, Leaf, basis_of
from milepost.domain.calendar import Calendar, Period, WeekStart
from milepost.domain.criterion import FieldType
from milepost.domain.crossing import BEGINNING_MS, Ask, Crossing, Threshold
from milepost.domain.event import Emissions
from milepost.domain.identities import Identities
from milepost.domain.metric import Aggregation, AllTime, CalendarPeriod, Formula, Metric, RollingDays
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
FIRST_DAY_MS = 1_761_177_600_000
"""2025-10-23, Thursday: three days before clocks in Europe are set back, two weeks before those in America."""
AHEAD_MS = FIRST_DAY_MS + 30 * DAY_MS
"""Until where crossings are compared: beyond, only days since the last emission go on."""


class Emission(NamedTuple):
    """What one event emitted."""

    company: UUID
    at_ms: int
    amount: float | None
    text: str | None


class Case(NamedTuple):
    """A metric, and how DuckDB computes it from its leaves; None for an aggregate."""

    basis: Basis
    formula: str | None


instants = st.one_of(
    st.integers(0, 40).map(lambda half_days: FIRST_DAY_MS + half_days * DAY_MS // 2),
    st.integers(0, 20 * DAY_MS).map(lambda offset: FIRST_DAY_MS + offset),
)
amounts = st.one_of(
    st.none(),
    st.integers(-5000, 5000).map(lambda cents: cents / 100),
    st.sampled_from([0.0, -0.0, 4e-10, 0.1, 0.2, 0.3, 1e6, 123456.789]),
)
texts = st.sampled_from([None, "", "a", "A", "b", "ß", "a "])
emissions = st.lists(st.builds(Emission, st.sampled_from(COMPANIES), instants, amounts, texts), max_size=30)
windows = st.one_of(
    st.just(AllTime()),
    st.sampled_from([1, 2, 5]).map(lambda days: RollingDays(days=days)),
    st.sampled_from(Period).map(lambda period: CalendarPeriod(period=period)),
)
measures = st.sampled_from(
    [(one, "amount" if one.takes_field else None) for one in Aggregation] + [(Aggregation.DISTINCT, "user")]
)
calendars = st.builds(
    Calendar,
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]),
    st.sampled_from(WeekStart),
)
aggregates = st.builds(
    lambda measure, window: Metric(
        id=UUID(int=1), name="m", signal_id=SIGNAL.id, aggregation=measure[0], field=measure[1], window=window
    ),
    measures,
    windows,
)
FORMULAS = {
    "a / b": "a / nullif(b, 0)",
    "(a - b) * 2 + 0.5": "(a - b) * 2 + 0.5",
    "a / (b - 2) / b": "a / nullif(b - 2, 0) / nullif(b, 0)",
    "-a + 10 / 3": "10.0::DOUBLE / 3 - a",
    "a * a - b / (a + b)": "a * a - b / nullif(a + b, 0)",
}
"""Ours, and as DuckDB computes them."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    calendar, signals = draw(calendars), {SIGNAL.id: SIGNAL}
    one = draw(aggregates)
    formula = draw(st.one_of(st.none(), st.none(), st.sampled_from(list(FORMULAS))))
    if formula is None:
        return Case(basis_of(one, {}, signals, calendar), None)
    other = draw(aggregates).model_copy(update={"id": UUID(int=2)})
    names = {"a": UUID(int=1), "b": UUID(int=2)} if "b" in formula else {"a": UUID(int=1)}
    whole = Formula(id=UUID(int=3), name="f", formula=formula, terms=names)
    basis = basis_of(whole, {one.id: one, other.id: other}, signals, calendar)
    places = {"a": "leaf_0", "b": f"leaf_{len(basis.leaves) - 1}"}
    return Case(basis, re.sub(r"\b[ab]\b", lambda name: places[name[0]], FORMULAS[formula]))


@st.composite
def series_ends(draw: st.DrawFn) -> list[int]:
    calendar, first_ms = draw(calendars), draw(instants)
    last_ms = first_ms + draw(st.integers(0, 9)) * DAY_MS
    periods = calendar.periods(calendar.day(first_ms), calendar.day(last_ms), draw(st.sampled_from(Period)))
    return [end_ms - 1 for _, end_ms in periods]


thresholds = st.builds(
    Threshold,
    st.sampled_from(Comparison),
    st.one_of(st.integers(-2, 6).map(float), st.sampled_from([0.3, 0.6, 100.5, -10.0])),
)
asks = st.lists(
    st.builds(Ask, st.sampled_from(COMPANIES), st.one_of(st.just(BEGINNING_MS), instants)), min_size=1, max_size=4
)


class Store:
    """One signal in the shared store, whose emissions each example replaces."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.identities = Identities()
        self.reader = MetricReader(client, lambda: self.identities)
        self.generation = 0

    def hold(self, rows: Sequence[Emission], case: Case) -> Basis:
        """These are all the emissions there are, received one by one; those of earlier examples are of the past."""
        self.generation += 1
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [(), (), (), ()]
        emitted = Emissions(
            signal_id=SIGNAL.id,
            generation=self.generation,
            revision=1,
            company_ids=[company.bytes for company in columns[0]],
            request_ids=[(place // 3).to_bytes(16) for place in range(len(rows))],
            items=[place % 3 for place in range(len(rows))],
            event_date_ms=columns[1],
            numbers={"n1": columns[2]},
            texts={"t1": columns[3]},
        )
        insert_signals(self.client, self.generation, f"recount-{self.generation}", [emitted])
        signal = SIGNAL.model_copy(update={"generation": self.generation})
        leaves = tuple(Leaf(metric=leaf.metric, signal=signal) for leaf in case.basis.leaves)
        return Basis(arithmetic=case.basis.arithmetic, leaves=leaves, calendar=case.basis.calendar)


@pytest.fixture(scope="module")
def store(chdb_client: Client) -> Iterator[Store]:
    yield Store(chdb_client)
    chdb_client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": SIGNAL.id})


_AGGREGATES = {
    Aggregation.COUNT: "count(e.ms)",
    Aggregation.DISTINCT: "count(DISTINCT field)",
    Aggregation.SUM: "coalesce(round(sum(field::DECIMAL(38, 15)), 6), 0)",
    Aggregation.AVERAGE: "round(sum(field::DECIMAL(38, 15))::DOUBLE / count(field), 6)",
    Aggregation.MINIMUM: "min(field)",
    Aggregation.MAXIMUM: "max(field)",
    Aggregation.FIRST: "first(field ORDER BY e.ms, e.place) FILTER (field IS NOT NULL)",
    Aggregation.LATEST: "last(field ORDER BY e.ms, e.place) FILTER (field IS NOT NULL)",
    Aggregation.DAYS_SINCE_LAST: f"(any_value(q.ms) - max(e.ms)) // {DAY_MS}",
}
_WEEKS_BEGIN = {WeekStart.MONDAY: 0, WeekStart.SATURDAY: 2, WeekStart.SUNDAY: 1}


def _period(at: str, leaf: Leaf, calendar: Calendar, later: str = "0 DAY") -> str:
    """The instant at which the calendar period of `at` begins, or one that is `later` by the calendar."""
    assert isinstance(leaf.metric.window, CalendarPeriod)
    period, zone = leaf.metric.window.period, calendar.time_zone
    shift = _WEEKS_BEGIN[calendar.week_start] if period is Period.WEEK else 0
    local = f"timezone('{zone}', make_timestamptz({at} * 1000)) + INTERVAL {shift} DAY"
    start = f"date_trunc('{period}', {local}) - INTERVAL {shift} DAY + INTERVAL {later}"
    return f"epoch_ms(({start}) AT TIME ZONE '{zone}')"


class Recount:
    """Emissions in DuckDB, and any metric's value at any instant, from scratch."""

    def __init__(self, rows: Sequence[Emission]) -> None:
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute("CREATE TABLE e (company UUID, ms BIGINT, amount DOUBLE, text VARCHAR, place BIGINT)")
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        self._db.execute(
            "INSERT INTO e SELECT unnest(?::UUID[]), unnest(?::BIGINT[]), unnest(?::DOUBLE[]), unnest(?::VARCHAR[]),"
            " unnest(?::BIGINT[])",
            [*columns, list(range(len(rows)))],
        )

    def values(self, case: Case, asked: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], float | None]:
        leaves = [self._leaf(leaf, case.basis.calendar, asked) for leaf in case.basis.leaves]
        if case.formula is None:
            return leaves[0]
        return {one: self._computed(case.formula, [values[one] for values in leaves]) for one in leaves[0]}

    def _computed(self, formula: str, values: Sequence[float | None]) -> float | None:
        given = ", ".join(f"?::DOUBLE AS leaf_{place}" for place in range(len(values)))
        return _number(self._rows(f"SELECT round({formula}, 6) FROM (SELECT {given})", list(values))[0][0])

    def _leaf(
        self, leaf: Leaf, calendar: Calendar, asked: Collection[tuple[UUID, int]]
    ) -> dict[tuple[UUID, int], float | None]:
        match leaf.metric.window:
            case RollingDays(days=days):
                begins = f"q.ms - {days * DAY_MS - 1}"
            case CalendarPeriod():
                begins = _period("q.ms", leaf, calendar)
            case _:
                begins = str(BEGINNING_MS)
        column = {"n1": "e.amount", "t1": "e.text", None: "NULL"}[leaf.column]
        rows = self._rows(
            f"""SELECT q.company, q.ms, {_AGGREGATES[leaf.metric.aggregation].replace("field", column)}
            FROM (SELECT DISTINCT unnest(?::UUID[]) AS company, unnest(?::BIGINT[]) AS ms) q
            LEFT JOIN e ON e.company = q.company AND e.ms <= q.ms AND e.ms >= {begins} GROUP BY q.company, q.ms""",
            [[str(company) for company, _ in asked], [at for _, at in asked]],
        )
        return {(company, at): _number(value) for company, at, value in rows}

    def crossings(self, case: Case, threshold: Threshold, ask: Ask) -> list[Crossing]:
        points = sorted({ask.since_ms, *(at for at in self._turns(case.basis, ask.company_id) if at > ask.since_ms)})
        values = self.values(case, [(ask.company_id, at) for at in points])
        found: list[Crossing] = []
        for at in points:
            holds = threshold.holds(values[ask.company_id, at])
            if holds != bool(found and found[-1].holds):
                found.append(Crossing(at, values[ask.company_id, at], holds))
        return found

    def _turns(self, basis: Basis, company: UUID) -> set[int]:
        """Every instant at which a leaf may change; some at which none does are no harm."""
        turns = ["ms"]
        for leaf in basis.leaves:
            match leaf.metric.window:
                case RollingDays(days=days):
                    turns.append(f"ms + {days * DAY_MS}")
                case CalendarPeriod(period=period):
                    length = "3 MONTH" if period is Period.QUARTER else f"1 {period}"
                    turns.append(_period("ms", leaf, basis.calendar, length))
            if leaf.metric.aggregation is Aggregation.DAYS_SINCE_LAST:
                turns += [f"ms + {age * DAY_MS}" for age in range(1, 31)]
        every = " UNION ".join(f"SELECT {turn} AS turn FROM e WHERE company = $1" for turn in turns)
        rows = self._rows(f"SELECT turn FROM ({every}) WHERE turn <= {AHEAD_MS}", [str(company)])
        return {at for (at,) in rows}

    def _rows(self, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, parameters).fetchall()


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _until_ahead(crossings: Sequence[Crossing]) -> list[Crossing]:
    return [one for one in crossings if one.at_ms <= AHEAD_MS]


def _agree(found: Any, expected: Any) -> bool:
    """The same, numbers within the last digit that is kept: engines break a tie in the sixth decimal either way."""
    if isinstance(expected, Mapping):
        return found.keys() == expected.keys() and all(_agree(found[key], expected[key]) for key in expected)
    if isinstance(expected, Sequence):
        return len(found) == len(expected) and all(map(_agree, found, expected))
    if isinstance(expected, float) and isinstance(found, float):
        return abs(found - expected) < 1.5e-6
    return bool(found == expected)


thorough = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@thorough
@given(case=cases(), rows=emissions, at_ms=instants)
def test_a_value_at_an_instant_is_what_a_recount_gives(
    store: Store, case: Case, rows: list[Emission], at_ms: int
) -> None:
    recounted = Recount(rows).values(case, [(company, at_ms) for company in COMPANIES])
    expected = {company: recounted[company, at_ms] for company in COMPANIES}
    basis = store.hold(rows, case)
    assert _agree(store.reader.values(basis, at_ms, COMPANIES), expected)
    of_all = store.reader.values(basis, at_ms)
    assert _agree(dict.fromkeys(COMPANIES, basis.empty) | of_all, expected)


@thorough
@given(case=cases(), rows=emissions, ends=series_ends())
def test_a_series_is_the_value_at_the_end_of_each_of_its_periods(
    store: Store, case: Case, rows: list[Emission], ends: list[int]
) -> None:
    recounted = Recount(rows).values(case, [(company, end) for company in COMPANIES for end in ends])
    expected = {company: [recounted[company, end] for end in ends] for company in COMPANIES}
    assert _agree(store.reader.series(store.hold(rows, case), ends, COMPANIES), expected)


@thorough
@given(case=cases(), rows=emissions, threshold=thresholds, some=asks)
def test_crossings_are_where_a_recount_crosses(
    store: Store, case: Case, rows: list[Emission], threshold: Threshold, some: list[Ask]
) -> None:
    basis, recount = store.hold(rows, case), Recount(rows)
    expected = [recount.crossings(case, threshold, ask) for ask in some]
    found = store.reader.crossings(basis, threshold, some)
    assert _agree([_until_ahead(crossings) for crossings in found], expected)
    assert store.reader.first_crossings(basis, threshold, some) == [next(iter(all_), None) for all_ in found]


@thorough
@given(case=cases(), rows=emissions, order=st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_changes_no_value(
    store: Store, case: Case, rows: list[Emission], order: Random
) -> None:
    picks = {leaf.metric.aggregation for leaf in case.basis.leaves} & {Aggregation.FIRST, Aggregation.LATEST}
    assume(not picks or len({(row.company, row.at_ms) for row in rows}) == len(rows))
    threshold, some = Threshold(Comparison.AT_LEAST, 0.3), [Ask(company) for company in COMPANIES]
    before = store.reader.crossings(store.hold(rows, case), threshold, some)
    order.shuffle(rows)
    assert before == store.reader.crossings(store.hold(rows, case), threshold, some)


whole = st.sampled_from([{1: 0}, {1: 0, 2: 0}, {0: 2}]).map(
    lambda merges: {COMPANIES[member]: COMPANIES[primary] for member, primary in merges.items()}
)


@settings(thorough, max_examples=15)  # each asks as much as three of the others
@given(
    case=cases().filter(lambda case: case.formula is None),
    rows=emissions,
    merges=whole,
    threshold=thresholds,
    ends=series_ends(),
)
def test_combined_companies_are_measured_as_if_all_their_events_were_of_one(
    *, store: Store, case: Case, rows: list[Emission], merges: dict[UUID, UUID], threshold: Threshold, ends: list[int]
) -> None:
    basis = store.hold(rows, case)
    shown = [company for company in COMPANIES if company not in merges]
    recount = Recount([row._replace(company=merges.get(row.company, row.company)) for row in rows])
    recounted = recount.values(case, [(company, end) for company in shown for end in ends])
    some = [Ask(company, since_ms) for company in shown for since_ms in (BEGINNING_MS, FIRST_DAY_MS)]
    store.identities = Identities(primary_of=merges)
    try:
        expected = {company: recounted[company, ends[-1]] for company in shown}
        assert _agree(store.reader.values(basis, ends[-1], shown), expected)
        assert _agree(dict.fromkeys(shown, basis.empty) | store.reader.values(basis, ends[-1]), expected)
        over_time = {company: [recounted[company, end] for end in ends] for company in shown}
        assert _agree(store.reader.series(basis, ends, shown), over_time)
        found = [_until_ahead(all_) for all_ in store.reader.crossings(basis, threshold, some)]
        assert _agree(found, [recount.crossings(case, threshold, ask) for ask in some])
    finally:
        store.identities = Identities()


@thorough
@given(case=cases(), rows=emissions, at_ms=instants)
def test_hidden_companies_are_not_among_all(store: Store, case: Case, rows: list[Emission], at_ms: int) -> None:
    hidden, shown = COMPANIES[0], COMPANIES[1:]
    basis = store.hold(rows, case)
    everyone = store.reader.values(basis, at_ms)
    groups = store.reader.groups
    others = store.hold([row for row in rows if row.company != hidden], case)
    of_others = groups(others, "user", at_ms, None, 9) if others.aggregate else []
    basis = store.hold(rows, case)
    store.identities = Identities(hidden=frozenset({hidden}))
    try:
        found = store.reader.values(basis, at_ms)
        assert found == {company: everyone[company] for company in shown if company in everyone}
        assert (groups(basis, "user", at_ms, None, 9) if basis.aggregate else []) == of_others
    finally:
        store.identities = Identities()
