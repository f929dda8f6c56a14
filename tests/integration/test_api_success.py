"""The whole way through the API: a signal, a metric, a milestone, an outcome, and companies that have them."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from milepost.control.repos.auto_assign import assign_missing
from milepost.control.repos.company_keys import create_companies
from milepost.domain.account import Role
from milepost.domain.connection import ConnectionKind
from milepost.testing.console import Console


@pytest.fixture
def editor(console: Console) -> TestClient:
    return console.as_person(Role.EDITOR)


def _post(client: TestClient, path: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def _signal(connection_id: str) -> dict[str, Any]:
    return {
        "name": "Purchases",
        "connection_id": connection_id,
        "event_key": "purchase",
        "fields": [
            {"name": "customer", "path": ["customer"], "type": "text"},
            {"name": "dollars", "path": ["order", "TOTAL $"], "type": "number"},
        ],
        "company": {"field": "customer", "key_space": "CustomerNumber"},
        "rules": {
            "kind": "group",
            "match": "any",
            "members": [{"kind": "condition", "field": "dollars", "operator": ">", "value": 0}],
        },
    }


def _shop(console: Console, editor: TestClient) -> dict[str, Any]:
    connection = console.add_connection(ConnectionKind.EVENT_HANDLER)
    signal = _post(editor, "/api/signals", _signal(str(connection.id)))
    count = {"name": "Purchases", "signal_id": signal["id"], "aggregation": "count"}
    metric = _post(editor, "/api/metrics", count)
    five = {"kind": "automatic", "name": "Buys", "metric_id": metric["id"], "operator": ">=", "value": 5}
    thanks = {"kind": "manual", "name": "Say thanks", "affects_achievement": False}
    milestone = _post(editor, "/api/milestones", {"name": "5 purchases", "actions": [five, thanks]})
    loyal = {"name": "Loyal", "milestones": [{"milestone_id": milestone["id"], "weight": 2}]}
    outcome = _post(editor, "/api/outcomes", loyal)
    return {"signal": signal, "metric": metric, "milestone": milestone, "outcome": outcome}


def _company(editor: TestClient, name: str = "Acme") -> str:
    return str(_post(editor, "/api/companies", {"name": name})["id"])


def test_definitions_read_back_as_they_were_written(console: Console, editor: TestClient) -> None:
    shop = _shop(console, editor)
    assert _signal(shop["signal"]["connection_id"]).items() <= shop["signal"].items()
    for noun in ("signal", "metric"):
        door = f"/api/{noun}s/{shop[noun]['id']}"
        assert editor.get(door).json() == shop[noun]
        assert editor.get(f"/api/{noun}s").json() == {"items": [shop[noun]], "next": None}
    for noun in ("milestone", "outcome"):
        in_use = shop[noun] | {"states": {}, "copies": {"assigned": 0, "differing": 0, "edited": 0}}
        assert editor.get(f"/api/{noun}s/{shop[noun]['id']}").json() == in_use
        assert editor.get(f"/api/{noun}s").json() == {"items": [in_use], "next": None}


def test_an_edited_signal_keeps_its_earlier_revision(console: Console, editor: TestClient) -> None:
    first = _shop(console, editor)["signal"]
    door = f"/api/signals/{first['id']}"
    second = editor.put(door, json=_signal(first["connection_id"]) | {"name": "Sales"}).json()
    assert (second["revision"], second["slots"]) == (2, first["slots"])
    revisions = editor.get(f"{door}/revisions").json()["items"]
    assert [one["signal"] for one in revisions] == [second, first]


def test_a_fault_is_named_with_its_place_whoever_finds_it(console: Console, editor: TestClient) -> None:
    body = _signal(str(console.add_connection(ConnectionKind.EVENT_HANDLER).id))
    by_types = body | {"fields": [{"name": "", "path": ["a"], "type": "text"}, {"name": "b", "path": [], "type": "x"}]}
    by_types["rules"] = {"match": "all", "members": [{"kind": "condition", "operator": "exists"}]}
    by_reference = body | {"company": {"field": "client"}, "rules": {"match": "all", "members": [
        {"kind": "condition", "field": "price", "operator": ">", "value": 1},
        {"kind": "condition", "field": "dollars", "operator": "starts_with", "value": "1"},
    ]}}  # fmt: skip
    paths = [
        {fault["path"] for fault in _post(editor, "/api/signals", one, 400)["faults"]}
        for one in (by_types, by_reference)
    ]
    assert paths[0] >= {"fields[0].name", "fields[1].path", "fields[1].type", "rules.members[0].field"}
    assert paths[1] == {"company.field", "rules.members[0].field", "rules.members[1].operator"}


def test_an_outcome_is_assigned_ticked_and_seen_on_the_plan(console: Console, editor: TestClient) -> None:
    shop, company_id = _shop(console, editor), _company(editor)
    assign = f"/api/outcomes/{shop['outcome']['id']}/assign"
    assert _post(editor, assign, {"company_ids": [company_id]}, 200)["assigned"] == 1
    assert _post(editor, assign, {"company_ids": [company_id]}, 200)["assigned"] == 0
    (copy,) = editor.get("/api/assigned-milestones", params={"company_id": company_id}).json()["items"]
    ticked = editor.put(f"/api/assigned-milestones/{copy['id']}/ticks/1")
    assert ticked.json()["ticks"] == {"1": "2023-11-14T22:13:20Z"}
    plan = editor.get(f"/api/companies/{company_id}/plan").json()
    assert plan["company"]["name"] == "Acme"
    assert plan["milestones"] == []
    (outcome,) = plan["outcomes"]
    assert (outcome["name"], outcome["state"], outcome["progress"]) == ("Loyal", "not_started", 0.0)
    assert outcome["parts"] == [{"weight": 2.0, "milestone": ticked.json()}]
    states = editor.get("/api/milestones").json()["items"][0]["states"]
    assert states == {"not_started": 1}
    untick = editor.delete(f"/api/assigned-milestones/{copy['id']}/ticks/1")
    assert untick.json() == copy


@pytest.mark.parametrize(
    ("action", "body", "status"), [(0, None, 400), (7, None, 404), (1, "2031-01-01T00:00:00Z", 400)]
)
def test_only_manual_actions_that_are_done_are_ticked(
    console: Console, editor: TestClient, action: int, body: str | None, status: int
) -> None:
    shop, company_id = _shop(console, editor), _company(editor)
    _post(editor, f"/api/milestones/{shop['milestone']['id']}/assign", {"company_ids": [company_id]}, 200)
    (copy,) = editor.get("/api/assigned-milestones").json()["items"]
    door = f"/api/assigned-milestones/{copy['id']}/ticks/{action}"
    assert editor.put(door, json={"at": body} if body else None).status_code == status


def test_a_milestone_for_all_reaches_companies_of_the_past_and_the_future(console: Console, editor: TestClient) -> None:
    shop, milestone_door = _shop(console, editor), "/api/milestones"
    _company(editor, "Past")
    assign = f"{milestone_door}/{shop['milestone']['id']}/assign"
    assert _post(editor, assign, {"all": True, "auto_assign": True}, 200)["assigned"] == 1
    _company(editor, "Added by hand")
    with console.deps.database.write() as session:
        create_companies(session, [("CustomerNumber", "made by an event")], console.clock())
        assign_missing(session, console.clock())
    assert len(editor.get("/api/assigned-milestones").json()["items"]) == 3
    assert editor.get(milestone_door).json()["items"][0]["assigns_new_companies"] is True
    assert _post(editor, assign, {"all": True}, 200)["assigned"] == 0
    _company(editor, "Later")
    assert len(editor.get("/api/assigned-milestones").json()["items"]) == 3


@pytest.mark.parametrize(
    "body", [{}, {"company_ids": []}, {"all": True, "company_ids": []}, {"auto_assign": True}, {"all": False}]
)
def test_an_assignment_says_to_whom(console: Console, editor: TestClient, body: dict[str, Any]) -> None:
    shop = _shop(console, editor)
    _post(editor, f"/api/milestones/{shop['milestone']['id']}/assign", body, 400)


def test_unassigning_leaves_the_definition_free_to_go(console: Console, editor: TestClient) -> None:
    shop, company_id = _shop(console, editor), _company(editor)
    body = {"company_ids": [company_id]}
    doors = {noun: f"/api/{noun}s/{shop[noun]['id']}" for noun in shop}
    _post(editor, f"{doors['outcome']}/assign", body, 200)
    assert editor.delete(doors["outcome"]).status_code == 409
    assert _post(editor, f"{doors['milestone']}/unassign", body, 409)["code"] == "conflict"
    assert _post(editor, f"{doors['outcome']}/unassign", body, 200)["unassigned"] == 1
    assert _post(editor, f"{doors['milestone']}/unassign", body, 200)["unassigned"] == 1
    for noun in ("outcome", "milestone", "metric", "signal"):
        assert editor.delete(doors[noun]).status_code == 204
        assert editor.get(doors[noun]).status_code == 404


def test_a_copy_is_changed_for_one_company_alone(console: Console, editor: TestClient) -> None:
    shop = _shop(console, editor)
    both = [_company(editor, "Acme"), _company(editor, "Bolt")]
    _post(editor, f"/api/milestones/{shop['milestone']['id']}/assign", {"company_ids": both}, 200)
    copies = {one["company_id"]: one for one in editor.get("/api/assigned-milestones?explain=true").json()["items"]}
    changed = copies[both[0]]["definition"] | {"name": "4 purchases are enough"}
    door = f"/api/assigned-milestones/{copies[both[0]]['id']}"
    assert editor.put(door, json=changed).json()["definition"]["name"] == "4 purchases are enough"
    assert editor.get(f"/api/assigned-milestones/{copies[both[1]]['id']}").json() == copies[both[1]]


def test_values_come_for_every_company_page_by_page(console: Console, editor: TestClient) -> None:
    shop = _shop(console, editor)
    ids = {name: _company(editor, name) for name in ("c", "a", "b")}
    door = f"/api/metrics/{shop['metric']['id']}/values"
    first = editor.get(door, params={"limit": 2}).json()
    rest = editor.get(door, params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["company_name"] for one in (*first["items"], *rest["items"])] == ["a", "b", "c"]
    assert rest["next"] is None
    one = editor.get(door, params={"company_id": ids["b"], "at": "2023-01-01T00:00:00Z"}).json()
    assert one == {
        "items": [
            {
                "company_id": ids["b"],
                "company_name": "b",
                "value": 0.0,
                "shown": "0",
                "previous": None,
                "change": None,
            }
        ],
        "next": None,
        "metric_id": shop["metric"]["id"],
        "at": "2023-01-01T00:00:00Z",
        "compared_at": None,
        "unit": "",
        "format": {"style": "number", "decimals": None},
    }
    assert editor.get(door, params={"company_id": shop["metric"]["id"]}).status_code == 404


def test_companies_are_added_found_renamed_and_given_keys(editor: TestClient) -> None:
    body = {"name": "Acme", "keys": [{"key_space": "SFID", "value": "001/A?&"}], "attributes": {"tier": "gold"}}
    acme = _post(editor, "/api/companies", body)
    door = f"/api/companies/{acme['id']}"
    by_key = {"key_space": "SFID", "key": "001/A?&"}
    assert editor.get("/api/companies", params=by_key).json()["items"] == [acme]
    assert editor.get("/api/companies", params={"search": "cm"}).json()["items"] == [acme]
    assert editor.get("/api/companies", params={"search": "xx"}).json()["items"] == []
    assert editor.get("/api/companies", params={"key": "001"}).status_code == 400
    _post(editor, f"{door}/keys", {"key_space": "CompanyID", "value": "7"})
    other = _company(editor, "Other")
    _post(editor, f"/api/companies/{other}/keys", {"key_space": "CompanyID", "value": "7"}, 409)
    assert len(editor.patch(door, json={"name": "Acme Inc."}).json()["keys"]) == 2
    removed = editor.delete(f"{door}/keys", params={"key_space": "SFID", "value": "001/A?&"})
    assert [key["value"] for key in removed.json()["keys"]] == ["7"]
    assert editor.get(door).json() == removed.json()


def test_key_spaces_are_listed_and_added(editor: TestClient) -> None:
    _post(editor, "/api/altkeys", {"name": "SFID"})
    _post(editor, "/api/altkeys", {"name": "SFID"}, 409)
    _post(editor, "/api/altkeys", {"name": " "}, 400)
    assert editor.get("/api/altkeys").json()["items"] == [
        {"name": "CompanyID", "is_meta_key": True, "keys": 0},
        {"name": "SFID", "is_meta_key": False, "keys": 0},
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("retention_days", True),
        ("retention_days", "30"),
        ("retention_days", 30.0),
        ("creates_companies", "no"),
        ("creates_companies", 0),
        ("account_name", "  "),
    ],
)
def test_a_setting_of_the_wrong_type_changes_nothing(console: Console, path: str, value: Any) -> None:
    admin = console.as_person(Role.ADMIN)
    before = admin.get("/api/settings").json()
    refused = admin.put("/api/settings", json={path: value})
    assert (refused.status_code, refused.json()["faults"][0]["path"]) == (400, path)
    assert admin.get("/api/settings").json() == before


def test_settings_are_replaced_whole_by_admins(console: Console) -> None:
    admin = console.as_person(Role.ADMIN)
    changed = admin.put("/api/settings", json={"account_name": "Shop", "time_zone": "Europe/Berlin"})
    assert changed.json() == {
        "account_name": "Shop",
        "time_zone": "Europe/Berlin",
        "week_start": "monday",
        "creates_companies": True,
        "retention_days": None,
    }
    assert admin.get("/api/settings").json() == changed.json()
    refused = admin.put("/api/settings", json={"time_zone": "Mars/Olympus"}).json()
    assert [fault["path"] for fault in refused["faults"]] == ["time_zone"]
