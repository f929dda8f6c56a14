"""The one shape of refusals, and the description of the API."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from milepost.domain.account import Role
from milepost.domain.event import EventId
from milepost.observe.logs import configure_logs
from milepost.testing.console import Console, open_console
from milepost.testing.nothing import EmptyEventLog


@pytest.fixture
def admin(console: Console) -> TestClient:
    return console.as_person(Role.ADMIN)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        pytest.param("GET", "/api/nothing", {}, 404, "not_found", id="unknown address"),
        pytest.param("PUT", "/api/companies", {"json": {}}, 405, "method_not_allowed", id="unknown method"),
        pytest.param("POST", "/api/companies", {"json": []}, 400, "invalid_input", id="not an object"),
        pytest.param(
            "POST", "/api/companies", {"content": b"{", "headers": {"content-type": "application/json"}},
            400, "invalid_input", id="not JSON",
        ),
        pytest.param(
            "POST", "/api/companies", {"content": b'{"name":"A"}', "headers": {"content-type": "text/plain"}},
            415, "unsupported_content_type", id="not said to be JSON",
        ),
        pytest.param(
            "POST", "/api/companies", {"json": {"name": "x" * 2**20}}, 413, "too_large", id="too large",
        ),
        pytest.param(
            "POST", "/api/companies",
            {"content": iter([b'{"name":"', b"x" * 2**20]), "headers": {"content-type": "application/json"}},
            413, "too_large", id="too large, and not saying so",
        ),
    ],
)  # fmt: skip
def test_every_refusal_has_the_one_shape(
    *, admin: TestClient, method: str, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    answer = admin.request(method, path, **sent)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"title", "status", "code", "detail", "faults"}
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)


def test_what_is_not_json_is_told_with_its_place(admin: TestClient) -> None:
    answer = admin.post("/api/companies", content=b'{"name" 1}', headers={"content-type": "application/json"})
    assert re.fullmatch(r"is not JSON: .* at character \d+", answer.json()["faults"][0]["reason"])


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        pytest.param({"at": "2024-01-01"}, "must be an object whose member 'kind' says which kind it is", id="none"),
        pytest.param(
            {"kind": "soon"},
            "has 'soon' as 'kind'; the kinds are 'any_time', 'on_assignment', 'date', 'after_days'",
            id="an unknown one",
        ),
    ],
)
def test_a_missing_or_unknown_kind_is_told_with_those_that_there_are(
    admin: TestClient, start: dict[str, str], reason: str
) -> None:
    draft = {"name": "First value", "actions": [{"kind": "manual", "name": "Call"}], "start": start}
    answer = admin.post("/api/milestones", json=draft)
    assert answer.json()["faults"] == [{"path": "start", "reason": reason}]


def test_a_member_that_should_be_an_object_is_told_so(admin: TestClient) -> None:
    answer = admin.post("/api/outcomes", json={"name": "Loyal", "milestones": [7]})
    assert {"path": "milestones[0]", "reason": "must be an object"} in answer.json()["faults"]


def _ruled(operator: str, value: Any) -> dict[str, Any]:
    condition = {"kind": "condition", "field": "a", "operator": operator, "value": value}
    return {"rules": {"match": "all", "members": [condition]}}


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"fields": [{"name": "a", "path": "a.b", "type": "text"}]}, {"fields[0].path": "must be a list"}),
        ({"fields": [{"name": "a", "path": [1], "type": "text"}]}, {"fields[0].path[0]": "must be a text"}),
        (
            {
                "rules": {
                    "match": "all",
                    "members": [{"kind": "condition", "field": "a", "operator": "in", "value": [["x"]]}],
                }
            },
            {"rules.members[0].value[0]": "must be a text or a number or true or false"},
        ),
        (
            {
                "rules": {
                    "match": "all",
                    "members": [{"kind": "condition", "field": "a", "operator": "=", "value": {"x": 1}}],
                }
            },
            {"rules.members[0].value": "must be a text or a number or true or false or a list"},
        ),
        ({"rules": {"match": "some", "members": []}}, {"rules.match": "must be 'all', 'any' or 'none'"}),
        ({"is_enabled": "perhaps"}, {"is_enabled": "must be true or false"}),
    ],
)
def test_each_mistake_is_told_once_in_words_for_who_writes_json(
    admin: TestClient, changes: dict[str, Any], faults: dict[str, str]
) -> None:
    fields = [{"name": "a", "path": ["a"], "type": "text"}]
    draft = {"name": "x", "connection_id": str(UUID(int=1)), "event_key": "k", "fields": fields}
    answer = admin.post("/api/signals", json=draft | {"company": {"field": "a"}} | changes)
    assert answer.status_code == 400
    assert {fault["path"]: fault["reason"] for fault in answer.json()["faults"]} == faults


def test_unknown_members_are_named_and_not_ignored(admin: TestClient) -> None:
    answer = admin.post("/api/companies", json={"name": "Acme", "nmae": "Acme"})
    assert answer.json()["faults"] == [{"path": "nmae", "reason": "Extra inputs are not permitted"}]


class _BrokenEventLog(EmptyEventLog):
    def event(self, event_id: EventId) -> None:
        raise RuntimeError(f"the secret inside {event_id}")


def test_our_own_failure_tells_nothing_of_its_inside(tmp_path: Path) -> None:
    configure_logs("tests")
    broken = open_console(tmp_path, event_log=_BrokenEventLog())
    answer = broken.as_person(Role.VIEWER).get("/api/events/00000000-0000-0000-0000-000000000007.0")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "the secret inside" not in answer.text


def test_answers_are_neither_cached_nor_framed(admin: TestClient) -> None:
    headers = admin.get("/api/me").headers
    assert (headers["cache-control"], headers["x-frame-options"]) == ("no-store", "DENY")
    assert headers["x-content-type-options"] == "nosniff"


def test_the_docs_list_every_operation_and_need_no_other_host(console: Console) -> None:
    client = console.as_anyone()
    page, described = client.get("/api/docs").text, client.get("/api/openapi.json").json()
    assert not re.findall(r"https?://", page)
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            assert operation["description"]
            assert "422" not in operation["responses"]
