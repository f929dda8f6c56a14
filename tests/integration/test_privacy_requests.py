"""Privacy requests over a working reactor, a real store, journal and control plane: what is gone, and what stays."""

from uuid import UUID
from zipfile import ZipFile

import msgspec

from milepost.control.repos import audit, companies, jobs, rejudgings
from milepost.control.rows import CompanyRow
from milepost.domain.company import CompanyChange, CompanyKey
from milepost.domain.criterion import FieldType
from milepost.domain.event import SmartKey
from milepost.domain.metric import Aggregation
from milepost.domain.privacy import CompanySubject, UserSubject
from milepost.erase.export import sha256_of
from milepost.erase.exporting import export_file
from milepost.testing.business import NOW_MS
from milepost.testing.house import House
from milepost.testing.privacy import ANONYMISE, DELETE, EXPORT, company_of, order


def company(house: House, key: str = "acme") -> CompanySubject:
    return CompanySubject(company_id=company_of(house, key))


def ids_of(receipt_counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in receipt_counts.items() if count}


def test_everything_of_a_user_is_gone_down_to_the_bytes_on_disk(house: House) -> None:
    ada = house.marker
    house.send("order", order("acme", ada), order("acme", "bob"))
    house.send("page", {"anonymousId": ada}, {"context": {"traits": {"id": ada}}}, {"note": "of nobody"})
    assert house.files_with(ada)
    receipt = house.do(DELETE, UserSubject(user_id=ada))
    assert [payload.get("userId") for payload in house.payloads()] == ["bob", None]
    assert house.files_with(ada) == []
    assert (receipt.counts["events_processed"], receipt.counts["signals"]) == (3, 1)
    assert receipt.checks
    assert not any(check.found for check in receipt.checks)


def test_metrics_are_as_if_a_deleted_users_events_had_never_been(house: House) -> None:
    house.send("order", order("acme", "ada", amount=100), order("acme", "bob", amount=1), order("bolt", "ada"))
    total, users = house.metric(Aggregation.SUM, "amount"), house.metric(Aggregation.DISTINCT, "userId")
    acme, bolt = company(house).company_id, company(house, "bolt").company_id
    assert house.value(total, acme) == 101
    receipt = house.do(DELETE, UserSubject(user_id="ada"))
    assert [house.value(total, acme), house.value(users, acme), house.value(total, bolt)] == [1, 1, 0]
    assert receipt.companies_judged_anew == 2
    with house.database.read() as session:
        owed = rejudgings.owed_rejudgings(session, now_ms=house.clock(), most=9)
        assert {one.company_id for one in owed if one.is_from_scratch} == {acme, bolt}


def test_everything_of_a_company_is_gone_down_to_the_bytes_on_disk(house: House) -> None:
    acme = house.marker
    house.send("order", order(acme, "ada"), order("bolt", "bob"))
    subject = company(house, acme)
    with house.database.write() as session:
        before = companies.get_company(session, subject.company_id)
        companies.update_company(session, subject.company_id, CompanyChange(attributes={"owner": acme}))
        audit.record_change(
            session, actor="eve", action="update", subject="company", subject_id=before.id, now_ms=NOW_MS, before=before
        )
    receipt = house.do(DELETE, subject)
    assert house.files_with(acme) == []
    assert house.company(acme) is None
    assert [payload["account"] for payload in house.payloads()] == ["bolt"]
    assert receipt.counts["records_companies"] == 1
    with house.database.read() as session:
        lines = audit.page_audit(session, audit.AuditFilter(subject_id=str(subject.company_id)), limit=9)
    assert [(line.actor, line.action, line.before) for line in lines] == [("eve", "update", None)]


def test_a_company_is_found_by_mappings_smart_keys_and_the_trackers_member_also_where_nothing_matched(
    house: House,
) -> None:
    house.send("order", order("acme", "ada"))
    subject = company(house)
    with house.database.write() as session:
        for space, value in (("SFID", "001A"), ("CRM", "77")):
            key = CompanyKey(key_space=space, value=value)
            companies.add_company_key(session, subject.company_id, key, now_ms=NOW_MS)
    house.send("visit", {"companyId": "acme"}, {"companyId": "other"})
    house.send("sf", {"Id": "001A"}, smart_keys=[SmartKey(name="companyid", alternate_id="SFID", field="Id")])
    house.send("sf-plain", {"Id": "001A", "why": "no smart key says that this is one"})
    house.send("deal", {"client": 77, "won": False}, {"client": 78})
    house.define("deal", "client", ("client", FieldType.NUMBER), space="CRM")
    house.do(DELETE, subject)
    unsaid = {"Id": "001A", "why": "no smart key says that this is one"}
    assert house.payloads() == [unsaid, {"client": 78}, {"companyId": "other"}]


def test_a_value_that_is_also_another_companys_key_counts_only_where_its_key_space_is_said(house: House) -> None:
    with house.database.write() as session:
        acme, _ = (
            companies.create_company(
                session,
                companies.CompanyDraft(name=space, keys=(CompanyKey(key_space=space, value="7"),)),
                now_ms=NOW_MS,
            )
            for space in ("CRM", "ERP")
        )
    house.define("deal", "client", ("client", FieldType.TEXT), space="CRM")
    house.send("deal", {"client": "7"})
    house.send("visit", {"companyId": "7"})
    house.do(DELETE, CompanySubject(company_id=acme.id))
    assert house.payloads() == [{"companyId": "7"}]


def test_those_combined_into_a_company_go_with_it(house: House) -> None:
    house.send("order", order("acme", "ada"), order("acme-old", "bob"), order("bolt", "eve"))
    acme, old = company(house), company(house, "acme-old")
    with house.database.write() as session:
        row = session.get(CompanyRow, old.company_id)
        assert row is not None
        row.merged_into = row.primary_id = acme.company_id
    house.do(DELETE, acme)
    assert [payload["account"] for payload in house.payloads()] == ["bolt"]
    assert house.company("acme-old") is None


def test_the_next_event_with_a_deleted_companys_key_makes_a_new_company(house: House) -> None:
    house.send("order", order("acme", "ada"))
    before = company(house)
    house.do(DELETE, before)
    house.send("order", order("acme", "ada"))
    after = company(house)
    assert after.company_id != before.company_id
    assert house.value(house.metric(Aggregation.COUNT), after.company_id) == 1


def test_a_repeat_of_a_deleted_event_stays_a_repeat(house: House) -> None:
    house.send("order", order("acme", "ada", idempotencyKey="1"))
    house.do(DELETE, UserSubject(user_id="ada"))
    house.send("order", order("acme", "ada", idempotencyKey="1"))
    assert house.client.query("SELECT toString(fate) FROM events").result_rows == [("duplicate",)]


def test_an_entry_set_aside_is_deleted_if_it_mentions_the_subject(house: House) -> None:
    house.accept(b"\xc1 unreadable, of " + house.marker.encode())
    house.accept(b"\xc1 unreadable, of nobody")
    receipt = house.do(DELETE, UserSubject(user_id=house.marker))
    assert receipt.counts["events_parked"] == 1
    assert house.files_with(house.marker) == []
    assert len(house.client.query("SELECT 1 FROM events").result_rows) == 1


def test_a_further_place_of_a_user_id_can_be_named(house: House) -> None:
    house.send("order", {"account": "acme", "buyer": {"mail": "a@b.c"}}, {"account": "acme", "note": "a@b.c"})
    house.do(DELETE, UserSubject(user_id="a@b.c", paths=(("buyer", "mail"),)))
    assert house.payloads() == [{"account": "acme", "note": "a@b.c"}]


def test_an_anonymised_user_keeps_every_metric_and_loses_everything_else(house: House) -> None:
    ada = house.marker
    house.send("order", order("acme", ada, amount=3, mail="ada@example.com"), order("acme", "bob", amount=4))
    house.send("order", order("acme", ada, amount=5, at={"street": "Here"}))
    metrics = [
        house.metric(Aggregation.SUM, "amount"),
        house.metric(Aggregation.DISTINCT, "userId"),
        house.metric(Aggregation.COUNT),
    ]
    acme = company(house).company_id
    before = [house.value(metric, acme) for metric in metrics]
    house.do(ANONYMISE, UserSubject(user_id=ada))
    assert [house.value(metric, acme) for metric in metrics] == before == [12, 2, 3]
    assert house.files_with(ada) == []
    pseudonyms = {payload["userId"] for payload in house.payloads()} - {"bob"}
    assert len(pseudonyms) == 1
    (pseudonym,) = pseudonyms
    assert {"account": "acme", "amount": 5, "userId": pseudonym} in house.payloads()
    assert order("acme", "bob", amount=4) in house.payloads()
    assert house.client.query("SELECT uniqExact(t2) FROM signals").result_rows == [(2,)]


def test_an_anonymised_company_keeps_its_metrics_under_a_name_that_nobody_knows(house: House) -> None:
    acme = house.marker
    house.send("order", order(acme, "ada", amount=3), order("bolt", "bob", amount=4))
    subject = company(house, acme)
    total = house.metric(Aggregation.SUM, "amount")
    house.do(ANONYMISE, subject)
    assert house.value(total, subject.company_id) == 3
    assert house.files_with(acme) == []
    with house.database.read() as session:
        kept = companies.get_company(session, subject.company_id)
    assert kept.name.startswith("Anonymous ")
    assert kept.keys[0].value in {payload["account"] for payload in house.payloads()}


def test_an_export_has_everything_and_changes_nothing(house: House) -> None:
    request = house.send("order", order("acme", "ada", amount=1.50), order("bolt", "bob"))
    house.accept(b"\xc1 acme")
    receipt = house.do(EXPORT, company(house))
    assert receipt.export is not None
    with house.database.read() as session:
        (job,) = jobs.page_jobs(session, limit=9)
    file = export_file(house.premises.jobs, job.id)
    assert (sha256_of(file), file.stat().st_size) == (receipt.export.sha256, receipt.export.bytes)
    with ZipFile(file) as archive:
        lines = {name: archive.read(f"{name}.ndjson").splitlines() for name in ("events", "signals", "records")}
    first, parked = sorted(map(msgspec.json.decode, lines["events"]), key=lambda line: line["fate"], reverse=True)
    assert (first["id"], first["payload"]["userId"], parked["fate"]) == (f"{request}.0", "ada", "parked")
    assert msgspec.json.decode(lines["signals"][0])["fields"] == {"account": "acme", "amount": 1.5, "userId": "ada"}
    assert {msgspec.json.decode(line)["table"] for line in lines["records"]} == {"companies", "company_keys"}
    assert len(house.client.query("SELECT 1 FROM events").result_rows) == 3
    assert house.client.query("SELECT count() FROM erasure_events").result_rows == [(0,)]


def test_deleting_somebody_deletes_earlier_exports_about_them_alone(house: House) -> None:
    house.send("order", order("acme", "ada"), order("acme", "bob"))
    for user in ("ada", "bob"):
        house.do(EXPORT, UserSubject(user_id=user))
    house.do(DELETE, UserSubject(user_id="ada"))
    assert len(list(house.premises.jobs.glob("*/export.zip"))) == 1


def test_a_look_counts_and_changes_nothing(house: House) -> None:
    house.send("order", order("acme", "ada"), order("acme", "bob"))
    counts = house.desk.look(company(house))
    assert ids_of(counts) == {"events_processed": 2, "signals": 2, "records_companies": 1, "records_company_keys": 1}
    assert len(house.payloads()) == 2
    assert house.client.query("SELECT count() FROM erasure_events").result_rows == [(0,)]


def test_doing_it_twice_is_harmless(house: House) -> None:
    house.send("order", order("acme", "ada"), order("acme", "bob"))
    house.do(DELETE, UserSubject(user_id="ada"))
    receipt = house.do(DELETE, UserSubject(user_id="ada"))
    assert receipt.counts["events_processed"] == 0
    assert [payload["userId"] for payload in house.payloads()] == ["bob"]


def test_nobody_can_tell_afterwards_whom_a_request_was_about(house: House) -> None:
    ada = house.marker
    job = house.ask(DELETE, UserSubject(user_id=ada))
    assert house.files_with(ada)
    house.attempt(job)
    assert house.files_with(ada) == []
    assert house.request(job).user_digest == house.desk.digest(ada)
    assert UUID(str(job.id)) == house.request(job).id
