"""Who may do what: every route of the console API, for every kind of caller."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from milepost.domain.account import Role
from milepost.domain.connection import ConnectionKind
from milepost.testing.console import Console, open_console

SOMETHING = str(UUID(int=7))

ANYONE, VIEWER, EDITOR, ADMIN = "anyone", "viewer", "editor", "admin"

LEAST: dict[tuple[str, str], str] = {
    ("GET", "/"): ANYONE,
    ("GET", "/api/openapi.json"): ANYONE,
    ("GET", "/api/docs"): ANYONE,
    ("POST", "/api/session"): ANYONE,
    ("DELETE", "/api/session"): ANYONE,
    ("GET", "/api/session"): VIEWER,
    ("GET", "/api/me"): VIEWER,
    ("PUT", "/api/me/password"): VIEWER,
    ("GET", "/api/frame"): VIEWER,
    ("GET", "/api/users"): ADMIN,
    ("POST", "/api/users"): ADMIN,
    ("PATCH", "/api/users/{user_id}"): ADMIN,
    ("DELETE", "/api/users/{user_id}"): ADMIN,
    ("GET", "/api/connections"): VIEWER,
    ("POST", "/api/connections"): ADMIN,
    ("GET", "/api/connections/activity"): VIEWER,
    ("POST", "/api/connections/{connection_id}/test-event"): EDITOR,
    ("GET", "/api/events/bars"): VIEWER,
    ("GET", "/api/connections/{connection_id}"): VIEWER,
    ("PATCH", "/api/connections/{connection_id}"): ADMIN,
    ("POST", "/api/connections/{connection_id}/rotate"): ADMIN,
    ("GET", "/api/connections/{connection_id}/keys"): ADMIN,
    ("GET", "/api/connections/{connection_id}/script"): ADMIN,
    ("GET", "/api/events"): VIEWER,
    ("GET", "/api/events/live"): VIEWER,
    ("GET", "/api/events/{event_id}"): VIEWER,
    ("GET", "/api/feeds"): VIEWER,
    ("GET", "/api/feeds/live"): VIEWER,
    ("GET", "/api/feeds/export"): VIEWER,
    ("GET", "/api/requests/{request_id}"): VIEWER,
    ("POST", "/api/requests/fates"): VIEWER,
    ("GET", "/api/overview"): VIEWER,
    ("GET", "/api/unjudged"): VIEWER,
    ("GET", "/api/judging"): VIEWER,
    ("POST", "/api/privacy/requests"): ADMIN,
    ("GET", "/api/privacy/requests"): ADMIN,
    ("GET", "/api/privacy/requests/{request_id}"): ADMIN,
    ("GET", "/api/privacy/requests/{request_id}/export"): ADMIN,
    ("GET", "/api/rejections"): VIEWER,
    ("GET", "/api/doubtful-dates"): VIEWER,
    ("GET", "/api/companies"): VIEWER,
    ("POST", "/api/companies"): EDITOR,
    ("GET", "/api/companies/{company_id}"): VIEWER,
    ("PATCH", "/api/companies/{company_id}"): EDITOR,
    ("DELETE", "/api/companies/{company_id}"): EDITOR,
    ("POST", "/api/companies/{company_id}/restore"): EDITOR,
    ("POST", "/api/companies/{company_id}/combine"): EDITOR,
    ("POST", "/api/companies/{company_id}/separate"): EDITOR,
    ("POST", "/api/companies/import"): EDITOR,
    ("GET", "/api/companies/imports/{job_id}"): VIEWER,
    ("GET", "/api/companies/unmatched"): VIEWER,
    ("POST", "/api/companies/unmatched/assign"): EDITOR,
    ("POST", "/api/companies/unmatched/make-companies"): EDITOR,
    ("POST", "/api/companies/{company_id}/keys"): EDITOR,
    ("DELETE", "/api/companies/{company_id}/keys"): EDITOR,
    ("GET", "/api/companies/{company_id}/plan"): VIEWER,
    ("GET", "/api/companies/{company_id}/timeline"): VIEWER,
    ("GET", "/api/altkeys"): VIEWER,
    ("POST", "/api/altkeys"): EDITOR,
    ("GET", "/api/signals"): VIEWER,
    ("POST", "/api/signals"): EDITOR,
    ("GET", "/api/signals/{signal_id}"): VIEWER,
    ("PUT", "/api/signals/{signal_id}"): EDITOR,
    ("DELETE", "/api/signals/{signal_id}"): EDITOR,
    ("GET", "/api/signals/{signal_id}/revisions"): VIEWER,
    ("POST", "/api/signals/{signal_id}/backfill"): EDITOR,
    ("GET", "/api/signals/{signal_id}/counts"): VIEWER,
    ("GET", "/api/signals/{signal_id}/preview"): VIEWER,
    ("POST", "/api/signals/preview"): VIEWER,
    ("GET", "/api/signals/suggestions"): VIEWER,
    ("GET", "/api/connections/{connection_id}/event-keys"): VIEWER,
    ("GET", "/api/metrics"): VIEWER,
    ("POST", "/api/metrics"): EDITOR,
    ("GET", "/api/metrics/{metric_id}"): VIEWER,
    ("PUT", "/api/metrics/{metric_id}"): EDITOR,
    ("DELETE", "/api/metrics/{metric_id}"): EDITOR,
    ("GET", "/api/metrics/{metric_id}/values"): VIEWER,
    ("GET", "/api/metrics/{metric_id}/series"): VIEWER,
    ("GET", "/api/metrics/{metric_id}/groups"): VIEWER,
    ("POST", "/api/metrics/preview"): VIEWER,
    ("GET", "/api/milestones"): VIEWER,
    ("POST", "/api/milestones"): EDITOR,
    ("GET", "/api/milestones/{milestone_id}"): VIEWER,
    ("PUT", "/api/milestones/{milestone_id}"): EDITOR,
    ("DELETE", "/api/milestones/{milestone_id}"): EDITOR,
    ("POST", "/api/milestones/{milestone_id}/assign"): EDITOR,
    ("POST", "/api/milestones/{milestone_id}/unassign"): EDITOR,
    ("GET", "/api/outcomes"): VIEWER,
    ("POST", "/api/outcomes"): EDITOR,
    ("GET", "/api/outcomes/{outcome_id}"): VIEWER,
    ("PUT", "/api/outcomes/{outcome_id}"): EDITOR,
    ("DELETE", "/api/outcomes/{outcome_id}"): EDITOR,
    ("POST", "/api/outcomes/{outcome_id}/assign"): EDITOR,
    ("POST", "/api/outcomes/{outcome_id}/unassign"): EDITOR,
    ("GET", "/api/assigned-milestones"): VIEWER,
    ("GET", "/api/assigned-milestones/{assigned_id}"): VIEWER,
    ("PUT", "/api/assigned-milestones/{assigned_id}"): EDITOR,
    ("PUT", "/api/assigned-milestones/{assigned_id}/ticks/{action}"): EDITOR,
    ("DELETE", "/api/assigned-milestones/{assigned_id}/ticks/{action}"): EDITOR,
    ("GET", "/api/assigned-milestones/{assigned_id}/transitions"): VIEWER,
    ("GET", "/api/assigned-outcomes"): VIEWER,
    ("GET", "/api/assigned-outcomes/{assigned_id}"): VIEWER,
    ("PUT", "/api/assigned-outcomes/{assigned_id}"): EDITOR,
    ("POST", "/api/assigned-outcomes/{assigned_id}/reset"): EDITOR,
    ("POST", "/api/assigned-milestones/{assigned_id}/reset"): EDITOR,
    ("POST", "/api/milestones/{milestone_id}/push"): EDITOR,
    ("POST", "/api/outcomes/{outcome_id}/push"): EDITOR,
    ("GET", "/api/portfolio"): VIEWER,
    ("GET", "/api/portfolio/{nouns}/{definition_id}/series"): VIEWER,
    ("GET", "/api/portfolio/{nouns}/{definition_id}/companies"): VIEWER,
    ("GET", "/api/outcomes/templates"): VIEWER,
    ("POST", "/api/outcomes/templates"): EDITOR,
    ("GET", "/api/outcomes/templates/{template_id}"): VIEWER,
    ("PUT", "/api/outcomes/templates/{template_id}"): EDITOR,
    ("DELETE", "/api/outcomes/templates/{template_id}"): EDITOR,
    ("POST", "/api/outcomes/templates/{template_id}/assign"): EDITOR,
    ("GET", "/api/jobs"): VIEWER,
    ("GET", "/api/jobs/{job_id}"): VIEWER,
    ("POST", "/api/jobs/{job_id}/cancel"): EDITOR,
    ("POST", "/api/jobs/{job_id}/retry"): EDITOR,
    ("GET", "/api/settings"): VIEWER,
    ("PUT", "/api/settings"): ADMIN,
    ("GET", "/api/audit"): ADMIN,
    ("PUT", "/api/snapshot"): ADMIN,
}
"""The least role that opens each route. A route that is not here fails the first test."""

CALLERS = {
    "anonymous": None,
    "viewer": VIEWER,
    "editor": EDITOR,
    "admin": ADMIN,
    "machine that reads": VIEWER,
    "machine that writes": EDITOR,
    "machine that administers": ADMIN,
    "event handler": None,
}
LET_IN = (200, 204, 400, 404, 415)
"""Statuses that show the caller got past the door: to an answer, to a 404, or to what is wrong with the input."""

_RANK = (ANYONE, VIEWER, EDITOR, ADMIN)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    opened = open_console(tmp_path_factory.mktemp("console"))
    yield opened
    opened.deps.database.close()


def _client(console: Console, caller: str) -> TestClient:
    match caller:
        case "anonymous":
            return console.as_anyone()
        case "event handler":
            return console.as_event_handler()
        case "machine that reads":
            return console.as_machine("read:api")
        case "machine that writes":
            return console.as_machine("read:api", "write:api")
        case "machine that administers":
            return console.as_machine("admin:api")
        case _:
            return console.as_person(Role(caller))


def test_every_route_is_in_the_table_and_the_table_has_no_others(console: Console) -> None:
    routes: set[tuple[str, str]] = set()
    for context in iter_route_contexts(console.app.routes):
        for method in (context.methods or set()) - {"HEAD", "OPTIONS"}:
            routes.add((method, str(context.path)))
    assert routes == set(LEAST)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path"), LEAST)
def test_a_route_opens_to_whom_it_should(console: Console, method: str, path: str, caller: str) -> None:
    least, role = LEAST[method, path], CALLERS[caller]
    answer = _client(console, caller).request(method, _filled(path), json=_body(method))
    if least == ANYONE:
        assert answer.status_code in LET_IN
    elif role is None:
        assert (answer.status_code, answer.json()["code"]) == (
            (403, "forbidden") if caller == "event handler" else (401, "unauthenticated")
        )
    elif _RANK.index(role) < _RANK.index(least):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    else:
        assert answer.status_code in LET_IN


def _filled(path: str) -> str:
    filled = path.replace("{action}", "0").replace("{event_id}", f"{SOMETHING}.0")
    return "".join(SOMETHING if "}" in part else part for part in _split(filled))


def _split(path: str) -> Iterator[str]:
    for piece in path.split("{"):
        name, brace, rest = piece.partition("}")
        yield name + brace
        yield rest


def _body(method: str) -> Any:
    """Nothing that any route takes: whoever is let in is told what is wrong with it."""
    return {"unknown": 1} if method in ("POST", "PUT", "PATCH") else None


def test_a_refusal_at_the_door_tells_nothing_of_what_is_behind(console: Console) -> None:
    real = console.add_connection(ConnectionKind.EVENT_HANDLER).id
    answers = [console.as_anyone().get(f"/api/connections/{one}/keys").json() for one in (real, SOMETHING)]
    assert answers[0] == answers[1]
