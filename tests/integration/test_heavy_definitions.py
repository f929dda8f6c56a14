"""Definitions that are accepted and heavy, or that the store refuses: each beside others, which they do not hold up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.query import QueryResult

from milepost.control.repos.bases import bases
from milepost.domain.basis import Basis
from milepost.domain.crossing import BEGINNING_MS, Ask, Threshold
from milepost.domain.errors import UnanswerableError
from milepost.domain.milestone import Comparison
from milepost.measure.queries import MetricReader
from milepost.measure.statements import first_crossing
from milepost.measure.windows import DAY_MS
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase

MOST_ROWS_AN_EMISSION = 4


@pytest.fixture
def firm(chdb_client: Client, tmp_path: Path) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path)
    made.buy(*(Purchase("acme", NOW_MS - place * DAY_MS, 10 * place) for place in range(1, 7)))
    yield made
    made.close()


def metric(firm: Firm, name: str, aggregation: str, days: int | None = None) -> str:
    draft = {"name": name, "signal_id": str(firm.shop.signal.id), "aggregation": aggregation}
    draft |= {} if aggregation in ("count", "days_since_last") else {"field": "dollars"}
    window = {} if days is None else {"window": {"kind": "rolling_days", "days": days}}
    return str(firm.post("/metrics", draft | window, 201)["id"])


def basis(firm: Firm, metric_id: str) -> Basis:
    with firm.database.read() as session:
        return bases(session)[UUID(metric_id)]


class Refuses:
    """The store, which refuses statements with a sign in them, as it refuses what is too large; it keeps them all."""

    def __init__(self, client: Client, sign: str) -> None:
        self.client, self.sign = client, sign
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def query(self, query: str, parameters: dict[str, Any] | None = None, **options: Any) -> QueryResult:
        self.asked.append((query, parameters or {}))
        if self.sign in query:
            raise DatabaseError("Code: 241. Memory limit exceeded")
        return self.client.query(query, parameters=parameters, **options)


@pytest.mark.parametrize("days", [24, 25, 30, 365, 3660])
def test_a_largest_value_of_many_days_is_judged_and_holds_up_nobody(firm: Firm, days: int) -> None:
    largest = metric(firm, "Largest", "maximum", days)
    action = {"kind": "automatic", "name": "60", "metric_id": largest, "operator": ">=", "value": 60}
    milestone = firm.post("/milestones", {"name": "Large", "actions": [action]}, 201)["id"]
    company = firm.company("acme")
    firm.post(f"/milestones/{milestone}/assign", {"company_ids": [company]})
    plan = firm.get(f"/companies/{company}/plan")
    assert {one["state"] for one in plan["milestones"]} == {"achieved"}
    assert firm.get("/unjudged")["items"] == []
    firm.buy(*(Purchase("bolt", NOW_MS - place * DAY_MS, 1) for place in range(5)))
    bolt = firm.company("bolt")
    others = firm.get("/assigned-milestones", company_id=bolt)["items"]
    assert [one["state"] for one in others] == ["achieved"]


def test_one_metric_that_the_store_refuses_takes_no_other_of_its_statement_with_it(firm: Firm) -> None:
    ids = {name: metric(firm, name, name, days) for name in ("count", "sum", "maximum") for days in (None,)}
    ids["maximum of 30 days"] = metric(firm, "maximum of 30 days", "maximum", 30)
    terms = {"a": ids["maximum"], "b": ids["count"]}
    ids["a formula"] = firm.post("/metrics", {"name": "F", "formula": "a + b", "terms": terms}, 201)["id"]
    of_all = {UUID(one): basis(firm, one) for one in ids.values()}
    reader = MetricReader(firm.client)
    whole = reader.values_of_many(of_all, NOW_MS)
    assert (len(whole.values), whole.failures) == (5, {})
    found = MetricReader(Refuses(firm.client, "max(")).values_of_many(of_all, NOW_MS)
    failed = {UUID(ids[name]) for name in ("maximum", "maximum of 30 days", "a formula")}
    assert found.failures.keys() == failed
    assert {type(one) for one in found.failures.values()} == {UnanswerableError}
    assert found.values == {one: values for one, values in whole.values.items() if one not in failed}


@pytest.mark.parametrize("target", [5.0, 3659.0, 3660.0])
@pytest.mark.parametrize("operator", list(Comparison))
def test_ages_take_a_few_rows_an_emission_however_far_the_target(
    firm: Firm, operator: Comparison, target: float
) -> None:
    age = basis(firm, metric(firm, "Age", "days_since_last"))
    noted = Refuses(firm.client, "no statement has this in it")
    company = UUID(firm.company("acme"))
    MetricReader(noted).first_crossings(age, Threshold(operator, target), [Ask(company, BEGINNING_MS)])
    sql, parameters = noted.asked[-1]
    question = first_crossing(operator)
    assert sql.endswith(question)
    counted = sql.replace(question, "SELECT count() FROM steps")
    ((rows,),) = firm.client.query(counted, parameters=parameters).result_rows
    assert rows <= MOST_ROWS_AN_EMISSION * len(firm.bought)


def test_a_statement_that_the_store_refuses_sets_that_metric_aside_and_all_else_is_judged(
    chdb_client: Client, tmp_path: Path
) -> None:
    firm = Firm(Refuses(chdb_client, "max("), tmp_path)  # type: ignore[arg-type]  # all that is used of a client
    ids = {name: metric(firm, name, name) for name in ("count", "sum", "maximum")}
    terms = {"m": ids["maximum"]}
    ids["a formula of it"] = firm.post("/metrics", {"name": "F", "formula": "m + 1", "terms": terms}, 201)["id"]
    for name, one in ids.items():
        action = {"kind": "automatic", "name": "1", "metric_id": one, "operator": ">=", "value": 1}
        milestone = firm.post("/milestones", {"name": name, "actions": [action]}, 201)["id"]
        firm.post(f"/milestones/{milestone}/assign", {"all": True})
        firm.buy(*(Purchase(f"{name} {place}", NOW_MS - place * DAY_MS, 5) for place in range(3)))
        companies = [firm.company(f"{name} {place}") for place in range(3)]
        firm.post(f"/milestones/{milestone}/assign", {"company_ids": companies})
        copies = firm.get("/assigned-milestones", milestone_id=milestone)["items"]
        expected = "achieved" if name in ("count", "sum") else "not_started"
        assert {one["state"] for one in copies if one["company_id"] in companies} == {expected}
    refused = {UUID(ids["maximum"]), UUID(ids["a formula of it"])}
    aside = firm.judging.aside()
    assert {(one.of, one.metric_id) for one in aside} == {("metric", one) for one in refused}
    assert all("Memory limit exceeded" in one.reason for one in aside)
    plan = firm.get(f"/companies/{companies[0]}/plan")
    told = {one["definition"]["name"]: " ".join(one["explanation"]) for one in plan["milestones"]}
    assert "The analytic store cannot evaluate it" in told["a formula of it"]
    firm.close()
