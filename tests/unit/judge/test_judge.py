"""The judge at work on a real store and control plane: what it records, what it asks, when the clock brings it back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy.orm import Session

from milepost.control.directory import DefinitionSource, IdentitySource, JudgedPlans, Rejudgings
from milepost.control.repos import assigned, copies, metrics, milestones, outcomes, plans, signals
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.control.session import Database
from milepost.domain.basis import Basis
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.errors import UnavailableError
from milepost.domain.event import Emissions
from milepost.domain.metric import Aggregation, AllTime, Formula, FormulaDraft, Metric, MetricDraft, RollingDays, Window
from milepost.domain.milestone import (
    AfterDays,
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    Deadline,
    HeldFor,
    ManualAction,
    MilestoneDraft,
    MilestoneState,
    Transition,
)
from milepost.domain.outcome import AssignedOutcome, OutcomeDraft, OutcomeState, WeightedMilestone
from milepost.domain.signal import Signal
from milepost.judge.loop import JudgeLoop
from milepost.judge.step import Judge
from milepost.judge.touches import touches
from milepost.judge.transitions import CORRECTED
from milepost.kit.clock import to_datetime
from milepost.measure.queries import MetricReader
from milepost.measure.windows import DAY_MS
from milepost.store.signals import insert_signals
from milepost.testing.business import NOW_MS, add_business, make_control_database, purchase_draft

BATCHES = count(1)


class CountingReader(MetricReader):
    """The real reader, which also tells how many companies each query was about, or fails when told to."""

    def __init__(self, client: Client, identities: IdentitySource) -> None:
        super().__init__(client, identities)
        self.asked: list[int] = []
        self.is_down = False

    def first_crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[Crossing | None]:
        self.asked.append(len(asks))
        if self.is_down:
            raise UnavailableError("The store is down.")
        return super().first_crossings(basis, threshold, asks)


class CountingPlans(JudgedPlans):
    """The real plans, which also tell how many companies each look was about."""

    looked_at: list[int]

    def milestones(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedMilestone]:
        self.looked_at.append(len(company_ids or ()))
        return super().milestones(company_ids)


class Shop:
    """A shop with two companies, Acme and Bolt, under a clock that the test sets."""

    def __init__(self, client: Client, database: Database) -> None:
        self.client, self.database, self.now_ms = client, database, NOW_MS
        with database.write() as session:
            self.signal = add_business(session).signal
            self.acme, self.bolt = (
                create_company(session, CompanyDraft(name=name), now_ms=NOW_MS).id for name in ("Acme", "Bolt")
            )
        identities = IdentitySource(database)
        self.reader = CountingReader(client, identities)
        self.definitions = DefinitionSource(database)
        self.plans = CountingPlans(database, self.definitions)
        self.plans.looked_at = []
        self.judge = Judge(self.reader, self.plans, lambda: self.now_ms, identities)

    def judge_changes(self) -> list[Transition]:
        self.definitions.refresh()
        return self.judge.judge()

    def purchases(self, window: Window = AllTime()) -> Metric:  # noqa: B008  # a frozen value
        with self.database.write() as session:
            return self.purchases_in(session, window)

    def purchases_in(self, session: Session, window: Window = AllTime()) -> Metric:  # noqa: B008  # a frozen value
        draft = MetricDraft(name="Purchases", signal_id=self.signal.id, aggregation=Aggregation.COUNT, window=window)
        return metrics.create_metric(session, draft, now_ms=NOW_MS)

    def assign(
        self,
        metric: Metric | Formula,
        operator: Comparison,
        target: float,
        *,
        deadline: Deadline | None = None,
        latches: bool = True,
        held_for: HeldFor | None = None,
    ) -> None:
        """An outcome of one milestone, to both companies."""
        action = AutomaticAction(
            name="Purchases", metric_id=metric.id, operator=operator, value=target, held_for=held_for
        )
        draft = MilestoneDraft(name="Buys", actions=(action,), deadline=deadline, latches=latches)
        with self.database.write() as session:
            milestone = milestones.create_milestone(session, draft, now_ms=NOW_MS)
            weighted = (WeightedMilestone(milestone_id=milestone.id),)
            outcome = outcomes.create_outcome(session, OutcomeDraft(name="Loyal", milestones=weighted), now_ms=NOW_MS)
            plans.assign_outcome(session, outcome.id, [self.acme, self.bolt], now_ms=NOW_MS)
        self.judge_changes()
        self.reader.asked.clear()

    def buy(self, company_id: UUID, *days: float) -> list[Transition]:
        """Purchases on these days from now, all in one batch, and what the judge makes of them."""
        return self.judge.emitted(touches([self.emit(company_id, *days)]))

    def emit(self, company_id: UUID, *days: float, signal: Signal | None = None) -> Emissions:
        """Purchases, or what the signal is of, on these days from now, readable, but not judged yet."""
        of = signal or self.signal
        emitted = Emissions(
            signal_id=of.id,
            generation=of.generation,
            revision=of.revision,
            company_ids=[company_id.bytes] * len(days),
            request_ids=[bytes(16)] * len(days),
            items=list(range(len(days))),
            event_date_ms=[NOW_MS + int(day * DAY_MS) for day in days],
            numbers={},
            texts={},
        )
        batch = next(BATCHES)
        insert_signals(self.client, batch, f"judge-{batch}", [emitted])
        return emitted

    def wait_until(self, day: float) -> list[Transition]:
        self.now_ms = NOW_MS + int(day * DAY_MS)
        return self.judge.due()

    def milestone_of(self, company_id: UUID) -> AssignedMilestone:
        with self.database.read() as session:
            return assigned.list_assigned_milestones(session, [company_id])[0]

    def outcome_of(self, company_id: UUID) -> AssignedOutcome:
        with self.database.read() as session:
            return assigned.list_assigned_outcomes(session, [company_id])[0]


@pytest.fixture
def shop(chdb_client: Client, tmp_path: Path) -> Iterator[Shop]:
    database = make_control_database(tmp_path)
    made = Shop(chdb_client, database)
    yield made
    with database.read() as session:
        emitted = [signal.id for signal in signals.list_signals(session)]
    database.close()
    chdb_client.command("DELETE FROM signals WHERE signal_id IN {ids:Array(UUID)}", parameters={"ids": emitted})


def day_of(day: float) -> int:
    return NOW_MS + int(day * DAY_MS)


def test_an_event_achieves_a_milestone_and_its_outcome_at_the_event_s_date(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 3)
    assert [one.to_state for one in shop.buy(shop.acme, -9, -8)] == []
    milestone, outcome = shop.buy(shop.acme, -2, -1)
    assert (milestone.subject, milestone.to_state, milestone.value) == ("milestone", MilestoneState.ACHIEVED, 3)
    assert milestone.at == to_datetime(day_of(-2))
    assert milestone.reason == "Purchases reached: value 3 on 2023-11-12"
    assert (outcome.subject, outcome.to_state) == ("outcome", OutcomeState.ACHIEVED)
    assert shop.milestone_of(shop.acme).state is MilestoneState.ACHIEVED
    assert shop.outcome_of(shop.acme).progress == 1
    assert shop.milestone_of(shop.bolt).state is MilestoneState.IN_PROGRESS


def test_what_many_companies_need_is_asked_in_one_query(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 3)
    shop.judge.judge_anew()
    assert shop.reader.asked == [2]


def test_an_event_asks_only_about_its_own_company_and_nothing_once_it_can_change_nothing(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 2)
    shop.buy(shop.acme, -5, -4)
    assert shop.reader.asked == [1]
    assert shop.buy(shop.acme, -3) == []
    assert shop.reader.asked == [1]


def test_an_event_that_can_change_nothing_reads_no_plan(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 2)
    shop.buy(shop.acme, -5, -4)
    shop.plans.looked_at.clear()
    shop.buy(shop.acme, -3)
    assert shop.plans.looked_at == []
    shop.buy(shop.acme, -4.5)
    shop.buy(shop.bolt, -3)
    assert shop.plans.looked_at == [1, 1]


def test_a_company_without_a_plan_is_looked_at_once(shop: Shop) -> None:
    shop.judge_changes()
    shop.plans.looked_at.clear()
    shop.buy(shop.acme, -5)
    shop.buy(shop.acme, -4)
    assert shop.plans.looked_at == [1]


def test_an_event_before_the_achievement_corrects_its_date_and_says_so(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 2)
    shop.buy(shop.acme, -5, -2)
    milestone, _ = shop.buy(shop.acme, -4)
    assert (milestone.from_state, milestone.to_state) == (MilestoneState.ACHIEVED, MilestoneState.ACHIEVED)
    assert milestone.at == to_datetime(day_of(-4)) == shop.milestone_of(shop.acme).state_at
    late = f"the late event {UUID(int=0)}.0 of 2023-11-10 22:13 UTC"
    corrected = f"{CORRECTED} {late}; was achieved since 2023-11-12"
    assert milestone.reason == f"Purchases reached: value 2 on 2023-11-10 ({corrected})"


def test_an_event_at_the_very_instant_of_the_achievement_may_undo_it(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.EQUALS, 1)
    shop.buy(shop.acme, -5)
    milestone, _ = shop.buy(shop.acme, -5)
    assert milestone.to_state == MilestoneState.IN_PROGRESS


def test_the_clock_misses_a_deadline_without_a_query_and_an_event_achieves_it_late(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 1, deadline=AfterDays(days=10, at="instant"))
    assert shop.wait_until(8)[0].to_state == OutcomeState.AT_RISK
    assert shop.wait_until(10) == []
    assert shop.judge.next_due_ms == day_of(10) + 1
    missed = shop.wait_until(10.5)
    assert [(one.to_state, one.at) for one in missed[:2]] == [(MilestoneState.MISSED, to_datetime(day_of(10)))] * 2
    assert shop.reader.asked == []
    assert shop.buy(shop.acme, 10.2)[0].to_state == MilestoneState.ACHIEVED_LATE


def test_a_late_event_saves_a_missed_milestone(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 1, deadline=AfterDays(days=10, at="instant"))
    shop.wait_until(11)
    milestone, _ = shop.buy(shop.acme, 9)
    assert (milestone.to_state, milestone.at) == (MilestoneState.ACHIEVED, to_datetime(day_of(9)))
    assert CORRECTED in milestone.reason


def test_the_clock_brings_back_what_a_rolling_window_lets_go(shop: Shop) -> None:
    shop.assign(shop.purchases(RollingDays(days=7)), Comparison.AT_LEAST, 1, latches=False)
    shop.buy(shop.acme, -1)
    lost = shop.wait_until(6)
    assert (lost[0].to_state, lost[0].at, lost[0].value) == (MilestoneState.IN_PROGRESS, to_datetime(day_of(6)), 0)
    assert lost[0].reason == "Purchases no longer holds: value 0 on 2023-11-20"
    assert shop.judge.next_due_ms is None


def test_the_clock_achieves_what_was_held_long_enough_and_a_break_starts_it_anew(shop: Shop) -> None:
    held_for = HeldFor(periods=3, period="day")
    shop.assign(shop.purchases(RollingDays(days=2)), Comparison.AT_LEAST, 1, held_for=held_for)
    shop.buy(shop.acme, -1)
    assert shop.buy(shop.acme, 0.5, 1.5) == []
    assert shop.wait_until(1.9) == []
    milestone, outcome = shop.wait_until(2.1)
    assert (milestone.at, outcome.at) == (to_datetime(day_of(2)),) * 2
    assert milestone.reason == "Purchases reached: value 1 on 2023-11-13, held for 3 days until 2023-11-16"
    shop.buy(shop.bolt, -1, 1.5)
    assert shop.wait_until(4) == []


def test_a_formula_is_judged_by_every_signal_it_draws_on(shop: Shop) -> None:
    with shop.database.write() as session:
        again = signals.create_signal(session, purchase_draft(shop.signal.connection_id), now_ms=NOW_MS)
        visits = MetricDraft(name="Visits", signal_id=again.id, aggregation=Aggregation.COUNT)
        terms = {
            "bought": shop.purchases_in(session).id,
            "visits": metrics.create_metric(session, visits, now_ms=NOW_MS).id,
        }
        share = FormulaDraft(name="Share", formula="bought / visits", terms=terms)
        formula = metrics.create_metric(session, share, now_ms=NOW_MS)
    shop.assign(formula, Comparison.AT_LEAST, 0.5)
    shop.buy(shop.acme, -3)
    milestone, _ = shop.judge.emitted(touches([shop.emit(shop.acme, -2, -1, signal=again)]))
    assert (milestone.to_state, milestone.at, milestone.value) == (MilestoneState.ACHIEVED, to_datetime(day_of(-2)), 1)


def test_the_clock_brings_about_what_is_dated_in_the_future(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 1)
    assert shop.buy(shop.acme, 3) == []
    assert [one.at for one in shop.wait_until(3)] == [to_datetime(day_of(3))] * 2


def test_what_holds_without_any_event_counts_from_the_assignment(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_MOST, 2)
    milestone = shop.milestone_of(shop.bolt)
    assert (milestone.state, milestone.state_at) == (MilestoneState.ACHIEVED, to_datetime(NOW_MS))


def test_a_tick_achieves_a_manual_milestone(shop: Shop) -> None:
    draft = MilestoneDraft(name="Kick-off", actions=(ManualAction(name="Kick-off call"),))
    with shop.database.write() as session:
        milestone = milestones.create_milestone(session, draft, now_ms=NOW_MS)
        plans.assign_milestone(session, milestone.id, [shop.acme], now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session, [shop.acme])
        copies.tick_action(session, copy.id, 0, to_datetime(day_of(-1)), Act("ada@example.com", shop.now_ms))
    (transition,) = shop.judge_changes()
    assert (transition.to_state, transition.reason) == ("achieved", "Kick-off call ticked on 2023-11-13")


def test_a_changed_metric_is_asked_about_anew_and_the_change_says_so(shop: Shop) -> None:
    metric = shop.purchases()
    shop.assign(metric, Comparison.AT_LEAST, 2)
    shop.buy(shop.acme, -40, -2)
    with shop.database.write() as session:
        edited = MetricDraft(**metric.model_dump(exclude={"id", "window"}), window=RollingDays(days=7))
        metrics.update_metric(session, metric.id, edited)
    milestone, outcome = shop.judge_changes()
    assert (milestone.to_state, outcome.to_state) == (MilestoneState.IN_PROGRESS, OutcomeState.ON_TRACK)
    assert CORRECTED in milestone.reason


def test_companies_that_could_not_be_judged_are_due_again(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 1)
    shop.reader.is_down = True
    with pytest.raises(UnavailableError):
        shop.buy(shop.acme, -1)
    with pytest.raises(UnavailableError):
        shop.judge.due()
    shop.reader.is_down = False
    assert [one.to_state for one in shop.judge.due()] == [MilestoneState.ACHIEVED, OutcomeState.ACHIEVED]


def test_what_is_owed_is_judged_from_scratch_and_stays_owed_until_it_is(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 2)
    shop.buy(shop.acme, -5, -3)
    gone: list[Exception] = []
    rejudgings = Rejudgings(shop.database, lambda: shop.now_ms)
    loop = JudgeLoop(
        shop.judge,
        rejudgings=rejudgings,
        have_definitions_changed=lambda: False,
        watched=set,
        judged=lambda _: None,
        failed=gone.append,
        clock=lambda: shop.now_ms,
    )
    loop.look()
    shop.client.command(
        "DELETE FROM signals WHERE company_id = {id:UUID} AND event_date = fromUnixTimestamp64Milli({at:Int64}, 'UTC')",
        parameters={"id": shop.acme, "at": day_of(-5)},
    )
    with shop.database.write() as session:
        owe_rejudging(session, [shop.acme, shop.bolt], now_ms=NOW_MS)
    shop.reader.is_down = True
    with pytest.raises(UnavailableError):
        loop.look()
    assert {one.company_id for one in rejudgings.owed(9)} == {shop.acme, shop.bolt}
    shop.reader.is_down = False
    loop.look()
    assert rejudgings.owed(9) == ()
    assert shop.milestone_of(shop.acme).state is MilestoneState.IN_PROGRESS


def test_the_loop_judges_a_change_and_what_was_emitted_meanwhile(shop: Shop) -> None:
    shop.assign(shop.purchases(), Comparison.AT_LEAST, 1)
    seen: list[Transition] = []
    loop = JudgeLoop(
        shop.judge,
        rejudgings=Rejudgings(shop.database, lambda: shop.now_ms),
        have_definitions_changed=shop.definitions.refresh,
        watched=lambda: {shop.signal.id},
        judged=seen.extend,
        failed=lambda _: None,
        clock=lambda: shop.now_ms,
    )
    draft = MilestoneDraft(name="Kick-off", actions=(ManualAction(name="Kick-off call"),))
    with shop.database.write() as session:
        milestone = milestones.create_milestone(session, draft, now_ms=NOW_MS)
        plans.assign_milestone(session, milestone.id, [shop.bolt], now_ms=NOW_MS)
    loop.touched([shop.emit(shop.acme, -2), shop.emit(shop.acme, -1)])
    loop.stop()
    loop.run()
    assert {(one.company_id, one.name, one.to_state) for one in seen} == {
        (shop.acme, "Buys", MilestoneState.ACHIEVED),
        (shop.bolt, "Kick-off", MilestoneState.IN_PROGRESS),
        (shop.acme, "Loyal", OutcomeState.ACHIEVED),
    }
