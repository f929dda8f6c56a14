"""Plans through the API: who gets what, copies that differ, templates, assets."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from milepost.control.repos.auto_assign import assign_missing
from milepost.control.repos.company_keys import create_companies
from milepost.domain.account import Role
from milepost.domain.basis import Basis
from milepost.testing.business import Business, add_business
from milepost.testing.console import Console, open_console
from milepost.testing.nothing import ZeroMetrics


class KnownMetrics(ZeroMetrics):
    """Metrics whose values the test sets."""

    def __init__(self) -> None:
        self.known: dict[UUID, float | None] = {}

    def values(
        self, basis: Basis, as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> Mapping[UUID, float | None]:
        return self.known


class Desk:
    """An editor at the console of the shop, with three companies: Acme (gold, SFID 1), Bolt (gold), and Cog."""

    def __init__(self, console: Console, metrics: KnownMetrics) -> None:
        self.console, self.metrics = console, metrics
        with console.deps.database.write() as session:
            self.shop: Business = add_business(session)
        self.client = console.as_person(Role.EDITOR)
        acme = {"name": "Acme", "attributes": {"tier": "gold"}, "keys": [{"key_space": "SFID", "value": "1"}]}
        bolt = {"name": "Bolt", "attributes": {"tier": "gold"}, "keys": [{"key_space": "CompanyID", "value": "b"}]}
        self.acme, self.bolt, self.cog = (
            self.call("POST", "/companies", body, 201)["id"] for body in (acme, bolt, {"name": "Cog"})
        )

    def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.client.request(method, f"/api{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def assign(self, body: dict[str, Any], status: int = 200, what: str = "milestones") -> Any:
        one = self.shop.milestone if what == "milestones" else self.shop.outcome
        return self.call("POST", f"/{what}/{one.id}/assign", body, status)

    def copies(self) -> dict[str, Any]:
        """By company id."""
        return {one["company_id"]: one for one in self.call("GET", "/assigned-milestones")["items"]}

    def outcomes_of(self, company_id: str) -> list[str]:
        return [one["name"] for one in self.call("GET", f"/companies/{company_id}/plan")["outcomes"]]

    def draft(self, **changes: Any) -> dict[str, Any]:
        """The milestone's definition with changes."""
        return self.shop.milestone.model_dump(mode="json", exclude={"id"} | _OF_DEFINITIONS) | changes


_OF_DEFINITIONS = {"assigns_new_companies", "new_companies_filter", "revision"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    metrics = KnownMetrics()
    console = open_console(tmp_path, metrics=metrics)
    yield Desk(console, metrics)
    console.deps.database.close()


def _names(answer: Any) -> list[str]:
    return [one["name"] for one in answer["companies"]]


def test_a_dry_run_says_how_many_and_which_and_changes_nothing(desk: Desk) -> None:
    desk.assign({"company_ids": [desk.bolt]})
    answer = desk.assign({"all": True, "auto_assign": True, "dry_run": True})
    assert (answer["dry_run"], answer["matched"], answer["assigned"], answer["already"]) == (True, 3, 2, 1)
    assert _names(answer) == ["Acme", "Cog"]
    assert list(desk.copies()) == [desk.bolt]
    assert not desk.call("GET", f"/milestones/{desk.shop.milestone.id}")["assigns_new_companies"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"attributes": {"tier": "gold"}}, ["Acme", "Bolt"]),
        ({"attributes": {"tier": "silver"}}, []),
        ({"key_space": "SFID"}, ["Acme"]),
        ({"search": "OL"}, ["Bolt"]),
        ({"search": "b"}, ["Bolt"]),
        ({"is_auto_created": False, "attributes": {"tier": "gold"}, "search": "acme"}, ["Acme"]),
        ({"is_auto_created": True}, []),
    ],
)
def test_a_filter_finds_those_whom_all_that_it_asks_fits(desk: Desk, wanted: dict[str, Any], names: list[str]) -> None:
    answer = desk.assign({"filter": wanted})
    assert (_names(answer), answer["assigned"]) == (names, len(names))
    assert len(desk.copies()) == len(names)


def test_a_filter_looks_at_metrics_as_of_now_and_no_value_never_fits(desk: Desk) -> None:
    desk.metrics.known = {UUID(desk.acme): 5.0, UUID(desk.bolt): 4.0, UUID(desk.cog): None}
    condition = {"metric_id": str(desk.shop.metric.id), "operator": "<=", "value": 4}
    assert _names(desk.assign({"filter": {"metrics": [condition]}})) == ["Bolt"]
    unknown = condition | {"metric_id": desk.acme}
    assert _paths(desk.assign({"filter": {"metrics": [unknown]}}, 400)) == ["filter.metrics[0].metric_id"]


def test_a_pasted_list_names_companies_by_id_or_key(desk: Desk) -> None:
    listed = {"text": f"{desk.acme}\nb ; b\n\n"}
    assert _names(desk.assign({"list": listed})) == ["Acme", "Bolt"]


def test_a_column_of_a_pasted_table_names_companies_by_a_key_space(desk: Desk) -> None:
    table = 'Account;"Sales, Force"\r\nAcme;1\r\nNobody;9\r\n'
    listed = {"text": table, "column": "Sales, Force", "key_space": "SFID"}
    refused = desk.assign({"list": listed}, 400)
    assert "'9' names no company" in refused["faults"][0]["reason"]
    answer = desk.assign({"list": listed, "skip_unknown": True})
    assert (_names(answer), answer["unknown"]) == (["Acme"], ["9"])
    assert _paths(desk.assign({"list": listed | {"column": "SFID"}}, 400)) == ["list.column"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": {}},
        {"all": True, "filter": {"search": "a"}},
        {"list": {}},
        {"list": {"values": ["a"], "text": "a"}},
        {"list": {"text": " \n"}},
        {"company_ids": ["00000000-0000-0000-0000-000000000001"]},
        {"auto_assign": True, "list": {"values": ["b"]}},
        {"auto_assign": True, "filter": {"metrics": [{"metric_id": str(UUID(int=1)), "operator": ">", "value": 1}]}},
    ],
)
def test_an_audience_says_one_thing_that_is_there(desk: Desk, body: dict[str, Any]) -> None:
    desk.assign(body, 400)


def test_new_companies_that_fit_the_filter_get_it_when_they_are_made(desk: Desk) -> None:
    wanted = {"filter": {"key_space": "SFID"}, "auto_assign": True}
    desk.assign(wanted, what="outcomes")
    with desk.console.deps.database.write() as session:
        made = create_companies(session, [("SFID", "2"), ("CompanyID", "c")], desk.console.clock())
        assign_missing(session, desk.console.clock())
    assert set(desk.copies()) == {desk.acme, str(made["SFID", "2"])}
    outcome = desk.call("GET", f"/outcomes/{desk.shop.outcome.id}")
    assert outcome["new_companies_filter"]["key_space"] == "SFID"
    desk.assign({"all": True, "auto_assign": True}, what="outcomes")
    assert desk.call("GET", f"/outcomes/{desk.shop.outcome.id}")["new_companies_filter"] is None


def test_a_company_gets_what_it_comes_to_fit_and_keeps_off_what_was_taken_off(desk: Desk) -> None:
    gold = {"filter": {"attributes": {"tier": "gold"}}, "auto_assign": True}
    desk.assign(gold, what="outcomes")
    late = desk.call("POST", "/companies", {"name": "Late"}, 201)["id"]
    assert late not in desk.copies()
    desk.call("PATCH", f"/companies/{late}", {"attributes": {"tier": "gold"}})
    assert late in desk.copies()
    desk.call("POST", f"/outcomes/{desk.shop.outcome.id}/unassign", {"company_ids": [late]})
    desk.call("PATCH", f"/companies/{late}", {"attributes": {"region": "north"}})
    assert desk.outcomes_of(late) == []
    desk.call("PATCH", f"/companies/{late}", {"attributes": {"tier": "silver"}})
    desk.call("PATCH", f"/companies/{late}", {"attributes": {"tier": "gold"}})
    assert desk.outcomes_of(late) == ["A loyal customer"]


def test_a_key_can_make_a_company_fit(desk: Desk) -> None:
    desk.assign({"filter": {"key_space": "SFID"}, "auto_assign": True}, what="outcomes")
    late = desk.call("POST", "/companies", {"name": "Late"}, 201)["id"]
    assert desk.outcomes_of(late) == []
    desk.call("POST", f"/companies/{late}/keys", {"key_space": "SFID", "value": "late"}, 201)
    assert desk.outcomes_of(late) == ["A loyal customer"]


def test_what_is_taken_away_can_be_tried_first(desk: Desk) -> None:
    desk.assign({"all": True})
    door = f"/milestones/{desk.shop.milestone.id}/unassign"
    tried = desk.call("POST", door, {"filter": {"attributes": {"tier": "gold"}}, "dry_run": True})
    assert (tried["unassigned"], _names(tried), len(desk.copies())) == (2, ["Acme", "Bolt"], 3)
    assert desk.call("POST", door, {"list": {"values": ["b"]}})["unassigned"] == 1
    assert set(desk.copies()) == {desk.acme, desk.cog}


def test_a_copy_says_whether_it_was_edited_and_differs_and_can_go_back(desk: Desk) -> None:
    desk.assign({"company_ids": [desk.acme, desk.bolt]})
    copy = desk.copies()[desk.acme]
    door = f"/assigned-milestones/{copy['id']}"
    later = desk.draft(deadline={"kind": "date", "at": "2024-02-01T00:00:00Z"}, start={"kind": "on_assignment"})
    edited = desk.call("PUT", door, later)
    assert (edited["is_edited"], edited["differs"]) == (True, True)
    assert edited["definition"]["deadline"] == {"kind": "date", "at": "2024-02-01T00:00:00Z"}
    counts = desk.call("GET", f"/milestones/{desk.shop.milestone.id}")["copies"]
    assert counts == {"assigned": 2, "differing": 1, "edited": 1}
    reset = desk.call("POST", f"{door}/reset")
    assert (reset["is_edited"], reset["differs"], reset["definition"]) == (False, False, copy["definition"])
    assert desk.call("PUT", door, desk.draft())["is_edited"] is False


def test_a_changed_definition_is_brought_to_the_copies_that_were_not_edited(desk: Desk) -> None:
    desk.assign({"all": True})
    desk.call("PUT", f"/assigned-milestones/{desk.copies()[desk.acme]['id']}", desk.draft(name="Three for Acme"))
    desk.call("PUT", f"/milestones/{desk.shop.milestone.id}", desk.draft(name="6 purchases"))
    assert all(one["differs"] for one in desk.copies().values())
    door = f"/milestones/{desk.shop.milestone.id}/push"
    tried = desk.call("POST", door, {"dry_run": True})
    assert (tried["updated"], tried["kept_edited"], _names(tried)) == (2, 1, ["Bolt", "Cog"])
    assert desk.copies()[desk.bolt]["definition"]["name"] == "5 purchases"
    assert desk.call("POST", door, {})["updated"] == 2
    names = {company: one["definition"]["name"] for company, one in desk.copies().items()}
    assert names == {desk.acme: "Three for Acme", desk.bolt: "6 purchases", desk.cog: "6 purchases"}
    assert desk.call("POST", door, {"edited_too": True})["updated"] == 1
    assert not any(one["differs"] or one["is_edited"] for one in desk.copies().values())


def test_ticks_follow_their_action_when_a_definition_changes(desk: Desk) -> None:
    desk.assign({"company_ids": [desk.acme]})
    copy = desk.copies()[desk.acme]
    desk.call("PUT", f"/assigned-milestones/{copy['id']}/ticks/1")
    turned = desk.draft(actions=list(reversed(copy["definition"]["actions"])))
    assert list(desk.call("PUT", f"/assigned-milestones/{copy['id']}", turned)["ticks"]) == ["0"]
    assert list(desk.call("POST", f"/assigned-milestones/{copy['id']}/reset")["ticks"]) == ["1"]


def test_an_outcome_on_one_plan_gets_other_weights_and_milestones(desk: Desk) -> None:
    desk.assign({"company_ids": [desk.acme, desk.bolt]}, what="outcomes")
    second = desk.call("POST", "/milestones", desk.draft(name="Second"), 201)["id"]
    both = [{"milestone_id": str(desk.shop.milestone.id), "weight": 3}, {"milestone_id": second}]
    on_plans = {one["company_id"]: one for one in desk.call("GET", "/assigned-outcomes")["items"]}
    door = f"/assigned-outcomes/{on_plans[desk.acme]['id']}"
    edited = desk.call("PUT", door, {"name": "Loyal Acme", "milestones": both})
    assert (edited["name"], edited["is_edited"], edited["differs"]) == ("Loyal Acme", True, True)
    parts = desk.call("GET", f"/companies/{desk.acme}/plan")["outcomes"][0]["parts"]
    assert [(one["weight"], one["milestone"]["definition"]["name"]) for one in parts] == [
        (3, "5 purchases"),
        (1, "Second"),
    ]
    desk.call("PUT", f"/outcomes/{desk.shop.outcome.id}", {"name": "Loyal", "milestones": both})
    pushed = desk.call("POST", f"/outcomes/{desk.shop.outcome.id}/push", {})
    assert (pushed["updated"], pushed["kept_edited"], _names(pushed)) == (1, 1, ["Bolt"])
    assert len(desk.call("GET", f"/companies/{desk.bolt}/plan")["outcomes"][0]["parts"]) == 2
    assert desk.call("POST", f"{door}/reset")["name"] == "Loyal"


def test_a_template_gives_a_whole_plan_at_once(desk: Desk) -> None:
    loose = desk.call("POST", "/milestones", desk.draft(name="Loose"), 201)["id"]
    desk.assign({"company_ids": [desk.bolt]}, what="outcomes")
    draft = {"name": "Onboarding", "outcome_ids": [str(desk.shop.outcome.id)], "milestone_ids": [loose]}
    template = desk.call("POST", "/outcomes/templates", draft, 201)
    door = f"/outcomes/templates/{template['id']}"
    gold = {"filter": {"attributes": {"tier": "gold"}}, "auto_assign": True}
    assert desk.call("POST", f"{door}/assign", gold | {"dry_run": True})["assigned"] == 2
    assert desk.call("POST", f"{door}/assign", gold)["assigned"] == 2
    assert desk.call("POST", f"{door}/assign", gold)["assigned"] == 0
    late = desk.call("POST", "/companies", {"name": "Late", "attributes": {"tier": "gold"}}, 201)["id"]
    for company in (desk.acme, desk.bolt, late):
        plan = desk.call("GET", f"/companies/{company}/plan")
        assert [one["name"] for one in plan["outcomes"]] == ["A loyal customer"]
        assert [one["definition"]["name"] for one in plan["milestones"]] == ["Loose"]
    assert desk.call("DELETE", f"/milestones/{desk.shop.milestone.id}", status=409)["code"] == "conflict"
    changed = desk.call("PUT", door, draft | {"milestone_ids": []})
    assert desk.call("GET", "/outcomes/templates")["items"] == [changed]
    desk.call("DELETE", door, status=204)
    desk.call("GET", door, status=404)


def test_a_template_names_what_is_there_and_holds_it(desk: Desk) -> None:
    outcome = str(desk.shop.outcome.id)
    door = "/outcomes/templates"
    assert _paths(desk.call("POST", door, {"name": "x", "outcome_ids": [desk.acme]}, 400)) == ["outcome_ids[0]"]
    for ids in ([], [outcome, outcome]):
        desk.call("POST", door, {"name": "x", "outcome_ids": ids}, 400)
    desk.call("POST", door, {"name": "Onboarding", "outcome_ids": [outcome]}, 201)
    assert "Onboarding" in desk.call("DELETE", f"/outcomes/{outcome}", status=409)["detail"]


def test_assets_go_with_the_copy_and_are_changed_on_it(desk: Desk) -> None:
    guide = {"title": "Guide", "url": "https://docs.example.com/Guide?id=1#Top"}
    actions = [one | {"assets": [guide]} for one in desk.draft()["actions"]]
    desk.call("PUT", f"/milestones/{desk.shop.milestone.id}", desk.draft(assets=[guide], actions=actions))
    desk.assign({"company_ids": [desk.acme]})
    definition = desk.copies()[desk.acme]["definition"]
    assert definition["assets"] == definition["actions"][0]["assets"] == definition["actions"][1]["assets"] == [guide]
    other = {"title": "Their own", "url": "http://intranet.example.com/a"}
    door = f"/assigned-milestones/{desk.copies()[desk.acme]['id']}"
    assert desk.call("PUT", door, desk.draft(assets=[other]))["definition"]["assets"] == [other]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://example.com/a", "example.com", "https://", "", "https://a.example/ b"]
)
def test_an_asset_is_a_web_address(desk: Desk, url: str) -> None:
    refused = desk.call("POST", "/milestones", desk.draft(assets=[{"title": "x", "url": url}]), 400)
    assert _paths(refused) == ["assets[0].url"]


def _paths(refused: Any) -> list[str]:
    return [fault["path"] for fault in refused["faults"]]
