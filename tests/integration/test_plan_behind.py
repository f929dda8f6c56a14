"""A plan that is still to be judged says so, and no state stands beside an explanation that contradicts it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos.bases import bases
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase


@pytest.fixture
def firm(chdb_client: Client, tmp_path: Path) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path)
    made.buy(*(Purchase("acme", NOW_MS - 1000 * number, 10) for number in range(1, 4)))
    yield made
    made.close()


def test_a_tick_that_is_not_judged_yet_is_said_on_the_plan_and_the_copy(firm: Firm) -> None:
    company = firm.company("acme")
    manual = {"name": "Kick-off", "actions": [{"kind": "manual", "name": "Call"}]}
    milestone = firm.post("/milestones", manual, 201)["id"]
    firm.post(f"/milestones/{milestone}/assign", {"company_ids": [company]})
    (copy,) = firm.get("/assigned-milestones", milestone_id=milestone, company_id=company)["items"]
    assert (copy["state"], copy["behind"]) == ("in_progress", None)
    ticked = firm.editor.put(f"/api/assigned-milestones/{copy['id']}/ticks/0").json()
    assert (ticked["state"], ticked["behind"]["seconds"]) == ("in_progress", 0)
    assert ticked["explanation"] == [
        "Something has happened that its state does not show yet: it is about to be judged again."
    ]
    firm.console.clock.advance(seconds=90)
    plan = firm.editor.get(f"/api/companies/{company}/plan").json()
    assert plan["behind"]["seconds"] == 90
    (shown,) = plan["milestones"]
    assert (shown["state"], shown["explanation"]) == ("in_progress", ticked["explanation"])
    firm.get("/me")  # which has the judge look
    plan = firm.get(f"/companies/{company}/plan")
    assert (plan["behind"], plan["milestones"][0]["state"]) == (None, "achieved")
    assert plan["milestones"][0]["explanation"][0].startswith("Achieved on 2023-11-14")


def test_lists_of_several_companies_hold_what_is_on_record_and_explain_if_asked(firm: Firm) -> None:
    (light,) = firm.get("/assigned-milestones")["items"]
    (explained,) = firm.get("/assigned-milestones", explain=True)["items"]
    assert light["explanation"] is None
    assert explained["explanation"][0] == "In progress since 2023-11-14: 0 of 1 action done."
    assert light | {"explanation": explained["explanation"]} == explained
    company = firm.company("acme")
    assert firm.get("/assigned-outcomes", company_id=company)["items"][0]["explanation"] is not None
    assert firm.get("/assigned-outcomes")["items"][0]["explanation"] is None
    plan = firm.get(f"/companies/{company}/plan", explain=False)
    assert [one["explanation"] for one in plan["outcomes"]] == [None]


def test_the_overview_has_the_values_that_the_metrics_have_one_by_one(firm: Firm) -> None:
    firm.buy(Purchase("bolt", NOW_MS - 40 * 86_400_000, 7), Purchase("bolt", NOW_MS - 1, 5), Purchase("cog", NOW_MS, 1))
    signal = str(firm.shop.signal.id)
    drafts = [
        {"name": f"{aggregation} {days}", "signal_id": signal, "aggregation": aggregation}
        | ({} if aggregation in ("count", "days_since_last") else {"field": "dollars"})
        | ({} if days == 0 else {"window": {"kind": "rolling_days", "days": days}})
        for aggregation in ("count", "sum", "average", "minimum", "maximum", "first", "latest", "days_since_last")
        for days in (0, 30)
    ]
    ids = [firm.post("/metrics", draft, 201)["id"] for draft in drafts]
    formula = {"name": "Each", "formula": "s / c", "terms": {"s": ids[2], "c": ids[1]}}
    ids.append(firm.post("/metrics", formula, 201)["id"])

    def compare() -> None:
        bases_of = {UUID(one) for one in ids}
        with firm.database.read() as session:
            of_all = {key: basis for key, basis in bases(session).items() if key in bases_of}
        reader = firm.console.deps.metrics
        now_ms = firm.console.clock()
        asked = [UUID(firm.company(name)) for name in ("acme", "cog")]
        for companies in (None, asked):
            many = reader.values_of_many(of_all, now_ms, companies)
            assert many.values == {key: reader.values(basis, now_ms, companies) for key, basis in of_all.items()}

    compare()
    firm.post(f"/companies/{firm.company('acme')}/combine", {"company_ids": [firm.company("bolt")]})
    compare()
    overview = firm.get("/overview")
    assert overview["judging"]["waiting"] == 0
    assert {one["name"] for one in overview["metrics"]} >= {draft["name"] for draft in drafts}
    assert firm.get("/overview", metrics=False)["metrics"] == []
