"""How far a privacy request says it is, and what it leaves behind when it is cancelled."""

from dataclasses import replace
from itertools import pairwise

import pytest
from fastapi.testclient import TestClient

from milepost.control.repos import jobs
from milepost.domain.account import Role
from milepost.domain.job import Job
from milepost.domain.privacy import PrivacyAction, UserSubject
from milepost.jobs.port import JobCancelledError
from milepost.testing.business import NOW_MS
from milepost.testing.console import Console
from milepost.testing.house import Attempt, CrashError, House
from milepost.testing.privacy import ANONYMISE, DELETE, EXPORT
from milepost.web.app import create_app


class Listening(Attempt):
    """An attempt that keeps what is told of its progress, and is broken off once so much is done, if that is given."""

    def __init__(
        self, house: House, job: Job, *, until: int | None = None, error: type[Exception] = CrashError
    ) -> None:
        super().__init__(house, job, house.saved(job))
        self.told: list[tuple[int, int | None, str]] = []
        self._until, self._error = until, error

    def progress(self, done: int, total: int | None, unit: str) -> None:
        self.told.append((done, total, unit))
        if total is not None and done == self._until:
            raise self._error


def ask(house: House, action: PrivacyAction) -> Job:
    """For two events of a user."""
    house.send("order", *({"account": "acme", "userId": house.marker, "amount": amount} for amount in (1, 2)))
    return house.ask(action, UserSubject(user_id=house.marker))


@pytest.mark.parametrize("action", [DELETE, ANONYMISE])
def test_a_request_tells_which_of_its_steps_are_done(house: House, action: PrivacyAction) -> None:
    attempt = Listening(house, ask(house, action))
    house.desk.answer(attempt)
    assert {(total, unit) for _, total, unit in attempt.told} == {(8, "steps")}
    done = [done for done, _, _ in attempt.told]
    assert (done[0], done[-1], set(done)) == (0, 8, set(range(9)))
    assert all(one <= next_one for one, next_one in pairwise(done))


def test_a_request_that_goes_on_after_the_cut_tells_that_it_is_done(house: House) -> None:
    job = ask(house, DELETE)
    with pytest.raises(CrashError):
        house.desk.answer(Listening(house, job, until=4))
    again = Listening(house, job)
    house.desk.answer(again)
    assert [again.told[place][0] for place in (0, -1)] == [3, 8]


def test_an_export_tells_how_many_events_of_how_many_are_written(house: House) -> None:
    attempt = Listening(house, ask(house, EXPORT))
    house.desk.answer(attempt)
    assert (attempt.told[0], attempt.told[-1]) == ((0, None, "events"), (2, 2, "events"))


def test_an_export_that_is_cancelled_leaves_nothing_of_its_own(house: House) -> None:
    attempt = Listening(house, ask(house, EXPORT), until=2, error=JobCancelledError)
    with pytest.raises(JobCancelledError):
        house.desk.answer(attempt)
    assert list(attempt.folder.iterdir()) == []
    assert house.client.query("SELECT count() FROM erasure_events").result_rows == [(0,)]


def admin_of(house: House, console: Console) -> TestClient:
    """A client of the console that is the house's."""
    deps = replace(console.deps, database=house.database, privacy=house.desk)
    return replace(console, app=create_app(deps), deps=deps).as_person(Role.ADMIN)


@pytest.mark.parametrize("action", [DELETE, EXPORT])
def test_a_request_that_is_cancelled_while_it_is_queued_is_forgotten_at_once(
    house: House, console: Console, action: PrivacyAction
) -> None:
    job = ask(house, action)
    assert house.premises.jobs.joinpath(str(job.id), "subject.json").exists()
    admin = admin_of(house, console)
    answer = admin.post(f"/api/jobs/{job.id}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert list(house.premises.jobs.glob("*/subject.*")) == []


def test_a_request_that_is_cancelled_while_it_runs_knows_whom_it_is_about_until_it_lets_go(
    house: House, console: Console
) -> None:
    job = ask(house, DELETE)
    with house.database.write() as session:
        jobs.take_job(session, now_ms=NOW_MS)
    admin = admin_of(house, console)
    assert admin.post(f"/api/jobs/{job.id}/cancel").json()["state"] == "running"
    assert house.premises.jobs.joinpath(str(job.id), "subject.json").exists()
