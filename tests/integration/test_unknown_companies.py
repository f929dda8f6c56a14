"""What becomes of events about companies that nobody knows, by the account's setting."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from milepost.control.directory import IdentitySource, Rejudgings
from milepost.control.repos.assigned import list_assigned_milestones
from milepost.control.repos.auto_assign import assign_milestone_to_all
from milepost.control.repos.companies import CompanyDraft, create_company, list_companies
from milepost.control.repos.settings import write_settings
from milepost.control.session import Database
from milepost.domain.account import AccountSettings
from milepost.domain.company import CompanyKey
from milepost.domain.event import Emissions, RecordedGroup
from milepost.domain.fate import Fate
from milepost.testing.business import NOW_MS, add_business, make_control_database
from milepost.wiring import FreshDetect


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = make_control_database(tmp_path)
    yield opened
    opened.close()


def _purchases(connection_id: UUID, *customers: str) -> RecordedGroup:
    rows = len(customers)
    return RecordedGroup(
        connection_id=connection_id.bytes,
        event_key="purchase",
        door="events",
        request_ids=[bytes(16)] * rows,
        items=range(rows),
        received_at_ms=[NOW_MS] * rows,
        event_date_ms=[NOW_MS] * rows,
        fates=[Fate.PROCESSED] * rows,
        reasons=[""] * rows,
        duplicates_of=[""] * rows,
        payloads=[b'{"customer":"%s","dollars":%d}' % (name.encode(), len(name)) for name in customers],
        smart_keys=(),
    )


def _emitted(found: list[Emissions]) -> list[tuple[int, float | None]]:
    return [(item, number) for of in found for item, number in zip(of.items, of.numbers["n1"], strict=True)]


def test_the_first_event_about_an_unknown_company_makes_it_with_its_plan(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        assign_milestone_to_all(session, shop.milestone.id, new_companies_too=True, now_ms=NOW_MS)
    detect = FreshDetect(database, lambda: NOW_MS)
    found = detect.detect([_purchases(shop.connection.id, "C1", "C22", "C1")]).emissions
    assert _emitted(found) == [(0, 2.0), (1, 3.0), (2, 2.0)]
    with database.read() as session:
        assert [company.name for company in list_companies(session, limit=9)] == ["C1", "C22"]
        assert len(list_assigned_milestones(session)) == 2


def test_with_the_setting_off_what_is_emitted_for_unknown_companies_is_held_where_no_list_shows_it(
    database: Database,
) -> None:
    with database.write() as session:
        shop = add_business(session)
        assign_milestone_to_all(session, shop.milestone.id, new_companies_too=True, now_ms=NOW_MS)
        write_settings(session, AccountSettings(creates_companies=False))
        known = CompanyDraft(name="Known", keys=(CompanyKey(key_space="CustomerNumber", value="C22"),))
        create_company(session, known, now_ms=NOW_MS)
    detect, identities = FreshDetect(database, lambda: NOW_MS), IdentitySource(database)
    assert identities().hidden == frozenset()
    ((first,), (tally,)) = detect.detect([_purchases(shop.connection.id, "C1", "C22")])
    (second,) = detect.detect([_purchases(shop.connection.id, "C1")]).emissions
    assert (tally.matched, tally.company_unknown) == (2, 1)
    assert _emitted([first]) == [(0, 2.0), (1, 3.0)]
    assert first.company_ids[0] == second.company_ids[0]
    assert identities().hidden == {UUID(bytes=first.company_ids[0])}
    with database.read() as session:
        assert [company.name for company in list_companies(session, limit=9)] == ["Known"]
        assert list_assigned_milestones(session) == ()


def test_turning_the_setting_on_again_makes_a_company_of_what_was_held_with_the_next_event_about_it(
    database: Database,
) -> None:
    with database.write() as session:
        shop = add_business(session)
        assign_milestone_to_all(session, shop.milestone.id, new_companies_too=True, now_ms=NOW_MS)
        write_settings(session, AccountSettings(creates_companies=False))
    detect = FreshDetect(database, lambda: NOW_MS)
    (held,) = detect.detect([_purchases(shop.connection.id, "C1")]).emissions
    with database.write() as session:
        write_settings(session, AccountSettings())
    (emitted,) = detect.detect([_purchases(shop.connection.id, "C1")]).emissions
    (company_id,) = {UUID(bytes=one) for of in (held, emitted) for one in of.company_ids}
    with database.read() as session:
        assert [company.id for company in list_companies(session, limit=9)] == [company_id]
        assert [copy.company_id for copy in list_assigned_milestones(session)] == [company_id]
    assert IdentitySource(database)().hidden == frozenset()
    (owed,) = Rejudgings(database, lambda: NOW_MS).owed(9)
    assert (owed.company_id, owed.is_from_scratch) == (company_id, True)
