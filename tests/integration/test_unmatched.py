"""Keys that no company has: what is held for them, whose it becomes, and that nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos import merging
from milepost.control.repos.settings import write_settings
from milepost.domain.account import AccountSettings, Role
from milepost.domain.event import SmartKey
from milepost.measure.windows import DAY_MS
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase


@pytest.fixture
def firm(chdb_client: Client, tmp_path: Path) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path)
    let_events_create_companies(made, False)
    yield made
    made.close()


def let_events_create_companies(firm: Firm, creates: bool) -> None:
    with firm.database.write() as session:
        write_settings(session, AccountSettings(creates_companies=creates))


def purchases(customer: str, *days: float) -> list[Purchase]:
    return [Purchase(customer, NOW_MS - int(one * DAY_MS), 10) for one in days]


def counts(firm: Firm) -> dict[str, float | None]:
    lines = firm.get(f"/metrics/{firm.shop.metric.id}/values")["items"]
    return {line["company_name"]: line["value"] for line in lines}


def unmatched(firm: Firm, **query: Any) -> dict[str, str]:
    """Key -> id."""
    return {one["value"]: one["id"] for one in firm.get("/companies/unmatched", **query)["items"]}


def test_what_comes_for_an_unknown_key_is_held_and_told(firm: Firm) -> None:
    firm.buy(*purchases("A", 9, 5), *purchases("B", 8))
    firm.buy(*purchases("A", 1))
    first, second = sorted(firm.get("/companies/unmatched")["items"], key=lambda one: str(one["value"]))
    assert (first["key_space"], first["value"], first["emissions"], first["events"]) == ("CustomerNumber", "A", 3, 3)
    assert datetime.fromisoformat(first["first_seen_at"]) < datetime.fromisoformat(first["last_seen_at"])
    assert (second["value"], second["emissions"]) == ("B", 1)
    assert counts(firm) == {}
    assert firm.get("/companies")["items"] == []
    assert [space["keys"] for space in firm.get("/altkeys")["items"]] == [0, 0]
    assert firm.get("/overview")["metrics"][0]["companies"] == 0
    assert firm.get(f"/metrics/{firm.shop.metric.id}/groups", by="dollars")["items"] == []


def test_keys_that_only_smart_keys_name_are_held_as_well(firm: Firm) -> None:
    firm.buy(*purchases("A", 9), smart_keys=(SmartKey(name="CompanyID", alternate_id="Wallet", field="dollars"),))
    found = {one["key_space"]: one for one in firm.get("/companies/unmatched")["items"]}
    assert (found["Wallet"]["value"], found["Wallet"]["emissions"]) == ("10", 0)
    assert found["Wallet"]["first_seen_at"] == found["Wallet"]["last_seen_at"]
    assert found["CustomerNumber"]["emissions"] == 1


def test_unmatched_keys_are_paged_and_searched(firm: Firm) -> None:
    firm.buy(*(one for name in ("Äpfel", "ÄRGER", "birne") for one in purchases(name, 1)))
    assert set(unmatched(firm, search="äp")) == {"Äpfel"}
    assert set(unmatched(firm, search="ä")) == {"Äpfel", "ÄRGER"}
    assert unmatched(firm, key_space="SFID") == {}
    pages: list[str] = []
    cursor = None
    while True:
        page = firm.get("/companies/unmatched", limit=1, **({"cursor": cursor} if cursor else {}))
        pages += [one["value"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(pages) == sorted(["birne", "Äpfel", "ÄRGER"])


def test_an_assigned_key_brings_its_history_and_what_comes_later(firm: Firm) -> None:
    acme = firm.post("/companies", {"name": "Acme"}, 201)["id"]
    firm.buy(*purchases("A", 9, 8), *purchases("B", 7))
    keys = unmatched(firm)
    answer = firm.post("/companies/unmatched/assign", {"company_id": acme, "keys": {"ids": list(keys.values())}})
    assert answer == {"count": 2}
    firm.buy(*purchases("A", 6), *purchases("B", 5))
    assert counts(firm) == {"Acme": 5}
    assert [key["value"] for key in firm.get(f"/companies/{acme}")["keys"]] == ["A", "B"]
    (milestone,) = firm.get(f"/companies/{acme}/plan")["outcomes"][0]["parts"]
    assert milestone["milestone"]["state"] == "achieved"
    assert unmatched(firm) == {}
    firm.post(f"/companies/{acme}/separate", {"company_ids": [keys["B"]]})
    assert counts(firm) == {"Acme": 3}
    assert unmatched(firm) == {"B": keys["B"]}


@pytest.mark.parametrize("is_moved", [False, True], ids=["taken away", "moved to another company"])
def test_history_stays_in_sight_when_a_holding_is_separated_whose_key_is_gone(firm: Firm, is_moved: bool) -> None:
    acme, bolt = (firm.post("/companies", {"name": one}, 201)["id"] for one in ("Acme", "Bolt"))
    firm.buy(*purchases("A", 9, 8), *purchases("B", 7))
    held = unmatched(firm)
    firm.post("/companies/unmatched/assign", {"company_id": acme, "keys": {"all": True}})
    firm.delete(f"/companies/{acme}/keys?key_space=CustomerNumber&value=A")
    if is_moved:
        firm.post(f"/companies/{bolt}/keys", {"key_space": "CustomerNumber", "value": "A"}, 201)
    assert counts(firm) == {"Acme": 3, "Bolt": 0}
    separated = firm.post(f"/companies/{acme}/separate", {"company_ids": [held["A"], held["B"]]})["items"]
    assert [(one["name"], one["standing"]) for one in separated] == [
        ("Acme", "active"),
        ("A", "active"),
        ("B", "unmatched"),
    ]
    assert counts(firm) == {"Acme": 0, "Bolt": 0, "A": 2}
    assert len(firm.get(f"/companies/{held['A']}/plan")["outcomes"]) == 1
    assert unmatched(firm) == {"B": held["B"]}
    firm.post(f"/companies/{bolt}/combine", {"company_ids": [held["A"]]})
    assert counts(firm) == {"Acme": 0, "Bolt": 2}


def test_giving_a_held_key_to_a_company_by_hand_assigns_what_is_held(firm: Firm) -> None:
    firm.buy(*purchases("A", 9, 8), *purchases("B", 7))
    key = {"key_space": "CustomerNumber", "value": "A"}
    acme = firm.post("/companies", {"name": "Acme", "keys": [key]}, 201)["id"]
    assert counts(firm) == {"Acme": 2}
    firm.post(f"/companies/{acme}/keys", {**key, "value": "B"}, 201)
    assert counts(firm) == {"Acme": 3}


def test_companies_are_made_of_one_of_many_or_of_all_that_a_filter_finds(firm: Firm) -> None:
    firm.buy(*(one for name in ("A1", "A2", "B1", "B2") for one in purchases(name, 5, 4, 3, 2, 1)))
    firm.post("/companies/unmatched/make-companies", {"keys": {"ids": [unmatched(firm)["B1"]]}})
    assert counts(firm) == {"B1": 5}
    made = firm.post("/companies/unmatched/make-companies", {"keys": {"all": True, "search": "a"}})
    assert made == {"count": 2}
    assert counts(firm) == {"A1": 5, "A2": 5, "B1": 5}
    copies = firm.get("/assigned-milestones")["items"]
    assert [copy["state"] for copy in copies] == ["achieved"] * 3
    assert set(unmatched(firm)) == {"B2"}
    admin = firm.console.as_person(Role.ADMIN)
    (line,) = admin.get("/api/audit", params={"subject_id": firm.company("A1")}).json()["items"]
    assert (line["action"], line["before"]["standing"], line["after"]["standing"]) == (
        "make_company",
        "unmatched",
        "active",
    )


def test_what_was_held_is_not_lost_when_events_make_companies_again(firm: Firm) -> None:
    firm.buy(*purchases("A", 9, 8), *purchases("B", 7))
    let_events_create_companies(firm, True)
    firm.buy(*purchases("A", 1))
    assert counts(firm) == {"A": 3}
    assert set(unmatched(firm)) == {"B"}


def test_an_assigned_key_stays_with_its_company_when_events_make_companies_again(firm: Firm) -> None:
    acme = firm.post("/companies", {"name": "Acme"}, 201)["id"]
    firm.buy(*purchases("A", 9))
    firm.post("/companies/unmatched/assign", {"company_id": acme, "keys": {"all": True}})
    let_events_create_companies(firm, True)
    firm.buy(*purchases("A", 1))
    assert counts(firm) == {"Acme": 2}


def test_events_do_not_bring_back_what_a_person_set_aside(firm: Firm) -> None:
    let_events_create_companies(firm, True)
    firm.buy(*purchases("A", 9))
    firm.delete(f"/companies/{firm.company('A')}")
    firm.buy(*purchases("A", 1))
    assert counts(firm) == {}
    firm.post("/companies/unmatched/make-companies", {"keys": {"ids": [unmatched(firm)["A"]]}})
    assert counts(firm) == {"A": 2}


def test_a_company_is_not_given_more_keys_than_one_can_ask_about(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MOST_COMBINED", 2)
    acme = firm.post("/companies", {"name": "Acme"}, 201)["id"]
    firm.buy(*(one for name in ("A", "B", "C") for one in purchases(name, 1)))
    refusal = firm.post("/companies/unmatched/assign", {"company_id": acme, "keys": {"all": True}}, 409)
    assert "More than 2" in refusal["detail"]
    firm.post("/companies/unmatched/assign", {"company_id": acme, "keys": {"all": True, "search": "a"}})
    assert counts(firm) == {"Acme": 1}


def test_only_what_is_unmatched_can_be_matched(firm: Firm) -> None:
    acme = firm.post("/companies", {"name": "Acme"}, 201)["id"]
    refusal = firm.post("/companies/unmatched/make-companies", {"keys": {"ids": [acme]}}, 400)
    assert refusal["faults"] == [{"path": "ids[0]", "reason": f"{acme} holds no unmatched key"}]
    firm.post("/companies/unmatched/assign", {"company_id": acme, "keys": {"ids": [acme]}}, 400)
    assert firm.post("/companies/unmatched/assign", {"company_id": acme, "keys": {}}, 400)["code"] == "invalid_input"


def test_what_an_unmatched_key_holds_is_no_company(firm: Firm) -> None:
    firm.buy(*purchases("A", 9))
    held = unmatched(firm)["A"]
    assert firm.editor.get(f"/api/companies/{held}").status_code == 404
    assert firm.editor.delete(f"/api/companies/{held}").status_code == 404
    values = f"/api/metrics/{firm.shop.metric.id}/values"
    assert firm.editor.get(values, params={"company_id": held}).status_code == 404
