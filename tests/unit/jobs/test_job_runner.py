"""The runner over a real control database, with handlers that do as a test wants."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from milepost.control.repos import jobs
from milepost.control.session import Database
from milepost.domain.errors import ConflictError, InvalidInputError, UnavailableError
from milepost.domain.job import Job, JobDraft, JobKind, JobState
from milepost.jobs.port import Handler, JobCancelledError, RunningJob
from milepost.jobs.runner import JobRunner
from milepost.testing.business import NOW_MS, make_control_database
from milepost.testing.clock import StandingClock
from milepost.testing.service import wait_for


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = make_control_database(tmp_path)
    yield opened
    opened.close()


@contextmanager
def _running(database: Database, folder: Path, handler: Handler) -> Iterator[JobRunner]:
    runner = JobRunner(database, {JobKind.BACKFILL: handler}, folder / "jobs", StandingClock(NOW_MS))
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield runner
    finally:
        runner.stop()
        thread.join()


def _ask(database: Database, at_ms: int = NOW_MS, **params: Any) -> UUID:
    with database.write() as session:
        draft = JobDraft(kind=JobKind.BACKFILL, subject="Sign-ins", params=params)
        return jobs.add_job(session, draft, actor="ada@example.com", now_ms=at_ms).id


def _job(database: Database, job_id: UUID) -> Job:
    with database.read() as session:
        return jobs.get_job(session, job_id)


def _ended(database: Database, job_id: UUID) -> Job:
    def over() -> Job | None:
        job = _job(database, job_id)
        return job if job.state.is_over else None

    return wait_for(over, seconds=20, what="the job's end") or _job(database, job_id)


def test_a_job_ends_with_its_handlers_result_and_last_progress(database: Database, tmp_path: Path) -> None:
    def count(job: RunningJob) -> dict[str, Any]:
        for done in range(job.params["to"] + 1):
            job.progress(done, job.params["to"], "events")
        return {"counted": job.params["to"]}

    job_id = _ask(database, to=7)
    with _running(database, tmp_path, count):
        job = _ended(database, job_id)
    assert (job.state, job.done, job.total, job.unit) == (JobState.SUCCEEDED, 7, 7, "events")
    assert job.result == {"counted": 7}


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(database: Database, tmp_path: Path) -> None:
    done: list[str] = []

    def note(job: RunningJob) -> dict[str, Any]:
        done.append(job.params["name"])
        return {}

    asked = [_ask(database, NOW_MS + place, name=name) for place, name in enumerate(("first", "second", "third"))]
    with _running(database, tmp_path, note):
        _ended(database, asked[-1])
    assert done == ["first", "second", "third"]


def test_a_job_that_a_stop_interrupts_goes_on_from_what_it_saved(database: Database, tmp_path: Path) -> None:
    has_saved = threading.Event()
    begun_at: list[int] = []

    def climb(job: RunningJob) -> dict[str, Any]:
        step = job.saved.get("step", 0)
        begun_at.append(step)
        if step == 0:
            job.save({"step": 3})
            has_saved.set()
            while True:
                job.progress(3, 5, "events")
        return {"from": step}

    job_id = _ask(database)
    with _running(database, tmp_path, climb):
        assert has_saved.wait(20)
    assert _job(database, job_id).state is JobState.RUNNING
    with _running(database, tmp_path, climb):
        job = _ended(database, job_id)
    assert (job.result, begun_at) == ({"from": 3}, [0, 3])


def test_a_running_job_is_cancelled_at_its_next_word(database: Database, tmp_path: Path) -> None:
    cleaned_up = threading.Event()
    has_begun = threading.Event()

    def work(job: RunningJob) -> dict[str, Any]:
        has_begun.set()
        try:
            while True:
                job.progress(1, None, "events")
        except JobCancelledError:
            cleaned_up.set()
            raise

    job_id = _ask(database)
    with _running(database, tmp_path, work):
        assert has_begun.wait(20)
        with database.write() as session:
            jobs.cancel_job(session, job_id, now_ms=NOW_MS)
        job = _ended(database, job_id)
    assert job.state is JobState.CANCELLED
    assert cleaned_up.is_set()


def test_a_queued_job_is_cancelled_at_once_and_never_begun(database: Database, tmp_path: Path) -> None:
    begun: list[UUID] = []

    def note(job: RunningJob) -> dict[str, Any]:
        begun.append(job.id)
        return {}

    cancelled, wanted = _ask(database), _ask(database, NOW_MS + 1)
    with database.write() as session:
        assert jobs.cancel_job(session, cancelled, now_ms=NOW_MS).state is JobState.CANCELLED
    with _running(database, tmp_path, note):
        _ended(database, wanted)
    assert begun == [wanted]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(InvalidInputError("Line 3 has no name."), "Line 3 has no name.", id="an error for people"),
        pytest.param(KeyError("secret"), "The job broke off by a mistake of ours; the log says where.", id="a bug"),
    ],
)
def test_a_job_whose_handler_fails_says_why_and_can_be_tried_again(
    database: Database, tmp_path: Path, error: Exception, told: str
) -> None:
    outcomes: list[Exception | None] = [error, None]

    def fail_once(_: RunningJob) -> dict[str, Any]:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome
        return {"done": True}

    job_id = _ask(database)
    with _running(database, tmp_path, fail_once):
        failed = _ended(database, job_id)
        assert (failed.state, failed.error) == (JobState.FAILED, told)
        with database.write() as session:
            jobs.retry_job(session, job_id)
        assert _ended(database, job_id).result == {"done": True}


def test_what_may_pass_is_tried_again_by_itself(database: Database, tmp_path: Path) -> None:
    attempts: list[int] = []

    def fail_twice(_: RunningJob) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) < 3:
            raise UnavailableError("The store is away.")
        return {"attempts": len(attempts)}

    job_id = _ask(database)
    with _running(database, tmp_path, fail_twice):
        assert _ended(database, job_id).result == {"attempts": 3}


@pytest.mark.parametrize("act", [lambda s, i: jobs.cancel_job(s, i, now_ms=NOW_MS), jobs.retry_job])
def test_a_job_that_succeeded_is_neither_cancelled_nor_tried_again(
    database: Database, tmp_path: Path, act: Callable[[Any, UUID], Job]
) -> None:
    job_id = _ask(database)
    with _running(database, tmp_path, lambda _: {}):
        _ended(database, job_id)
    with pytest.raises(ConflictError, match="succeeded"), database.write() as session:
        act(session, job_id)


def test_jobs_over_for_a_month_are_forgotten_with_their_files(database: Database, tmp_path: Path) -> None:
    job_id = _ask(database)
    with _running(database, tmp_path, lambda job: {"files": (job.folder / "report.csv").write_text("")}):
        _ended(database, job_id)
    later = StandingClock(NOW_MS + 31 * 86_400_000)
    assert (tmp_path / "jobs" / str(job_id)).is_dir()
    runner = JobRunner(database, {}, tmp_path / "jobs", later)
    thread = threading.Thread(target=runner.run)
    thread.start()
    wait_for(lambda: not (tmp_path / "jobs" / str(job_id)).exists(), seconds=20, what="the folder to go")
    runner.stop()
    thread.join()
    with database.read() as session:
        assert jobs.page_jobs(session, limit=10) == ()
