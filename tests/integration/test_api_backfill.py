"""Applying a signal to history, through the API: a job, and what is refused while it waits or runs."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from milepost.control.repos import jobs
from milepost.control.repos.generations import begin_generation, put_in_force
from milepost.domain.account import Role
from milepost.testing.business import Business, add_business
from milepost.testing.console import Console


@pytest.fixture
def shop(console: Console) -> Business:
    with console.deps.database.write() as session:
        return add_business(session)


@pytest.fixture
def editor(console: Console) -> TestClient:
    return console.as_person(Role.EDITOR)


def begin(editor: TestClient, shop: Business) -> dict[str, Any]:
    answer = editor.post(f"/api/signals/{shop.signal.id}/backfill")
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def test_it_begins_a_job_that_can_be_watched(editor: TestClient, shop: Business) -> None:
    job = begin(editor, shop)
    assert (job["kind"], job["state"], job["subject"]) == ("backfill", "queued", "Purchases")
    assert editor.get("/api/jobs", params={"subject_id": str(shop.signal.id)}).json()["items"] == [job]


def test_it_is_in_the_audit_log(console: Console, editor: TestClient, shop: Business) -> None:
    begin(editor, shop)
    latest = console.as_person(Role.ADMIN).get("/api/audit").json()["items"][0]
    assert (latest["action"], latest["subject"], latest["subject_id"]) == ("backfill", "signal", str(shop.signal.id))


def test_a_second_one_at_the_same_time_is_refused(editor: TestClient, shop: Business) -> None:
    job = begin(editor, shop)
    answer = editor.post(f"/api/signals/{shop.signal.id}/backfill")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert job["id"] in answer.json()["detail"]


def test_the_signal_cannot_be_changed_or_taken_away_meanwhile(editor: TestClient, shop: Business) -> None:
    begin(editor, shop)
    path = f"/api/signals/{shop.signal.id}"
    draft = shop.signal.model_dump(mode="json", exclude={"id", "revision", "generation", "slots"})
    assert editor.put(path, json=draft).status_code == 409
    assert editor.delete(path).status_code == 409


def test_once_it_is_cancelled_the_signal_can_be_changed_again(editor: TestClient, shop: Business) -> None:
    job = begin(editor, shop)
    assert editor.post(f"/api/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
    draft = shop.signal.model_dump(mode="json", exclude={"id", "revision", "generation", "slots"})
    assert editor.put(f"/api/signals/{shop.signal.id}", json=draft).json()["revision"] == 2


def test_a_disabled_signal_is_not_applied(editor: TestClient, shop: Business) -> None:
    draft = shop.signal.model_dump(mode="json", exclude={"id", "revision", "generation", "slots"})
    editor.put(f"/api/signals/{shop.signal.id}", json=draft | {"is_enabled": False})
    answer = editor.post(f"/api/signals/{shop.signal.id}/backfill")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "The signal is disabled, and would emit nothing. Enable it first.",
    )


def test_once_the_new_history_is_in_force_it_is_too_late_to_cancel(
    console: Console, editor: TestClient, shop: Business
) -> None:
    job = begin(editor, shop)
    with console.deps.database.write() as session:
        assert jobs.take_job(session, now_ms=console.clock()) is not None
        building = begin_generation(session, shop.signal.id, job_id=UUID(job["id"]), first_batch=1)
        jobs.save_state(session, UUID(job["id"]), {"generation": building.twin.generation})
    with console.deps.database.write() as session:
        put_in_force(session, building)
    answer = editor.post(f"/api/jobs/{job['id']}/cancel")
    assert answer.status_code == 409
    assert "too late" in answer.json()["detail"]


def test_a_signal_that_is_not_there_is_a_404(editor: TestClient, shop: Business) -> None:
    assert editor.post(f"/api/signals/{shop.metric.id}/backfill").status_code == 404
