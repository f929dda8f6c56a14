"""One rule for texts everywhere in /api: what no text can be is refused with its place, at every door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.domain.account import Role
from milepost.testing.business import NOW_MS, add_business
from milepost.testing.console import Console, open_console

WRONG = {"NUL": "\\u0000", "half a letter": "\\ud800", "the other half": "\\udc00"}


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    opened = open_console(tmp_path_factory.mktemp("texts"))
    with opened.deps.database.write() as session:
        add_business(session)
        create_company(session, CompanyDraft(name="Ada & Co"), now_ms=NOW_MS)
    yield opened
    opened.deps.database.close()


@pytest.fixture(scope="module")
def admin(console: Console) -> TestClient:
    return console.as_person(Role.ADMIN)


def doors(console: Console, *, with_body: bool) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for context in iter_route_contexts(console.app.routes):
        route = context.route
        path = context.path or ""
        if isinstance(route, APIRoute) and path.startswith("/api/") and (route.body_field is not None) is with_body:
            found += [(method, path) for method in route.methods or ()]
    return sorted(found)


def address(path: str) -> str:
    return "/".join(str(UUID(int=7)) if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("wrong", WRONG)
def test_no_body_has_what_no_text_can_be(console: Console, admin: TestClient, wrong: str) -> None:
    asked = doors(console, with_body=True)
    assert len(asked) > 20
    for method, path in asked:
        for body, place in (
            (f'{{"x": ["a", {{"y": "b{WRONG[wrong]}"}}]}}', "x[1].y"),
            (f'{{"x": {{"a{WRONG[wrong]}": 1}}}}', "x"),
        ):
            answer = admin.request(method, address(path), content=body, headers={"content-type": "application/json"})
            assert (answer.status_code, [one["path"] for one in answer.json()["faults"]]) == (400, [place]), path


def test_raw_bytes_of_half_a_letter_are_no_way_round(admin: TestClient) -> None:
    body = b'{"name": "\xed\xa0\x80"}'
    answer = admin.post("/api/companies", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "name")


def test_no_filter_has_nul(console: Console, admin: TestClient) -> None:
    for method, path in doors(console, with_body=False):
        if "live" not in path:
            answer = admin.request(method, f"{address(path)}?search=a%00b")
            assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "search"), path
            assert admin.request(method, f"{address(path)}?a%00b=c").status_code == 400, path


@pytest.mark.parametrize("name", [" ", "\n", "a\nb", "\u202eabc", "\u200b"], ids=ascii)
def test_names_of_definitions_are_one_line_that_can_be_seen(console: Console, admin: TestClient, name: str) -> None:
    signal = admin.get("/api/signals").json()["items"][0]
    metric = {"name": name, "signal_id": signal["id"], "aggregation": "count"}
    manual = {"kind": "manual", "name": "Call"}
    milestone = {"name": name, "actions": [manual]}
    drafts: dict[str, Any] = {
        "/api/metrics": metric,
        "/api/milestones": milestone,
        "/api/outcomes": {"name": name, "milestones": [{"milestone_id": str(UUID(int=1))}]},
        "/api/outcomes/templates": {"name": name, "milestone_ids": [str(UUID(int=1))]},
        "/api/signals": {**{key: value for key, value in signal.items() if key in SIGNAL}, "name": name},
        "/api/connections": {"name": name, "kind": "http"},
        "/api/altkeys": {"name": name},
    }
    for door, draft in drafts.items():
        answer = admin.post(door, json=draft)
        assert answer.status_code == 400, (door, answer.text)
        assert "name" in [one["path"] for one in answer.json()["faults"]], (door, answer.text)
    answer = admin.post("/api/milestones", json={"name": "M", "actions": [{**manual, "name": name}]})
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "actions[0].name")


SIGNAL = ("connection_id", "event_key", "fields", "company", "rules")


def test_a_cursor_with_what_no_text_can_be_is_none_of_ours(admin: TestClient, tmp_path: Path) -> None:
    del tmp_path
    cursor = "WyJcdWQ4MDAiLCJcdWQ4MDAiXQ"  # ["\ud800","\ud800"]
    answer = admin.get("/api/companies", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "cursor")


def test_who_is_not_known_hears_that_first(console: Console) -> None:
    anyone = console.as_anyone()
    unknown = anyone.get("/api/companies?serach=a")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "unauthenticated")
    answer = anyone.post(
        "/api/companies", content=b'{"name": "a\\u0000"}', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 401
