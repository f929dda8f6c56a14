"""Privacy requests through the API: what is asked, answered and written down."""

from typing import Any

import pytest

from milepost.control.repos import audit, jobs
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.privacy import write_receipt
from milepost.domain.account import Role
from milepost.domain.job import JobKind
from milepost.domain.privacy import Receipt
from milepost.kit.clock import to_datetime
from milepost.testing.business import NOW_MS
from milepost.testing.console import Console

ASK = "/api/privacy/requests"


def test_a_request_is_a_job_that_says_nothing_of_whom_it_is_about(console: Console) -> None:
    admin = console.as_person(Role.ADMIN)
    answer = admin.post(ASK, json={"subject": {"user_id": "u-4711"}, "action": "delete"})
    assert answer.status_code == 202
    request = answer.json()
    assert (request["state"], request["requested_by"], request["receipt"]) == ("queued", "admin@example.com", None)
    with console.deps.database.read() as session:
        (job,) = jobs.page_jobs(session, limit=9)
        lines = audit.page_audit(session, audit.AuditFilter(subject_id=request["id"]), limit=9)
    assert (str(job.id), job.kind, job.subject) == (request["id"], JobKind.PRIVACY, "Delete everything of one user")
    assert [(line.actor, line.action) for line in lines] == [("admin@example.com", "ask_to_delete")]
    assert "u-4711" not in f"{job}{lines}{request}"


def test_requests_about_a_company_are_listed_with_it_and_a_dry_run_finds_them(console: Console) -> None:
    admin = console.as_person(Role.ADMIN)
    with console.deps.database.write() as session:
        acme = str(create_company(session, CompanyDraft(name="Acme"), now_ms=NOW_MS).id)
    first = admin.post(ASK, json={"subject": {"company_id": acme}, "action": "export"}).json()["id"]
    console.clock.advance(seconds=1)
    other = admin.post(ASK, json={"subject": {"user_id": "ada"}, "action": "export"}).json()["id"]
    assert [one["id"] for one in admin.get(ASK).json()["items"]] == [other, first]
    assert [one["id"] for one in admin.get(ASK, params={"company_id": acme}).json()["items"]] == [first]
    look = admin.post(ASK, json={"subject": {"company_id": acme}, "action": "delete", "dry_run": True})
    assert (look.status_code, look.json()) == (200, {"counts": {}, "earlier_requests": [first]})
    with console.deps.database.read() as session:
        assert len(jobs.page_jobs(session, limit=9)) == 2


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"action": "delete"}, id="of nobody"),
        pytest.param({"subject": {}, "action": "delete"}, id="of an empty subject"),
        pytest.param({"subject": {"user_id": ""}, "action": "delete"}, id="of an empty id"),
        pytest.param({"subject": {"user_id": "ada", "company_id": "x"}, "action": "delete"}, id="of two"),
        pytest.param({"subject": {"user_id": "ada"}, "action": "forget"}, id="an unknown action"),
        pytest.param({"subject": {"user_id": "ada", "paths": [[]]}, "action": "delete"}, id="an empty path"),
    ],
)
def test_what_is_not_valid_is_refused_with_its_faults(console: Console, body: dict[str, Any]) -> None:
    answer = console.as_person(Role.ADMIN).post(ASK, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["faults"]


def test_a_done_request_shows_its_receipt_and_what_is_no_export_has_no_file(console: Console) -> None:
    admin = console.as_person(Role.ADMIN)
    asked = admin.post(ASK, json={"subject": {"user_id": "ada"}, "action": "delete"}).json()
    at = to_datetime(NOW_MS)
    with console.deps.database.write() as session:
        (job,) = jobs.page_jobs(session, limit=1)
        write_receipt(session, job.id, Receipt(upto=at, finished_at=at, counts={"signals": 3}))
    view = admin.get(f"{ASK}/{asked['id']}").json()
    assert (view["receipt"]["counts"], view["download"]) == ({"signals": 3}, None)
    assert admin.get(f"{ASK}/{asked['id']}/export").json()["code"] == "not_found"


def test_only_admins_see_stop_or_retry_the_job_of_a_request(console: Console) -> None:
    asked = console.as_person(Role.ADMIN).post(ASK, json={"subject": {"user_id": "ada"}, "action": "delete"}).json()
    job = f"/api/jobs/{asked['id']}"
    for caller in (console.as_person(Role.VIEWER), console.as_person(Role.EDITOR), console.as_machine("write:api")):
        assert caller.get("/api/jobs").json()["items"] == []
        assert caller.get("/api/jobs", params={"kind": "privacy"}).json()["items"] == []
        for answer in (caller.get(job), caller.post(f"{job}/cancel"), caller.post(f"{job}/retry")):
            assert answer.status_code == 403
    admin = console.as_person(Role.ADMIN)
    assert [one["id"] for one in admin.get("/api/jobs").json()["items"]] == [asked["id"]]
    assert admin.get(job).json()["state"] == "queued"
    assert admin.post(f"{job}/cancel").json()["state"] == "cancelled"
