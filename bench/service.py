"""The whole service, as `milepost serve` runs it: start, freshness under 5,000 events a second, memory, bytes kept.

Freshness is from sending an event to reading it in a metric's value, and in a milestone's state, over HTTP; each look
costs time of its own, so what is told is an upper bound. The limits are what DESIGN section 9 allows.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

import httpx

from bench.events import body, payloads
from bench.measure import Measured
from milepost.settings import Settings
from milepost.store.client import connect
from milepost.testing.service import Service, wait_for

EVENTS_A_SECOND = 5_000
SECONDS = 20
PROBES = 40
_PER_REQUEST = 100
_MIB = 1 << 20


def service() -> Iterator[Measured]:
    """One service from its start to a load of 5,000 events a second."""
    with tempfile.TemporaryDirectory() as folder:
        running = Service(data=Path(folder) / "data")
        running.start()  # makes the folder, its keys and its database
        running.stop()
        began = time.perf_counter()
        running.start()
        try:
            yield _seconds("start to ready", [time.perf_counter() - began], 3.0, "below 3 s")
            yield _memory(running, "idle", 700)
            yield from _under_load(running)
        finally:
            running.stop()
        yield _bytes_an_event(running.data)


def _under_load(running: Service) -> Iterator[Measured]:
    connection = running.add_connection()
    with running.app() as console, running.api(running.get_token(connection)) as sender:
        metric_id, milestone_id = _define(console, connection["id"])
        done = threading.Event()
        load = threading.Thread(target=_send_steadily, args=(running, connection, done))
        load.start()
        try:
            seen, judged = zip(*(_probe(console, sender, metric_id, milestone_id) for _ in range(PROBES)), strict=True)
            yield _seconds("accept to readable metric, p95", seen, 1.0, f"below 1 s at {EVENTS_A_SECOND:,} events/s")
            yield _seconds("accept to changed milestone, p95", judged, 1.0, "within a second of the event")
            yield _memory(running, "under load", 1500)
        finally:
            done.set()
            load.join()


def _define(console: httpx.Client, connection_id: str) -> tuple[str, str]:
    """A count of events per company, and a milestone of its first, which every company gets."""

    def made(path: str, draft: dict[str, Any]) -> str:
        return str(console.post(path, json=draft).raise_for_status().json()["id"])

    signal_id = made(
        "/api/signals",
        {
            "name": "Usage",
            "connection_id": connection_id,
            "event_key": "usage",
            "fields": [{"name": "company", "path": ["companyId"], "type": "text"}],
            "company": {"field": "company"},
        },
    )
    metric_id = made("/api/metrics", {"name": "Uses", "signal_id": signal_id, "aggregation": "count"})
    first = {"kind": "automatic", "name": "Once", "metric_id": metric_id, "operator": ">=", "value": 1}
    milestone_id = made("/api/milestones", {"name": "First use", "actions": [first]})
    assigned = {"all": True, "auto_assign": True}
    console.post(f"/api/milestones/{milestone_id}/assign", json=assigned).raise_for_status()
    return metric_id, milestone_id


def _send_steadily(running: Service, connection: dict[str, str], done: threading.Event) -> None:
    """Usage of 5,000 companies as it happens, at the rate, until told to end; what cannot be sent in time is late."""
    bodies = [re.sub(rb'"eventDate":\d+,', b"", body("usage", payloads(_PER_REQUEST, seed))) for seed in range(50)]
    with running.api(running.get_token(connection)) as sender:
        began = time.perf_counter()
        for number in range(SECONDS * EVENTS_A_SECOND * 60):
            if done.wait(max(0.0, began + number * _PER_REQUEST / EVENTS_A_SECOND - time.perf_counter())):
                return
            fresh = bodies[number % len(bodies)].replace(b'"idempotencyKey":"', b'"idempotencyKey":"%d-' % number)
            sender.post("/events", content=fresh, headers={"content-type": "application/json"}).raise_for_status()


def _probe(console: httpx.Client, sender: httpx.Client, metric_id: str, milestone_id: str) -> tuple[float, float]:
    """Seconds from sending the first event of a new company until its metric, and its milestone, say so."""
    key = f"probe-{uuid4()}"
    began = time.perf_counter()
    event = {"eventKey": "usage", "data": [{"companyId": key}]}
    sender.post("/events", json=event).raise_for_status()

    def seconds_until(holds: Callable[[], bool]) -> float:
        wait_for(holds, seconds=30, what="the probe")
        return time.perf_counter() - began

    def company_id() -> str | None:
        found = console.get("/api/companies", params={"search": key}).raise_for_status().json()["items"]
        return found[0]["id"] if found else None

    company = str(wait_for(company_id, seconds=30, what="the probe's company"))
    values = f"/api/metrics/{metric_id}/values"
    seen = seconds_until(
        lambda: console.get(values, params={"company_id": company}).raise_for_status().json()["items"][0]["value"] == 1
    )
    plan = {"milestone_id": milestone_id, "company_id": company}
    judged = seconds_until(
        lambda: any(
            one["state"] == "achieved"
            for one in console.get("/api/assigned-milestones", params=plan).raise_for_status().json()["items"]
        )
    )
    return seen, judged


def _bytes_an_event(data: Path) -> Measured:
    """What the event log keeps of an event, once the engine has merged its parts as it does in its own time."""
    client = connect(Settings(data=data).store())
    try:
        client.command("OPTIMIZE TABLE events FINAL")
        [(size, events)] = client.query(
            "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE table = 'events' AND active"
        ).result_rows
    finally:
        client.close()
    return Measured(
        name="bytes kept an event",
        value=size / events,
        unit="bytes",
        bar="at most 60",
        limit_name="allowed",
        limit=60,
        note=f"{events:,} events of 200 bytes, half of which are random",
    )


def _memory(running: Service, when: str, most_mib: int) -> Measured:
    """The proportional share of every process of the service."""
    used = sum(proportional_bytes(running.pid(name)) for name in ("supervisor", "app", "ingest-0"))
    return Measured(
        name=f"memory of the whole service {when}",
        value=used / _MIB,
        unit="MiB",
        bar=f"below {most_mib} MB",
        limit_name="allowed",
        limit=most_mib,
    )


def proportional_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _seconds(name: str, measured: list[float] | tuple[float, ...], allowed: float, bar: str) -> Measured:
    p95 = quantiles(measured, n=20)[-1] if len(measured) > 1 else measured[0]
    return Measured(name=name, value=p95 * 1000, unit="ms", bar=bar, limit_name="allowed", limit=allowed * 1000)
