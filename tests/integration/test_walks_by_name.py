"""Companies that are renamed while somebody pages through a list by name come once, and nobody is skipped."""

from __future__ import annotations

import random
from typing import Any

import pytest
from fastapi.testclient import TestClient

from milepost.domain.account import Role
from milepost.testing.console import Console

NAMES = [f"Company {letter}" for letter in "abcdefghijkl"]


@pytest.fixture
def editor(console: Console) -> TestClient:
    return console.as_person(Role.EDITOR)


def _add(editor: TestClient, name: str) -> str:
    return str(editor.post("/api/companies", json={"name": name}).json()["id"])


def _rename(editor: TestClient, company_id: str, name: str) -> None:
    assert editor.patch(f"/api/companies/{company_id}", json={"name": name}).status_code == 200


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("seed", range(6))
def test_a_walk_by_name_shows_each_company_once_whatever_is_renamed_meanwhile(
    editor: TestClient, order: str, seed: int
) -> None:
    chance = random.Random(seed)
    ids = [_add(editor, name) for name in NAMES]
    seen: list[str] = []
    cursor = None
    while True:
        query: dict[str, Any] = {"limit": 2, "order": order} | ({"cursor": cursor} if cursor else {})
        page = editor.get("/api/companies", params=query).json()
        seen += [one["id"] for one in page["items"]]
        for _ in range(3):
            _rename(editor, chance.choice(ids), chance.choice(["Aaa", "company f", "Zzz", "Émile", "Company a"]))
        if (cursor := page["next"]) is None:
            break
    assert seen == (ids if order == "asc" else ids[::-1]), "in the order of the first page"


def test_a_walk_that_begins_later_has_the_new_names(editor: TestClient) -> None:
    ids = [_add(editor, name) for name in ("A", "B", "C")]
    _rename(editor, ids[0], "Z")
    first = editor.get("/api/companies", params={"limit": 1}).json()
    assert [one["id"] for one in first["items"]] == [ids[1]]
    _rename(editor, ids[2], "0")
    rest = editor.get("/api/companies", params={"cursor": first["next"]}).json()["items"]
    assert [(one["id"], one["name"]) for one in rest] == [(ids[2], "0"), (ids[0], "Z")]


@pytest.mark.parametrize("cursor", ["WyJhIiwiYiJd", "WzFlOTksIngiLCJ5Il0", "WzEsIngiLCJ5Il0"])
def test_a_cursor_of_another_kind_is_refused(editor: TestClient, cursor: str) -> None:
    assert editor.get("/api/companies", params={"cursor": cursor}).status_code == 400
