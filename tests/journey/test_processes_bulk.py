"""A milestone for 5,000 companies on a whole service: others are answered meanwhile, and a kill changes nothing."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select

from milepost.control.plan_rows import PlanChangeRow
from milepost.control.repos.company_keys import create_companies
from milepost.control.rows import AssignedMilestoneRow
from milepost.control.session import open_database, sqlite_url
from milepost.kit.clock import system_clock
from milepost.observe import paths
from milepost.testing.service import ADMIN_EMAIL, ADMIN_PASSWORD, Service, running_service, wait_for

COMPANIES = 5_000


def add_companies(service: Service) -> UUID:
    """Gives the first."""
    database = open_database(sqlite_url(paths.control(service.data)))
    with database.write() as session:
        ids = create_companies(session, [("CompanyID", f"C{one}") for one in range(COMPANIES)], system_clock())
    database.close()
    return next(iter(ids.values()))


def job_of(console: httpx.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = console.get(f"/api/jobs/{job_id}").raise_for_status().json()
    return job


def signed_in(service: Service) -> httpx.Client | None:
    """None while nobody listens."""
    try:
        return service.app()
    except httpx.TransportError:
        return None


def test_others_are_answered_beside_5000_assignments_and_a_kill_doubles_and_loses_nothing(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        company_id = add_companies(service)
        with service.app() as console:
            draft = {"name": "Trained", "actions": [{"kind": "manual", "name": "A call"}]}
            milestone_id = console.post("/api/milestones", json=draft).raise_for_status().json()["id"]
            begun = console.post(f"/api/milestones/{milestone_id}/assign", json={"all": True})
            assert (begun.status_code, begun.json()["matched"]) == (202, COMPANIES)
            job_id = begun.json()["job"]["id"]
            wait_for(lambda: job_of(console, job_id)["done"], seconds=60, what="the first part")
            answers = [
                console.patch(f"/api/companies/{company_id}", json={"name": "Acme"}),
                console.post("/api/session", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}),
            ]
            assert [(one.status_code, one.json()["name"]) for one in answers] == [(200, "Acme"), (200, ADMIN_EMAIL)]
            before = job_of(console, job_id)
        service.kill("app")
        back = wait_for(lambda: signed_in(service), seconds=120, what="another app process")
        assert back is not None
        with back as console:
            wait_for(lambda: job_of(console, job_id)["finished_at"], seconds=120, what="the job's end")
            after = job_of(console, job_id)
            shown = console.get(f"/api/milestones/{milestone_id}").raise_for_status().json()
    assert 0 < before["done"] <= after["done"] == COMPANIES
    assert after["result"] == {"matched": COMPANIES, "assigned": COMPANIES, "already": 0}
    assert shown["copies"] == {"assigned": COMPANIES, "differing": 0, "edited": 0}
    database = open_database(sqlite_url(paths.control(service.data)))
    with database.read() as session:
        for row in (AssignedMilestoneRow, PlanChangeRow):
            counted = select(func.count(row.id), func.count(row.company_id.distinct()))
            assert tuple(session.execute(counted).one()) == (COMPANIES, COMPANIES)
    database.close()
