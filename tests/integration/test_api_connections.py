"""Connections through the API: credentials, rotation, and the audit log."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from milepost.control.book import read_known_connections
from milepost.domain.account import Role
from milepost.domain.connection import RateLimit
from milepost.kit.crypto import sha256
from milepost.testing.console import Console


@pytest.fixture
def admin(console: Console) -> TestClient:
    return console.as_person(Role.ADMIN)


def _add(admin: TestClient, kind: str = "event-handler") -> Any:
    answer = admin.post("/api/connections", json={"name": "Shop", "kind": kind})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("kind", "credentials"),
    [
        ("event-handler", {"clientId", "clientSecret"}),
        ("machine-to-machine", {"clientId", "clientSecret"}),
        ("tracking-script", {"analyticsKey", "trackingScript"}),
        ("custom-events", {"writeKey"}),
    ],
)
def test_a_new_connection_comes_with_its_credentials(admin: TestClient, kind: str, credentials: set[str]) -> None:
    added = _add(admin, kind)
    view = {
        "id",
        "name",
        "kind",
        "is_enabled",
        "scopes",
        "allowed_origins",
        "track_event_key",
        "delivery_id",
        "created_at",
        "doubtful_dates",
    }
    assert set(added) == view | credentials
    shown = admin.get(f"/api/connections/{added['id']}/keys").json()
    assert shown == {name: added[name] for name in credentials}


def test_credentials_stay_out_of_lists_and_of_the_audit_log(console: Console, admin: TestClient) -> None:
    added = [_add(admin, kind) for kind in ("event-handler", "tracking-script", "custom-events")]
    admin.post(f"/api/connections/{added[0]['id']}/rotate", json={})
    secrets = [one[name] for one in added for name in ("clientSecret", "analyticsKey", "writeKey") if name in one]
    seen = admin.get("/api/connections").text + admin.get("/api/audit").text
    seen += console.as_person(Role.VIEWER).get(f"/api/connections/{added[0]['id']}").text
    assert len(secrets) == 3
    assert not [secret for secret in secrets if secret in seen]


def test_a_tracking_script_is_shown_ready_to_paste(admin: TestClient) -> None:
    added = _add(admin, "tracking-script")
    shown = admin.get(f"/api/connections/{added['id']}/script").json()
    assert added["analyticsKey"] in shown["trackingScript"]
    assert "https://api.test" in shown["trackingScript"]


def test_other_kinds_have_no_tracking_script(admin: TestClient) -> None:
    answer = admin.get(f"/api/connections/{_add(admin)['id']}/script")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_connection_is_renamed_and_disabled(admin: TestClient) -> None:
    door = f"/api/connections/{_add(admin)['id']}"
    changed = admin.patch(door, json={"name": "Web shop", "is_enabled": False}).json()
    assert (changed["name"], changed["is_enabled"]) == ("Web shop", False)
    assert admin.get(door).json() == changed


def test_a_connections_rate_is_limited_and_the_limit_lifted(console: Console, admin: TestClient) -> None:
    door = f"/api/connections/{_add(admin)['id']}"
    changed = admin.patch(door, json={"rate_limit": {"events_per_second": 2.5}}).json()
    assert changed["rate_limit"] == {"events_per_second": 2.5, "burst": 3}
    assert admin.patch(door, json={"name": "Other"}).json()["rate_limit"] == changed["rate_limit"]
    with console.deps.database.read() as session:
        (known,) = read_known_connections(session, console.deps.secrets_key)
    assert known.rate_limit == RateLimit(events_per_second=2.5, burst=3)
    assert admin.patch(door, json={"rate_limit": None}).json()["rate_limit"] is None
    assert [entry["action"] for entry in admin.get("/api/audit").json()["items"]].count("update") == 3


@pytest.mark.parametrize(
    ("kind", "change", "path"),
    [
        ("event-handler", {"rate_limit": {"events_per_second": 0}}, "rate_limit.events_per_second"),
        ("event-handler", {"rate_limit": {"events_per_second": 1, "burst": 0}}, "rate_limit.burst"),
        ("event-handler", {"rate_limit": {"burst": 5}}, "rate_limit.events_per_second"),
        ("machine-to-machine", {"rate_limit": {"events_per_second": 1}}, "rate_limit"),
        ("event-handler", {"track_event_key": "type"}, "track_event_key"),
        ("custom-events", {"track_event_key": "colour"}, "track_event_key"),
        ("event-handler", {"delivery_id": "none"}, "delivery_id"),
        ("custom-events", {"delivery_id": "header:"}, "delivery_id"),
        ("custom-events", {"delivery_id": "body:a..b"}, "delivery_id"),
    ],
)
def test_an_option_that_is_not_right_is_refused_with_the_place(
    admin: TestClient, kind: str, change: dict[str, Any], path: str
) -> None:
    answer = admin.patch(f"/api/connections/{_add(admin, kind)['id']}", json=change)
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, path)


def test_what_names_the_tracks_of_a_connection_can_be_chosen(console: Console, admin: TestClient) -> None:
    draft = {"name": "Site", "kind": "custom-events", "track_event_key": "type"}
    added = admin.post("/api/connections", json=draft).json()
    assert added["track_event_key"] == "type"
    with console.deps.database.read() as session:
        (known,) = read_known_connections(session, console.deps.secrets_key)
    assert known.track_event_key == "type"
    door = f"/api/connections/{added['id']}"
    assert admin.patch(door, json={"track_event_key": "name"}).json()["track_event_key"] == "name"


def test_where_webhooks_have_the_id_of_their_delivery_can_be_said(console: Console, admin: TestClient) -> None:
    draft = {"name": "Shop", "kind": "custom-events", "delivery_id": "header:X-My-Id"}
    added = admin.post("/api/connections", json=draft).json()
    with console.deps.database.read() as session:
        (known,) = read_known_connections(session, console.deps.secrets_key)
    assert (added["delivery_id"], known.delivery_id) == ("header:X-My-Id", "header:X-My-Id")
    changed = admin.patch(f"/api/connections/{added['id']}", json={"delivery_id": "body:event.id"})
    assert changed.json()["delivery_id"] == "body:event.id"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "", "kind": "event-handler"}, "name"),
        ({"name": "Shop"}, "kind"),
        ({"name": "Shop", "kind": "webhook"}, "kind"),
        ({"name": "Shop", "kind": "event-handler", "secret": "mine"}, "secret"),
        ({"name": "Shop", "kind": "event-handler", "scopes": ["read:api"]}, "scopes"),
        ({"name": "Shop", "kind": "tracking-script", "allowed_origins": ["example.com"]}, "allowed_origins[0]"),
    ],
)
def test_a_connection_that_is_not_right_is_refused_with_the_place(
    admin: TestClient, body: dict[str, Any], path: str
) -> None:
    answer = admin.post("/api/connections", json=body)
    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["faults"]] == [path]


def test_rotation_keeps_the_old_secret_for_a_day_unless_told_otherwise(console: Console, admin: TestClient) -> None:
    added = _add(admin)
    rotated = admin.post(f"/api/connections/{added['id']}/rotate").json()
    now_ms = console.clock()
    with console.deps.database.read() as session:
        (known,) = read_known_connections(session, console.deps.secrets_key)
    assert set(known.secrets) == {
        (sha256(added["clientSecret"]), now_ms + 24 * 3_600_000),
        (sha256(rotated["clientSecret"]), None),
    }
    assert rotated["clientId"] == added["clientId"]


def test_a_public_key_is_rotated_only_at_once(admin: TestClient) -> None:
    added = _add(admin, "custom-events")
    door = f"/api/connections/{added['id']}/rotate"
    assert admin.post(door, json={}).json()["faults"][0]["path"] == "grace_seconds"
    assert admin.post(door, json={"grace_seconds": 0}).json()["writeKey"] != added["writeKey"]


def test_the_audit_log_tells_who_did_what_to_a_connection(admin: TestClient) -> None:
    connection_id = _add(admin)["id"]
    _add(admin, "custom-events")
    admin.patch(f"/api/connections/{connection_id}", json={"name": "Store"})
    admin.get(f"/api/connections/{connection_id}/keys")
    admin.post(f"/api/connections/{connection_id}/rotate", json={"grace_seconds": 60})
    entries = admin.get("/api/audit", params={"subject_id": connection_id}).json()["items"]
    assert sorted(entry["action"] for entry in entries) == ["create", "rotate", "show_keys", "update"]
    assert {entry["actor"] for entry in entries} == {"admin@example.com"}
    (update,) = [entry for entry in entries if entry["action"] == "update"]
    assert (update["before"]["name"], update["after"]["name"]) == ("Shop", "Store")


def test_a_refused_change_leaves_no_line_in_the_audit_log(admin: TestClient) -> None:
    before = admin.get("/api/audit").json()
    admin.post("/api/connections", json={"name": "Shop", "kind": "event-handler", "scopes": ["read:api"]})
    assert admin.get("/api/audit").json() == before
