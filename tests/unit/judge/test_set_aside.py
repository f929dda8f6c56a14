"""A company whose plan cannot be judged as it is kept holds up no other, and is told once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy import update

from milepost.control.directory import DefinitionSource, JudgedPlans, Rejudgings
from milepost.control.repos import assigned, copies, milestones, plans
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.metrics import create_metric
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.signals import list_signals
from milepost.control.rows import AssignedMilestoneRow
from milepost.control.session import Database
from milepost.domain.basis import Basis
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.errors import UnanswerableError, UnavailableError
from milepost.domain.metric import Aggregation, MetricDraft
from milepost.domain.milestone import (
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    ManualAction,
    MilestoneDraft,
    MilestoneState,
    OnDate,
)
from milepost.domain.unjudged import count_unjudged
from milepost.judge.facts import RETRY_MS
from milepost.judge.loop import JudgeLoop
from milepost.judge.step import Judge
from milepost.kit.clock import to_datetime
from milepost.measure.queries import MetricReader
from milepost.testing.business import NOW_MS, add_business, make_control_database

DEADLINE = "2023-12-24T00:00:00Z"
DRAFT = MilestoneDraft(
    name="Kick-off", actions=(ManualAction(name="Call"),), deadline=OnDate.model_validate({"at": DEADLINE})
)


class FailingPlans(JudgedPlans):
    """The real plans, which do not answer about fewer companies than `least`."""

    least = 0

    def milestones(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedMilestone]:
        if company_ids is not None and len(company_ids) < self.least:
            raise UnavailableError("The control database does not answer now.")
        return super().milestones(company_ids)


class Firms:
    """Five companies with a manual milestone that is due on a date; of the third, the copy has one beyond all years."""

    def __init__(self, client: Client, database: Database) -> None:
        self.database, self.now_ms = database, NOW_MS
        with database.write() as session:
            add_business(session)
            self.all = [create_company(session, CompanyDraft(name=f"F{n}"), now_ms=NOW_MS).id for n in range(5)]
            self.milestone_id = milestones.create_milestone(session, DRAFT, now_ms=NOW_MS).id
            plans.assign_milestone(session, self.milestone_id, self.all, now_ms=NOW_MS)
            self.copy_id = assigned.list_assigned_milestones(session, [self.all[2]])[0].id
        self.write_deadline("9999-12-31T23:59:59.999Z")
        self.told: list[UUID] = []
        self.plans = FailingPlans(database, DefinitionSource(database))
        self.judge = Judge(
            MetricReader(client),
            self.plans,
            lambda: self.now_ms,
            set_aside=lambda company_id, _: self.told.append(company_id),
        )

    def write_deadline(self, at: str) -> None:
        """Into the copy as it is stored, past all checks."""
        definition = DRAFT.model_dump_json().replace(DEADLINE, at)
        row = AssignedMilestoneRow
        with self.database.write() as session:
            session.execute(update(row).where(row.id == self.copy_id).values(definition=definition))

    def states(self) -> list[MilestoneState]:
        with self.database.read() as session:
            rows = {one.company_id: one.state for one in session.query(AssignedMilestoneRow)}
        return [MilestoneState(rows[company_id]) for company_id in self.all]


@pytest.fixture
def firms(chdb_client: Client, tmp_path: Path) -> Iterator[Firms]:
    database = make_control_database(tmp_path)
    yield Firms(chdb_client, database)
    database.close()


OPEN, NOT_STARTED, MISSED = MilestoneState.IN_PROGRESS, MilestoneState.NOT_STARTED, MilestoneState.MISSED


def test_one_company_that_cannot_be_judged_holds_up_no_other(firms: Firms) -> None:
    assert len(firms.judge.judge()) == 4
    assert firms.states() == [OPEN, OPEN, NOT_STARTED, OPEN, OPEN]
    assert (firms.told, len(firms.judge.aside())) == ([firms.all[2]], 1)


def test_the_clock_goes_on_for_the_others_and_the_fault_is_told_once(firms: Firms) -> None:
    firms.judge.judge()
    firms.now_ms = NOW_MS + 60 * 86_400_000
    assert len(firms.judge.due()) == 4
    assert firms.states() == [MISSED, MISSED, NOT_STARTED, MISSED, MISSED]
    assert firms.told == [firms.all[2]]
    assert firms.judge.next_due_ms == firms.now_ms + RETRY_MS


def test_a_company_whose_plan_is_mended_is_judged_again(firms: Firms) -> None:
    firms.judge.judge()
    firms.write_deadline(DEADLINE)
    firms.now_ms += RETRY_MS
    assert [one.company_id for one in firms.judge.due()] == [firms.all[2]]
    assert firms.judge.aside() == []


def test_the_loop_settles_what_it_owes_also_to_those_who_cannot_be_judged(firms: Firms) -> None:
    failures: list[Exception] = []
    rejudgings = Rejudgings(firms.database, lambda: firms.now_ms)
    loop = JudgeLoop(
        firms.judge,
        rejudgings=rejudgings,
        have_definitions_changed=lambda: False,
        watched=set,
        judged=lambda _: None,
        failed=failures.append,
        clock=lambda: firms.now_ms,
    )
    loop.look()
    with firms.database.write() as session:
        copy = assigned.list_assigned_milestones(session, [firms.all[0]])[0]
        copies.tick_action(session, copy.id, 0, to_datetime(NOW_MS), Act("ada@example.com", firms.now_ms))
    loop.look()
    assert firms.states()[0] is MilestoneState.ACHIEVED
    assert (rejudgings.owed(9), failures, len(loop.aside())) == ((), [], 1)


def test_where_the_database_fails_amid_it_all_are_due_again(firms: Firms) -> None:
    firms.plans.least = 2
    with pytest.raises(UnavailableError):
        firms.judge.judge(firms.all)
    firms.plans.least = 0
    firms.judge.due()
    assert firms.states() == [OPEN, OPEN, NOT_STARTED, OPEN, OPEN]


class Refusing:
    """Answers for companies, but for those, or for all, of which the store, or our own code, fails."""

    def __init__(self, error: Exception, companies: Collection[UUID]) -> None:
        self.error, self.companies, self.asked = error, set(companies), 0

    def first_crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[Crossing | None]:
        del basis, threshold
        self.asked += 1
        if any(one.company_id in self.companies for one in asks):
            raise self.error
        return [Crossing(NOW_MS, 1.0)] * len(asks)

    def crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[list[Crossing]]:
        return [[one] for one in self.first_crossings(basis, threshold, asks) if one is not None]


class Measured(Firms):
    """The five companies have a second milestone, which is judged by a metric; the third one's plan is mended."""

    def __init__(self, client: Client, database: Database, error: Exception, failing: Collection[int]) -> None:
        super().__init__(client, database)
        self.write_deadline(DEADLINE)
        with database.write() as session:
            signal = list_signals(session)[0]
            draft = MetricDraft(name="Orders", signal_id=signal.id, aggregation=Aggregation.COUNT)
            self.metric = create_metric(session, draft, now_ms=NOW_MS)
            ordered = AutomaticAction(name="Orders", metric_id=self.metric.id, operator=Comparison.AT_LEAST, value=1)
            self.second = milestones.create_milestone(
                session, MilestoneDraft(name="First order", actions=(ordered,)), now_ms=NOW_MS
            ).id
            plans.assign_milestone(session, self.second, self.all, now_ms=NOW_MS)
        self.measures = Refusing(error, [self.all[place] for place in failing])
        self.unanswered: list[tuple[UUID, Exception]] = []
        definitions = DefinitionSource(database)
        definitions.refresh()
        self.judge = Judge(
            self.measures,
            JudgedPlans(database, definitions),
            lambda: self.now_ms,
            set_aside=lambda company_id, _: self.told.append(company_id),
            unanswered=lambda metric_id, failed: self.unanswered.append((metric_id, failed)),
        )

    def states(self) -> list[MilestoneState]:
        return self.of(self.milestone_id)

    def ordered(self) -> list[MilestoneState]:
        return self.of(self.second)

    def of(self, milestone_id: UUID) -> list[MilestoneState]:
        with self.database.read() as session:
            found = assigned.list_assigned_milestones(session, self.all)
        states = {one.company_id: one.state for one in found if one.milestone_id == milestone_id}
        return [states[company_id] for company_id in self.all]


ACHIEVED = MilestoneState.ACHIEVED
REFUSED = UnanswerableError("The analytic store cannot evaluate it: too large.")
BUG = TypeError("of a text that is private")


@pytest.mark.parametrize("error", [REFUSED, BUG, AssertionError(), AttributeError("x"), RecursionError()], ids=repr)
def test_a_definition_that_fails_for_everyone_holds_up_no_other(
    chdb_client: Client, tmp_path: Path, error: Exception
) -> None:
    firms = Measured(chdb_client, make_control_database(tmp_path), error, range(5))
    firms.judge.judge()
    assert firms.states() == [OPEN] * 5
    assert firms.ordered() == [NOT_STARTED] * 5
    aside = firms.judge.aside()
    assert {(one.of, one.metric_id, one.milestone_id) for one in aside} == {("metric", firms.metric.id, firms.second)}
    assert {one.company_id for one in aside} == set(firms.all)
    assert count_unjudged(aside) == (0, 1)
    assert [one for one, _ in firms.unanswered] == [firms.metric.id]
    assert "private" not in aside[0].reason


def test_data_of_one_company_that_fails_sets_that_company_aside(chdb_client: Client, tmp_path: Path) -> None:
    firms = Measured(chdb_client, make_control_database(tmp_path), REFUSED, [3])
    firms.judge.judge()
    assert firms.ordered() == [ACHIEVED, ACHIEVED, ACHIEVED, NOT_STARTED, ACHIEVED]
    (aside,) = firms.judge.aside()
    assert (aside.of, aside.company_id, aside.reason) == ("company", firms.all[3], REFUSED.message)


def test_what_failed_is_not_asked_again_at_once_but_after_a_while(chdb_client: Client, tmp_path: Path) -> None:
    firms = Measured(chdb_client, make_control_database(tmp_path), REFUSED, [3])
    firms.judge.judge()
    asked = firms.measures.asked
    firms.judge.judge([firms.all[3]])
    assert firms.measures.asked == asked
    firms.measures.companies.clear()
    firms.now_ms += RETRY_MS
    firms.judge.due()
    assert firms.ordered() == [ACHIEVED] * 5
    assert firms.judge.aside() == []


def test_a_store_that_is_away_sets_nothing_aside(chdb_client: Client, tmp_path: Path) -> None:
    firms = Measured(chdb_client, make_control_database(tmp_path), UnavailableError("The store is away."), [3])
    with pytest.raises(UnavailableError):
        firms.judge.judge()
    assert firms.judge.aside() == []
