"""Two people who edit one thing, mistyped parameters, and pages of short lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from httpx import Response

from milepost.domain.account import Role
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase

Draft = Callable[[Firm, str], dict[str, Any]]


@pytest.fixture(scope="module")
def firm(chdb_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path_factory.mktemp("firm"))
    made.buy(Purchase("acme", NOW_MS, 10))
    yield made
    made.close()


def _signal(firm: Firm, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "connection_id": str(firm.shop.connection.id),
        "event_key": "purchase",
        "fields": [{"name": "customer", "path": ["customer"], "type": "text"}],
        "company": {"field": "customer"},
    }


def _metric(firm: Firm, name: str) -> dict[str, Any]:
    return {"name": name, "signal_id": str(firm.shop.signal.id), "aggregation": "count"}


def _formula(firm: Firm, name: str) -> dict[str, Any]:
    return {"name": name, "formula": "n * 2", "terms": {"n": str(firm.shop.metric.id)}}


def _milestone(_: Firm, name: str) -> dict[str, Any]:
    return {"name": name, "actions": [{"kind": "manual", "name": "Signed"}]}


def _outcome(firm: Firm, name: str) -> dict[str, Any]:
    return {"name": name, "milestones": [{"milestone_id": str(firm.shop.milestone.id)}]}


def _template(firm: Firm, name: str) -> dict[str, Any]:
    return {"name": name, "outcome_ids": [str(firm.shop.outcome.id)]}


DEFINITIONS: list[tuple[str, Draft]] = [
    ("/signals", _signal),
    ("/metrics", _metric),
    ("/metrics", _formula),
    ("/milestones", _milestone),
    ("/outcomes", _outcome),
    ("/outcomes/templates", _template),
]


@pytest.mark.parametrize(("path", "draft"), DEFINITIONS)
def test_the_second_of_two_who_edit_one_copy_is_refused_with_both_versions(firm: Firm, path: str, draft: Draft) -> None:
    editor = firm.console.as_person(Role.EDITOR)
    made = editor.post(f"/api{path}", json=draft(firm, "First"))
    one = f"/api{path}/{made.json()['id']}"
    read = editor.get(one)
    assert read.headers["etag"] == made.headers["etag"]
    assert read.json()["revision"] == 1
    first = editor.put(one, json=draft(firm, "Ada's"), headers={"if-match": read.headers["etag"]})
    assert (first.status_code, first.json()["revision"]) == (200, 2)
    second = editor.put(one, json=draft(firm, "Ben's"), headers={"if-match": read.headers["etag"]})
    assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
    assert second.json()["current"]["name"] == "Ada's"
    assert second.json()["submitted"]["name"] == "Ben's"
    assert editor.get(one).json()["name"] == "Ada's"
    refused = editor.delete(one, headers={"if-match": read.headers["etag"]})
    assert refused.status_code == 412
    merged = editor.put(one, json=draft(firm, "Both"), headers={"if-match": first.headers["etag"]})
    assert (merged.status_code, merged.json()["revision"]) == (200, 3)
    assert editor.get(one).headers["etag"] == merged.headers["etag"]
    assert editor.put(one, json=draft(firm, "Any"), headers={"if-match": "*"}).status_code == 200
    assert editor.put(one, json=draft(firm, "Unconditional")).status_code == 200
    assert editor.delete(one, headers={"if-match": editor.get(one).headers["etag"]}).status_code == 204


def test_only_the_tag_as_it_was_answered_names_a_version(firm: Firm) -> None:
    editor = firm.console.as_person(Role.EDITOR)
    one = f"/api/milestones/{editor.post('/api/milestones', json=_milestone(firm, 'Tagged')).json()['id']}"
    tag = editor.get(one).headers["etag"]
    for wrong, because in {
        f"W/{tag}": "weak form",
        tag.strip('"'): "without its quotes",
        f'"stale", W/{tag}': "weak form",
        '"stale", *': "Somebody has changed it",
        '"stale"': "Somebody has changed it",
        "": "Somebody has changed it",
    }.items():
        refused = editor.put(one, json=_milestone(firm, "Lost"), headers={"if-match": wrong})
        assert refused.status_code == 412, wrong
        assert because in refused.json()["detail"], wrong
        assert refused.json()["current"]["name"] == "Tagged"
    of_several_lines = [("if-match", '"stale"'), ("if-match", tag)]
    assert editor.put(one, json=_milestone(firm, "Kept"), headers=of_several_lines).json()["name"] == "Kept"


def test_of_many_who_write_at_once_from_one_copy_one_is_taken(firm: Firm) -> None:
    editor = firm.console.as_person(Role.EDITOR)
    made = editor.post("/api/milestones", json=_milestone(firm, "Contested"))
    one, seen = f"/api/milestones/{made.json()['id']}", {"if-match": made.headers["etag"]}

    def write(number: int) -> Response:
        answer: Response = editor.put(one, json=_milestone(firm, f"Of writer {number}"), headers=seen)
        return answer

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(write, range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    taken = next(answer for answer in answers if answer.status_code == 200)
    assert editor.get(one).json()["name"] == taken.json()["name"]


def test_a_companys_version_is_what_people_see_of_it(firm: Firm) -> None:
    one = f"/api/companies/{firm.company('acme')}"
    editor = firm.console.as_person(Role.EDITOR)
    read = editor.get(one)
    firm.buy(Purchase("acme", NOW_MS + 1, 10))
    assert editor.get(one).headers["etag"] == read.headers["etag"], "events change nothing that people edit"
    stale = {"if-match": read.headers["etag"]}
    changed = editor.patch(one, json={"attributes": {"plan": "gold"}}, headers=stale)
    assert changed.status_code == 200
    for refused in (
        editor.patch(one, json={"attributes": {"plan": "silver"}}, headers=stale),
        editor.post(f"{one}/keys", json={"key_space": "CompanyID", "value": "acme-2"}, headers=stale),
        editor.delete(one, headers=stale),
    ):
        assert refused.status_code == 412, refused.text
        assert refused.json()["current"]["attributes"] == {"plan": "gold"}
    assert editor.get(one).headers["etag"] == changed.headers["etag"]


def test_the_version_of_a_copy_is_that_of_its_definition_not_of_its_state(firm: Firm) -> None:
    editor = firm.console.as_person(Role.EDITOR)
    before = {nouns: editor.get(f"/api/assigned-{nouns}").json()["items"][0] for nouns in ("milestones", "outcomes")}
    tags = {nouns: editor.get(f"/api/assigned-{nouns}/{one['id']}").headers["etag"] for nouns, one in before.items()}
    for number in range(5):
        firm.buy(Purchase("acme", NOW_MS - 10 - number, 10))
    for nouns, copy in before.items():
        one = f"/api/assigned-{nouns}/{copy['id']}"
        assert editor.get(one).json()["state"] != copy["state"]
        assert editor.get(one).headers["etag"] == tags[nouns]
        draft = _milestone(firm, "Mine") if nouns == "milestones" else _outcome(firm, "Mine")
        assert editor.put(one, json=draft, headers={"if-match": '"x"'}).status_code == 412
        changed = editor.put(one, json=draft, headers={"if-match": f'"x", {tags[nouns]}'})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tags[nouns]
        assert editor.post(f"{one}/reset", headers={"if-match": tags[nouns]}).status_code == 412
        reset = editor.post(f"{one}/reset", headers={"if-match": changed.headers["etag"]})
        assert reset.headers["etag"] == tags[nouns]


def test_every_address_refuses_a_parameter_that_it_does_not_take(firm: Firm) -> None:
    admin = firm.console.as_person(Role.ADMIN)
    for path, methods in firm.console.app.openapi()["paths"].items():
        for method in methods:
            place = path.replace("{nouns}", "outcomes")
            answer: Response = admin.request(method, place, params={"limti": "1"})
            assert answer.status_code == 400, (method, path, answer.text)
            assert [fault["path"] for fault in answer.json()["faults"]] == ["limti"], (method, path, answer.text)


def test_a_mistyped_parameter_is_answered_with_the_right_one(firm: Firm) -> None:
    answer = firm.console.as_person(Role.VIEWER).get("/api/companies", params={"serach": "acme"})
    assert answer.json()["faults"] == [{"path": "serach", "reason": "is not known here; did you mean search?"}]


def test_every_list_takes_a_limit_and_its_pages_of_one_are_the_whole(firm: Firm) -> None:
    admin = firm.console.as_person(Role.ADMIN)
    for name in ("CrmId", "BillingId", "AnId"):
        admin.post("/api/altkeys", json={"name": name})
    for path, draft in DEFINITIONS:
        for number in range(2):
            assert admin.post(f"/api{path}", json=draft(firm, f"Page {number}")).status_code == 201
    signal = f"/api/signals/{firm.shop.signal.id}"
    for number in range(2):
        admin.put(signal, json={**_signal(firm, f"Purchase {number}"), "fields": _fields(admin.get(signal))})
    walked = 0
    for path, methods in firm.console.app.openapi()["paths"].items():
        if not _is_list(methods):
            continue
        names = {one["name"] for one in methods["get"]["parameters"]}
        assert {"limit", "cursor"} <= names or path in ONE_PAGE, path
        place = path.replace("{signal_id}", str(firm.shop.signal.id))
        if "{" in place or path in ONE_PAGE:
            continue
        whole = admin.get(place, params={"limit": 500})
        assert whole.status_code == 200, whole.text
        assert list(_pages(admin, place)) == whole.json()["items"], path
        walked += 1
    assert walked > 12


def _cursor(place: object) -> str:
    said = place if isinstance(place, bytes) else json.dumps(place).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


_ID = "00000000-0000-0000-0000-000000000001"
NO_PLACES = [
    *([], [None], [[1]], [{}], {}, 3, [10**30], [10**30, _ID], ["9" * 30, _ID], [10**15, _ID], [-(10**15), 1, _ID]),
    *([10**15, _ID, 1], [1, _ID, 10**9], [1, _ID, -1], ["9" * 30, _ID, "1"], [1, "nan", "a", _ID]),
    *(b"[" * 5000, b"[1e999]", b"\xff", [1, float("nan"), "a", _ID], [10**15, 1.0, "a", _ID], [10**30, "a", _ID]),
]


def test_a_cursor_that_no_page_gave_is_refused_on_every_list(firm: Firm) -> None:
    admin = firm.console.as_person(Role.ADMIN)
    for path, methods in firm.console.app.openapi()["paths"].items():
        if not _is_list(methods) or "{" in path:
            continue
        has_items = bool(admin.get(path, params={"limit": 1}).json()["items"])
        for place in NO_PLACES:
            answer = admin.get(path, params={"cursor": _cursor(place), "limit": 1})
            assert answer.status_code in {200, 400}, (path, place, answer.text)
            if has_items:
                assert [fault["path"] for fault in answer.json()["faults"]] == ["cursor"], (path, place)


ONE_PAGE = {"/api/connections/{connection_id}/event-keys"}
"""It says itself that it is one page; `search` finds the others."""


def _fields(signal: Response) -> Any:
    return signal.json()["fields"]


def _is_list(methods: dict[str, Any]) -> bool:
    if "get" not in methods:
        return False
    content = methods["get"]["responses"]["200"].get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return "Page" in schema.get("$ref", "").rsplit("/", 1)[-1]


def _pages(client: Any, path: str) -> Iterator[Any]:
    cursor = None
    while True:
        parameters = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=parameters)
        assert page.status_code == 200, (path, page.text)
        assert len(page.json()["items"]) <= 1
        yield from page.json()["items"]
        cursor = page.json()["next"]
        if cursor is None:
            return
