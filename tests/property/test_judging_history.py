"""The judge with its real parts: however events and hours arrive, states end as judging from scratch has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.control.directory import DefinitionSource, JudgedPlans
from milepost.control.repos import metrics, milestones, outcomes, plans
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.session import Database
from milepost.domain.calendar import Period
from milepost.domain.event import Emissions
from milepost.domain.metric import (
    Aggregation,
    AllTime,
    CalendarPeriod,
    Formula,
    FormulaDraft,
    Metric,
    MetricDraft,
    RollingDays,
)
from milepost.domain.milestone import (
    AfterDays,
    AnyTime,
    AutomaticAction,
    Comparison,
    DaysAfterAssignment,
    Deadline,
    HeldFor,
    MilestoneDraft,
    OnAssignment,
    OnDate,
    Start,
)
from milepost.domain.outcome import OutcomeDraft, WeightedMilestone
from milepost.judge.step import Judge
from milepost.judge.touches import touches
from milepost.kit.clock import to_datetime
from milepost.measure.queries import MetricReader
from milepost.measure.windows import DAY_MS
from milepost.store.signals import insert_signals
from milepost.testing.business import NOW_MS, Business, add_business, make_control_database

HALF_DAY_MS = DAY_MS // 2


class Purchase(NamedTuple):
    company: int
    at_ms: int
    dollars: float | None


class Wait(NamedTuple):
    hours: int


instants = st.integers(-8, 16).map(lambda half_days: NOW_MS + half_days * HALF_DAY_MS)
purchases = st.builds(Purchase, st.integers(0, 1), instants, st.sampled_from([None, -5.0, 0.1, 0.2, 10.0]))
stories = st.lists(
    st.one_of(st.lists(purchases, min_size=1, max_size=4), st.builds(Wait, st.integers(1, 60))), max_size=8
)
starts = st.one_of(
    st.just(AnyTime()), st.just(OnAssignment()), st.builds(DaysAfterAssignment, days=st.integers(1, 3)),
    st.builds(OnDate, at=instants.map(to_datetime)),
)  # fmt: skip
forms = st.sampled_from(["end_of_day", "instant"])
deadlines = st.one_of(
    st.none(), st.builds(AfterDays, days=st.integers(0, 4), at=forms), st.builds(OnDate, at=instants.map(to_datetime)),
    st.builds(OnDate, at=instants.map(lambda at_ms: to_datetime(at_ms).date())),
)  # fmt: skip
actions = st.tuples(
    st.integers(0, 7),
    st.sampled_from(Comparison),
    st.sampled_from([0.0, 0.3, 1.0, 2.0, 10.0]),
    st.booleans(),
    st.sampled_from([None, None, HeldFor(periods=1, period="day"), HeldFor(periods=1, period="week")]),
)
plots = st.lists(
    st.tuples(starts, deadlines, st.booleans(), st.lists(actions, min_size=1, max_size=2)), min_size=1, max_size=3
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The shop's control database and store; each example brings companies and definitions of its own."""

    client: Client
    database: Database
    shop: Business
    metrics: list[Metric | Formula]
    batches: Iterator[int]

    def emit(self, companies: list[UUID], some: list[Purchase]) -> Emissions:
        emitted = Emissions(
            signal_id=self.shop.signal.id,
            generation=0,
            revision=1,
            company_ids=[companies[one.company].bytes for one in some],
            request_ids=[bytes(16)] * len(some),
            items=list(range(len(some))),
            event_date_ms=[one.at_ms for one in some],
            numbers={self.shop.signal.slots["dollars"]: [one.dollars for one in some]},
            texts={},
        )
        batch = next(self.batches)
        insert_signals(self.client, batch, f"judging-{batch}", [emitted])
        return emitted


@pytest.fixture(scope="module")
def stage(chdb_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    database = make_control_database(tmp_path_factory.mktemp("control"))
    with database.write() as session:
        shop = add_business(session)
        made: list[Metric | Formula] = [
            metrics.create_metric(
                session,
                MetricDraft(name="m", signal_id=shop.signal.id, aggregation=aggregation, field=field, window=window),
                now_ms=NOW_MS,
            )
            for aggregation, field, window in (
                (Aggregation.COUNT, None, AllTime()),
                (Aggregation.COUNT, None, RollingDays(days=1)),
                (Aggregation.SUM, "dollars", AllTime()),
                (Aggregation.SUM, "dollars", RollingDays(days=2)),
                (Aggregation.DISTINCT, "dollars", RollingDays(days=2)),
                (Aggregation.LATEST, "dollars", CalendarPeriod(period=Period.WEEK)),
                (Aggregation.DAYS_SINCE_LAST, None, AllTime()),
            )
        ]
        terms = {"paid": made[3].id, "times": made[1].id}
        share = FormulaDraft(name="share", formula="paid / times", terms=terms)
        made.append(metrics.create_metric(session, share, now_ms=NOW_MS))
    yield Stage(client=chdb_client, database=database, shop=shop, metrics=made, batches=count(1))
    database.close()
    chdb_client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": shop.signal.id})


Plot = tuple[
    Start,
    Deadline | None,
    bool,
    list[tuple[int, Comparison, float, bool, HeldFor | None]],
]


def assign(stage: Stage, some: list[Plot]) -> list[UUID]:
    """Two companies with an outcome of these milestones."""
    with stage.database.write() as session:
        drafts = [
            MilestoneDraft(
                name=f"milestone {index}",
                start=start,
                deadline=deadline,
                latches=latches,
                actions=tuple(
                    AutomaticAction(
                        name=f"action {place}",
                        metric_id=stage.metrics[metric].id,
                        operator=operator,
                        value=target,
                        affects_achievement=affects or place == 0,
                        held_for=held_for,
                    )
                    for place, (metric, operator, target, affects, held_for) in enumerate(automatic)
                ),
            )
            for index, (start, deadline, latches, automatic) in enumerate(some)
        ]
        made = [milestones.create_milestone(session, draft, now_ms=NOW_MS) for draft in drafts]
        weighted = tuple(WeightedMilestone(milestone_id=one.id, weight=1 + at) for at, one in enumerate(made))
        outcome = outcomes.create_outcome(session, OutcomeDraft(name="outcome", milestones=weighted), now_ms=NOW_MS)
        companies = [create_company(session, CompanyDraft(name=name), now_ms=NOW_MS).id for name in ("A", "B")]
        plans.assign_outcome(session, outcome.id, companies, now_ms=NOW_MS)
    return companies


@settings(max_examples=40, deadline=None)
@given(some=plots, story=stories)
def test_states_end_as_judging_from_scratch_has_them(
    stage: Stage, some: list[Plot], story: list[list[Purchase] | Wait]
) -> None:
    companies = assign(stage, some)
    now_ms = NOW_MS
    definitions = DefinitionSource(stage.database)
    definitions.refresh()
    reader, control = MetricReader(stage.client), JudgedPlans(stage.database, definitions)
    judge = Judge(reader, control, lambda: now_ms)
    judge.judge(companies)
    for happening in story:
        if isinstance(happening, Wait):
            ends_ms = now_ms + happening.hours * 3_600_000
            while (due_ms := judge.next_due_ms) is not None and due_ms <= ends_ms:
                now_ms = max(now_ms, due_ms)
                judge.due()
            now_ms = ends_ms
        else:
            judge.emitted(touches([stage.emit(companies, happening)]))
    assert Judge(reader, control, lambda: now_ms).judge(companies) == []
