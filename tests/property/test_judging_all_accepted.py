"""The judge as it runs, over a real store and control database, on definitions sampled from all that the API accepts.

Each example is made through the API, of any aggregation, window, comparison and target. Whatever is accepted is judged:
nothing is set aside, and where a condition neither latches nor has to hold for a time, the state follows from the value
that the API gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.domain.account import Role
from milepost.domain.calendar import Period, WeekStart
from milepost.domain.metric import Aggregation
from milepost.domain.milestone import Comparison
from milepost.measure.windows import DAY_MS
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase

DATES: Final = (NOW_MS, NOW_MS - 1, NOW_MS - DAY_MS, NOW_MS - 25 * DAY_MS, NOW_MS - 3660 * DAY_MS, -1, -3_000 * DAY_MS)
DEFINITIONS: Final = 12
"""Of each example: the judge takes them together, which is what makes one that fails hold up others."""

days = st.one_of(st.sampled_from([1, 24, 25, 366, 3659, 3660]), st.integers(1, 3660))
windows = st.one_of(
    st.just({"kind": "all_time"}),
    days.map(lambda count: {"kind": "rolling_days", "days": count}),
    st.sampled_from(Period).map(lambda period: {"kind": "calendar", "period": period.value}),
)
fields: dict[Aggregation, tuple[str | None, ...]] = {
    one: ("dollars",) if one.takes_field else (None,) for one in Aggregation
}
fields[Aggregation.DISTINCT] = ("dollars", "customer")
aggregates = st.sampled_from(Aggregation).flatmap(
    lambda one: st.fixed_dictionaries(
        {"aggregation": st.just(one.value), "field": st.sampled_from(fields[one]), "window": windows}
    )
)
targets = st.one_of(
    st.integers(-3, 40).map(float), st.sampled_from([0.0, -0.0, 0.5, 3660.0, 1e28, -1.7e308, 1.7e308, 5e-324])
)
held = st.one_of(
    st.none(),
    st.fixed_dictionaries({"periods": st.sampled_from([1, 120]), "period": st.sampled_from(["day", "week", "month"])}),
)
conditions = st.fixed_dictionaries(
    {
        "operator": st.sampled_from(Comparison).map(lambda one: one.value),
        "value": targets,
        "held_for": held,
    }
)
ARITHMETIC: Final = ("a + b", "a / b", "-(a * 1e300) - b / 0", "1e6 - a + b * 0.5", "(" * 20 + "a" + ")" * 20 + " * b")


@pytest.fixture(scope="module")
def firm(chdb_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path_factory.mktemp("accepted"))
    made.buy(*(Purchase("acme", at, dollars) for dollars, at in enumerate(DATES)), Purchase("bolt", NOW_MS, -7))
    made.post("/companies", {"name": "Nothing yet"}, 201)
    yield made
    made.close()


def metric(firm: Firm, number: int, definition: dict[str, Any]) -> str:
    body = {"name": f"m{number}", "signal_id": str(firm.shop.signal.id), **definition}
    return str(firm.editor.post("/api/metrics", json=body).json()["id"])


def holds(operator: str, value: float | None, target: float) -> bool:
    return value is not None and Comparison(operator).holds(value, target)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(["UTC", "America/St_Johns", "Pacific/Apia", "Africa/Monrovia", "America/Havana"]),
    week_start=st.sampled_from(WeekStart),
    drawn=st.lists(st.tuples(aggregates, conditions, st.booleans()), min_size=DEFINITIONS, max_size=DEFINITIONS),
    texts=st.lists(st.sampled_from(ARITHMETIC), min_size=DEFINITIONS // 4, max_size=DEFINITIONS // 4),
)
def test_whatever_is_accepted_is_judged(
    *, firm: Firm, zone: str, week_start: WeekStart, drawn: list[Any], texts: list[str]
) -> None:
    answer = firm.console.as_person(Role.ADMIN).put(
        "/api/settings", json={"time_zone": zone, "week_start": week_start.value}
    )
    assert answer.status_code == 200, answer.text
    metrics = [metric(firm, number, definition) for number, (definition, _, _) in enumerate(drawn)]
    for place, text in enumerate(texts):
        terms = {"a": metrics[place], "b": metrics[-1 - place]}
        body = {"name": f"f{place}", "formula": text, "terms": terms}
        metrics[2 * place] = firm.editor.post("/api/metrics", json=body).json()["id"]
    asked: dict[str, tuple[str, Any]] = {}
    for number, (one, (_, condition, latches)) in enumerate(zip(metrics, drawn, strict=True)):
        action = {"kind": "automatic", "name": "x", "metric_id": one, **condition}
        draft = {"name": f"ms{number}", "actions": [action], "latches": latches}
        milestone = firm.editor.post("/api/milestones", json=draft)
        assert milestone.status_code == 201, milestone.text
        asked[milestone.json()["id"]] = (one, condition)
        assigned = firm.editor.post(f"/api/milestones/{milestone.json()['id']}/assign", json={"all": True})
        assert assigned.status_code == 200, assigned.text
    firm.get("/me")  # which has the judge look
    assert (firm.judging.aside(), firm.judging.state.waiting) == ([], 0)
    for milestone_id, (metric_id, condition) in asked.items():
        values = {one["company_id"]: one["value"] for one in firm.get(f"/metrics/{metric_id}/values")["items"]}
        copies = firm.get("/assigned-milestones", milestone_id=milestone_id)["items"]
        assert len(copies) == len(values)
        for copy in copies:
            assert copy["state"] in ("achieved", "in_progress", "not_started"), copy
            if not copy["definition"]["latches"] and condition["held_for"] is None:
                held_now = holds(condition["operator"], values[copy["company_id"]], condition["value"])
                assert (copy["state"] == "achieved") is held_now, (copy, values)
    for milestone_id in asked:
        firm.post(f"/milestones/{milestone_id}/unassign", {"all": True})
