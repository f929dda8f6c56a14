"""Dates that lie beyond the years that events can have are refused where people write them."""

from typing import Any

import pytest

from milepost.domain.account import Role
from milepost.testing.console import Console

FAR = "9999-12-31T23:59:59.999Z"
DRAFT = {"name": "Kick-off", "actions": [{"kind": "manual", "name": "Call"}]}


@pytest.mark.parametrize(
    "dated",
    [
        {"deadline": {"kind": "date", "at": FAR}},
        {"start": {"kind": "date", "at": "9999-12-01T00:00:00Z"}, "deadline": {"kind": "after_days", "days": 100}},
    ],
)
def test_a_milestone_with_such_a_start_or_deadline_is_refused_with_the_reason(
    console: Console, dated: dict[str, Any]
) -> None:
    answer = console.as_person(Role.EDITOR).post("/api/milestones", json=DRAFT | dated)
    assert answer.status_code == 400
    assert "must lie in the years 1900 to 2299" in answer.text


def test_a_plan_as_of_such_an_instant_is_as_of_the_last_there_is(console: Console) -> None:
    editor = console.as_person(Role.EDITOR)
    company = editor.post("/api/companies", json={"name": "Acme"}).json()
    path = f"/api/companies/{company['id']}/plan"
    last = editor.get(path, params={"at": "2299-12-31T23:59:59.999Z"})
    assert last.status_code == 200
    assert editor.get(path, params={"at": FAR}).json() == last.json()
