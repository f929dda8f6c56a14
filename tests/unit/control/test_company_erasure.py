"""Everything that the control plane has of a company, found and let go of; everything of others stays."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from milepost.control import erasure, mentions
from milepost.control.job_rows import ImportLineRow
from milepost.control.repos import assigned, companies, copies, jobs, plans
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.transitions import record_transitions
from milepost.control.rows import CompanyRow
from milepost.control.session import Database
from milepost.domain.company import CompanyKey
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.job import JobDraft, JobKind, JobState
from milepost.domain.milestone import Transition
from milepost.testing.business import NOW_MS, Business, add_business

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def add_company(session: Session, business: Business, value: str) -> UUID:
    """A company with a key, on a plan with a tick and a line on its timeline."""
    draft = companies.CompanyDraft(name=value.title(), keys=(CompanyKey(key_space="CRM", value=value),))
    company_id = companies.create_company(session, draft, now_ms=NOW_MS).id
    plans.assign_outcome(session, business.outcome.id, [company_id], now_ms=NOW_MS)
    (copy,) = assigned.list_assigned_milestones(session, [company_id])
    copies.tick_action(session, copy.id, 1, NOW, Act("ada@example.com", NOW_MS))
    transition = Transition(
        company_id=company_id,
        subject="milestone",
        subject_id=copy.id,
        name="5 purchases",
        from_state="not_started",
        to_state="in_progress",
        at=NOW,
        recorded_at=NOW,
        reason="It began.",
        value=None,
    )
    record_transitions(session, [transition])
    return company_id


@pytest.fixture
def acme_and_bolt(database: Database) -> tuple[UUID, UUID]:
    with database.write() as session:
        business = add_business(session)
        return add_company(session, business, "acme"), add_company(session, business, "bolt")


def test_a_company_goes_with_all_that_belongs_to_it_and_no_other_does(
    database: Database, acme_and_bolt: tuple[UUID, UUID]
) -> None:
    acme, bolt = acme_and_bolt
    with database.write() as session:
        before = erasure.count_records(session, [acme])
        assert before == erasure.count_records(session, [bolt])
        erasure.delete_companies(session, [acme])
        after = [erasure.count_records(session, [one]) for one in acme_and_bolt]
    assert {"companies", "company_keys", "assigned_milestones", "assigned_outcomes", "ticks", "transitions"} <= set(
        before
    )
    assert after == [{}, before]


def test_values_that_name_another_company_too_are_told(database: Database, acme_and_bolt: tuple[UUID, UUID]) -> None:
    acme, bolt = acme_and_bolt
    with database.write() as session:
        companies.add_company_key(session, bolt, CompanyKey(key_space="ERP", value="acme"), now_ms=NOW_MS)
        known = erasure.what_is_known(session, [acme])
    assert (known.values, known.names, known.shared_values) == (("acme",), ("Acme",), ("acme",))


def test_a_renamed_company_is_not_found_by_what_it_was(database: Database, acme_and_bolt: tuple[UUID, UUID]) -> None:
    acme, _ = acme_and_bolt
    with database.write() as session:
        known = erasure.what_is_known(session, [acme])
        erasure.rename_companies(session, known.model_copy(update={"pseudonyms": {"acme": "anon-1"}}))
        row = session.get(CompanyRow, acme, populate_existing=True)
        assert row is not None
        assert "acme" not in f"{row.name} {row.sort_name} {row.search_text}".lower()
        assert companies.get_company(session, acme).keys == (CompanyKey(key_space="CRM", value="anon-1"),)
        assert len(assigned.list_assigned_milestones(session, [acme])) == 1


def test_only_a_whole_company_can_be_asked_for(database: Database, acme_and_bolt: tuple[UUID, UUID]) -> None:
    acme, bolt = acme_and_bolt
    with database.write() as session:
        row = session.get(CompanyRow, bolt)
        assert row is not None
        row.merged_into = row.primary_id = acme
        session.flush()
        assert erasure.company_with_members(session, acme) == (acme, bolt)
        with pytest.raises(ConflictError, match="separate them first"):
            erasure.company_with_members(session, bolt)
        with pytest.raises(NotFoundError):
            erasure.company_with_members(session, UUID(int=1))


def test_reports_of_imports_forget_the_lines_that_mention_a_company(database: Database) -> None:
    with database.write() as session:
        draft = JobDraft(kind=JobKind.COMPANY_IMPORT, subject="companies.csv", params={"first": "Acme"})
        job_id = jobs.add_job(session, draft, actor="ada", now_ms=NOW_MS).id
        for line, report in enumerate(('{"name": "Acme"}', '{"name": "Bolt"}'), start=1):
            session.add(ImportLineRow(job_id=job_id, line=line, outcome="created", report=report))
        assert mentions.scrub_imports(session, "Acme") == []
        jobs.end_job(session, job_id, JobState.SUCCEEDED, now_ms=NOW_MS, result={"created": 2})
        assert mentions.scrub_imports(session, "Acme") == [job_id]
        mentioning = [row["line"] for row in mentions.import_lines_of(session, job_id, "Acme")]
        mentions.forget_import_lines(session, job_id, mentioning)
        assert [row.line for row in session.query(ImportLineRow)] == [2]
        assert (jobs.get_job(session, job_id).params, jobs.get_job(session, job_id).result) == ({}, None)


def test_reports_of_imports_that_have_been_over_for_long_are_dropped_some_lines_at_a_time(database: Database) -> None:
    with database.write() as session:
        draft = JobDraft(kind=JobKind.COMPANY_IMPORT, subject="companies.csv", params={})
        old, young = (jobs.add_job(session, draft, actor="ada", now_ms=NOW_MS).id for _ in range(2))
        for job_id, line in ((old, 1), (old, 2), (old, 3), (young, 1)):
            session.add(ImportLineRow(job_id=job_id, line=line, outcome="created", report="{}"))
        jobs.end_job(session, old, JobState.SUCCEEDED, now_ms=NOW_MS)
        jobs.end_job(session, young, JobState.SUCCEEDED, now_ms=NOW_MS + 2)
        left = []
        for _ in range(2):
            has_more = jobs.forget_lines(session, finished_before_ms=NOW_MS + 1, most=2)
            left.append((has_more, session.query(ImportLineRow).count()))
        assert left == [(True, 2), (False, 1)]
        assert jobs.forget_jobs(session, finished_before_ms=NOW_MS + 1) == [old]
        assert [row.job_id for row in session.query(ImportLineRow)] == [young]
