"""The audit log: every route that changes something leaves a line there, and the line says how it was before and after.

A write route that is not in the table must record a change in its own code, or the first test fails.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from fastapi.routing import iter_route_contexts

from milepost.domain.account import Role
from milepost.domain.connection import ConnectionKind
from milepost.testing.business import add_business, milestone_draft
from milepost.testing.console import PASSWORD, Console


class Scene:
    """Something of every noun, and an admin who changes it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.admin = console.as_person(Role.ADMIN)
        self.connection = str(console.add_connection(ConnectionKind.EVENT_HANDLER).id)
        with console.deps.database.write() as session:
            self.shop = add_business(session)
        person = {"email": "new@example.com", "password": PASSWORD, "role": "viewer"}
        self.person = self._make("/users", person)
        self.company = self._make("/companies", {"name": "Acme"})
        self.template = self._make("/outcomes/templates", {"name": "Plan", "outcome_ids": [str(self.shop.outcome.id)]})
        self._call(f"/outcomes/{self.shop.outcome.id}/assign", {"all": True})
        self.copy = self._first("/assigned-milestones")
        self.outcome_copy = self._first("/assigned-outcomes")

    def _call(self, path: str, body: Any) -> Any:
        return self.admin.post(f"/api{path}", json=body).json()

    def _make(self, path: str, body: Any) -> str:
        return str(self._call(path, body)["id"])

    def _first(self, path: str) -> str:
        return str(self.admin.get(f"/api{path}").json()["items"][0]["id"])

    def draft(self) -> dict[str, Any]:
        return milestone_draft(self.shop.metric.id).model_dump(mode="json") | {"name": "Changed"}

    def of(self, noun: Any, *left_out: str) -> dict[str, Any]:
        """The noun's definition under another name."""
        given: dict[str, Any] = noun.model_dump(mode="json", exclude={"id", "revision", *left_out})
        return given | {"name": "Changed"}

    def lines(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.admin.get("/api/audit", params={"limit": 1000}).json()["items"]
        return found


class Write(NamedTuple):
    """A call, the line it leaves as (action, subject), and which sides the line has."""

    method: str
    path: str
    call: Callable[[Scene], tuple[str, Any]]
    line: tuple[str, str]
    sides: str


_IN_FORCE = ("assigns_new_companies", "new_companies_filter")
ACME = {"key_space": "SFID", "value": "1"}


def _all(scene: Scene) -> dict[str, Any]:
    return {"all": True}


WRITES = [
    Write("POST", "/users", lambda s: ("/users", {"email": "a@b.example", "password": PASSWORD, "role": "viewer"}),
          ("create", "user"), "after"),
    Write("PATCH", "/users/{user_id}", lambda s: (f"/users/{s.person}", {"role": "editor"}),
          ("update", "user"), "both"),
    Write("DELETE", "/users/{user_id}", lambda s: (f"/users/{s.person}", None), ("delete", "user"), "before"),
    Write("POST", "/connections", lambda s: ("/connections", {"name": "New", "kind": "event-handler"}),
          ("create", "connection"), "after"),
    Write("PATCH", "/connections/{connection_id}", lambda s: (f"/connections/{s.connection}", {"name": "Changed"}),
          ("update", "connection"), "both"),
    Write("POST", "/companies", lambda s: ("/companies", {"name": "New"}), ("create", "company"), "after"),
    Write("PATCH", "/companies/{company_id}", lambda s: (f"/companies/{s.company}", {"name": "Changed"}),
          ("update", "company"), "both"),
    Write("POST", "/companies/{company_id}/keys", lambda s: (f"/companies/{s.company}/keys", ACME),
          ("add_key", "company"), "both"),
    Write("POST", "/signals", lambda s: ("/signals", s.of(s.shop.signal, "revision", "slots", "generation")),
          ("create", "signal"), "after"),
    Write("PUT", "/signals/{signal_id}",
          lambda s: (f"/signals/{s.shop.signal.id}", s.of(s.shop.signal, "revision", "slots", "generation")),
          ("update", "signal"), "both"),
    Write("POST", "/metrics", lambda s: ("/metrics", s.of(s.shop.metric)), ("create", "metric"), "after"),
    Write("PUT", "/metrics/{metric_id}", lambda s: (f"/metrics/{s.shop.metric.id}", s.of(s.shop.metric)),
          ("update", "metric"), "both"),
    Write("POST", "/milestones", lambda s: ("/milestones", s.draft()), ("create", "milestone"), "after"),
    Write("PUT", "/milestones/{milestone_id}", lambda s: (f"/milestones/{s.shop.milestone.id}", s.draft()),
          ("update", "milestone"), "both"),
    Write("POST", "/milestones/{milestone_id}/assign",
          lambda s: (f"/milestones/{s.shop.milestone.id}/assign", _all(s)), ("assign", "milestone"), "after"),
    Write("POST", "/milestones/{milestone_id}/push", lambda s: (f"/milestones/{s.shop.milestone.id}/push", {}),
          ("push", "milestone"), "after"),
    Write("POST", "/outcomes", lambda s: ("/outcomes", s.of(s.shop.outcome, *_IN_FORCE)),
          ("create", "outcome"), "after"),
    Write("PUT", "/outcomes/{outcome_id}",
          lambda s: (f"/outcomes/{s.shop.outcome.id}", s.of(s.shop.outcome, *_IN_FORCE)),
          ("update", "outcome"), "both"),
    Write("POST", "/outcomes/{outcome_id}/assign", lambda s: (f"/outcomes/{s.shop.outcome.id}/assign", _all(s)),
          ("assign", "outcome"), "after"),
    Write("POST", "/outcomes/{outcome_id}/unassign",
          lambda s: (f"/outcomes/{s.shop.outcome.id}/unassign", _all(s)), ("unassign", "outcome"), "before"),
    Write("POST", "/outcomes/{outcome_id}/push", lambda s: (f"/outcomes/{s.shop.outcome.id}/push", {}),
          ("push", "outcome"), "after"),
    Write("PUT", "/outcomes/templates/{template_id}",
          lambda s: (f"/outcomes/templates/{s.template}", {"name": "X", "milestone_ids": [str(s.shop.milestone.id)]}),
          ("update", "plan_template"), "both"),
    Write("DELETE", "/outcomes/templates/{template_id}", lambda s: (f"/outcomes/templates/{s.template}", None),
          ("delete", "plan_template"), "before"),
    Write("POST", "/outcomes/templates/{template_id}/assign",
          lambda s: (f"/outcomes/templates/{s.template}/assign", _all(s)), ("assign", "plan_template"), "after"),
    Write("PUT", "/assigned-milestones/{assigned_id}", lambda s: (f"/assigned-milestones/{s.copy}", s.draft()),
          ("update", "assigned_milestone"), "both"),
    Write("POST", "/assigned-milestones/{assigned_id}/reset", lambda s: (f"/assigned-milestones/{s.copy}/reset", None),
          ("reset", "assigned_milestone"), "both"),
    Write("PUT", "/assigned-milestones/{assigned_id}/ticks/{action}",
          lambda s: (f"/assigned-milestones/{s.copy}/ticks/1", None), ("tick", "assigned_milestone"), "both"),
    Write("DELETE", "/assigned-milestones/{assigned_id}/ticks/{action}",
          lambda s: (f"/assigned-milestones/{s.copy}/ticks/1", None), ("untick", "assigned_milestone"), "both"),
    Write("PUT", "/assigned-outcomes/{assigned_id}",
          lambda s: (f"/assigned-outcomes/{s.outcome_copy}", s.of(s.shop.outcome, *_IN_FORCE)),
          ("update", "assigned_outcome"), "both"),
    Write("POST", "/assigned-outcomes/{assigned_id}/reset",
          lambda s: (f"/assigned-outcomes/{s.outcome_copy}/reset", None), ("reset", "assigned_outcome"), "both"),
    Write("PUT", "/settings", lambda s: ("/settings", {"account_name": "Changed"}), ("update", "settings"), "both"),
]  # fmt: skip

CHANGE_NOTHING = {
    "/api/session": "signing in and out is no change of the account",
    "/api/connections/{connection_id}/test-event": "sends an event, which the event log has, as any sender does",
    "/api/requests/fates": "reads, with a body because the list is long",
    "/api/metrics/preview": "reads, with a body because it is a draft",
    "/api/signals/preview": "reads, with a body because it is a draft",
}

RECORDING = (".record(", ".record_each(", "record_moves(", "assign_to(", "unassign_from(", "push_to(")


@pytest.fixture
def scene(console: Console) -> Scene:
    return Scene(console)


def test_every_route_that_writes_records_what_it_does(console: Console) -> None:
    tried = {(write.method, f"/api{write.path}") for write in WRITES}
    silent = [
        (method, context.path)
        for context in iter_route_contexts(console.app.routes)
        for method in (context.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        if (method, context.path) not in tried and context.path not in CHANGE_NOTHING and not _records(context.endpoint)
    ]
    assert silent == []


def _records(endpoint: Any) -> bool:
    """By its own code, or that of the functions beside it that it calls."""
    source = inspect.getsource(endpoint)
    beside = (getattr(inspect.getmodule(endpoint), name, None) for name in re.findall(r"\b(_\w+)\(", source))
    code = [source, *(inspect.getsource(one) for one in beside if inspect.isfunction(one))]
    return any(call in one for one in code for call in RECORDING)


@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write.method} {write.path}")
def test_a_change_leaves_one_line_with_who_did_it_and_how_it_was(scene: Scene, write: Write) -> None:
    path, body = write.call(scene)
    before = scene.lines()
    answer = scene.admin.request(write.method, f"/api{path}", json=body)
    assert answer.status_code < 300, answer.text
    (line,) = [one for one in scene.lines() if one not in before]
    assert (line["action"], line["subject"], line["actor"]) == (*write.line, "admin@example.com")
    assert line["id"]
    assert (line["before"] is not None, line["after"] is not None) == (write.sides != "after", write.sides != "before")
    if write.line[0] == "update":
        assert line["before"] != line["after"]


def test_a_dry_run_or_a_refusal_leaves_no_line(scene: Scene) -> None:
    before = scene.lines()
    milestone = f"/api/milestones/{scene.shop.milestone.id}"
    scene.admin.post(f"{milestone}/assign", json={"all": True, "dry_run": True})
    scene.admin.post(f"{milestone}/push", json={"dry_run": True})
    assert scene.admin.delete(milestone).status_code == 409
    assert scene.lines() == before


def test_the_log_is_filtered_and_paged(scene: Scene) -> None:
    scene.console.clock.advance(seconds=10)
    for name in ("a", "b", "c"):
        scene.admin.patch(f"/api/companies/{scene.company}", json={"name": name})
        scene.console.clock.advance(seconds=1)

    def names(**query: Any) -> list[Any]:
        page = scene.admin.get("/api/audit", params=query).json()
        return [one["after"]["name"] for one in page["items"]]

    assert names(subject="company", action="update") == ["c", "b", "a"]
    assert names(subject_id=scene.company, actor="admin@example.com", limit=2) == ["c", "b"]
    assert names(subject="company", **{"from": "2023-11-14T22:13:31Z"}) == ["c", "b"]
    assert names(action="update", to="2023-11-14T22:13:31Z") == ["a"]
    assert names(actor="nobody@example.com") == []
    first = scene.admin.get("/api/audit", params={"action": "update", "limit": 2}).json()
    assert names(action="update", cursor=first["next"]) == ["a"]
