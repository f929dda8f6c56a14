"""kill -9 of any process, again and again, while `milepost send` runs: nothing acknowledged is lost or done twice.

SOAK_ROUNDS sets how many kills (`make soak` uses 200); SOAK_SEED repeats a run's order of them.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from milepost.testing.service import Service, wait_for

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "12"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(10_000))))
RECORDS_PER_FILE = 6_000
PER_REQUEST = 20
COMPANIES = 40
TARGET = 100
VICTIMS = ("app", "ingest-0", "ingest-1", "supervisor", "send")


def write_file(folder: Path, number: int, chance: random.Random) -> Path:
    """Records, some of them twice in a row, as a client that retries sends them."""
    path = folder / f"part-{number}.ndjson"
    lines: list[str] = []
    while len(lines) < RECORDS_PER_FILE:
        place = len(lines)
        record = {"account": f"A{chance.randrange(COMPANIES)}", "amount": chance.randrange(100)}
        stamped = {**record, "eventDate": 1_700_000_000_000 + place, "idempotencyKey": f"{number}-{place}"}
        lines += [json.dumps(stamped)] * (2 if chance.random() < 0.05 else 1)
    path.write_text("\n".join(lines) + "\n")
    return path


def start_sending(service: Service, file: Path) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).with_name("milepost")), "send", str(file), "--event-key", "orders"]
    options = ["--connection", "Shop", "--data", str(service.data), "--batch", str(PER_REQUEST), "--tries", "100"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def define(client: httpx.Client, connection_id: str) -> dict[str, str]:
    """A signal, two metrics, and a milestone that every company gets; gives the metrics' and the milestone's ids."""

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = client.post(path, json=body).raise_for_status().json()
        return made

    fields = [
        {"name": "account", "path": ["account"], "type": "text"},
        {"name": "amount", "path": ["amount"], "type": "number"},
    ]
    signal_draft = {"name": "Order", "connection_id": connection_id, "event_key": "orders", "fields": fields}
    order = post("/api/signals", {**signal_draft, "company": {"field": "account", "key_space": "CRM"}})["id"]
    count = post("/api/metrics", {"name": "Orders", "signal_id": order, "aggregation": "count"})["id"]
    total = post("/api/metrics", {"name": "Sum", "signal_id": order, "aggregation": "sum", "field": "amount"})["id"]
    action = {"kind": "automatic", "name": "orders", "metric_id": count, "operator": ">=", "value": TARGET}
    milestone = post("/api/milestones", {"name": "Busy", "actions": [action]})["id"]
    post(f"/api/milestones/{milestone}/assign", {"all": True, "auto_assign": True})
    return {"count": count, "sum": total, "milestone": milestone}


def kill(victim: str, service: Service, sending: subprocess.Popen[bytes]) -> bool:
    """Whether it was alive to be killed."""
    if victim == "send":
        sending.kill()
        sending.wait()
        return True
    try:
        service.kill(victim)
    except ProcessLookupError:  # it died a moment ago and is about to be started again
        return False
    if victim == "supervisor":
        service.start()
    return True


def kill_while_sending(service: Service, folder: Path, chance: random.Random) -> list[Path]:
    """Send file after file until the rounds are over and the last file is through; gives the files."""
    files: list[Path] = []
    rounds = ROUNDS
    while rounds > 0:
        files.append(write_file(folder, len(files), chance))
        sending = start_sending(service, files[-1])
        while True:
            time.sleep(chance.uniform(0.2, 1.5))  # the moment of death is what is random here
            if sending.poll() is None and rounds > 0:
                rounds -= kill(chance.choice(VICTIMS), service, sending)
            if sending.poll() == 0:
                break
            if sending.poll() is not None:
                sending = start_sending(service, files[-1])  # the same command goes on where it was
    return files


def is_through(service: Service, client: httpx.Client) -> bool:
    """Whether nothing waits to be processed, as said by an app process that is there (the last kill may be fresh)."""
    try:
        client.get("/api/overview")
    except httpx.TransportError:
        return False
    return service.ready()[1].get("lag_entries") == 0


def logged(client: httpx.Client) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/events", params=query).raise_for_status().json()
        events += page["items"]
        cursor = page["next"]
        if cursor is None:
            return events


def values(client: httpx.Client, metric_id: str, names: dict[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    cursor = None
    while True:
        query = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/api/metrics/{metric_id}/values", params=query).raise_for_status().json()
        found |= {names[item["company_id"]]: item["value"] for item in page["items"]}
        cursor = page.get("next")
        if cursor is None:
            return found


@pytest.mark.timeout(120 + 20 * ROUNDS)
def test_nothing_acknowledged_is_lost_or_processed_twice_whatever_is_killed_whenever(tmp_path: Path) -> None:
    print(f"SOAK_SEED={SEED}")
    chance = random.Random(SEED)
    service = Service(data=tmp_path / "data", workers=2)
    service.start()
    try:
        connection = service.add_connection()
        with service.app() as client:
            made = define(client, connection["id"])
        files = kill_while_sending(service, tmp_path, chance)
        sent = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        records = {record["idempotencyKey"]: record for record in sent}
        with service.app() as client:
            wait_for(lambda: is_through(service, client), seconds=60, what="an empty backlog")
            processed = Counter(
                event["payload"]["idempotencyKey"] for event in logged(client) if event["fate"] == "processed"
            )
            assert processed == Counter(records.keys())
            companies = client.get("/api/companies", params={"limit": 500}).raise_for_status().json()["items"]
            names = {company["id"]: company["name"] for company in companies}
            recount = Counter(record["account"] for record in records.values())
            totals: Counter[str] = Counter()
            for record in records.values():
                totals[record["account"]] += record["amount"]
            assert values(client, made["count"], names) == dict(recount)
            assert values(client, made["sum"], names) == dict(totals)
            busy = {account for account, orders in recount.items() if orders >= TARGET}

            def achieved() -> bool:
                query: dict[str, str | int] = {"milestone_id": made["milestone"], "state": "achieved", "limit": 500}
                items = client.get("/api/assigned-milestones", params=query).raise_for_status().json()["items"]
                return {names[item["company_id"]] for item in items} == busy

            wait_for(achieved, seconds=20, what="exactly the busy companies to have achieved the milestone")
    finally:
        if service.process is not None and service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(90)
