"""A milestone for 5,000 companies: its processor time, and how long people's writes wait meanwhile.

`python -m bench.assigning` runs a service, assigns, pushes and unassigns, and renames companies and signs in all the
while. It uses the console API alone, so it also measures earlier versions: run it with PYTHONPATH at their source.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from milepost.control.repos.company_keys import create_companies
from milepost.control.session import open_database, sqlite_url
from milepost.kit.clock import system_clock
from milepost.observe import paths
from milepost.testing.service import Service

_TICKS_A_SECOND = 100
_PAUSE_SECONDS = 0.02
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"


class Others:
    """People who write and sign in while the block runs: how long each waited, and what they were answered."""

    def __init__(self, running: Service, company_id: str) -> None:
        self.took_ms: dict[str, list[float]] = {"renaming": [], "signing in": []}
        self.statuses: Counter[int] = Counter()
        self._is_over = threading.Event()
        acts: dict[str, Callable[[httpx.Client], httpx.Response]] = {
            "renaming": lambda client: client.patch(
                f"/api/companies/{company_id}", json={"name": f"Acme {time.monotonic_ns()}"}
            ),
            "signing in": lambda client: client.post("/api/session", json={"email": EMAIL, "password": PASSWORD}),
        }
        self._threads = [threading.Thread(target=self._go, args=(running, *act)) for act in acts.items()]

    def __enter__(self) -> Others:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _go(self, running: Service, name: str, act: Callable[[httpx.Client], httpx.Response]) -> None:
        with running.app() as client:
            client.timeout = httpx.Timeout(60)
            while not self._is_over.wait(_PAUSE_SECONDS):
                began = time.perf_counter()
                self.statuses[act(client).status_code] += 1
                self.took_ms[name].append((time.perf_counter() - began) * 1000)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _finish(console: httpx.Client, answer: httpx.Response) -> None:
    """An answer with a job is over when the job is."""
    body: dict[str, Any] = answer.raise_for_status().json()
    while "job" in body and body["job"]["finished_at"] is None:
        time.sleep(0.02)
        body = {"job": console.get(f"/api/jobs/{body['job']['id']}").raise_for_status().json()}


def _measure(running: Service, console: httpx.Client, path: str, body: Any, company_id: str) -> None:
    what = path.rpartition("/")[2]
    with Others(running, company_id) as others:
        time.sleep(0.5)
        before, began = _processor_seconds(running.pid("app")), time.perf_counter()
        _finish(console, console.post(path, json=body))
        wall, used = time.perf_counter() - began, _processor_seconds(running.pid("app")) - before
        time.sleep(0.5)
    waits = {name: quantiles(took, n=20)[-1] if len(took) > 1 else sum(took) for name, took in others.took_ms.items()}
    longest = max(max(took, default=0) for took in others.took_ms.values())
    shown = ", ".join(f"{name} {wait:,.0f} ms" for name, wait in waits.items())
    print(
        f"{what}: {wall:.1f} s, {used:.1f} s of processor; p95 {shown}, longest {longest:,.0f} ms;",
        dict(others.statuses),
    )


def main() -> None:
    """Measure, and print a line for each act."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=5000)
    count = parser.parse_args().companies
    with tempfile.TemporaryDirectory() as folder:
        running = Service(data=Path(folder) / "data")
        running.start()
        try:
            database = open_database(sqlite_url(paths.control(running.data)))
            with database.write() as session:
                ids = create_companies(session, [("CompanyID", f"C{one}") for one in range(count)], system_clock())
            database.close()
            company_id = str(next(iter(ids.values())))
            with running.app() as console:
                console.timeout = httpx.Timeout(600)
                person = {"email": EMAIL, "password": PASSWORD, "role": "editor"}
                console.post("/api/users", json=person).raise_for_status()
                draft = {"name": "Trained", "actions": [{"kind": "manual", "name": "A call"}]}
                milestone = console.post("/api/milestones", json=draft).raise_for_status().json()["id"]
                path = f"/api/milestones/{milestone}"
                _measure(running, console, f"{path}/assign", {"all": True}, company_id)
                console.put(path, json=draft | {"name": "Well trained"}).raise_for_status()
                _measure(running, console, f"{path}/push", {}, company_id)
                _measure(running, console, f"{path}/unassign", {"all": True}, company_id)
        finally:
            running.stop()


if __name__ == "__main__":
    main()
