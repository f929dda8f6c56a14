"""Lists of companies come in one order of names, whatever the list: that of the companies themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from milepost.testing.firm import Firm

NAMES = ["acme", "Ähre", "Bolt", "COG", "Zoo", "delta"]


@pytest.fixture(scope="module")
def firm(chdb_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path_factory.mktemp("firm"))
    for name in NAMES:
        made.post("/companies", {"name": name}, 201)
    yield made
    made.close()


def names(firm: Firm, path: str, **query: str) -> list[str]:
    """Of all pages of two."""
    found, query = [], {"limit": "2", **query}
    while True:
        page = firm.get(path, **query)
        found += [one.get("company_name", one.get("name")) for one in page["items"]]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def test_every_list_of_companies_has_the_order_of_the_companies(firm: Firm) -> None:
    expected = names(firm, "/companies", sort="name")
    assert expected == ["acme", "Bolt", "COG", "delta", "Zoo", "Ähre"]
    values = f"/metrics/{firm.shop.metric.id}/values"
    assert names(firm, values, sort="name") == expected
    assert names(firm, values, sort="value") == expected  # all of them 0
    assert names(firm, values, sort="name", order="desc") == expected[::-1]
    assert names(firm, f"/portfolio/outcomes/{firm.shop.outcome.id}/companies") == expected
    other = {"name": "Other", "milestones": [{"milestone_id": str(firm.shop.milestone.id)}]}
    door = f"/outcomes/{firm.post('/outcomes', other, 201)['id']}/assign"
    tried = firm.post(door, {"all": True, "dry_run": True})
    assert [one["name"] for one in tried["companies"]] == expected
