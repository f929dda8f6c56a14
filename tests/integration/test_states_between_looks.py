"""States that came and went while nobody looked are recorded too: the portfolio of an instant is the plan of then."""

import random
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from milepost.kit.clock import to_datetime
from milepost.measure.windows import DAY_MS
from milepost.testing.business import NOW_MS
from milepost.testing.year import Year

ON_ASSIGNMENT = {"kind": "on_assignment"}


def at(day: float) -> str:
    """So many days from the first."""
    return to_datetime(NOW_MS + int(day * DAY_MS)).isoformat()


def days(number: int) -> dict[str, Any]:
    return {"kind": "after_days", "days": number, "at": "instant"}


def weekly(year: Year) -> str:
    """A metric: purchases of the last seven days."""
    draft = {"name": "A week's purchases", "signal_id": str(year.shop.signal.id), "aggregation": "count"}
    made: str = year.call("POST", "/metrics", {**draft, "window": {"kind": "rolling_days", "days": 7}})["id"]
    return made


def holding(year: Year, **changes: Any) -> str:
    """A milestone that holds while there are two purchases within a week."""
    action = {"kind": "automatic", "name": "Buys", "metric_id": weekly(year), "operator": ">=", "value": 2}
    return year.milestone(actions=[action], latches=False, start=ON_ASSIGNMENT, **changes)


def loyal(year: Year, milestone: str) -> str:
    """An outcome that counts on the milestone, on the plan of Acme."""
    outcome = year.call("POST", "/outcomes", {"name": "Loyal", "milestones": [{"milestone_id": milestone}]})["id"]
    year.call("POST", f"/outcomes/{outcome}/assign", {"company_ids": [year.acme]})
    year.look()
    return str(outcome)


def timeline(year: Year, subject: str) -> list[tuple[str, str, bool]]:
    """What became of the milestone or the outcome, oldest first: the state, since which day, whether it corrects."""
    entries = year.call("GET", f"/companies/{year.acme}/timeline", limit=500)["items"]
    of_subject = [one for one in reversed(entries) if (one["subject"], one.get("to_state") is None) == (subject, False)]
    return [(one["to_state"], one["at"][5:10], one["is_correction"]) for one in of_subject]


def test_what_a_deadline_did_while_nothing_ran_is_told_before_what_came_after_it(year: Year) -> None:
    milestone = year.milestone(deadline=days(5), start=ON_ASSIGNMENT)
    year.assign(milestone)
    outcome = loyal(year, milestone)
    year.console.clock.advance(seconds=10 * 86_400)
    year.buy(year.acme, 7, 8)
    assert timeline(year, "milestone") == [
        ("in_progress", "11-14", False),
        ("missed", "11-19", False),
        ("achieved_late", "11-22", False),
    ]
    assert timeline(year, "outcome") == [
        ("on_track", "11-14", False),
        ("at_risk", "11-18", False),
        ("missed", "11-19", False),
        ("achieved", "11-22", False),
    ]
    causes = [one["cause"] for one in year.call("GET", f"/companies/{year.acme}/timeline")["items"] if one["cause"]]
    assert Counter(cause.split(" of ")[0][:9] for cause in causes)["the clock"] == 3
    series = year.call("GET", f"/portfolio/outcomes/{outcome}/series", **{"from": "2023-11-17", "to": "2023-11-22"})[
        "points"
    ]
    assert [list(one["states"]) for one in series] == [
        ["on_track"],
        ["at_risk"],
        ["missed"],
        ["missed"],
        ["missed"],
        ["achieved"],
    ]


def test_what_late_events_show_to_have_held_for_a_while_is_told_though_it_no_longer_does(year: Year) -> None:
    milestone = holding(year)
    year.assign(milestone)
    year.wait(20)
    year.buy(year.acme, 2, 4)
    assert timeline(year, "milestone") == [
        ("in_progress", "11-14", False),
        ("achieved", "11-18", False),
        ("in_progress", "11-23", False),
    ]
    year.buy(year.acme, 6)
    assert timeline(year, "milestone")[3:] == [("in_progress", "11-25", True)]
    year.buy(year.acme, 3)
    assert timeline(year, "milestone")[4:] == [("achieved", "11-17", True)]


def test_an_edited_start_or_deadline_alters_the_portfolio_of_the_past_as_it_does_the_plan(year: Year) -> None:
    milestone = year.milestone(deadline=days(5), start=ON_ASSIGNMENT)
    copy = year.assign(milestone)
    year.wait(4)
    year.buy(year.acme, 3, 3.5)
    start = {"kind": "after_days", "days": 2}
    year.call("PUT", f"/assigned-milestones/{copy['id']}", {**copy["definition"], "start": start, "deadline": None})
    year.definitions.refresh()
    year.judge.judge([UUID(year.acme)])
    assert_they_agree(year, milestone, 4)


def test_a_late_event_alters_the_stretch_that_it_is_of_and_leaves_alone_what_came_after(year: Year) -> None:
    milestone = holding(year, deadline=days(90))
    year.assign(milestone)
    year.wait(85)
    year.buy(year.acme, *(20 * week + day for week in range(4) for day in (1, 2)))
    assert len(timeline(year, "milestone")) == 9
    year.buy(year.acme, 0.5)
    assert timeline(year, "milestone")[9:] == [("achieved", "11-15", True)]
    (line,) = (one for one in year.corrections() if "achieved since 2023-11-16" in one["after"]["reason"])
    assert (line["before"]["state"], line["before"]["since"]) == ("achieved", "2023-11-16T22:13:20Z")
    year.buy(year.acme, 10, 10.5)
    assert [state for state, *_ in timeline(year, "milestone")[10:]] == ["achieved", "in_progress"]
    assert_they_agree(year, milestone, 85)
    for _ in range(2):
        year.judge.judge([UUID(year.acme)])
    assert len(timeline(year, "milestone")) == 12


def test_a_stretch_that_becomes_shorter_after_the_deadline_was_missed_is_put_right(year: Year) -> None:
    total = {"signal_id": str(year.shop.signal.id), "aggregation": "sum", "field": "dollars"}
    metric = year.call("POST", "/metrics", {"name": "Sum", **total})["id"]
    many = {"kind": "automatic", "name": "Spends", "metric_id": metric, "operator": ">=", "value": 2}
    week = {"kind": "automatic", "name": "Buys", "metric_id": weekly(year), "operator": ">=", "value": 1}
    milestone = year.milestone(actions=[many, week], latches=False, start=ON_ASSIGNMENT, deadline=days(12))
    year.assign(milestone)
    year.wait(14)
    year.buy(year.acme, 1, 2, 6, dollars=[1, 1, -1])
    assert_they_agree(year, milestone, 14)
    year.buy(year.acme, 4, dollars=[-1])
    assert_they_agree(year, milestone, 14)


def test_a_month_that_is_held_ends_by_the_accounts_clock_on_record_too(year: Year) -> None:
    held = {"kind": "automatic", "name": "Buys", "metric_id": str(year.shop.metric.id), "operator": ">=", "value": 1}
    held["held_for"] = {"periods": 1, "period": "month"}
    milestone = year.milestone(actions=[held], latches=False, start=ON_ASSIGNMENT, deadline=days(60))
    year.assign(milestone)
    year.buy(year.acme, 76.9)
    year.wait(150)
    year.call("PUT", "/settings", {"time_zone": "Asia/Kolkata"})
    year.look()
    assert_they_agree(year, milestone, 120)


def test_an_outcome_counts_on_a_milestone_from_the_day_the_company_has_it(year: Year) -> None:
    milestone, other = year.milestone(), year.milestone(name="Thrice")
    year.assign(milestone)
    outcome = loyal(year, milestone)
    year.buy(year.acme, 1, 2)
    year.wait(6)
    (copy,) = year.call("GET", "/assigned-outcomes", company_id=year.acme)["items"]
    both = [{"milestone_id": one} for one in (milestone, other)]
    year.call("PUT", f"/assigned-outcomes/{copy['id']}", {"name": "Loyal", "milestones": both})
    year.judge.judge([UUID(year.acme)])
    year.wait(3)
    door = f"/portfolio/outcomes/{outcome}/companies"
    states = [year.call("GET", door, at=at(day))["items"][0]["state"] for day in (1, 4, 8)]
    assert states == ["on_track", "achieved", "achieved"]
    assert_they_agree(year, milestone, 8, outcome)


@pytest.mark.parametrize("seed", range(6))
def test_the_portfolio_of_any_instant_is_the_plan_of_then_whatever_came_late(year: Year, seed: int) -> None:
    chance = random.Random(seed)
    milestone = holding(year, deadline=days(12))
    year.assign(milestone)
    outcome = loyal(year, milestone)
    for today in range(1, 25, 4):
        year.console.clock.advance(seconds=4 * 86_400)
        if chance.random() < 0.3:
            year.judge.due()
        if chance.random() < 0.8:
            year.buy(year.acme, *(chance.uniform(0, today + 3) for _ in range(chance.randrange(1, 4))))
        if chance.random() < 0.2:
            year.look()
    year.judge.due()
    assert_they_agree(year, milestone, 23, outcome)


def assert_they_agree(year: Year, milestone: str, upto: int, outcome: str | None = None) -> None:
    """The states of the portfolio and of the plan, and since when, at thirty instants of the first so many days."""

    def portfolio(of: str) -> tuple[str, str]:
        (there,) = year.call("GET", f"/portfolio/{of}/companies", at=then)["items"]
        return there["state"], there["since"]

    for place in range(30):
        then = at((place + 0.3) * upto / 30)
        plan = year.call("GET", f"/companies/{year.acme}/plan", at=then)
        copies = [*plan["milestones"], *(part["milestone"] for one in plan["outcomes"] for part in one["parts"])]
        states = [(one["state"], one["state_at"]) for one in copies if one and one["milestone_id"] == milestone]
        assert states == [portfolio(f"milestones/{milestone}")], then
        outcomes = [] if outcome is None else [portfolio(f"outcomes/{outcome}")]
        assert [(one["state"], one["state_at"]) for one in plan["outcomes"]] == outcomes, then


def test_in_the_millisecond_of_a_deadline_plan_and_portfolio_tell_the_same(year: Year) -> None:
    year.call("PUT", "/settings", {"account_name": "A", "time_zone": "Asia/Kathmandu"})
    milestone = year.milestone(deadline={"kind": "after_days", "days": 5}, start=ON_ASSIGNMENT)
    copy = year.assign(milestone)
    outcome = loyal(year, milestone)
    assert copy["due_at"] == "2023-11-20T18:14:59.999000Z", "NOW_MS is the 15th there"
    assert copy["starts_at"] == copy["assigned_at"]
    year.wait(10)
    for instant, state in (("2023-11-20T18:14:59.999Z", "in_progress"), ("2023-11-20T18:15:00Z", "missed")):
        plan = year.call("GET", f"/companies/{year.acme}/plan", at=instant)["outcomes"][0]
        on_plan = plan["parts"][0]["milestone"]
        (there,) = year.call("GET", f"/portfolio/milestones/{milestone}/companies", at=instant)["items"]
        assert (on_plan["state"], on_plan["due_at"]) == (there["state"], there["due_at"]) == (state, copy["due_at"])
        (counting,) = year.call("GET", f"/portfolio/outcomes/{outcome}/companies", at=instant)["items"]
        assert plan["state"] == counting["state"] == ("at_risk" if state == "in_progress" else "missed")


def test_deadlines_follow_the_time_zone_of_the_account_also_where_nothing_is_measured(year: Year) -> None:
    call = {"kind": "manual", "name": "Call"}
    milestone = year.milestone(actions=[call], deadline={"kind": "date", "at": "2023-11-16"})
    assert year.assign(milestone)["due_at"] == "2023-11-16T23:59:59.999000Z"
    year.call("PUT", "/settings", {"account_name": "A", "time_zone": "America/St_Johns"})
    assert year.definitions.have_numbers_changed()
    copy = year.copy(milestone)
    assert copy["due_at"] == "2023-11-17T03:29:59.999000Z"
    assert copy["definition"]["deadline"] == {"kind": "date", "at": "2023-11-16"}
    year.wait(5)
    year.look()
    assert (year.copy(milestone)["state"], year.copy(milestone)["state_at"]) == ("missed", copy["due_at"])
