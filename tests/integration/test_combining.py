"""Combining, separating and setting aside, through the API, against a recount in Python of who has which events."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos import metrics
from milepost.control.repos.assigned import list_assigned_milestones
from milepost.domain.account import Role
from milepost.domain.metric import Aggregation, MetricDraft
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.measure.windows import DAY_MS
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase

MEASURES = {
    "count": (Aggregation.COUNT, None),
    "distinct": (Aggregation.DISTINCT, "dollars"),
    "sum": (Aggregation.SUM, "dollars"),
    "latest": (Aggregation.LATEST, "dollars"),
    "largest": (Aggregation.MAXIMUM, "dollars"),
}


def measured(bought: list[Purchase]) -> dict[str, float | None]:
    """The metrics of a company with these purchases, in the order of their arrival."""
    dollars = [one.dollars for one in bought]
    latest = max(reversed(bought), key=lambda one: one.at_ms, default=None)
    return {
        "count": len(bought),
        "distinct": len(set(dollars)),
        "sum": sum(dollars),
        "latest": latest.dollars if latest else None,
        "largest": max(dollars, default=None),
    }


class MeasuredFirm(Firm):
    """A firm with several metrics of its purchases, all of which can be checked."""

    def __init__(self, client: Client, folder: Path) -> None:
        super().__init__(client, folder)
        signal_id = self.shop.signal.id
        with self.database.write() as session:
            self.metrics = {
                name: metrics.create_metric(
                    session,
                    MetricDraft(name=name, signal_id=signal_id, aggregation=aggregation, field=field),
                    now_ms=NOW_MS,
                )
                for name, (aggregation, field) in MEASURES.items()
            }

    def values(self) -> dict[str, dict[str, float | None]]:
        """By company name: every metric's value."""
        found: dict[str, dict[str, float | None]] = defaultdict(dict)
        for name, metric in self.metrics.items():
            for line in self.get(f"/metrics/{metric.id}/values")["items"]:
                found[line["company_name"]][name] = line["value"]
        return dict(found)

    def achieved(self) -> dict[str, int | None]:
        """By company name: when it had made five purchases, in Unix ms."""
        names = {one["id"]: one["name"] for one in self.get("/companies")["items"]}
        with self.database.read() as session:
            copies = list_assigned_milestones(session)
        return {
            names[str(copy.company_id)]: to_unix_ms(copy.state_at) if copy.state == "achieved" else None
            for copy in copies
        }

    def check(self, whose: dict[str, str]) -> None:
        """Everything is as if each customer's purchases were of the company in `whose`, by name."""
        bought: dict[str, list[Purchase]] = {company: [] for company in whose.values()}
        for one in self.bought:
            if one.customer in whose:
                bought[whose[one.customer]].append(one)
        assert self.values() == {company: measured(some) for company, some in bought.items()}
        fifths = {company: sorted(one.at_ms for one in some)[4:5] for company, some in bought.items()}
        assert self.achieved() == {company: next(iter(fifth), None) for company, fifth in fifths.items()}
        largest = {one["group"]: one["value"] for one in self.groups()}
        assert largest == {
            dollars: sum(one.dollars == dollars for some in bought.values() for one in some)
            for dollars in {one.dollars for some in bought.values() for one in some}
        }

    def groups(self, **query: Any) -> Any:
        return self.get(f"/metrics/{self.metrics['count'].id}/groups", by="dollars", **query)["items"]


@pytest.fixture
def firm(chdb_client: Client, tmp_path: Path) -> Iterator[MeasuredFirm]:
    made = MeasuredFirm(chdb_client, tmp_path)
    yield made
    made.close()


def day(number: float) -> int:
    return NOW_MS - int(number * DAY_MS)


def purchases(customer: str, *days: float, dollars: int = 10) -> list[Purchase]:
    return [Purchase(customer, day(one), dollars + place) for place, one in enumerate(days)]


def test_a_combined_company_has_the_history_of_both_before_and_after_and_each_its_own_once_separated(
    firm: MeasuredFirm,
) -> None:
    firm.buy(*purchases("A", 9, 5, 1), *purchases("B", 8, 4, 12, dollars=11))
    firm.check({"A": "A", "B": "B"})
    a, b = firm.company("A"), firm.company("B")
    before = [firm.get(f"/companies/{one}") for one in (a, b)]
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    firm.check({"A": "A", "B": "A"})
    firm.buy(*purchases("B", 7, 0.5), *purchases("A", 6))
    firm.check({"A": "A", "B": "A"})
    firm.post(f"/companies/{a}/separate", {"company_ids": [b]})
    firm.check({"A": "A", "B": "B"})
    assert [firm.get(f"/companies/{one}") for one in (a, b)] == before
    firm.buy(*purchases("B", 3))
    firm.check({"A": "A", "B": "B"})


def test_series_and_groups_of_a_company_have_what_was_combined_into_it(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 2.1, 1.1), *purchases("B", 2.1, 0.1))
    a = firm.company("A")
    firm.post(f"/companies/{a}/combine", {"company_ids": [firm.company("B")]})
    today = to_datetime(NOW_MS).date()
    series = firm.get(f"/metrics/{firm.metrics['count'].id}/series", company_id=a, **{"from": today.replace(day=12)})
    assert series["series"][0]["values"] == [2, 3, 4]
    assert {one["group"]: one["value"] for one in firm.groups(company_id=a)} == {10: 2, 11: 2}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_combined_separated_and_set_aside_while_events_arrive_all_numbers_follow(
    firm: MeasuredFirm, seed: int
) -> None:
    chance = random.Random(seed)
    customers = [f"C{number}" for number in range(6)]
    firm.buy(*(Purchase(one, day(20), 1) for one in customers))
    ids = {one: firm.company(one) for one in customers}
    into: dict[str, str] = {}
    aside: set[str] = set()

    def primary(one: str) -> str:
        return primary(into[one]) if one in into else one

    for _ in range(12):
        one, other = chance.sample(customers, 2)
        free = one not in into and other not in into and one not in aside
        if one in aside and one not in into:
            firm.post(f"/companies/{ids[one]}/restore")
            aside.remove(one)
        elif other in into:
            firm.post(f"/companies/{ids[primary(other)]}/separate", {"company_ids": [ids[other]]})
            del into[other]
        elif free and chance.random() < 0.8:
            firm.post(f"/companies/{ids[one]}/combine", {"company_ids": [ids[other]]})
            into[other] = one
        elif free:
            firm.delete(f"/companies/{ids[one]}")
            aside.add(one)
        firm.buy(
            *(
                Purchase(chance.choice(customers), day(chance.randrange(15)), chance.choice([1, 5, 7]))
                for _ in range(chance.randrange(1, 6))
            )
        )
        firm.check({one: primary(one) for one in customers if primary(one) not in aside})


def test_a_primary_that_is_itself_combined_takes_its_members_along_and_undoing_it_brings_them_back(
    firm: MeasuredFirm,
) -> None:
    firm.buy(*purchases("A", 9), *purchases("B", 8), *purchases("C", 7))
    a, b, c = (firm.company(one) for one in "ABC")
    firm.post(f"/companies/{b}/combine", {"company_ids": [c]})
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    firm.check({"A": "A", "B": "A", "C": "A"})
    assert [one["name"] for one in firm.get(f"/companies/{a}")["combined"]] == ["B", "C"]
    assert [key["value"] for key in firm.get(f"/companies/{a}")["keys"]] == ["A", "B", "C"]
    firm.post(f"/companies/{a}/separate", {"company_ids": [b]})
    firm.check({"A": "A", "B": "B", "C": "B"})
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    firm.post(f"/companies/{a}/separate", {"company_ids": [c]})
    firm.check({"A": "A", "B": "A", "C": "C"})


def test_what_is_combined_already_is_refused_with_the_name_of_its_primary(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 9), *purchases("B", 8), *purchases("C", 7))
    a, b, c = (firm.company(one) for one in "ABC")
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    for primary, others in ((b, [c]), (c, [b])):
        for dry_run in (True, False):
            refusal = firm.post(f"/companies/{primary}/combine", {"company_ids": others, "dry_run": dry_run}, 409)
            assert "combined into 'A'" in refusal["detail"]
            assert a in refusal["detail"]
    assert (
        firm.post(f"/companies/{a}/combine", {"company_ids": [a]}, 400)["faults"][0]["reason"]
        == "is the primary itself"
    )
    unknown = firm.post(f"/companies/{a}/combine", {"company_ids": [str(UUID(int=7))]}, 400)
    assert unknown["faults"][0]["path"] == "company_ids[0]"
    firm.post(f"/companies/{a}/separate", {"company_ids": [c]}, 400)
    firm.patch(f"/companies/{b}", {"name": "X"}, 409)
    firm.check({"A": "A", "B": "A", "C": "C"})


def test_a_dry_run_tells_what_would_come_together_and_changes_nothing(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 9, 5, 1), *purchases("B", 8, 4))
    a, b = firm.company("A"), firm.company("B")
    for one, attributes in ((a, {"Plan": "Gold", "Seats": "3"}), (b, {"Plan": "Silver", "Region": "EU"})):
        firm.patch(f"/companies/{one}", {"attributes": attributes})
    report = firm.post(f"/companies/{a}/combine", {"company_ids": [b], "dry_run": True})
    assert report["is_dry_run"]
    assert [report["primary"]["history"][name] for name in ("emissions", "events")] == [3, 3]
    (other,) = report["others"]
    assert (other["company"]["name"], other["company"]["keys"]) == (
        "B",
        [{"key_space": "CustomerNumber", "value": "B"}],
    )
    assert [other["history"][name] for name in ("emissions", "events")] == [2, 2]
    first = datetime.fromisoformat(other["history"]["first_event_at"])
    assert first == datetime.fromtimestamp(day(8) / 1000, UTC)
    assert [(one["name"], one["value"], one["others"]) for one in report["attributes"]] == [
        ("Plan", "Gold", {b: "Silver"}),
        ("Region", "EU", {}),
        ("Seats", "3", {}),
    ]
    milestone = next(one for one in report["plan"] if one["kind"] == "milestone")
    assert (milestone["state"], milestone["resulting_state"], milestone["states"]) == (
        "in_progress",
        "achieved",
        {b: "in_progress"},
    )
    firm.check({"A": "A", "B": "B"})
    made = firm.post(f"/companies/{a}/combine", {"company_ids": [b]})["company"]
    assert report["company"] | {"combined": made["combined"]} == made
    firm.check({"A": "A", "B": "A"})


def test_attributes_that_the_primary_lacked_go_back_with_the_company_that_gave_them(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 9), *purchases("B", 8))
    a, b = firm.company("A"), firm.company("B")
    firm.patch(f"/companies/{b}", {"attributes": {"Region": "EU", "Tier": "1", "Seats": "3"}})
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    assert firm.get(f"/companies/{a}")["attributes"] == {"Region": "EU", "Tier": "1", "Seats": "3"}
    edit = {"attributes": {"Tier": "2", "Seats": None}}
    assert firm.patch(f"/companies/{a}", edit)["attributes"] == {"Region": "EU", "Tier": "2"}
    firm.post(f"/companies/{a}/separate", {"company_ids": [b]})
    assert firm.get(f"/companies/{a}")["attributes"] == {"Tier": "2"}
    assert firm.get(f"/companies/{b}")["attributes"] == {"Region": "EU", "Tier": "1", "Seats": "3"}


def test_attributes_go_down_a_chain_and_back(firm: MeasuredFirm) -> None:
    for age, customer in enumerate("ABCD"):
        firm.buy(*purchases(customer, 9 - age))
        firm.console.clock.advance(seconds=0.001)  # where members differ, the eldest's attribute is taken
    a, b, c, d = (firm.company(one) for one in "ABCD")
    firm.patch(f"/companies/{c}", {"attributes": {"Region": "EU"}})
    firm.patch(f"/companies/{d}", {"attributes": {"Region": "US"}})

    def regions() -> list[str | None]:
        return [firm.get(f"/companies/{one}")["attributes"].get("Region") for one in (a, b, c, d)]

    firm.post(f"/companies/{b}/combine", {"company_ids": [c]})
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    assert regions() == ["EU", "EU", "EU", "US"]
    firm.post(f"/companies/{a}/combine", {"company_ids": [d]})
    assert regions() == ["EU", "EU", "EU", "US"]
    firm.post(f"/companies/{a}/separate", {"company_ids": [c]})
    assert regions() == ["US", None, "EU", "US"]
    firm.post(f"/companies/{a}/separate", {"company_ids": [d, b]})
    assert regions() == [None, None, "EU", "US"]


def test_the_plan_of_a_combined_company_is_hidden_and_comes_back_as_it_was(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 9), *purchases("B", 8))
    a, b = firm.company("A"), firm.company("B")
    before = firm.get(f"/companies/{b}/plan")
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    assert firm.get(f"/companies/{b}/plan")["outcomes"] == []
    assert firm.get("/assigned-milestones", company_id=b)["items"] == []
    assert sum(firm.get("/overview")["milestones"][0]["states"].values()) == 1
    firm.post(f"/companies/{a}/separate", {"company_ids": [b]})
    assert firm.get(f"/companies/{b}/plan") == before


def test_combining_and_separating_are_on_both_timelines_and_in_the_audit_log(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 9), *purchases("B", 8))
    a, b = firm.company("A"), firm.company("B")
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    firm.post(f"/companies/{a}/separate", {"company_ids": [b]})
    for one, other in ((a, "B"), (b, "A")):
        lines = [line for line in firm.get(f"/companies/{one}/timeline")["items"] if line["subject"] == "company"]
        assert [(line["name"], line["to_state"]) for line in lines] == [(other, "separate"), (other, "combined")]
        assert lines[1]["reason"] == "“B” combined into “A” by editor@example.com"
    admin = firm.console.as_person(Role.ADMIN)
    found = {one: admin.get("/api/audit", params={"subject_id": one}).json()["items"] for one in (a, b)}
    assert [line["action"] for line in found[a]] == ["separate", "combine"]
    assert [line["action"] for line in found[b]] == ["separate_from", "combine_into"]
    assert found[b][1]["before"]["merged_into"] is None
    assert found[b][1]["after"]["merged_into"] == a


def test_a_company_set_aside_is_shown_nowhere_until_it_is_restored_with_what_came_meanwhile(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 9), *purchases("B", 8))
    b = firm.company("B")
    assert firm.delete(f"/companies/{b}")["standing"] == "set_aside"
    firm.buy(*purchases("B", 7, 6))
    firm.check({"A": "A"})
    assert [one["id"] for one in firm.get("/companies", standing="set_aside")["items"]] == [b]
    (held,) = firm.get("/companies/unmatched")["items"]
    assert (held["id"], held["value"], held["set_aside"], held["emissions"]) == (b, "B", "B", 3)
    taken = {"name": "New", "keys": [{"key_space": "CustomerNumber", "value": "B"}]}
    assert "set aside" in firm.post("/companies", taken, 409)["detail"]
    firm.post(f"/companies/{b}/restore")
    firm.check({"A": "A", "B": "B"})
    firm.post(f"/companies/{b}/restore", None, 409)


@pytest.mark.parametrize("door", ["restore", "make-companies", "assign"])
def test_every_key_of_a_company_set_aside_leads_to_it_with_what_came_for_that_key(
    firm: MeasuredFirm, door: str
) -> None:
    firm.buy(*purchases("P", 9, 8), *purchases("Q", 7), *purchases("R", 6))
    p, q, r = (firm.company(one) for one in "PQR")
    firm.post(f"/companies/{p}/combine", {"company_ids": [q]})
    firm.delete(f"/companies/{p}")
    pages = [firm.get("/companies/unmatched", limit=1)]
    pages.append(firm.get("/companies/unmatched", limit=1, cursor=pages[0]["next"]))
    assert pages[1]["next"] is None
    held = {one["value"]: one for page in pages for one in page["items"]}
    assert [(held[one]["id"], held[one]["set_aside"], held[one]["events"]) for one in "PQ"] == [
        (p, "P", 2),
        (p, "P", 1),
    ]
    if door == "restore":
        firm.post(f"/companies/{held['Q']['id']}/restore")
        firm.check({"P": "P", "Q": "P", "R": "R"})
    elif door == "assign":
        firm.post("/companies/unmatched/assign", {"company_id": r, "keys": {"ids": [held["Q"]["id"]]}})
        firm.check({"P": "R", "Q": "R", "R": "R"})
    else:
        firm.post("/companies/unmatched/make-companies", {"keys": {"ids": [held["Q"]["id"]]}})
        firm.check({"P": "P", "Q": "P", "R": "R"})


def test_doors_that_take_companies_say_of_one_that_is_set_aside_that_it_can_be_restored(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("P", 9), *purchases("Q", 8))
    p, q = firm.company("P"), firm.company("Q")
    firm.post(f"/companies/{p}/combine", {"company_ids": [q]})
    combined = f"the company 'Q' is combined into 'P' ({p})"
    assign = f"/outcomes/{firm.shop.outcome.id}/assign"
    (fault,) = firm.post(assign, {"company_ids": [q]}, 400)["faults"]
    assert fault == {"path": "company_ids[0]", "reason": f"{combined}; turn to that one"}
    firm.delete(f"/companies/{p}")
    reasons = [
        "the company 'P' is set aside; restore it first",
        f"{combined}, which is set aside; restore that one first",
        f"no company has the id {UUID(int=7)}",
    ]
    refusal = firm.post(assign, {"company_ids": [p, q, str(UUID(int=7))]}, 400)
    assert [fault["reason"] for fault in refusal["faults"]] == reasons
    values = f"/api/metrics/{firm.metrics['count'].id}/values"
    for one, reason in zip((p, q), reasons, strict=False):
        answer = firm.editor.get(values, params={"company_id": one})
        assert (answer.status_code, answer.json()["faults"][0]["reason"]) == (400, reason)


def test_a_combined_company_s_id_leads_to_the_numbers_of_its_primary(firm: MeasuredFirm) -> None:
    firm.buy(*purchases("A", 9), *purchases("B", 8))
    a, b = firm.company("A"), firm.company("B")
    firm.post(f"/companies/{a}/combine", {"company_ids": [b]})
    values = f"/metrics/{firm.metrics['count'].id}"
    (line,) = firm.get(f"{values}/values", company_id=b)["items"]
    assert (line["company_id"], line["value"]) == (a, 2)
    assert [one["value"] for one in firm.groups(company_id=b)] == [2]
    assert [one["company_id"] for one in firm.get(f"{values}/series", company_id=b)["series"]] == [a]
    assert firm.get(f"/companies/{b}")["merged_into"] == a
