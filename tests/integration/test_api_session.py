"""Signing in, staying in, and being kept out."""

import pytest
from fastapi.testclient import TestClient

from milepost.domain.account import Role
from milepost.domain.connection import ConnectionKind
from milepost.kit.crypto import issue_token
from milepost.testing.console import PASSWORD, TOKENS_KEY, Console

DAY = 24 * 3600
ANN = "editor@example.com"


def _sign_in(client: TestClient, email: str = ANN, password: str = PASSWORD, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return int(client.post("/api/session", json={"email": email, "password": password}, headers=sent).status_code)


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(console: Console) -> None:
    console.as_person(Role.EDITOR)
    client = console.as_anyone()
    answer = client.post("/api/session", json={"email": " Editor@Example.com", "password": PASSWORD})
    assert answer.json() == {"kind": "person", "name": ANN, "role": "editor"}
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=lax", "secure", "path=/"} <= attributes
    assert client.get("/api/me").json() == answer.json()
    assert client.get("/api/session").json() == answer.json()


def test_signing_out_ends_the_session_on_the_server(console: Console) -> None:
    client = console.as_person(Role.VIEWER)
    thief = console.as_anyone()
    thief.cookies.update(client.cookies)
    assert thief.get("/api/me").status_code == 200
    assert client.delete("/api/session").status_code == 204
    assert thief.get("/api/me").status_code == 401


def test_a_session_ends_after_seven_days(console: Console) -> None:
    client = console.as_person(Role.VIEWER)
    console.clock.advance(seconds=7 * DAY - 1)
    assert client.get("/api/me").status_code == 200
    console.clock.advance(seconds=1)
    assert client.get("/api/me").status_code == 401


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(console: Console) -> None:
    console.as_person(Role.EDITOR)
    wrong = console.as_anyone().post("/api/session", json={"email": ANN, "password": "wrong password"})
    unknown = console.as_anyone().post("/api/session", json={"email": "who@example.com", "password": PASSWORD})
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert wrong.status_code == 401


def test_guessing_is_slowed_down_for_one_email_only(console: Console) -> None:
    console.as_person(Role.EDITOR)
    client = console.as_anyone()
    assert [_sign_in(client, password="wrong password") for _ in range(5)] == [401] * 5
    refused = client.post("/api/session", json={"email": ANN, "password": PASSWORD})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["code"] == "too_many_attempts"
    assert _sign_in(client, email="who@example.com") == 401
    console.clock.advance(seconds=1)
    assert _sign_in(client) == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"sec_fetch_site": "same-origin", "origin": "https://console.test"}, 200, id="the console"),
        pytest.param({"origin": "https://console.test"}, 200, id="the console in an older browser"),
        pytest.param({"sec_fetch_site": "cross-site", "origin": "https://evil.test"}, 403, id="another site"),
        pytest.param({"sec_fetch_site": "same-site"}, 403, id="a sister site"),
        pytest.param({"origin": "https://evil.test"}, 403, id="another site in an older browser"),
        pytest.param({"origin": "null"}, 403, id="a sandboxed page"),
    ],
)
def test_only_the_console_itself_and_programs_write_with_the_cookie(
    console: Console, headers: dict[str, str], status: int
) -> None:
    client = console.as_person(Role.EDITOR)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    written = client.post("/api/companies", json={"name": "Acme"}, headers=sent)
    assert written.status_code == (201 if status == 200 else status)
    assert client.get("/api/companies", headers=sent).status_code == 200
    assert _sign_in(console.as_anyone(), **headers) == status


def test_a_bearer_token_needs_no_such_proof(console: Console) -> None:
    client = console.as_machine("write:api")
    sent = {"sec-fetch-site": "cross-site"}
    assert client.post("/api/companies", json={"name": "Acme"}, headers=sent).status_code == 201


def test_a_changed_password_ends_every_other_session(console: Console) -> None:
    here, there = console.as_person(Role.EDITOR), console.as_person(Role.EDITOR)
    body = {"current_password": PASSWORD, "new_password": "a better one"}
    assert here.put("/api/me/password", json=body).status_code == 204
    assert here.get("/api/me").status_code == 200
    assert there.get("/api/me").status_code == 401
    assert _sign_in(console.as_anyone(), password="a better one") == 200


def test_a_password_is_changed_only_by_whoever_knows_it(console: Console) -> None:
    client = console.as_person(Role.EDITOR)
    body = {"current_password": "a wrong one", "new_password": "a better one"}
    assert client.put("/api/me/password", json=body).status_code == 401
    assert _sign_in(console.as_anyone()) == 200


def test_a_machine_is_named_by_its_connection(console: Console) -> None:
    client = console.as_machine("read:api", "write:api")
    me = client.get("/api/me").json()
    assert me["kind"] == "machine"
    assert me["name"].startswith("A machine-to-machine (")
    assert me["role"] == "editor"
    assert (
        client.put("/api/me/password", json={"current_password": "x", "new_password": "long enough"}).status_code == 403
    )


def test_a_machine_loses_what_its_connection_loses_at_once(console: Console) -> None:
    admin = console.as_person(Role.ADMIN)
    connection = console.add_connection(ConnectionKind.MACHINE_TO_MACHINE, scopes=("read:api", "write:api"))
    machine = console.with_token(connection, connection.scopes)
    door = f"/api/connections/{connection.id}"
    assert machine.post("/api/companies", json={"name": "Acme"}).status_code == 201
    admin.patch(door, json={"scopes": ["read:api"]})
    assert machine.post("/api/companies", json={"name": "Acme"}).status_code == 403
    admin.patch(door, json={"is_enabled": False})
    assert machine.get("/api/companies").status_code == 401


def test_a_scope_that_the_token_was_not_issued_with_does_not_count(console: Console) -> None:
    connection = console.add_connection(ConnectionKind.MACHINE_TO_MACHINE, scopes=("read:api", "admin:api"))
    assert console.with_token(connection, ("read:api",)).get("/api/users").status_code == 403


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic abc", "Bearer not.a.token", "bearer a b"],
)
def test_an_unusable_authorization_header_is_refused_even_beside_a_good_cookie(
    console: Console, authorization: str
) -> None:
    client = console.as_person(Role.ADMIN)
    answer = client.get("/api/me", headers={"authorization": authorization})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_token_ends_after_its_day(console: Console) -> None:
    client = console.as_machine("read:api")
    console.clock.advance(seconds=DAY)
    assert client.get("/api/me").status_code == 401


def test_a_token_of_a_connection_that_is_gone_is_refused(console: Console) -> None:
    token = issue_token(bytes(16), ("read:api",), console.clock(), DAY, TOKENS_KEY, kind="machine-to-machine")
    answer = console.as_anyone().get("/api/me", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_people_are_added_promoted_and_removed_by_admins(console: Console) -> None:
    admin = console.as_person(Role.ADMIN)
    body = {"email": "Bob@Example.com", "password": PASSWORD, "role": "viewer"}
    bob = admin.post("/api/users", json=body)
    assert (bob.status_code, bob.json()["email"]) == (201, "bob@example.com")
    assert PASSWORD not in bob.text
    assert admin.post("/api/users", json=body).status_code == 409
    door = f"/api/users/{bob.json()['id']}"
    assert admin.patch(door, json={"role": "editor"}).json()["role"] == "editor"
    assert [person["email"] for person in admin.get("/api/users").json()["items"]] == [
        "admin@example.com",
        "bob@example.com",
    ]
    client = console.as_anyone()
    assert _sign_in(client, email="bob@example.com") == 200
    assert admin.patch(door, json={"password": "another good one"}).status_code == 200
    assert client.get("/api/me").status_code == 401
    assert admin.delete(door).status_code == 204
    assert admin.delete(door).status_code == 404
