"""After deletions, metrics equal DuckDB's recount of the events that are left; after anonymising, of all of them."""

import random
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from milepost.domain.metric import Aggregation, AllTime, RollingDays, Window
from milepost.domain.privacy import CompanySubject, PrivacyAction, UserSubject
from milepost.measure.windows import DAY_MS
from milepost.testing.business import NOW_MS
from milepost.testing.house import House

COMPANIES, USERS = ("acme", "bolt", "cato", "dune"), ("ada", "bob", "17", "eve")
IN_SQL = {
    (Aggregation.COUNT, None): "count(*)",
    (Aggregation.SUM, "amount"): "coalesce(sum(amount), 0)",
    (Aggregation.MAXIMUM, "amount"): "max(amount)",
    (Aggregation.AVERAGE, "amount"): "avg(amount)",
    (Aggregation.DISTINCT, "userId"): "count(DISTINCT user_id)",
    (Aggregation.LATEST, "amount"): "arg_max(amount, happened)",
    (Aggregation.DAYS_SINCE_LAST, None): f"({NOW_MS} - max(happened)) // {DAY_MS}",
}
WINDOWS: dict[Window, str] = {
    AllTime(): "true",
    RollingDays(days=30): f"happened > {NOW_MS - 30 * DAY_MS}",
}


def orders(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Some of them repeats of earlier ones; dates are years back to a moment ago, each only once."""
    made: list[dict[str, Any]] = []
    for number in range(count):
        if made and chance.random() < 0.15:
            made.append(chance.choice(made))
            continue
        user = chance.choice(USERS)
        made.append(
            {
                "account": chance.choice(COMPANIES),
                "userId": int(user) if user.isdigit() and chance.random() < 0.5 else user,
                "amount": chance.randrange(-500, 500) / 4,
                "eventDate": NOW_MS - chance.randrange(chance.choice((DAY_MS, 900 * DAY_MS))) // 500 * 500 - number,
                "idempotencyKey": str(number),
            }
        )
    return made


def recounted(kept: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], float | None]:
    """By company, aggregation and window, over each event once."""
    database = duckdb.connect()
    database.execute("CREATE TABLE orders (account VARCHAR, user_id VARCHAR, amount DOUBLE, happened BIGINT)")
    rows = {one["idempotencyKey"]: one for one in kept}.values()
    values = [(one["account"], str(one["userId"]), one["amount"], one["eventDate"]) for one in rows]
    if values:
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", values)
    return {
        (company, of, window): database.execute(
            f"SELECT {sql} FROM orders WHERE account = ? AND happened <= {NOW_MS} AND {condition}", [company]
        ).fetchall()[0][0]
        for company in COMPANIES
        for of, sql in IN_SQL.items()
        for window, condition in WINDOWS.items()
    }


def measured(house: House, companies: Sequence[str]) -> dict[tuple[Any, ...], float | None]:
    metrics = {(of, window): house.metric(*of, window) for of in IN_SQL for window in WINDOWS}
    ids = {name: house.company(name) for name in companies}
    return {
        (name, of, window): house.value(metric, company_id)
        for name, company_id in ids.items()
        if company_id is not None
        for (of, window), metric in metrics.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_metrics_equal_a_recount_after_each_request(house: House, seed: int) -> None:
    chance = random.Random(seed)
    sent = orders(chance, 150)
    for start in range(0, len(sent), 40):
        house.send("order", *sent[start : start + 40])
    user, company = chance.choice(USERS), chance.choice(COMPANIES)
    house.do(PrivacyAction.ANONYMISE, UserSubject(user_id=chance.choice([one for one in USERS if one != user])))
    assert measured(house, COMPANIES) == pytest.approx(recounted(sent), nan_ok=True)
    house.do(PrivacyAction.DELETE, UserSubject(user_id=user))
    left = [one for one in sent if str(one["userId"]) != user]
    assert measured(house, COMPANIES) == pytest.approx(recounted(left))
    found = house.company(company)
    assert found is not None
    house.do(PrivacyAction.DELETE, CompanySubject(company_id=found))
    others = [name for name in COMPANIES if name != company]
    kept = recounted([one for one in left if one["account"] != company])
    assert measured(house, others) == pytest.approx({of: value for of, value in kept.items() if of[0] != company})
