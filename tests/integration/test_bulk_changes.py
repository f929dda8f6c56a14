"""Changes of many companies through the API: small ones at once, large ones as jobs that survive a crash anywhere."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from milepost.control.erasure import delete_companies
from milepost.control.pace import companies_at_once
from milepost.control.plan_rows import PlanChangeRow
from milepost.control.repos import milestones
from milepost.control.repos.auto_assign import give_to_new_companies
from milepost.control.repos.company_keys import create_companies
from milepost.control.rows import AssignedMilestoneRow, CompanyRow, RejudgingRow
from milepost.domain.account import Role
from milepost.domain.company import Standing
from milepost.domain.job import JobKind
from milepost.jobs.bulk_change import BulkChanges
from milepost.jobs.port import JobInterruptedError
from milepost.jobs.runner import JobRunner
from milepost.testing.business import NOW_MS, Business, add_business, milestone_draft
from milepost.testing.clock import StandingClock
from milepost.testing.console import Console, open_console

MANY = 450
"""Three parts of a milestone."""


def _nothing(_parts: int) -> None:
    """Nothing happens meanwhile."""


class Desk:
    """A firm with many companies, an editor, and the runner of bulk changes."""

    def __init__(self, folder: Path, standing: Standing = Standing.ACTIVE) -> None:
        self.console: Console = open_console(folder)
        self.database = self.console.deps.database
        with self.database.write() as session:
            self.shop: Business = add_business(session)
            keys = [("CompanyID", f"C{number}") for number in range(MANY)]
            self.ids = [str(one) for one in create_companies(session, keys, NOW_MS, standing).values()]
        self.editor = self.console.as_person(Role.EDITOR)
        self.admin = self.console.as_person(Role.ADMIN)
        self.milestone = f"/api/milestones/{self.shop.milestone.id}"

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.editor.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def run(self, job_id: str, *, crash_after: int | None = None, between: Callable[[int], object] = _nothing) -> Any:
        """Let the job run to its end, or until its process dies after so many parts.

        `between` is called before each part, outside of its transaction, with how many were done.
        """
        handler = BulkChanges(self.database.in_background(), StandingClock(NOW_MS + 1))

        def act(job: Any) -> dict[str, Any]:
            save_within, progress, parts = job.save_within, job.progress, 0

            def count(session: Any, state: Any, *, done: int) -> None:
                nonlocal parts
                if parts == crash_after:  # its transaction is under way, and all of its work is done
                    raise JobInterruptedError  # as the end of a process: nothing more is written, the row says running
                parts += 1
                save_within(session, state, done=done)

            def look(done: int, total: int | None, unit: str) -> None:
                between(parts)
                progress(done, total, unit)

            job.save_within, job.progress = count, look
            try:
                return handler(job)
            finally:
                runner.stop()  # it takes no other job

        folder = self.console.deps.jobs_folder
        runner = JobRunner(self.database, {JobKind.BULK_CHANGE: act}, folder, StandingClock(NOW_MS + 2))
        runner.run()
        return self.job(job_id)

    def job(self, job_id: str) -> Any:
        return self.editor.get(f"/api/jobs/{job_id}").json()

    def audit(self, action: str) -> list[int]:
        """How many companies each line of the audit log says, the last first."""
        lines = self.admin.get("/api/audit", params={"action": action, "limit": 100}).json()["items"]
        return [(line["after"] or line["before"])["companies"] for line in lines]

    def count(self, column: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count(column.distinct()))) or 0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.database.close()


def test_up_to_two_hundred_companies_are_answered_at_once(desk: Desk) -> None:
    answer = desk.post(f"{desk.milestone}/assign", {"company_ids": desk.ids[:200]})
    assert (answer["matched"], answer["assigned"], answer["already"]) == (200, 200, 0)
    assert "job" not in answer


def test_more_are_a_job_whose_result_has_the_same_counts(desk: Desk) -> None:
    desk.post(f"{desk.milestone}/assign", {"company_ids": desk.ids[:10]})
    answer = desk.post(f"{desk.milestone}/assign", {"all": True}, 202)
    assert answer["matched"] == MANY
    assert (answer["job"]["kind"], answer["job"]["state"]) == ("bulk_change", "queued")
    assert desk.count(AssignedMilestoneRow.company_id) == 10
    job = desk.run(answer["job"]["id"])
    assert (job["state"], job["done"], job["total"], job["unit"]) == ("succeeded", 440, 440, "companies")
    assert job["result"] == {"matched": MANY, "assigned": 440, "already": 10}
    assert desk.count(RejudgingRow.company_id) == MANY
    assert desk.audit("assign") == [40, 200, 200, 0, 10]


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_a_crash_in_any_part_assigns_nothing_twice_and_leaves_nobody_out(desk: Desk, parts: int) -> None:
    job_id = desk.post(f"{desk.milestone}/assign", {"all": True}, 202)["job"]["id"]
    crashed = desk.run(job_id, crash_after=parts)
    assert crashed["state"] == "running"
    assert desk.count(AssignedMilestoneRow.id) == parts * 200
    job = desk.run(job_id)
    assert job["result"] == {"matched": MANY, "assigned": MANY, "already": 0}
    assert desk.count(AssignedMilestoneRow.company_id) == desk.count(AssignedMilestoneRow.id) == MANY
    assert desk.count(PlanChangeRow.id) == MANY
    assert sum(desk.audit("assign")) == MANY


def test_what_became_impossible_for_one_company_meanwhile_is_left_out(desk: Desk) -> None:
    job_id = desk.post(f"{desk.milestone}/assign", {"all": True}, 202)["job"]["id"]
    desk.post(f"/api/companies/{desk.ids[0]}/combine", {"company_ids": desk.ids[1:3]})
    assert desk.run(job_id)["result"] == {"matched": MANY, "assigned": MANY - 2, "already": 2}


def test_progress_only_rises_and_is_kept_with_each_part(desk: Desk) -> None:
    job_id = desk.post(f"{desk.milestone}/assign", {"all": True}, 202)["job"]["id"]
    seen: list[tuple[int, int]] = []

    def look(_parts: int) -> None:
        seen.append((desk.job(job_id)["done"], desk.count(AssignedMilestoneRow.id)))

    desk.run(job_id, crash_after=2, between=look)
    job = desk.run(job_id, between=look)
    assert seen == [(0, 0), (200, 200), (400, 400), (400, 400)]
    assert (job["state"], job["done"], job["total"]) == ("succeeded", MANY, MANY)


def test_a_cancelled_change_leaves_whole_parts_and_asking_again_does_the_rest(desk: Desk) -> None:
    job_id = desk.post(f"{desk.milestone}/assign", {"all": True}, 202)["job"]["id"]

    def cancel(parts: int) -> None:
        if parts == 1:
            desk.post(f"/api/jobs/{job_id}/cancel", None)

    job = desk.run(job_id, between=cancel)
    done = job["done"]  # it is seen before the next part, or with it
    assert (job["state"], job["result"], done % 200) == ("cancelled", None, 0)
    assert 200 <= done <= 400
    assert desk.count(AssignedMilestoneRow.company_id) == desk.count(PlanChangeRow.company_id) == done
    assert desk.audit("assign") == [*[200] * (done // 200), 0]
    rest = desk.post(f"{desk.milestone}/assign", {"all": True, "dry_run": True})
    assert (rest["assigned"], rest["already"]) == (MANY - done, done)


def test_two_changes_asked_for_at_once_are_done_one_after_the_other(desk: Desk) -> None:
    first = desk.post(f"{desk.milestone}/assign", {"all": True}, 202)["job"]["id"]
    second = desk.post(f"{desk.milestone}/assign", {"company_ids": desk.ids[:300]}, 202)["job"]["id"]
    assert desk.run(first)["result"]["assigned"] == MANY
    assert desk.job(second)["state"] == "queued"
    assert desk.run(second)["result"] == {"matched": 300, "assigned": 0, "already": 300}
    assert desk.count(AssignedMilestoneRow.id) == desk.count(PlanChangeRow.id) == MANY


def test_a_definition_that_is_deleted_meanwhile_ends_the_change_with_a_sentence(desk: Desk) -> None:
    draft = {"name": "Trained", "actions": [{"kind": "manual", "name": "A call"}]}
    path = f"/api/milestones/{desk.post('/api/milestones', draft, 201)['id']}"
    job_id = desk.post(f"{path}/assign", {"company_ids": desk.ids}, 202)["job"]["id"]

    def delete(parts: int) -> None:
        if parts == 1:
            assert desk.post(f"{path}/unassign", {"company_ids": desk.ids[:200]})["unassigned"] == 200
            assert desk.editor.delete(path).status_code == 204

    job = desk.run(job_id, between=delete)
    assert (job["state"], job["done"]) == ("failed", 200)
    assert job["error"].startswith("No milestone has the id")
    assert desk.count(AssignedMilestoneRow.id) == 0


def test_companies_that_are_deleted_or_set_aside_meanwhile_are_left_out(desk: Desk) -> None:
    job_id = desk.post(f"{desk.milestone}/assign", {"company_ids": desk.ids}, 202)["job"]["id"]

    def delete(parts: int) -> None:
        if parts == 1:
            with desk.database.write() as session:
                delete_companies(session, [UUID(one) for one in desk.ids[198:202]])
            assert desk.editor.delete(f"/api/companies/{desk.ids[300]}").status_code < 300

    job = desk.run(job_id, between=delete)
    assert job["result"] == {"matched": MANY, "assigned": MANY - 3, "already": 3}
    assert desk.count(AssignedMilestoneRow.company_id) == MANY - 5


def test_a_company_that_came_to_need_the_milestone_keeps_it_while_others_lose_it(desk: Desk) -> None:
    desk.run(desk.post(f"{desk.milestone}/assign", {"all": True}, 202)["job"]["id"])
    job_id = desk.post(f"{desk.milestone}/unassign", {"all": True}, 202)["job"]["id"]
    desk.post(f"/api/outcomes/{desk.shop.outcome.id}/assign", {"company_ids": desk.ids[:3]})
    assert desk.run(job_id)["result"] == {"matched": MANY, "unassigned": MANY - 3}
    assert desk.count(AssignedMilestoneRow.id) == 3


def test_many_are_brought_to_a_definition_and_unassigned_as_jobs_too(desk: Desk) -> None:
    desk.run(desk.post(f"{desk.milestone}/assign", {"all": True}, 202)["job"]["id"])
    with desk.database.write() as session:
        renamed = milestone_draft(desk.shop.metric.id).model_copy(update={"name": "Six purchases"})
        milestones.update_milestone(session, desk.shop.milestone.id, renamed)
    pushed = desk.run(desk.post(f"{desk.milestone}/push", {}, 202)["job"]["id"])
    assert (pushed["result"], pushed["unit"]) == ({"updated": MANY, "kept_edited": 0}, "copies")
    assert desk.post(f"{desk.milestone}/push", {"dry_run": True})["updated"] == 0
    taken = desk.run(desk.post(f"{desk.milestone}/unassign", {"all": True}, 202)["job"]["id"])
    assert taken["result"] == {"matched": MANY, "unassigned": MANY}
    assert desk.count(AssignedMilestoneRow.id) == 0
    assert desk.count(PlanChangeRow.id) == 3 * MANY


def test_a_milestone_that_outcomes_count_on_is_refused_before_a_job_begins(desk: Desk) -> None:
    outcome = f"/api/outcomes/{desk.shop.outcome.id}"
    desk.run(desk.post(f"{outcome}/assign", {"all": True}, 202)["job"]["id"])
    refused = desk.post(f"{desk.milestone}/unassign", {"all": True}, 409)
    assert "counts on this milestone" in refused["detail"]


def test_many_are_combined_and_separated_as_jobs(desk: Desk) -> None:
    primary, others = desk.ids[0], desk.ids[1:302]
    combined = desk.run(desk.post(f"/api/companies/{primary}/combine", {"company_ids": others}, 202)["job"]["id"])
    assert combined["result"] == {"count": 301}
    assert len(desk.editor.get(f"/api/companies/{primary}").json()["combined"]) == 301
    parted = desk.run(desk.post(f"/api/companies/{primary}/separate", {"company_ids": others}, 202)["job"]["id"])
    assert parted["result"] == {"count": 301}
    assert desk.editor.get(f"/api/companies/{primary}").json()["combined"] == []


def test_companies_are_made_of_many_unmatched_keys_with_their_plans_despite_a_crash(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Standing.UNMATCHED)
    with desk.database.write() as session:
        give_to_new_companies(session, milestones.milestone_row(session, desk.shop.milestone.id), is_given=True)
    answer = desk.post("/api/companies/unmatched/make-companies", {"keys": {"all": True}}, 202)
    desk.run(answer["job"]["id"], crash_after=1)
    assert desk.run(answer["job"]["id"])["result"] == {"count": MANY}
    assert desk.count(AssignedMilestoneRow.company_id) == MANY
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).where(CompanyRow.awaits_plan)) == 0
    desk.database.close()


def test_many_unmatched_keys_are_given_to_a_company_as_a_job(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Standing.UNMATCHED)
    company = desk.post("/api/companies", {"name": "Acme"}, 201)["id"]
    body = {"company_id": company, "keys": {"all": True}}
    job = desk.run(desk.post("/api/companies/unmatched/assign", body, 202)["job"]["id"])
    assert job["result"] == {"count": MANY}
    assert len(desk.editor.get(f"/api/companies/{company}").json()["keys"]) == MANY
    desk.database.close()


@pytest.mark.parametrize(
    ("copies_each", "companies"), [(0, 200), (1, 200), (5, 200), (6, 166), (100, 10), (200, 5), (100_000, 5)]
)
def test_the_more_copies_each_gets_the_fewer_companies_are_changed_at_once(copies_each: int, companies: int) -> None:
    assert companies_at_once(copies_each) == companies
