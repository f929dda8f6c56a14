"""Privacy requests that die on the way, are cancelled, or have new events come in meanwhile."""

from uuid import UUID

import pytest

from milepost.control.repos import jobs
from milepost.domain.criterion import FieldType
from milepost.domain.errors import Fault
from milepost.domain.job import Job, JobState
from milepost.domain.metric import Aggregation
from milepost.domain.privacy import CompanySubject, PrivacyAction, UserSubject
from milepost.domain.rejection import Rejection
from milepost.jobs.port import JobCancelledError
from milepost.kit.ids import uuid7
from milepost.record.rejections import RejectionWriter
from milepost.testing.business import NOW_MS
from milepost.testing.house import CrashError, House
from milepost.testing.privacy import ANONYMISE, DELETE, EXPORT, company_of, order


def subject_of(house: House, kind: str) -> CompanySubject | UserSubject:
    if kind == "user":
        return UserSubject(user_id="ada")
    return CompanySubject(company_id=company_of(house, "acme"))


def die_at_every_word(house: House, job: Job) -> int:
    """Attempt after attempt, each of which comes one word further than the last; gives how many died."""
    for word in range(1, 60):
        try:
            house.attempt(job, dies_at_word=word)
        except CrashError:
            continue
        return word - 1
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("kind", ["user", "company"])
@pytest.mark.parametrize("action", [DELETE, ANONYMISE, EXPORT])
def test_a_request_that_dies_again_and_again_is_done_once(house: House, action: PrivacyAction, kind: str) -> None:
    house.send("order", order("acme", "ada"), order("bolt", "bob"), order("acme", "ada", idempotencyKey="1"))
    house.send("order", order("acme", "ada", idempotencyKey="1"))
    job = house.ask(action, subject_of(house, kind))
    assert die_at_every_word(house, job) >= 2
    receipt = house.request(job).receipt
    assert receipt is not None
    counts = [receipt.counts[name] for name in ("events_processed", "events_duplicate", "signals")]
    assert counts == [2, 1, 2]
    left = {DELETE: 1, ANONYMISE: 4, EXPORT: 4}[action]
    assert len(house.payloads()) == left
    word = "ada" if kind == "user" else "acme"
    assert sum(word in payload.values() for payload in house.payloads()) == (3 if action is EXPORT else 0)
    assert house.client.query("SELECT count() FROM erasure_events").result_rows == [(0,)]


def until_the_cut(house: House, job: Job) -> None:
    """Die again and again until it is settled what belongs to the request."""
    for word in range(1, 60):
        with pytest.raises(CrashError):
            house.attempt(job, dies_at_word=word)
        if house.saved(job):
            return
    raise AssertionError("there was no cut")


def test_what_comes_in_between_the_cut_and_the_end_is_kept_for_a_new_company(house: House) -> None:
    house.send("order", order("acme", "ada", amount=1))
    job = house.ask(DELETE, subject_of(house, "company"))
    until_the_cut(house, job)
    house.send("order", order("acme", "ada", amount=2))
    house.attempt(job)
    assert house.payloads() == [order("acme", "ada", amount=2)]
    acme = house.company("acme")
    assert acme is not None
    assert house.value(house.metric(Aggregation.SUM, "amount"), acme) == 2


def test_a_request_that_is_cancelled_before_the_cut_leaves_everything_but_its_own_traces(house: House) -> None:
    house.send("order", order("acme", house.marker))
    everything = house.payloads()
    job = house.ask(DELETE, UserSubject(user_id=house.marker))
    with pytest.raises(JobCancelledError):
        house.attempt(job, is_cancelled=True)
    assert house.payloads() == everything
    assert not (house.premises.jobs / str(job.id) / "subject.json").exists()
    assert house.client.query("SELECT count() FROM erasure_events").result_rows == [(0,)]


def test_after_the_cut_it_is_too_late_to_cancel(house: House) -> None:
    house.send("order", order("acme", "ada"), order("acme", "bob"))
    job = house.ask(DELETE, UserSubject(user_id="ada"))
    until_the_cut(house, job)
    house.attempt(job, is_cancelled=True)
    assert [payload["userId"] for payload in house.payloads()] == ["bob"]


def test_rejections_that_mention_the_subject_are_gone_and_the_others_stay(house: House) -> None:
    writer = RejectionWriter(house.premises.rejections, 0, most_per_connection=9, keep_ms=10**9)
    for excerpt in (f'{{"userId": "{house.marker}", "amou', '{"userId": "bob"'):
        writer.write([refused(house, excerpt)], NOW_MS)
    receipt = house.do(DELETE, UserSubject(user_id=house.marker))
    assert receipt.counts["rejections"] == 1
    assert house.files_with(house.marker) == []
    assert len(house.files_with("bob")) == 1
    writer.close()


def refused(house: House, excerpt: str) -> Rejection:
    return Rejection(
        id=uuid7(NOW_MS),
        connection_id=house.connection_id,
        received_at_ms=NOW_MS,
        door="events",
        status=400,
        code="invalid_input",
        reason="no",
        faults=(Fault(path="data", reason="must be an array"),),
        excerpt=excerpt,
    )


def test_what_nobody_will_go_on_with_is_tidied_away(house: House) -> None:
    house.send("order", order("acme", house.marker))
    job = house.ask(DELETE, UserSubject(user_id=house.marker))
    until_the_cut(house, job)
    house.desk.tidy()
    assert house.client.query("SELECT count() > 0 FROM erasure_events").result_rows == [(1,)]
    with house.database.write() as session:
        jobs.end_job(session, job.id, JobState.CANCELLED, now_ms=NOW_MS)
    house.desk.tidy()
    assert house.client.query("SELECT count() FROM erasure_events").result_rows == [(0,)]
    assert not (house.premises.jobs / str(job.id) / "subject.json").exists()


def test_an_export_is_kept_for_seven_days(house: House) -> None:
    house.send("order", order("acme", "ada"))
    house.do(EXPORT, UserSubject(user_id="ada"))
    (file,) = house.premises.jobs.glob("*/export.zip")
    request_id = UUID(file.parent.name)
    house.clock.advance(seconds=7 * 86_400)
    house.desk.tidy()
    assert house.desk.export_file(request_id) == file
    house.clock.advance(seconds=1)
    assert house.desk.export_file(request_id) is None
    house.desk.tidy()
    assert not file.exists()


def test_a_signal_that_is_defined_after_the_cut_brings_to_light_what_it_reads(house: House) -> None:
    house.send("order", order("acme", "ada"))
    house.send("deal", {"client": "acme"}, {"client": "bolt"})
    job = house.ask(DELETE, subject_of(house, "company"))
    until_the_cut(house, job)
    house.define("deal", "client", ("client", FieldType.TEXT))
    house.attempt(job)
    assert house.payloads() == [{"client": "bolt"}]


@pytest.mark.parametrize("kind", ["user", "company"])
def test_what_retention_left_of_an_event_goes_too(house: House, kind: str) -> None:
    house.send("order", order("acme", "ada"), order("bolt", "bob"))
    subject = subject_of(house, kind)
    house.client.command("TRUNCATE TABLE events")
    receipt = house.do(EXPORT, subject)
    assert receipt.counts["signals"] == 1
    receipt = house.do(DELETE, subject)
    assert receipt.counts["signals"] == 1
    assert house.client.query("SELECT t1 FROM signals").result_rows == [("bolt",)]
