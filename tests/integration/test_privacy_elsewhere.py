"""Privacy requests find what of a company lies with others: on their timelines, under signals that are no more."""

from typing import Any
from uuid import UUID
from zipfile import ZipFile

import msgspec
import pytest

from milepost.control.repos import audit, combining, companies, jobs, signals, transitions
from milepost.domain.company import META_KEY, CompanyChange, CompanyKey
from milepost.domain.criterion import FieldType
from milepost.domain.job import Job, JobDraft, JobKind, JobState
from milepost.domain.privacy import CompanySubject, PrivacyAction, UserSubject
from milepost.domain.signal import SignalDraft
from milepost.jobs.company_import import FILE, CompanyImport
from milepost.testing.business import NOW_MS
from milepost.testing.house import Attempt, House
from milepost.testing.privacy import ANONYMISE, DELETE, EXPORT, company_of, order


def rename(house: House, company_id: UUID, name: str) -> None:
    with house.database.write() as session:
        companies.update_company(session, company_id, CompanyChange(name=name))


def meet_and_part(house: House, primary: UUID, member: UUID) -> None:
    """Combine two companies and separate them again."""
    for act in (combining.combine, combining.separate):
        with house.database.write() as session:
            act(session, primary, [member], actor="eve@example.com", now_ms=NOW_MS)


def timeline(house: House, company_id: UUID) -> list[tuple[str, str]]:
    """The names and reasons of a company's lines, in the order of their reasons."""
    with house.database.read() as session:
        found = transitions.page_transitions(session, company_id=company_id, limit=99)
    return sorted((line.name, line.reason) for _, line in found)


@pytest.mark.parametrize("is_primary", [True, False])
def test_a_deleted_company_is_gone_from_the_timelines_of_those_it_was_combined_with(
    house: House, is_primary: bool
) -> None:
    house.send("order", order(house.marker, "ada"), order("bolt", "bob"), order("cord", "eve"))
    gone, bolt, cord = (company_of(house, key) for key in (house.marker, "bolt", "cord"))
    meet_and_part(house, *((gone, bolt) if is_primary else (bolt, gone)))
    meet_and_part(house, bolt, cord)
    receipt = house.do(DELETE, CompanySubject(company_id=gone))
    assert house.files_with(house.marker) == []
    assert timeline(house, bolt) == [
        ("cord", "“cord” combined into “bolt” by eve@example.com"),
        ("cord", "“cord” separated from “bolt” by eve@example.com"),
    ]
    assert receipt.counts["records_transitions"] == 4


@pytest.mark.parametrize("is_primary", [True, False])
def test_an_anonymised_company_has_its_pseudonym_on_all_timelines_in_place_of_every_name_it_had(
    house: House, is_primary: bool
) -> None:
    house.send("order", order("a", "ada"), order("bolt", "bob"), order("a bat", "eve"))
    hidden, bolt, bat = (company_of(house, key) for key in ("a", "bolt", "a bat"))
    rename(house, hidden, house.marker)
    pair = (hidden, bolt) if is_primary else (bolt, hidden)
    meet_and_part(house, *pair)
    rename(house, hidden, "a")
    meet_and_part(house, *pair)
    meet_and_part(house, bolt, bat)
    others = [line for line in timeline(house, bolt) if line[0] == "a bat"]
    receipt = house.do(ANONYMISE, CompanySubject(company_id=hidden))
    name = f"Anonymous {hidden.hex[-8:]}"
    names = (name, "bolt") if is_primary else ("bolt", name)
    happened = [
        f"“{names[1]}” {what} “{names[0]}” by eve@example.com"
        for what in ("combined into", "combined into", "separated from", "separated from")
    ]
    assert timeline(house, hidden) == [("bolt", reason) for reason in happened]
    assert timeline(house, bolt) == sorted([*((name, reason) for reason in happened), *others])
    assert house.files_with(house.marker) == []
    assert "names on timelines" in {check.searched for check in receipt.checks}


def delete_signal(house: House, signal_id: UUID) -> None:
    with house.database.write() as session:
        signals.delete_signal(session, signal_id)


def test_an_event_is_found_where_a_signal_read_the_companys_key_that_has_been_deleted(house: House) -> None:
    house.send("order", order("acme", "ada"))
    deals = house.define("deal", "client", ("client", FieldType.TEXT))
    draft = SignalDraft.model_validate(deals.model_dump(include=set(SignalDraft.model_fields)))
    with house.database.write() as session:
        moved = draft.fields[0].model_copy(update={"path": ("buyer",)})
        signals.update_signal(session, deals.id, draft.model_copy(update={"fields": (moved,)}), now_ms=NOW_MS)
    delete_signal(house, deals.id)
    house.send("deal", {"client": "acme"}, {"buyer": "acme"}, {"client": "bolt"}, {"seller": "acme"})
    house.do(DELETE, CompanySubject(company_id=company_of(house, "acme")))
    assert house.payloads() == [{"client": "bolt"}, {"seller": "acme"}]


@pytest.mark.parametrize("action", [DELETE, ANONYMISE])
def test_what_a_deleted_signal_read_of_a_user_is_found_where_retention_has_dropped_the_event(
    house: House, action: PrivacyAction
) -> None:
    house.send("order", order("acme", house.marker))
    house.client.command("TRUNCATE TABLE events")
    delete_signal(house, house.orders.id)
    receipt = house.do(action, UserSubject(user_id=house.marker))
    assert receipt.counts["signals"] == 1
    assert house.files_with(house.marker) == []


def test_an_anonymised_payload_does_not_keep_what_only_a_deleted_signal_read(house: House) -> None:
    visits = house.define("visit", "account", ("account", FieldType.TEXT), ("mail", FieldType.TEXT))
    house.send("visit", {"account": "acme", "userId": "ada", "mail": house.marker})
    delete_signal(house, visits.id)
    house.do(ANONYMISE, UserSubject(user_id="ada"))
    assert [set(payload) for payload in house.payloads()] == [{"userId"}]


def import_companies(house: House, content: str) -> Job:
    """An import that is over."""
    params = {"key_spaces": [], "lines": content.count("\n") - 1}
    with house.database.write() as session:
        draft = JobDraft(kind=JobKind.COMPANY_IMPORT, subject="companies", params=params)
        job = jobs.add_job(session, draft, actor="eve@example.com", now_ms=NOW_MS)
    folder = house.premises.jobs / str(job.id)
    folder.mkdir(parents=True)
    (folder / FILE).write_text(content)
    CompanyImport(house.database, house.clock)(Attempt(house, job, {}))
    with house.database.write() as session:
        jobs.end_job(session, job.id, JobState.SUCCEEDED, now_ms=NOW_MS)
    return job


def exported_records(house: House, company_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """By table: the rows in an export's file."""
    house.do(EXPORT, CompanySubject(company_id=company_id))
    (file,) = house.premises.jobs.glob("*/export.zip")
    found: dict[str, list[dict[str, Any]]] = {}
    with ZipFile(file) as archive:
        for line in map(msgspec.json.decode, archive.read("records.ndjson").splitlines()):
            found.setdefault(line["table"], []).append(line["row"])
    return found


def test_an_export_has_what_the_audit_log_says_of_a_company_before_and_after(house: House) -> None:
    house.send("order", order("acme", "ada"), order("bolt", "bob"))
    acme, bolt = company_of(house, "acme"), company_of(house, "bolt")
    with house.database.write() as session:
        for one in (acme, bolt):
            before = companies.get_company(session, one)
            after = companies.update_company(session, one, CompanyChange(attributes={"plan": "gold"}))
            audit.record_change(
                session,
                actor="eve@example.com",
                action="update",
                subject="company",
                subject_id=one,
                now_ms=NOW_MS,
                before=before,
                after=after,
            )
    (line,) = exported_records(house, acme)["audit"]
    assert (line["actor"], line["before"]["attributes"]) == ("eve@example.com", {})
    assert (line["after"]["name"], line["after"]["attributes"]) == ("acme", {"plan": "gold"})


def test_an_export_has_the_lines_of_import_files_about_a_company_and_what_they_did(house: House) -> None:
    job = import_companies(house, 'CompanyID,name,city\nK-1,Acme,"Ulm,\nBonn"\nK-2,Bolt,Rome\nK-12,Cord,Oslo\n')
    acme = company_of(house, "K-1")
    rename(house, acme, "Now otherwise")
    found = exported_records(house, acme)
    (line,), (result,) = found["import_files"], found["import_lines"]
    assert line == {
        "job_id": str(job.id),
        "line": 2,
        "header": ["CompanyID", "name", "city"],
        "cells": ["K-1", "Acme", "Ulm,\nBonn"],
    }
    assert (result["job_id"], result["line"], result["outcome"]) == (str(job.id), 2, "created")
    assert msgspec.json.decode(result["report"])["company_id"] == str(acme)


def test_the_result_of_an_import_goes_with_a_company_that_had_another_name_and_key_then(house: House) -> None:
    import_companies(house, f"CompanyID,name\n{house.marker},{house.marker}\n")
    acme = company_of(house, house.marker)
    rename(house, acme, "Now otherwise")
    with house.database.write() as session:
        companies.remove_company_key(session, acme, CompanyKey(key_space=META_KEY, value=house.marker))
    house.do(DELETE, CompanySubject(company_id=acme))
    assert house.files_with(house.marker) == []
