"""Test events of connections: by the door of the kind, with its keys, and none of them shown; and the frame."""

from collections.abc import Mapping
from dataclasses import replace

import orjson
import pytest

from milepost.domain.account import Role
from milepost.domain.connection import ConnectionKind
from milepost.testing.console import Console
from milepost.web.ports import DoorAnswer

REQUEST_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class AnsweringDoors:
    """Doors that answer as the real ones would, and keep what came."""

    def __init__(self) -> None:
        self.came: list[tuple[str, dict[str, object], Mapping[str, str]]] = []

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> DoorAnswer:
        self.came.append((path, orjson.loads(body), headers))
        match path:
            case "/getToken":
                return DoorAnswer(200, b'{"accessToken":"the token"}')
            case "/v1/custom/event":
                return DoorAnswer(201, b'{"success":true}')
            case _:
                return DoorAnswer(202, orjson.dumps({"requestId": REQUEST_ID}))


@pytest.fixture
def doors(console: Console) -> AnsweringDoors:
    answering = AnsweringDoors()
    console.app.state.deps = replace(console.deps, doors=answering)
    return answering


def test_an_event_handler_fetches_a_token_and_sends_with_it(console: Console, doors: AnsweringDoors) -> None:
    connection = console.add_connection(ConnectionKind.EVENT_HANDLER)
    asked = {"event_key": "logins", "payload": {"accountId": "C1"}}
    answer = console.as_person(Role.EDITOR).post(f"/api/connections/{connection.id}/test-event", json=asked)
    (token_path, credentials, _), (path, body, headers) = doors.came
    assert (token_path, credentials["clientId"], path) == ("/getToken", connection.client_id, "/events")
    assert body == {"eventKey": "logins", "data": [{"accountId": "C1"}]}
    assert headers["authorization"] == "Bearer the token"
    assert "the token" not in answer.text
    assert str(credentials["clientSecret"]) not in answer.text
    shown = answer.json()
    assert (shown["status"], shown["request_id"]) == (202, REQUEST_ID)
    assert shown["request"]["headers"]["authorization"] == "Bearer ***"


@pytest.mark.parametrize(
    ("kind", "path", "status"),
    [(ConnectionKind.TRACKING_SCRIPT, "/analytics", 202), (ConnectionKind.CUSTOM_EVENTS, "/v1/custom/event", 201)],
)
def test_a_public_key_goes_along(
    console: Console, doors: AnsweringDoors, kind: ConnectionKind, path: str, status: int
) -> None:
    connection = console.add_connection(kind)
    answer = console.as_person(Role.EDITOR).post(f"/api/connections/{connection.id}/test-event")
    [(came_to, body, _)] = doors.came
    assert (came_to, answer.json()["status"]) == (path, status)
    assert str(connection.public_key) in orjson.dumps(body).decode()


def test_a_machine_has_no_events_to_send(console: Console, doors: AnsweringDoors) -> None:
    connection = console.add_connection(ConnectionKind.MACHINE_TO_MACHINE)
    answer = console.as_person(Role.EDITOR).post(f"/api/connections/{connection.id}/test-event")
    assert (answer.status_code, answer.json()["code"], doors.came) == (409, "conflict", [])


def test_doors_that_cannot_be_reached_are_ours_to_mend(console: Console) -> None:
    connection = console.add_connection(ConnectionKind.CUSTOM_EVENTS)
    answer = console.as_person(Role.EDITOR).post(f"/api/connections/{connection.id}/test-event")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_the_frame_says_who_is_calling_and_whose_account_it_is(console: Console) -> None:
    told = console.as_person(Role.VIEWER).get("/api/frame").json()
    assert (told["name"], told["role"], told["account_name"]) == ("viewer@example.com", "viewer", "My account")
    assert (told["time_zone"], told["api_url"], told["ca_file"]) == ("UTC", "https://api.test", None)
