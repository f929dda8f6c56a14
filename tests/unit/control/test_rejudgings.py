"""What the judge is owed: one row a company, however much was done to it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from milepost.control.directory import Rejudgings
from milepost.control.repos import assigned, companies, copies, milestones, plans
from milepost.control.repos.companies import CompanyDraft
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.control.session import Database
from milepost.domain.milestone import ManualAction, MilestoneDraft
from milepost.kit.clock import to_datetime
from milepost.testing.business import NOW_MS, make_control_database

ACME, BOLT = UUID(int=1), UUID(int=2)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = make_control_database(tmp_path)
    yield made
    made.close()


def owed(database: Database, at_ms: int = NOW_MS + 9_000) -> Rejudgings:
    return Rejudgings(database, lambda: at_ms)


def test_a_company_is_owed_once_for_the_sum_of_what_was_done(database: Database) -> None:
    with database.write() as session:
        owe_rejudging(session, [ACME], now_ms=NOW_MS + 5, from_scratch=False)
        owe_rejudging(session, [ACME, BOLT], now_ms=NOW_MS + 9)
        owe_rejudging(session, [ACME], now_ms=NOW_MS + 7, from_scratch=False, is_urgent=True)
    first, second = owed(database).owed(9)
    assert (first.company_id, first.is_from_scratch, first.is_urgent, first.since_ms) == (ACME, True, True, NOW_MS + 5)
    assert (second.company_id, second.is_urgent) == (BOLT, False)
    assert owed(database).waiting() == (2, NOW_MS + 5)


def test_what_is_done_while_a_company_is_judged_stays_owed(database: Database) -> None:
    with database.write() as session:
        owe_rejudging(session, [ACME, BOLT], now_ms=NOW_MS)
    seen = owed(database).owed(9)
    with database.write() as session:
        owe_rejudging(session, [ACME], now_ms=NOW_MS + 1)
    owed(database).settle(seen)
    assert [one.company_id for one in owed(database).owed(9)] == [ACME]


def test_nothing_is_owed_before_its_time_and_what_is_urgent_comes_before_what_is_older(database: Database) -> None:
    with database.write() as session:
        owe_rejudging(session, [ACME], now_ms=NOW_MS, from_scratch=False)
        owe_rejudging(session, [BOLT], now_ms=NOW_MS + 1_000, from_scratch=False, is_urgent=True)
    assert [one.company_id for one in owed(database, NOW_MS).owed(9)] == [ACME]
    assert [one.company_id for one in owed(database).owed(1)] == [BOLT]
    assert [one.company_id for one in owed(database).owed(9, urgent_only=True)] == [BOLT]
    assert [one.company_id for one in owed(database).among([ACME])] == [ACME]


def test_a_tick_is_urgent_and_an_assignment_to_many_is_not(database: Database) -> None:
    with database.write() as session:
        many = [companies.create_company(session, CompanyDraft(name=f"C{n}"), now_ms=NOW_MS).id for n in range(21)]
        draft = MilestoneDraft(name="Kick-off", actions=(ManualAction(name="Call"),))
        milestone = milestones.create_milestone(session, draft, now_ms=NOW_MS)
        plans.assign_milestone(session, milestone.id, many, now_ms=NOW_MS, actor="ada@example.com")
        (copy,) = assigned.list_assigned_milestones(session, [many[0]])
        copies.tick_action(session, copy.id, 0, to_datetime(NOW_MS), Act("ada@example.com", NOW_MS))
    assert len(owed(database).owed(99)) == 21
    assert [one.company_id for one in owed(database).owed(99, urgent_only=True)] == [many[0]]
