"""Lists of companies: search, filters, order, pages, changes of attributes and their bounds; quick with thousands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from milepost.control.bulk import insert_new
from milepost.control.repos.company_keys import create_companies
from milepost.control.repos.company_search import refresh_search
from milepost.control.repos.key_spaces import ensure_key_spaces
from milepost.control.rows import CompanyKeyRow
from milepost.domain.account import Role
from milepost.testing.console import Console


@pytest.fixture
def editor(console: Console) -> TestClient:
    return console.as_person(Role.EDITOR)


def add(editor: TestClient, name: str, attributes: dict[str, str] | None = None, **keys: str) -> Any:
    some = [{"key_space": space, "value": value} for space, value in keys.items()]
    answer = editor.post("/api/companies", json={"name": name, "keys": some, "attributes": attributes or {}})
    assert answer.status_code == 201, answer.text
    return answer.json()


def names(editor: TestClient, **query: Any) -> list[str]:
    answer = editor.get("/api/companies", params=query)
    assert answer.status_code == 200, answer.text
    return [company["name"] for company in answer.json()["items"]]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("acm", ["ACME"]),
        ("Straße", ["Strasse 7"]),
        ("MÜLLER", ["müller"]),
        ("αθηνα", ["ΑΘΗΝΑ"]),
        ("sf-01", ["ACME"]),
        ("e s", []),
        ("_", []),
        ("%", []),
    ],
)
def test_a_search_finds_text_in_names_and_keys_whatever_its_case(
    editor: TestClient, search: str, found: list[str]
) -> None:
    add(editor, "ACME", SFID="SF-01")
    for name in ("Strasse 7", "müller", "ΑΘΗΝΑ"):
        add(editor, name)
    assert names(editor, search=search) == found


def test_a_search_finds_a_company_by_what_is_combined_into_it(editor: TestClient) -> None:
    acme, bolt = add(editor, "Acme")["id"], add(editor, "Bolt", SFID="S2")["id"]
    editor.post(f"/api/companies/{acme}/combine", json={"company_ids": [bolt]})
    for query in ({"search": "bolt"}, {"search": "s2"}, {"key_space": "SFID"}, {"key_space": "SFID", "key": "S2"}):
        assert names(editor, **query) == ["Acme"]
    editor.post(f"/api/companies/{acme}/separate", json={"company_ids": [bolt]})
    assert names(editor, search="s2") == names(editor, key_space="SFID") == ["Bolt"]


def test_a_search_follows_names_and_keys_as_they_change(editor: TestClient) -> None:
    acme = add(editor, "Acme", SFID="S1")["id"]
    editor.patch(f"/api/companies/{acme}", json={"name": "Bolt"})
    editor.delete(f"/api/companies/{acme}/keys", params={"key_space": "SFID", "value": "S1"})
    editor.post(f"/api/companies/{acme}/keys", json={"key_space": "SFID", "value": "S2"})
    assert [names(editor, search=one) for one in ("acme", "s1", "bolt", "s2")] == [[], [], ["Bolt"], ["Bolt"]]


def test_companies_are_filtered_by_attribute_key_space_and_origin(console: Console, editor: TestClient) -> None:
    add(editor, "Acme", {"Plan": "Gold", "It's a 'name' %": "1"}, SFID="S1")
    add(editor, "Bolt", {"Plan": "Silver"})
    with console.deps.database.write() as session:
        create_companies(session, [("Billing", "made by an event")], console.clock())
    assert names(editor, attribute="Plan") == ["Acme", "Bolt"]
    assert names(editor, attribute="Plan", value="Gold") == ["Acme"]
    assert names(editor, attribute="It's a 'name' %", value="1") == ["Acme"]
    assert names(editor, attribute="None") == []
    assert names(editor, key_space="SFID") == ["Acme"]
    assert names(editor, is_auto_created=True) == ["made by an event"]
    assert editor.get("/api/companies", params={"value": "Gold"}).json()["faults"][0]["path"] == "attribute"
    assert editor.get("/api/companies", params={"standing": "unmatched"}).status_code == 400


@pytest.mark.parametrize("sort", ["name", "created"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_every_order_is_paged_without_gaps_or_repeats(
    console: Console, editor: TestClient, sort: str, order: str
) -> None:
    for name in ("b", "A", "c", "a", "B"):
        add(editor, name)
        console.clock.advance(seconds=0.001)
    whole = names(editor, sort=sort, order=order)
    assert [name.lower() for name in whole] == {
        ("name", "asc"): ["a", "a", "b", "b", "c"],
        ("name", "desc"): ["c", "b", "b", "a", "a"],
        ("created", "asc"): ["b", "a", "c", "a", "b"],
        ("created", "desc"): ["b", "a", "c", "a", "b"],
    }[sort, order]
    assert list(_pages(editor, sort=sort, order=order)) == whole


def _pages(editor: TestClient, **query: Any) -> Iterator[str]:
    cursor: dict[str, str] = {}
    while True:
        page = editor.get("/api/companies", params={"limit": 2, **query, **cursor}).json()
        yield from (company["name"] for company in page["items"])
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def test_attributes_are_merged_taken_away_and_replaced_as_one_says(editor: TestClient) -> None:
    door = f"/api/companies/{add(editor, 'Acme', {'Plan': 'Gold', 'Seats': '5'})['id']}"

    def patched(body: dict[str, Any]) -> Any:
        return editor.patch(door, json=body).json()["attributes"]

    assert patched({"attributes": {"Plan": "Silver", "Region": "EU"}}) == {
        "Plan": "Silver",
        "Region": "EU",
        "Seats": "5",
    }
    assert patched({"attributes": {"Plan": None}}) == {"Region": "EU", "Seats": "5"}
    assert patched({"name": "Acme Inc"}) == {"Region": "EU", "Seats": "5"}
    assert patched({"attributes": {"Tier": "1"}, "replaces_attributes": True}) == {"Tier": "1"}


@pytest.mark.parametrize(
    ("attributes", "path", "reason"),
    [
        ({"": "x"}, "attributes", "is no attribute's name"),
        ({" Plan": "x"}, "attributes", "is no attribute's name"),
        ({'"': "x"}, "attributes", "is no attribute's name"),
        ({"x" * 121: "x"}, "attributes", "is no attribute's name"),
        ({"Plan": "x" * 1001}, "attributes.Plan", "has 1001 characters"),
        ({str(one): "x" for one in range(101)}, "attributes", "at most 100 attributes"),
    ],
)
def test_attributes_beyond_a_bound_are_refused_with_the_bound(
    editor: TestClient, attributes: dict[str, str], path: str, reason: str
) -> None:
    acme = add(editor, "Acme")["id"]
    for answer in (
        editor.post("/api/companies", json={"name": "Bolt", "attributes": attributes}),
        editor.patch(f"/api/companies/{acme}", json={"attributes": attributes}),
    ):
        (fault,) = answer.json()["faults"]
        assert (answer.status_code, fault["path"], reason in fault["reason"]) == (400, path, True)


def test_a_name_is_no_blank(editor: TestClient) -> None:
    assert editor.post("/api/companies", json={"name": "  "}).status_code == 400


def test_ten_thousand_companies_of_three_keys_are_searched_and_listed_without_sorting_them_all(
    console: Console, editor: TestClient
) -> None:
    with console.deps.database.write() as session:
        ensure_key_spaces(session, {"SFID", "Billing"}, now_ms=1)
        made = create_companies(session, [("CompanyID", f"Company {one:05d} Ltd") for one in range(10_000)], 1)
        keys = [
            {"key_space": space, "value": f"{space}-{place:08d}", "company_id": company_id}
            for place, company_id in enumerate(made.values())
            for space in ("SFID", "Billing")
        ]
        insert_new(session, CompanyKeyRow, keys)
        refresh_search(session, made.values())
    assert names(editor, search="sfid-00009876") == ["Company 09876 Ltd"]
    assert names(editor, search="-00009876", limit="5") == ["Company 09876 Ltd"]
    assert names(editor, search="LTD", limit="2") == ["Company 00000 Ltd", "Company 00001 Ltd"]
    assert names(editor, search="nowhere") == []
    with console.deps.database.read() as session:
        page = "SELECT id FROM companies WHERE standing = 'active' AND merged_into IS NULL ORDER BY {}, id LIMIT 100"
        for column in ("sort_name", "created_at_ms"):
            plan = session.execute(text(f"EXPLAIN QUERY PLAN {page.format(column)}")).all()
            assert f"ix_companies_standing_merged_into_{column}_id" in str(plan)
            assert "TEMP B-TREE" not in str(plan)
