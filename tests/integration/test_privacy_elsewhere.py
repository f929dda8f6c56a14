"""Privacy requests find what of a company lies with others: on their timelines, under signals that are no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos import combining, companies, transitions
from milepost.domain.company import CompanyChange
from milepost.domain.privacy import CompanySubject, PrivacyAction
from milepost.testing.business import NOW_MS
from milepost.testing.house import House, open_house

DELETE, ANONYMISE, EXPORT = PrivacyAction.DELETE, PrivacyAction.ANONYMISE, PrivacyAction.EXPORT


@pytest.fixture
def house(tmp_path: Path, chdb_client: Client) -> Iterator[House]:
    with open_house(tmp_path, chdb_client) as opened:
        yield opened


def order(account: Any, user: str, **more: Any) -> dict[str, Any]:
    return {"account": account, "userId": user, "amount": 5, **more}


def company(house: House, key: str) -> UUID:
    found = house.company(key)
    assert found is not None
    return found


def rename(house: House, company_id: UUID, name: str) -> None:
    with house.database.write() as session:
        companies.update_company(session, company_id, CompanyChange(name=name))


def meet_and_part(house: House, primary: UUID, member: UUID) -> None:
    """Combine two companies and separate them again."""
    for act in (combining.combine, combining.separate):
        with house.database.write() as session:
            act(session, primary, [member], actor="eve@example.com", now_ms=NOW_MS)


def timeline(house: House, company_id: UUID) -> list[tuple[str, str]]:
    """The names and reasons of a company's lines, in the order of their reasons."""
    with house.database.read() as session:
        found = transitions.page_transitions(session, company_id=company_id, limit=99)
    return sorted((line.name, line.reason) for _, line in found)


@pytest.mark.parametrize("is_primary", [True, False])
def test_a_deleted_company_is_gone_from_the_timelines_of_those_it_was_combined_with(
    house: House, is_primary: bool
) -> None:
    house.send("order", order(house.marker, "ada"), order("bolt", "bob"), order("cord", "eve"))
    gone, bolt, cord = (company(house, key) for key in (house.marker, "bolt", "cord"))
    meet_and_part(house, *((gone, bolt) if is_primary else (bolt, gone)))
    meet_and_part(house, bolt, cord)
    receipt = house.do(DELETE, CompanySubject(company_id=gone))
    assert house.files_with(house.marker) == []
    assert timeline(house, bolt) == [
        ("cord", "“cord” combined into “bolt” by eve@example.com"),
        ("cord", "“cord” separated from “bolt” by eve@example.com"),
    ]
    assert receipt.counts["records_transitions"] == 4


@pytest.mark.parametrize("is_primary", [True, False])
def test_an_anonymised_company_has_its_pseudonym_on_all_timelines_in_place_of_every_name_it_had(
    house: House, is_primary: bool
) -> None:
    house.send("order", order("a", "ada"), order("bolt", "bob"), order("a bat", "eve"))
    hidden, bolt, bat = (company(house, key) for key in ("a", "bolt", "a bat"))
    rename(house, hidden, house.marker)
    pair = (hidden, bolt) if is_primary else (bolt, hidden)
    meet_and_part(house, *pair)
    rename(house, hidden, "a")
    meet_and_part(house, *pair)
    meet_and_part(house, bolt, bat)
    others = [line for line in timeline(house, bolt) if line[0] == "a bat"]
    receipt = house.do(ANONYMISE, CompanySubject(company_id=hidden))
    name = f"Anonymous {hidden.hex[-8:]}"
    names = (name, "bolt") if is_primary else ("bolt", name)
    happened = [
        f"“{names[1]}” {what} “{names[0]}” by eve@example.com"
        for what in ("combined into", "combined into", "separated from", "separated from")
    ]
    assert timeline(house, hidden) == [("bolt", reason) for reason in happened]
    assert timeline(house, bolt) == sorted([*((name, reason) for reason in happened), *others])
    assert house.files_with(house.marker) == []
    assert "names on timelines" in {check.searched for check in receipt.checks}
