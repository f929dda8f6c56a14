"""What is recorded in bulk is recorded in short transactions, between which others write."""

from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import event

from milepost.control.directory import DefinitionSource, JudgedPlans
from milepost.control.pace import MOST_COPIES
from milepost.control.repos import assigned, plans
from milepost.control.repos.company_keys import create_companies
from milepost.control.repos.transitions import page_transitions
from milepost.control.session import Database
from milepost.domain.milestone import MilestoneState, Transition
from milepost.kit.clock import to_datetime
from milepost.testing.business import NOW_MS, add_business

STATES = (MilestoneState.NOT_STARTED, MilestoneState.ACHIEVED)


@pytest.mark.parametrize(("count", "transactions"), [(3, 1), (MOST_COPIES, 1), (2 * MOST_COPIES + 1, 3)])
def test_the_judge_records_many_changes_of_state_in_pieces_and_in_order(
    database: Database, count: int, transactions: int
) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = create_companies(session, [("CompanyID", "C1")], NOW_MS).values()
        plans.assign_outcome(session, shop.outcome.id, [acme], now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        (outcome,) = assigned.list_assigned_outcomes(session)
    course = pairwise(STATES[number % 2] for number in range(count + 1))
    found = [_transition(acme, copy.id, *pair, NOW_MS + at) for at, pair in enumerate(course)]
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    JudgedPlans(database, DefinitionSource(database)).record(found, {})
    assert len(commits) == transactions
    with database.read() as session:
        page = page_transitions(session, company_id=acme, subject="milestone", limit=count + 1)
        assert [one for _, one in reversed(page)] == found
        assert assigned.list_assigned_milestones(session)[0].state == found[-1].to_state
    JudgedPlans(database, DefinitionSource(database)).record([], {outcome.id: 0.5})
    with database.read() as session:
        assert assigned.list_assigned_outcomes(session)[0].progress == 0.5


def _transition(company_id: UUID, copy_id: UUID, before: str, after: str, at_ms: int) -> Transition:
    return Transition(
        company_id=company_id,
        subject="milestone",
        subject_id=copy_id,
        name="5 purchases",
        from_state=before,
        to_state=after,
        at=to_datetime(at_ms),
        recorded_at=to_datetime(NOW_MS + 1_000_000),
        reason="it changed",
    )
