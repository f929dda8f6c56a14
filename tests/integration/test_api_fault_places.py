"""Faults name a place that is in the body, once, and say nothing that is not so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from milepost.domain.account import Role
from milepost.testing.console import Console

NOBODY = str(UUID(int=7))
SUM = {"name": "m", "signal_id": NOBODY, "aggregation": "sum"}
CALL = {"kind": "manual", "name": "Call"}


@pytest.fixture
def editor(console: Console) -> TestClient:
    return console.as_person(Role.EDITOR)


@pytest.mark.parametrize(
    ("door", "body", "paths"),
    [
        pytest.param("milestones", {"name": "m", "actions": [{"kind": "manual"}]}, ["actions[0].name"], id="one entry"),
        pytest.param("milestones", {"name": "m", "actions": [7]}, ["actions[0]"], id="one entry that is no object"),
        pytest.param("milestones", {"name": "m", "actions": []}, ["actions"], id="no entry"),
        pytest.param(f"outcomes/{NOBODY}/assign", {"company_ids": ["x"]}, ["company_ids[0]"], id="one id"),
        pytest.param("metrics", SUM, [""], id="a whole metric"),
        pytest.param("metrics/preview", {"metric": SUM}, ["metric"], id="a whole metric to try"),
        pytest.param("metrics", {"aggregation": "sum"}, ["name", "signal_id"], id="what a metric lacks"),
        pytest.param("metrics", {"name": "f", "formula": "", "terms": {"a": NOBODY}}, ["formula"], id="no formula"),
        pytest.param("metrics", {"name": "f", "formula": "a+", "terms": {"a": NOBODY}}, ["formula"], id="no sum"),
        pytest.param("metrics", {"name": "f", "formula": "b", "terms": {"a": NOBODY}}, [""], id="an unknown term"),
        pytest.param("metrics", {"formula": "a"}, ["name", "terms"], id="what a formula lacks"),
        pytest.param(
            "metrics", {"name": "f", "formula": "a", "terms": {"a": "x"}, "b": 1}, ["terms.a", "b"], id="a bad term"
        ),
        pytest.param("metrics", 7, [""], id="no object"),
        pytest.param("metrics", "formula", [""], id="a text"),
        pytest.param(
            "milestones", {"name": "m", "actions": [CALL], "start": {"kind": "date", "date": "2026-03-01"}},
            ["start.at", "start.date"], id="a member that is called as its kind",
        ),
        pytest.param(
            "signals",
            {"name": "s", "connection_id": NOBODY, "event_key": "e", "company": {"field": "x"},
             "fields": [{"name": "x", "path": ["x"], "type": "text"}],
             "rules": {"kind": "group", "match": "all",
                       "members": [{"kind": "condition", "field": "x", "operator": "=", "value": {}}]}},
            ["rules.members[0].value"], id="a value of no kind",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_where_it_is_in_the_body(editor: TestClient, door: str, body: Any, paths: list[str]) -> None:
    refused = editor.post(f"/api/{door}", json=body)
    assert refused.status_code == 400
    assert list(dict.fromkeys(fault["path"] for fault in refused.json()["faults"])) == paths


def test_a_fault_in_the_query_is_at_its_name(editor: TestClient) -> None:
    refused = editor.get(f"/api/portfolio/milestones/{NOBODY}/companies", params={"state": "x"})
    assert {fault["path"] for fault in refused.json()["faults"]} == {"state"}


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        pytest.param({"values": ["Acme", " Acme ", "", "Zz "]}, "list.values[3]", id="values"),
        pytest.param({"text": "Acme\nZz"}, "list.text", id="text"),
    ],
)
def test_a_name_in_a_list_is_where_it_was_written(editor: TestClient, wanted: dict[str, Any], path: str) -> None:
    editor.post("/api/companies", json={"name": "Acme", "keys": [{"key_space": "CRM", "value": "Acme"}]})
    outcome = {"name": "Loyal", "milestones": [{"milestone_id": _milestone(editor)}]}
    door = f"/api/outcomes/{editor.post('/api/outcomes', json=outcome).json()['id']}/assign"
    refused = editor.post(door, json={"list": {"key_space": "CRM", **wanted}}).json()
    assert refused["faults"] == [{"path": path, "reason": "'Zz' names no company"}]


def _milestone(editor: TestClient) -> str:
    return str(editor.post("/api/milestones", json={"name": "First", "actions": [CALL]}).json()["id"])
