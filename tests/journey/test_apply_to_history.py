"""A signal that comes after its events: applied to history while more arrive and the process is killed."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from milepost.testing.service import Service, running_service, wait_for

COMPANIES = 20
REQUESTS, PER_REQUEST = 60, 250
TARGET = 300
BEGUN_AT = datetime.now(UTC) - timedelta(days=30)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path / "data") as running:
        yield running


class Sender:
    """Sends orders that happened in the last thirty days, and remembers them."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._chance = random.Random(7)
        self.dates: dict[str, list[int]] = {f"A{number}": [] for number in range(COMPANIES)}

    def send(self, requests: int) -> None:
        for _ in range(requests):
            orders = [self._order() for _ in range(PER_REQUEST)]
            assert self._client.post("/events", json={"eventKey": "orders", "data": orders}).status_code == 202

    def _order(self) -> dict[str, Any]:
        account = f"A{int(self._chance.triangular(0, COMPANIES, 0))}"
        date_ms = int(BEGUN_AT.timestamp() * 1000) + self._chance.randrange(20 * 86_400_000)
        self.dates[account].append(date_ms)
        return {"account": account, "eventDate": date_ms}

    @property
    def count(self) -> int:
        return sum(map(len, self.dates.values()))


def define(client: httpx.Client, connection_id: str) -> tuple[str, str, str]:
    """The ids of a signal, its count, and a milestone of every company."""

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api{path}", json=body).raise_for_status().json()

    signal = post(
        "/signals",
        {
            "name": "Order",
            "connection_id": connection_id,
            "event_key": "orders",
            "fields": [{"name": "account", "path": ["account"], "type": "text"}],
            "company": {"field": "account", "key_space": "CRM"},
        },
    )["id"]
    count = post("/metrics", {"name": "Orders", "signal_id": signal, "aggregation": "count"})["id"]
    action = {"kind": "automatic", "name": "orders", "metric_id": count, "operator": ">=", "value": TARGET}
    milestone = post("/milestones", {"name": "Busy", "actions": [action]})["id"]
    post(f"/milestones/{milestone}/assign", {"all": True, "auto_assign": True})
    return signal, count, milestone


def names(client: httpx.Client) -> dict[str, str]:
    companies = client.get("/api/companies", params={"limit": 500}).raise_for_status().json()["items"]
    return {company["id"]: company["name"] for company in companies}


def counts(client: httpx.Client, metric_id: str) -> dict[str, float]:
    name = names(client)
    items = client.get(f"/api/metrics/{metric_id}/values", params={"limit": 500}).raise_for_status().json()["items"]
    return {name[item["company_id"]]: item["value"] for item in items if item["value"]}


def achieved(client: httpx.Client, milestone_id: str) -> dict[str, str]:
    """When each company achieved it."""
    query: dict[str, str | int] = {"milestone_id": milestone_id, "state": "achieved", "limit": 500}
    name = names(client)
    items = client.get("/api/assigned-milestones", params=query).raise_for_status().json()["items"]
    return {name[item["company_id"]]: item["state_at"] for item in items}


def test_history_counts_once_though_the_process_is_killed_and_achievements_have_their_own_dates(
    service: Service,
) -> None:
    connection = service.add_connection()
    with service.api(service.get_token(connection)) as doors:
        sender = Sender(doors)
        sender.send(REQUESTS)
        service.wait_until_logged(sender.count)
        with service.app() as client:
            signal, metric, milestone = define(client, connection["id"])
            assert counts(client, metric) == {}
            job = client.post(f"/api/signals/{signal}/backfill").raise_for_status().json()["id"]
            wait_for(lambda: client.get(f"/api/jobs/{job}").json()["state"] != "queued", seconds=10, what="its begin")
        service.kill("app")
        sender.send(10)
        back = wait_for(lambda: _signed_in(service), seconds=30, what="the app process to come back")
        assert back is not None
        with back as client:
            found = wait_for(lambda: _ended(client, job), seconds=60, what="the job's end")
            assert found is not None
            assert found["state"] == "succeeded", found
            sender.send(1)
            recount = Counter({account: len(dates) for account, dates in sender.dates.items() if dates})
            wait_for(lambda: counts(client, metric) == recount, seconds=20, what="every order to count once")
            expected = {
                account: sorted(dates)[TARGET - 1] for account, dates in sender.dates.items() if len(dates) >= TARGET
            }
            assert expected
            wait_for(lambda: _instants(achieved(client, milestone)) == expected, seconds=20, what="the achievements")


def _signed_in(service: Service) -> httpx.Client | None:
    try:
        return service.app()
    except httpx.TransportError:
        return None


def _ended(client: httpx.Client, job_id: str) -> dict[str, Any] | None:
    job: dict[str, Any] = client.get(f"/api/jobs/{job_id}").raise_for_status().json()
    return job if job["state"] in ("succeeded", "failed", "cancelled") else None


def _instants(dates: dict[str, str]) -> dict[str, int]:
    return {account: round(datetime.fromisoformat(date).timestamp() * 1000) for account, date in dates.items()}
