"""The judge works in portions: a person's tick first, nobody held up by a plan that takes long, and progress told."""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.directory import DefinitionSource, JudgedPlans, Rejudgings
from milepost.control.judging_job import JudgingJobs
from milepost.control.repos import assigned, copies, jobs, milestones, plans
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.plan_changes import Act
from milepost.control.session import Database
from milepost.domain.basis import Basis
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.milestone import (
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    ManualAction,
    MilestoneDraft,
    MilestoneState,
    Transition,
)
from milepost.judge import loop as loop_module
from milepost.judge.loop import JudgeLoop
from milepost.judge.step import Judge
from milepost.kit.clock import to_datetime
from milepost.measure.queries import MetricReader
from milepost.testing.business import NOW_MS, add_business, make_control_database

ADA = "ada@example.com"


class NotedPlans(JudgedPlans):
    """The real plans, which also say whom each portion was about."""

    def __init__(self, *parts: object) -> None:
        super().__init__(*parts)  # type: ignore[arg-type]
        self.portions: list[list[UUID]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def milestones(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedMilestone]:
        self.portions.append(sorted(company_ids or ()))
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().milestones(company_ids)


class CountingReader(MetricReader):
    """The real store, which also counts questions."""

    asked = 0

    def first_crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[Crossing | None]:
        self.asked += 1
        return super().first_crossings(basis, threshold, asks)


class Office:
    """Some 450 companies with a manual milestone that waits to be assigned."""

    def __init__(self, client: Client, database: Database) -> None:
        self.database, self.now_ms = database, NOW_MS
        with database.write() as session:
            self.shop = add_business(session)
            draft = MilestoneDraft(name="Kick-off", actions=(ManualAction(name="Call"),))
            self.milestone_id = milestones.create_milestone(session, draft, now_ms=NOW_MS).id
            self.all = [create_company(session, CompanyDraft(name=f"C{n}"), now_ms=NOW_MS).id for n in range(450)]
        definitions = DefinitionSource(database)
        self.plans = NotedPlans(database, definitions)
        self.reader = CountingReader(client)
        self.judge = Judge(self.reader, self.plans, lambda: self.now_ms)
        self.seen: list[Transition] = []
        self.loop = JudgeLoop(
            self.judge,
            rejudgings=Rejudgings(database, lambda: self.now_ms),
            have_definitions_changed=definitions.have_numbers_changed,
            watched=lambda: (),
            judged=self.seen.extend,
            failed=lambda _: None,
            clock=lambda: self.now_ms,
            job=JudgingJobs(database, lambda: self.now_ms),
        )

    def assign(self, company_ids: Collection[UUID]) -> None:
        with self.database.write() as session:
            plans.assign_milestone(session, self.milestone_id, company_ids, now_ms=self.now_ms, actor=ADA)

    def tick(self, company_id: UUID) -> None:
        with self.database.write() as session:
            (copy,) = assigned.list_assigned_milestones(session, [company_id])
            copies.tick_action(session, copy.id, 0, to_datetime(self.now_ms), Act(ADA, self.now_ms))


@pytest.fixture
def office(chdb_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(loop_module, "_PORTION_SECONDS", 3600.0)  # however busy the machine is
    database = make_control_database(tmp_path)
    yield Office(chdb_client, database)
    database.close()


def test_all_are_judged_some_at_a_time_with_progress_as_a_job(office: Office) -> None:
    office.assign(office.all)
    office.loop.look()
    assert [len(portion) for portion in office.plans.portions] == [200, 200, 50]
    assert {one.cause for one in office.seen} == {f"its assignment by {ADA}"}
    with office.database.read() as session:
        (job,) = jobs.page_jobs(session, limit=9)
    assert (job.kind, job.state, job.done, job.total, job.unit) == ("judging", "succeeded", 450, 450, "companies")
    assert office.loop.state.waiting == 0


def test_a_tick_amid_a_judging_of_all_is_judged_next(office: Office) -> None:
    office.assign(office.all)
    last = max(office.all)
    office.plans.meanwhile = lambda: office.tick(last)
    office.loop.look()
    assert [len(portion) for portion in office.plans.portions][:3] == [200, 1, 200]
    assert office.plans.portions[1] == [last]


def test_who_waits_for_long_is_told_what_was_done_to_them_not_the_clock(office: Office) -> None:
    office.loop.look()
    office.assign(office.all)
    office.plans.meanwhile = lambda: setattr(office, "now_ms", office.now_ms + 600_000)
    office.loop.look()
    assert {one.cause for one in office.seen} == {f"its assignment by {ADA}"}
    assert len(office.seen) == 450


def test_a_plan_that_takes_long_is_put_off_and_goes_on_from_what_was_answered(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy, light = office.all[:2]
    office.loop.look()
    monkeypatch.setattr(loop_module, "_PORTION_SECONDS", 0.0)  # every portion is over at its first question
    with office.database.write() as session:
        for number in range(4):
            action = AutomaticAction(
                name="Buys", metric_id=office.shop.metric.id, operator=Comparison.AT_LEAST, value=number + 1
            )
            milestone = milestones.create_milestone(
                session, MilestoneDraft(name=f"M{number}", actions=(action,)), now_ms=NOW_MS
            )
            plans.assign_milestone(session, milestone.id, [heavy], now_ms=NOW_MS, actor=ADA)
        plans.assign_milestone(session, office.milestone_id, [light], now_ms=NOW_MS, actor=ADA)
    assert office.loop._turn()
    assert office.seen == []
    monkeypatch.setattr(loop_module, "_PORTION_SECONDS", 3600.0)
    office.loop.look()
    assert {one.company_id for one in office.seen} == {heavy, light}
    assert office.reader.asked == 4
    assert {one.to_state for one in office.seen} == {MilestoneState.IN_PROGRESS}


def test_it_says_how_many_wait_and_since_when(office: Office) -> None:
    office.loop.look()
    office.assign(office.all)
    office.now_ms += 90_000
    states: list[tuple[int, int | None]] = []
    office.plans.meanwhile = lambda: states.append(office.loop.state[:2])
    office.loop._gather()
    office.loop._note_state(has_progressed=False)
    office.loop.look()
    assert states == [(450, NOW_MS)]
    assert office.loop.state[:2] == (0, None)
