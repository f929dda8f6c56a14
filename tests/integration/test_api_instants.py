"""Instants in addresses: any with an offset can be asked about, also those that no event can have."""

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.account import Role
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase

EVER = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1500-01-01T00:00:00Z",
    "1960-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
]


@pytest.fixture(scope="module")
def firm(chdb_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Firm(chdb_client, tmp_path_factory.mktemp("firm"))
    made.buy(Purchase("acme", NOW_MS, 10))
    for name in ("CrmId", "BillingId"):
        made.post("/altkeys", {"name": name}, 201)
    yield made
    made.close()


@pytest.mark.parametrize("at", EVER)
def test_every_door_that_takes_an_instant_answers_for_any(firm: Firm, at: str) -> None:
    """What lies after an early instant is everything, what lies after a late one nothing; and the other way round."""
    (acme,) = firm.get("/companies", search="acme")["items"]
    is_early = int(at[:4]) < 2000
    everything, nothing = (1, 0) if is_early else (0, 1)
    audited = len(firm.console.as_person(Role.ADMIN).get("/api/audit", params={"limit": 500}).json()["items"])
    assert audited > 1
    admin = firm.console.as_person(Role.ADMIN)

    def get(path: str, **query: Any) -> Any:
        answer = admin.get(f"/api{path}", params=query)
        assert answer.status_code == 200, (path, query, answer.text)
        return answer

    for path, since, until, rows in (
        ("/events", "since", "until", 0),
        ("/rejections", "since", "until", 0),
        ("/feeds", "since", "until", 1),
        ("/audit", "from", "to", audited),
    ):
        assert len(get(path, limit=500, **{since: at}).json()["items"]) == rows * everything, path
        assert len(get(path, limit=500, **{until: at}).json()["items"]) == rows * nothing, path
    for name, rows in (("since", everything), ("until", nothing)):
        lines = get("/feeds/export", format="csv", **{name: at}).text.splitlines()
        assert len(lines) == 1 + rows, lines
        assert "event_date" in lines[0]
    (value,) = get(f"/metrics/{firm.shop.metric.id}/values", at=at).json()["items"]
    assert (value["company_id"], value["value"]) == (acme["id"], nothing)
    assert len(get(f"/companies/{acme['id']}/plan", at=at).json()["outcomes"]) == nothing
    assert len(get(f"/portfolio/outcomes/{firm.shop.outcome.id}/companies", at=at).json()["items"]) == nothing


def test_since_the_year_one_is_since_ever(firm: Firm) -> None:
    admin = firm.console.as_person(Role.ADMIN)
    everything = admin.get("/api/audit").json()["items"]
    assert everything
    assert admin.get("/api/audit", params={"from": EVER[0]}).json()["items"] == everything
    assert admin.get("/api/audit", params={"to": EVER[0]}).json()["items"] == []
