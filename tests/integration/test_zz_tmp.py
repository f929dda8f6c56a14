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


def days(number: int) -> dict[str, Any]:
    return {"kind": "after_days", "days": number}


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
    year.call("PUT", f"/assigned-milestones/{copy['id']}", {**copy["definition"], "start": days(2), "deadline": None})
    year.definitions.refresh()
    year.judge.judge([UUID(year.acme)])
    assert_they_agree(year, milestone, 4)


@pytest.mark.parametrize("seed", range(6, 60))
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
    """The states of the portfolio and of the plan, and since when, at two instants of each day."""

    def portfolio(of: str) -> tuple[str, str]:
        (there,) = year.call("GET", f"/portfolio/{of}/companies", at=at)["items"]
        return there["state"], there["since"]

    for half_day in range(2 * upto):
        at = to_datetime(NOW_MS + int((half_day + 0.3) / 2 * DAY_MS)).isoformat()
        plan = year.call("GET", f"/companies/{year.acme}/plan", at=at)
        copies = [*plan["milestones"], *(part["milestone"] for one in plan["outcomes"] for part in one["parts"])]
        assert [(one["state"], one["state_at"]) for one in copies] == [portfolio(f"milestones/{milestone}")], at
        outcomes = [] if outcome is None else [portfolio(f"outcomes/{outcome}")]
        assert [(one["state"], one["state_at"]) for one in plan["outcomes"]] == outcomes, at
