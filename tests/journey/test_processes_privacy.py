"""A privacy request on a whole service that is killed on the way: everything of the one is gone, the rest adds up."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from milepost.testing.service import Service, running_service, wait_for

USERS, REQUESTS = 20, 50


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path / "data") as running:
        yield running


def post(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = client.post(path, json=body).raise_for_status().json()
    return made


def define(service: Service, connection_id: str) -> str:
    """A signal over orders; gives the id of the metric that sums their amounts."""
    fields = [
        {"name": name, "path": [name], "type": kind}
        for name, kind in (("account", "text"), ("amount", "number"), ("userId", "text"))
    ]
    with service.app() as client:
        signal = post(
            client,
            "/api/signals",
            {
                "name": "Orders",
                "connection_id": connection_id,
                "event_key": "orders",
                "fields": fields,
                "company": {"field": "account"},
            },
        )
        total = {"name": "Total", "signal_id": signal["id"], "aggregation": "sum", "field": "amount"}
        return str(post(client, "/api/metrics", total)["id"])


def send(service: Service, token: str, secret: str) -> None:
    """Each request has one order of each user; what each says is `secret` and whose it is."""
    with service.api(token) as client:
        for _ in range(REQUESTS):
            data = [
                {"account": f"A{user % 4}", "amount": user, "userId": f"user-{user}", "note": f"{secret}-{user}-"}
                for user in range(USERS)
            ]
            client.post("/events", json={"eventKey": "orders", "data": data}).raise_for_status()
    service.wait_until_logged(USERS * REQUESTS)


def totals(service: Service, metric_id: str) -> dict[str, float]:
    with service.app() as client:
        items = client.get(f"/api/metrics/{metric_id}/values").raise_for_status().json()["items"]
    return {item["company_name"]: item["value"] for item in items}


def finished(service: Service, request_id: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        try:
            with service.app() as client:
                view: dict[str, Any] = client.get(f"/api/privacy/requests/{request_id}").raise_for_status().json()
        except httpx.HTTPError:
            return None
        assert view["state"] != "failed", view
        return view if view["state"] == "succeeded" else None

    return wait_for(done, seconds=90, what="the receipt") or {}


def kill_in_the_job(service: Service, begun: int) -> None:
    """Once the job has been begun so many times."""
    wait_for(lambda: len(service.logged("job_begun")) >= begun, seconds=60, what="the job")
    killed = service.kill("app")
    wait_for(lambda: service.pid("app") != killed, seconds=30, what="another app process")


def test_a_deletion_survives_kills_and_metrics_equal_a_recount(service: Service) -> None:
    connection, secret = service.add_connection(), secrets.token_hex(8)
    metric_id = define(service, connection["id"])
    send(service, service.get_token(connection), secret)
    subject = {"subject": {"user_id": "user-7"}, "action": "delete"}
    with service.app() as client:
        look = client.post("/api/privacy/requests", json={**subject, "dry_run": True})
        asked = client.post("/api/privacy/requests", json=subject)
    assert (look.status_code, look.json()["counts"]["events_processed"]) == (200, REQUESTS)
    assert asked.status_code == 202
    for begun in (1, 2):
        kill_in_the_job(service, begun)
    receipt = finished(service, asked.json()["id"])["receipt"]
    assert receipt["counts"]["events_processed"] == REQUESTS
    assert not any(check["found"] for check in receipt["checks"])
    assert service.fates()["processed"] == (USERS - 1) * REQUESTS
    left = [user for user in range(USERS) if user != 7]
    assert totals(service, metric_id) == {
        f"A{account}": float(sum(user for user in left if user % 4 == account) * REQUESTS) for account in range(4)
    }
    with service.app() as client:
        found = client.get("/api/events", params={"text": f"{secret}-7-"}).json()["items"]
        earlier = client.post("/api/privacy/requests", json={**subject, "dry_run": True}).json()
    assert found == []
    assert earlier["earlier_requests"] == [asked.json()["id"]]


def test_an_export_is_fetched_whole_and_tells_its_digest(service: Service, tmp_path: Path) -> None:
    connection = service.add_connection()
    define(service, connection["id"])
    send(service, service.get_token(connection), "note")
    with service.app() as client:
        (company, *_) = client.get("/api/companies", params={"search": "A1"}).json()["items"]
        asked = post(client, "/api/privacy/requests", {"subject": {"company_id": company["id"]}, "action": "export"})
    view = finished(service, asked["id"])
    with service.app() as client:
        file = client.get(view["download"]).raise_for_status()
        lines = client.get("/api/audit", params={"subject_id": asked["id"]}).json()["items"]
    (tmp_path / "export.zip").write_bytes(file.content)
    with ZipFile(tmp_path / "export.zip") as archive:
        assert archive.read("events.ndjson").count(b"\n") == USERS // 4 * REQUESTS
    assert len(file.content) == view["receipt"]["export"]["bytes"]
    assert [line["action"] for line in lines] == ["download", "finish_export", "ask_to_export"]
