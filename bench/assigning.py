"""A milestone for 5,000 companies: its processor time, and how long people's writes wait meanwhile.

Processor time is of the request and its job, without the judging that follows. The waits are those of a person who
renames a company and of one who signs in, again and again, on a running service; both at rest and beside the job.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx

from bench.measure import Measured
from milepost.control.repos.company_keys import create_companies
from milepost.control.session import Database, open_database, sqlite_url
from milepost.domain.account import Role
from milepost.domain.job import JobKind
from milepost.jobs.bulk_change import BulkChanges
from milepost.jobs.port import RunningJob
from milepost.jobs.runner import JobRunner
from milepost.kit.clock import system_clock
from milepost.observe import paths
from milepost.testing.console import open_console
from milepost.testing.service import ADMIN_EMAIL, ADMIN_PASSWORD, Service

COMPANIES = 5_000
ROUNDS = 3
_PAUSE_SECONDS = 0.02
_AT_REST_SECONDS = 3.0
_BAR_MS: Final = 300.0
_DRAFT: Final = {"name": "Trained", "actions": [{"kind": "manual", "name": "A call"}]}
_OTHER_DRAFT: Final = {"name": "Well trained", "actions": [{"kind": "manual", "name": "A call"}]}


def assigning() -> Iterator[Measured]:
    """Processor time in this process, then waits on a service."""
    used: dict[str, list[float]] = {"assign": [], "push": [], "unassign": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            for act, seconds in _processor_seconds(Path(folder)).items():
                used[act].append(seconds)
    for act, took in used.items():
        yield Measured(
            name=f"{act} a milestone, {COMPANIES:,} companies, processor",
            value=min(took) * 1000,
            unit="ms",
            bar="at most 1 s",
            limit_name="what is allowed",
            limit=1000,
            note="the request and its job, without the judging",
        )
    yield from _waits()


def _processor_seconds(folder: Path) -> dict[str, float]:
    console = open_console(folder)
    deps = console.deps
    _add_companies(deps.database)
    editor = console.as_person(Role.EDITOR)
    path = f"/api/milestones/{editor.post('/api/milestones', json=_DRAFT).raise_for_status().json()['id']}"
    used: dict[str, float] = {}
    for act, body in (("assign", {"all": True}), ("push", {}), ("unassign", {"all": True})):
        if act == "push":
            editor.put(path, json=_OTHER_DRAFT).raise_for_status()
        began = time.process_time()
        job_id = editor.post(f"{path}/{act}", json=body).raise_for_status().json()["job"]["id"]
        _run_one_job(deps.database, deps.jobs_folder)
        used[act] = time.process_time() - began
        job = editor.get(f"/api/jobs/{job_id}").raise_for_status().json()
        assert (job["state"], job["done"]) == ("succeeded", COMPANIES), job
    deps.database.close()
    return used


def _run_one_job(database: Database, folder: Path) -> None:
    change = BulkChanges(database.in_background(), system_clock)

    def act(job: RunningJob) -> dict[str, Any]:
        try:
            return change(job)
        finally:
            runner.stop()

    runner = JobRunner(database.in_background(), {JobKind.BULK_CHANGE: act}, folder, system_clock)
    runner.run()


def _waits() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        running = Service(data=Path(folder) / "data")
        running.start()
        try:
            database = open_database(sqlite_url(paths.control(running.data)))
            company_id = _add_companies(database)
            database.close()
            with Others(running, company_id) as at_rest:
                time.sleep(_AT_REST_SECONDS)
            with running.app() as console, Others(running, company_id) as beside:
                milestone = console.post("/api/milestones", json=_DRAFT).raise_for_status().json()
                _finish(console, console.post(f"/api/milestones/{milestone['id']}/assign", json={"all": True}))
        finally:
            running.stop()
    for act, took in beside.took_ms.items():
        yield Measured(
            name=f"{act} beside an assignment to {COMPANIES:,} companies, p95",
            value=_p95(took),
            unit="ms",
            bar="at most 300 ms",
            limit_name="what is allowed",
            limit=_BAR_MS,
            note=f"{_p95(at_rest.took_ms[act]):,.0f} ms at rest; {len(took)} answers, {beside.refused} of all refused",
        )


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
            "signing in": lambda client: client.post(
                "/api/session", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
            ),
        }
        self._threads = [threading.Thread(target=self._go, args=(running, *act)) for act in acts.items()]

    @property
    def refused(self) -> int:
        """How many were answered with anything but 200."""
        return self.statuses.total() - self.statuses[200]

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


def _add_companies(database: Database) -> str:
    """Gives the first one's id."""
    with database.write() as session:
        ids = create_companies(session, [("CompanyID", f"C{one}") for one in range(COMPANIES)], system_clock())
    return str(next(iter(ids.values())))


def _p95(took: list[float]) -> float:
    return quantiles(took, n=20)[-1] if len(took) > 1 else sum(took)


def _finish(console: httpx.Client, answer: httpx.Response) -> None:
    job = answer.raise_for_status().json()["job"]
    while job["finished_at"] is None:
        time.sleep(_PAUSE_SECONDS)
        job = console.get(f"/api/jobs/{job['id']}").raise_for_status().json()
