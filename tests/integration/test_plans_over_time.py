"""Plans as time goes by, with the judge, the store and the console: why states changed, timelines, portfolio, words."""

from typing import Any

from milepost.kit.clock import to_datetime
from milepost.measure.windows import DAY_MS
from milepost.testing.business import NOW_MS
from milepost.testing.year import Year

TODAY = "2023-11-14"
"""The day of NOW_MS, on which it is 22:13:20 in UTC."""


AFTER_5_DAYS = {"kind": "after_days", "days": 5, "at": "instant"}
ON_ASSIGNMENT = {"kind": "on_assignment"}


def test_a_late_event_that_alters_the_past_is_named_in_the_audit_log(year: Year) -> None:
    milestone = year.milestone(deadline=AFTER_5_DAYS)
    copy = year.assign(milestone)
    year.wait(10)
    assert year.last_transition(copy)["cause"] == "the clock"
    assert (year.copy(milestone)["state"], year.corrections()) == ("missed", [])
    event = year.buy(year.acme, 2, 3)
    assert year.copy(milestone)["state"] == "achieved"
    (line,) = year.corrections()
    assert (line["actor"], line["subject"], line["subject_id"]) == ("Milepost", "assigned_milestone", copy["id"])
    assert (line["before"]["state"], line["before"]["since"]) == ("missed", "2023-11-19T22:13:20Z")
    assert (line["after"]["state"], line["after"]["since"]) == ("achieved", "2023-11-17T22:13:20Z")
    assert (line["before"]["value"], line["after"]["value"]) == (None, 2)
    assert line["after"]["cause"] == f"the late event {event} of 2023-11-16 22:13 UTC"
    assert line["after"]["cause"] in line["after"]["reason"]
    assert year.last_transition(copy)["is_correction"]


def test_an_event_that_comes_in_time_is_the_cause_and_no_correction(year: Year) -> None:
    copy = year.assign(year.milestone())
    event = year.buy(year.acme, -0.5, -0.4)
    assert year.last_transition(copy)["cause"] == f"the event {event} of 2023-11-14 10:13 UTC"
    assert year.corrections() == []


def test_what_a_person_did_is_the_cause_with_their_name(year: Year) -> None:
    manual = {"kind": "manual", "name": "Call"}
    milestone = year.milestone(actions=[manual])
    copy = year.assign(milestone)
    assert year.last_transition(copy)["cause"] == "its assignment by admin@example.com"
    year.wait(3)
    door = f"/assigned-milestones/{copy['id']}"
    year.call("PUT", f"{door}/ticks/0", {"at": "2023-11-15T00:00:00Z"})
    year.look()
    assert year.last_transition(copy)["cause"] == "a tick by admin@example.com"
    year.call("DELETE", f"{door}/ticks/0")
    year.look()
    assert [line["after"]["cause"] for line in year.corrections()] == [
        "a tick that was taken back by admin@example.com",
        "a tick by admin@example.com",
    ]


def test_a_changed_copy_or_definition_is_the_cause_of_what_follows(year: Year) -> None:
    milestone = year.milestone()
    copy = year.assign(milestone)
    year.buy(year.acme, -5, -4)
    by = "by admin@example.com"
    easier = year.copy(milestone)["definition"] | {"start": ON_ASSIGNMENT}
    year.call("PUT", f"/assigned-milestones/{copy['id']}", easier)
    year.look()
    assert year.corrections()[0]["after"]["cause"] == f"an edit of the company's copy {by}"
    year.call("POST", f"/assigned-milestones/{copy['id']}/reset")
    year.look()
    assert year.corrections()[0]["after"]["cause"] == f"the company's copy going back to the definition {by}"
    year.call("PUT", f"/milestones/{milestone}", easier)
    year.call("POST", f"/milestones/{milestone}/push", {})
    year.look()
    expected = f"the changed definition, brought to the company's copy {by}"
    assert year.corrections()[0]["after"]["cause"] == expected


def test_a_changed_metric_is_the_cause_and_is_named(year: Year) -> None:
    milestone = year.milestone()
    year.assign(milestone)
    year.buy(year.acme, -5, -2)
    draft = {"name": "Purchases of a day", "signal_id": str(year.shop.signal.id), "aggregation": "count"}
    year.call("PUT", f"/metrics/{year.shop.metric.id}", draft | {"window": _days(1)})
    year.look()
    assert year.copy(milestone)["state"] == "in_progress"
    line = year.corrections()[0]
    assert line["after"]["cause"] == "a change of the metric “Purchases of a day” by admin@example.com"
    assert (line["before"]["state"], line["before"]["value"]) == ("achieved", 2)


def _days(days: int) -> dict[str, Any]:
    return {"kind": "rolling_days", "days": days}


def test_the_timeline_has_all_that_was_done_and_became_of_it_page_by_page(year: Year) -> None:
    manual = {"kind": "manual", "name": "Call"}
    milestone = year.milestone(actions=[manual])
    copy = year.assign(milestone)
    door = f"/assigned-milestones/{copy['id']}"
    year.wait(1)
    year.call("PUT", f"{door}/ticks/0")
    year.look()
    year.wait(1)
    year.call("PUT", door, copy["definition"] | {"name": "Once"})
    year.wait(1)
    year.call("POST", f"/milestones/{milestone}/unassign", {"company_ids": [year.acme]})
    entries: list[dict[str, Any]] = []
    cursor = None
    while not entries or cursor:
        page = year.call("GET", f"/companies/{year.acme}/timeline", cursor=cursor, limit=2)
        entries, cursor = entries + page["items"], page["next"]
    entries.sort(key=lambda one: (one["at"], one["kind"]), reverse=True)  # several have the same instant
    assert [(one["kind"], one["to_state"], one["actor"]) for one in entries] == [
        ("unassigned", None, "admin@example.com"),
        ("edited", None, "admin@example.com"),
        ("ticked", None, "admin@example.com"),
        ("state", "achieved", None),
        ("state", "in_progress", None),
        ("assigned", None, "admin@example.com"),
    ]
    assert "“Call”, done at 2023-11-15T22:13:20Z" in next(one for one in entries if one["kind"] == "ticked")["reason"]
    assert {one["kind"] for one in year.call("GET", f"/companies/{year.acme}/timeline", kind="state")["items"]} == {
        "state"
    }


def test_the_portfolio_counts_each_company_from_its_assignment_on_by_what_is_known_now(year: Year) -> None:
    milestone = year.milestone(deadline=AFTER_5_DAYS, start=ON_ASSIGNMENT)
    year.assign(milestone)
    year.wait(2)
    year.assign(milestone, year.bolt)
    year.wait(1)
    year.buy(year.bolt, 2.5, 2.6)
    year.wait(4)
    year.buy(year.acme, 1, 1.5)
    year.call("POST", f"/milestones/{milestone}/unassign", {"company_ids": [year.bolt]})
    year.look()
    door = f"/portfolio/milestones/{milestone}"
    points = year.call("GET", f"{door}/series", **{"from": "2023-11-13", "to": "2023-11-21"})["points"]
    assert [one["states"] for one in points] == [
        {},
        {"in_progress": 1},
        {"in_progress": 1},
        {"achieved": 1, "in_progress": 1},
        {"achieved": 2},
        {"achieved": 2},
        {"achieved": 2},
        {"achieved": 2},
        {"achieved": 1},
    ]
    assert (points[3]["shares"], points[3]["achieved_share"]) == ({"achieved": 0.5, "in_progress": 0.5}, 0.5)
    there = year.call("GET", f"{door}/companies", at="2023-11-16T23:00:00Z")["items"]
    assert [(one["company_name"], one["state"]) for one in there] == [("Acme", "achieved"), ("Bolt", "in_progress")]
    now = year.call("GET", f"{door}/companies", state="achieved")["items"]
    assert [one["company_name"] for one in now] == ["Acme"]
    (share,) = [one for one in year.call("GET", "/portfolio")["milestones"] if one["id"] == milestone]
    assert (share["companies"], share["states"], share["achieved_share"]) == (1, {"achieved": 1}, 1)


def test_days_of_the_portfolio_are_those_of_the_accounts_time_zone(year: Year) -> None:
    year.call("PUT", "/settings", {"time_zone": "Asia/Tokyo"})
    milestone = year.milestone()
    year.assign(milestone)
    series = year.call("GET", f"/portfolio/milestones/{milestone}/series", **{"from": TODAY, "to": "2023-11-15"})
    assert [(one["start"], one["companies"]) for one in series["points"]] == [
        ("2023-11-13T15:00:00Z", 0),
        ("2023-11-14T15:00:00Z", 1),
    ]


def test_a_plan_is_seen_as_it_stood_and_as_it_will_stand(year: Year) -> None:
    milestone = year.milestone(deadline=AFTER_5_DAYS, start=ON_ASSIGNMENT)
    year.assign(milestone)
    year.buy(year.acme, 0, 1)
    door = f"/companies/{year.acme}/plan"
    states = {
        at: [one["state"] for one in year.call("GET", door, at=f"2023-11-{at}T23:00:00Z")["milestones"]]
        for at in (13, 14, 15)
    }
    assert states == {13: [], 14: ["in_progress"], 15: ["achieved"]}
    later = year.call("GET", door, at="2023-12-01T00:00:00Z")["milestones"][0]
    assert (later["state"], later["state_at"]) == ("achieved", to_datetime(NOW_MS + DAY_MS).isoformat()[:19] + "Z")


def test_a_milestone_says_what_is_done_what_is_missing_and_when_it_is_due(year: Year) -> None:
    draft = {"name": "Purchases", "signal_id": str(year.shop.signal.id), "aggregation": "count", "unit": "orders"}
    year.call("PUT", f"/metrics/{year.shop.metric.id}", draft)
    automatic = {"kind": "automatic", "metric_id": str(year.shop.metric.id), "operator": ">="}
    actions = [
        {**automatic, "name": "Buys", "value": 2},
        {**automatic, "name": "Buys a lot", "value": 1200},
        {"kind": "manual", "name": "Call"},
        {"kind": "manual", "name": "Gift", "affects_achievement": False},
    ]
    milestone = year.milestone(actions=actions, deadline=AFTER_5_DAYS)
    year.assign(milestone)
    year.buy(year.acme, -3, -2)
    assert year.copy(milestone)["explanation"] == [
        "In progress since 2023-11-14: 1 of 3 actions done.",
        "Done: “Buys” since 2023-11-12 (at least 2 orders); it is 2 orders now.",
        "Missing: “Buys a lot” is 2 orders now and must be at least 1,200 orders.",
        "Missing: “Call” is not ticked.",
        "Missing (does not affect achievement): “Gift” is not ticked.",
        "Due on 2023-11-19, in 5 days.",
    ]
    year.wait(4.5)
    assert year.copy(milestone)["explanation"][-1] == "At risk: the last fifth of its time began on 2023-11-18."
    year.wait(1)
    assert year.copy(milestone)["explanation"][0] == (
        "Missed since 2023-11-19: 1 of 3 actions done. It can still be achieved late."
    )


def test_what_the_clock_will_do_and_what_was_lost_is_said(year: Year) -> None:
    draft = {"name": "Purchases", "signal_id": str(year.shop.signal.id), "aggregation": "count", "window": _days(7)}
    year.call("PUT", f"/metrics/{year.shop.metric.id}", draft)
    held = {"kind": "automatic", "name": "Buys", "metric_id": str(year.shop.metric.id), "operator": ">=", "value": 2}
    actions = [held | {"held_for": {"periods": 3, "period": "day"}}]
    milestone = year.milestone(actions=actions, latches=False)
    year.assign(milestone)
    year.buy(year.acme, -2, -1)
    assert year.copy(milestone)["explanation"][1:] == [
        (
            "Missing: “Buys” is 2 now and must be at least 2, held for 3 days. It holds since 2023-11-13."
            " Unless that changes, it is done on 2023-11-16."
        ),
        "It has no deadline.",
        "It must hold: it is achieved only while all of this is so at once.",
    ]
    year.wait(5.5)
    assert year.copy(milestone)["state"] == "in_progress"
    assert "It was so until 2023-11-19." in year.copy(milestone)["explanation"][1]


def test_an_outcome_says_why_it_is_at_risk(year: Year) -> None:
    ten = {"kind": "automatic", "name": "Buys", "metric_id": str(year.shop.metric.id), "operator": ">=", "value": 10}
    due = year.milestone(name="Due", actions=[ten], deadline=AFTER_5_DAYS)
    weighted = [{"milestone_id": year.milestone(name="First"), "weight": 3}, {"milestone_id": due}]
    outcome = year.call("POST", "/outcomes", {"name": "Loyal", "milestones": weighted})["id"]
    year.call("POST", f"/outcomes/{outcome}/assign", {"company_ids": [year.acme]})
    year.look()
    year.buy(year.acme, 0, 0)
    door = f"/companies/{year.acme}/plan"
    assert year.call("GET", door)["outcomes"][0]["explanation"] == [
        "1 of 2 milestones achieved, which is 75 % of the weight.",
        "On track: no milestone was missed, and none that is open is in the last fifth of its time.",
        "Achieved: “First”.",
        "Open: “Due”, due on 2023-11-19, in 5 days.",
    ]
    year.wait(4.5)
    assert year.call("GET", door)["outcomes"][0]["explanation"][1] == (
        "At risk: “Due” is not achieved, and the last fifth of its time began on 2023-11-18."
    )
    year.wait(1)
    on_plan = year.call("GET", "/assigned-outcomes", outcome_id=outcome, explain="true")["items"][0]
    assert on_plan["explanation"][1] == "Missed on 2023-11-19: no milestone is open, and not all were achieved."


def test_a_reason_and_the_explanation_around_it_tell_the_same_date_in_the_account_s_time_zone(year: Year) -> None:
    settings = year.call("GET", "/settings")
    year.call("PUT", "/settings", settings | {"time_zone": "Pacific/Kiritimati"})
    milestone = year.milestone()
    copy = year.assign(milestone)
    year.buy(year.acme, -3, -2)
    tomorrow_there = "2023-11-13"
    assert year.last_transition(copy)["reason"] == f"Buys reached: value 2 on {tomorrow_there}"
    told = year.copy(milestone)["explanation"][0]
    assert told == f"Achieved on {tomorrow_there}: Buys reached: value 2 on {tomorrow_there}."


def test_the_entry_that_stands_is_the_first_though_it_happened_before_the_others(year: Year) -> None:
    copy = year.assign(year.milestone(deadline=AFTER_5_DAYS))
    year.wait(10)
    year.buy(year.acme, 2, 3)
    of_company = f"/companies/{year.acme}/timeline?kind=state"
    for path in (f"/assigned-milestones/{copy['id']}/transitions", of_company):
        first, second, *_ = year.call("GET", path)["items"]
        assert (first["to_state"], first["is_correction"], second["to_state"]) == ("achieved", True, "missed")
        assert first["at"] < second["at"]
