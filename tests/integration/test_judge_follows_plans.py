"""The judge's loop and what people do to plans: it looks at those companies alone, once, and forgets nothing."""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.directory import DefinitionSource, JudgedPlans, Rejudgings
from milepost.control.repos import assigned, auto_assign, companies, copies, milestones, plans
from milepost.control.repos.companies import CompanyDraft
from milepost.control.repos.company_keys import create_companies
from milepost.control.repos.plan_changes import EVENT_IS_READABLE_MS, Act
from milepost.control.session import Database
from milepost.domain.milestone import AssignedMilestone, ManualAction, MilestoneDraft, MilestoneState, Transition
from milepost.judge.loop import JudgeLoop
from milepost.judge.step import Judge
from milepost.kit.clock import to_datetime
from milepost.measure.queries import MetricReader
from milepost.testing.business import NOW_MS, add_business, make_control_database

Looks = list[Collection[UUID] | None]


class NotedPlans(JudgedPlans):
    """The real plans, which also note whose were asked for."""

    def __init__(self, database: Database, definitions: DefinitionSource) -> None:
        super().__init__(database, definitions)
        self.looks: Looks = []

    def milestones(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedMilestone]:
        self.looks.append(company_ids)
        return super().milestones(company_ids)


class Office:
    """Two companies with a manual milestone each, and the loop that a test lets look once."""

    def __init__(self, client: Client, database: Database) -> None:
        self.database, self.now_ms = database, NOW_MS
        definitions = DefinitionSource(database)
        with database.write() as session:
            self.shop = add_business(session)
            self.both = [
                companies.create_company(session, CompanyDraft(name=name), now_ms=NOW_MS).id
                for name in ("Acme", "Bolt")
            ]
            draft = MilestoneDraft(name="Kick-off", actions=(ManualAction(name="Call"),))
            self.milestone_id = milestones.create_milestone(session, draft, now_ms=NOW_MS).id
        self.plans = NotedPlans(database, definitions)
        self.seen: list[Transition] = []
        judge = Judge(MetricReader(client), self.plans, lambda: self.now_ms)
        self.loop = JudgeLoop(
            judge,
            rejudgings=Rejudgings(database, lambda: self.now_ms),
            have_definitions_changed=definitions.have_numbers_changed,
            watched=lambda: (),
            judged=self.seen.extend,
            failed=lambda _: None,
            clock=lambda: self.now_ms,
        )
        self.loop.stop()
        self.looks_at()

    def assign(self) -> None:
        with self.database.write() as session:
            plans.assign_milestone(session, self.milestone_id, self.both, now_ms=NOW_MS, actor="ada@example.com")

    def looks_at(self) -> Looks:
        """Whose plans one look of the loop reads."""
        self.plans.looks.clear()
        self.loop.run()
        return list(self.plans.looks)

    def copy_of(self, company_id: UUID) -> AssignedMilestone:
        with self.database.read() as session:
            return assigned.list_assigned_milestones(session, [company_id])[0]


@pytest.fixture
def office(chdb_client: Client, tmp_path: Path) -> Iterator[Office]:
    database = make_control_database(tmp_path)
    yield Office(chdb_client, database)
    database.close()


def test_an_assignment_brings_the_judge_to_those_companies_once(office: Office) -> None:
    office.assign()
    assert office.looks_at() == [set(office.both)]
    assert office.looks_at() == []
    assert {one.cause for one in office.seen} == {"its assignment by ada@example.com"}


def test_a_tick_brings_the_judge_to_its_company_alone(office: Office) -> None:
    office.assign()
    office.looks_at()
    acme = office.both[0]
    with office.database.write() as session:
        copies.tick_action(session, office.copy_of(acme).id, 0, to_datetime(NOW_MS), Act("ada@example.com", NOW_MS))
    assert office.looks_at() == [{acme}]
    assert office.copy_of(acme).state is MilestoneState.ACHIEVED
    assert office.seen[-1].cause == "a tick by ada@example.com"


@pytest.mark.parametrize(
    "change",
    [
        lambda office, session: companies.create_company(session, CompanyDraft(name="New"), now_ms=NOW_MS),
        lambda office, session: milestones.update_milestone(
            session, office.milestone_id, MilestoneDraft(name="Other", actions=(ManualAction(name="Call"),))
        ),
    ],
    ids=["a company without a plan", "a definition, of which companies have copies"],
)
def test_what_changes_no_plan_and_no_number_brings_the_judge_to_nobody(
    office: Office, change: Callable[..., object]
) -> None:
    office.assign()
    office.looks_at()
    with office.database.write() as session:
        change(office, session)
    assert office.looks_at() == []


def test_a_new_company_with_a_plan_is_judged_though_no_event_touches_it(office: Office) -> None:
    with office.database.write() as session:
        auto_assign.assign_milestone_to_all(session, office.milestone_id, new_companies_too=True, now_ms=NOW_MS - 1000)
    office.looks_at()
    with office.database.write() as session:
        (made,) = create_companies(session, [("SFID", "1")], NOW_MS).values()
        auto_assign.assign_missing(session, NOW_MS)
    assert office.looks_at() == []  # it is judged with the event that made it
    office.now_ms += EVENT_IS_READABLE_MS
    assert office.looks_at() == [{made}]  # of which nothing has come
    assert office.copy_of(made).state is MilestoneState.IN_PROGRESS


def test_a_changed_plan_is_judged_after_a_restart_too(office: Office) -> None:
    office.assign()
    with office.database.read() as session:
        assert len(assigned.list_assigned_milestones(session)) == 2
    rejudgings = Rejudgings(office.database, lambda: office.now_ms)
    assert {one.company_id for one in rejudgings.owed(9)} == set(office.both)
    office.looks_at()
    assert rejudgings.owed(9) == ()
