"""Instants in addresses: any with an offset can be asked about, also those that no event can have."""

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.account import Role
from milepost.testing.firm import Firm

EVER = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1500-01-01T00:00:00Z",
    "1960-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
]


@pytest.fixture
def firm(chdb_client: Client, tmp_path: Any) -> Any:
    made = Firm(chdb_client, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("at", EVER)
def test_every_door_that_takes_an_instant_answers_for_any(firm: Firm, at: str) -> None:
    acme = firm.post("/companies", {"name": "Acme"}, 201)["id"]
    doors = [
        ("/events", ("since", "until")),
        ("/rejections", ("since", "until")),
        ("/feeds", ("since", "until")),
        ("/feeds/export", ("since", "until")),
        ("/audit", ("from", "to")),
        (f"/metrics/{firm.shop.metric.id}/values", ("at",)),
        (f"/companies/{acme}/plan", ("at",)),
        (f"/portfolio/outcomes/{firm.shop.outcome.id}/companies", ("at",)),
    ]
    admin = firm.console.as_person(Role.ADMIN)
    for path, names in doors:
        for name in names:
            answer = admin.get(f"/api{path}", params={name: at, **({"format": "csv"} if "export" in path else {})})
            assert answer.status_code == 200, (path, name, answer.text)


def test_since_the_year_one_is_since_ever(firm: Firm) -> None:
    firm.post("/companies", {"name": "Acme"}, 201)
    admin = firm.console.as_person(Role.ADMIN)
    everything = admin.get("/api/audit").json()["items"]
    assert everything
    assert admin.get("/api/audit", params={"from": EVER[0]}).json()["items"] == everything
    assert admin.get("/api/audit", params={"to": EVER[0]}).json()["items"] == []
