"""Companies from a file: what a dry run says is what the import does, and doing it twice changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy import event

from milepost.control.company_import import running
from milepost.control.company_import.reading import CompanyFile
from milepost.control.company_import.running import Import
from milepost.control.repos.import_lines import page_lines
from milepost.control.repos.jobs import add_job
from milepost.control.repos.settings import write_settings
from milepost.domain.account import AccountSettings, Role
from milepost.domain.job import JobDraft, JobKind
from milepost.jobs.company_import import CompanyImport
from milepost.jobs.runner import JobRunner
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase
from milepost.testing.service import wait_for

CSV = {"content-type": "text/csv"}


@pytest.fixture
def firm(chdb_client: Client, tmp_path: Path) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path)
    yield made
    made.close()


def send(firm: Firm, text: str, **query: Any) -> Any:
    answer = firm.editor.post("/api/companies/import", params=query, content=text.encode(), headers=CSV)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def lines_of(report: Any) -> list[tuple[int, str, str | None]]:
    """Line, outcome, and why or by what."""
    return [(one["line"], one["outcome"], one["reason"] or one["matched_by"]) for one in report]


def run_jobs(firm: Firm, job_id: str) -> Any:
    """Let the runner do it; gives the job once it is over."""
    handlers = {JobKind.COMPANY_IMPORT: CompanyImport(firm.database, firm.console.clock)}
    runner = JobRunner(firm.database, handlers, firm.console.deps.jobs_folder, firm.console.clock)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        return wait_for(lambda: _over(firm, job_id), seconds=60, what="the import's end")
    finally:
        runner.stop()
        thread.join()


def _over(firm: Firm, job_id: str) -> Any:
    job = firm.get(f"/jobs/{job_id}")
    return job if job["state"] in ("succeeded", "failed", "cancelled") else None


def imported(firm: Firm, text: str) -> tuple[Any, list[Any]]:
    """A whole import: the job's result, and its report."""
    job = send(firm, text)
    over = run_jobs(firm, job["id"])
    assert over["state"] == "succeeded", over
    return over["result"], firm.get(f"/companies/imports/{job['id']}", limit=100_000)["items"]


def company(firm: Firm, name: str) -> Any:
    return firm.get(f"/companies/{firm.company(name)}")


def keys(**values: str) -> list[dict[str, str]]:
    return [{"key_space": space, "value": value} for space, value in values.items()]


FILE = """name,CompanyID,key:SFID,Plan,Seats
Acme,1,,Gold,5
Bolt,2,S2,,
,3,S3,Silver,
Cargo,,,,9
Acme,2,,,
Dent,1,S2,,
,,,Gold,
"""


def test_a_dry_run_says_line_by_line_what_would_come_of_it_and_changes_nothing(firm: Firm) -> None:
    acme = firm.post("/companies", {"name": "Acme Inc", "keys": keys(CompanyID="1"), "attributes": {"Seats": "4"}}, 201)
    firm.post("/companies", {"name": "Cargo", "attributes": {"Seats": "9"}}, 201)
    before = firm.get("/companies")
    report = send(firm, FILE, dry_run=True)
    assert report["counts"] == {"created": 2, "updated": 1, "unchanged": 1, "refused": 3}
    assert lines_of(report["lines"]) == [
        (2, "updated", "CompanyID 1"),
        (3, "created", None),
        (4, "created", None),
        (5, "unchanged", "name"),
        (6, "refused", "name is 'Acme', and line 3 says 'Bolt' of the same company"),
        (7, "refused", "two companies: CompanyID '1' names 'Acme', and SFID 'S2' names 'Bolt'"),
        (8, "refused", "has neither a name nor a key"),
    ]
    first = report["lines"][0]
    assert first["company_id"] == acme["id"]
    assert first["changes"] == [
        {"what": "name", "before": "Acme Inc", "after": "Acme"},
        {"what": "attribute Plan", "before": None, "after": "Gold"},
        {"what": "attribute Seats", "before": "4", "after": "5"},
    ]
    assert (report["lines"][2]["name"], report["lines"][2]["company_id"]) == ("3", None)
    assert [(one["header"], one["meaning"], one["of"]) for one in report["columns"]][2:4] == [
        ("key:SFID", "key", "SFID"),
        ("Plan", "attribute", "Plan"),
    ]
    assert firm.get("/companies") == before


def test_companies_whose_attributes_are_imported_get_the_plan_that_they_come_to_fit(firm: Firm) -> None:
    template = firm.post("/outcomes/templates", {"name": "Gold", "outcome_ids": [str(firm.shop.outcome.id)]}, 201)
    firm.post(f"/outcomes/{firm.shop.outcome.id}/assign", {"all": True})  # no new company gets it any more
    gold = {"filter": {"attributes": {"Plan": "Gold"}}, "auto_assign": True}
    firm.post(f"/outcomes/templates/{template['id']}/assign", gold)
    firm.post("/companies", {"name": "Acme"}, 201)
    firm.post("/companies", {"name": "Bolt"}, 201)
    result, _ = imported(firm, "name,Plan\nAcme,Gold\nBolt,Silver\nCargo,Gold\n")
    assert (result["created"], result["updated"]) == (1, 2)
    plans = {name: firm.get(f"/companies/{firm.company(name)}/plan") for name in ("Acme", "Bolt", "Cargo")}
    assert {name: len(plan["outcomes"]) for name, plan in plans.items()} == {"Acme": 1, "Bolt": 0, "Cargo": 1}


def test_in_a_dry_run_no_line_has_the_id_of_a_company_that_is_not_there_yet(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    firm.post("/companies", {"name": "Acme", "keys": keys(CompanyID="1")}, 201)
    text = "name,CompanyID,Plan\nBolt,2,\nAcme,1,\nAcme,1,Gold\nBolt,2,Gold\nBolt,,\nBolt,,Gold\n"
    report = send(firm, text, dry_run=True)["lines"]
    acme = firm.company("Acme")
    assert [(one["outcome"], one["company_id"]) for one in report] == [
        ("created", None),
        ("unchanged", acme),
        ("updated", acme),
        ("updated", None),
        ("unchanged", None),
        ("unchanged", None),
    ]


def test_an_import_does_what_the_dry_run_said_and_again_nothing(firm: Firm) -> None:
    firm.post("/companies", {"name": "Acme Inc", "keys": keys(CompanyID="1")}, 201)
    foreseen = send(firm, FILE, dry_run=True)
    result, report = imported(firm, FILE)
    assert result == {"lines": 7, **foreseen["counts"]}
    without_ids = [one | {"company_id": None} for one in (*report, *foreseen["lines"])]
    assert without_ids[:7] == without_ids[7:]
    acme, bolt = company(firm, "Acme"), company(firm, "Bolt")
    assert acme["attributes"] == {"Plan": "Gold", "Seats": "5"}
    assert not acme["is_auto_created"]
    assert bolt["keys"] == keys(CompanyID="2", SFID="S2")
    assert len(firm.get(f"/companies/{bolt['id']}/plan")["outcomes"]) == 1
    before = firm.get("/companies")
    again, report = imported(firm, FILE)
    assert again == {"lines": 7, "created": 0, "updated": 0, "unchanged": 4, "refused": 3}
    assert firm.get("/companies") == before


def test_new_keys_join_the_company_that_another_key_of_the_line_names(firm: Firm) -> None:
    firm.post("/companies", {"name": "Acme", "keys": keys(CompanyID="1")}, 201)
    _, (line,) = imported(firm, "CompanyID,key:SFID\n1,S1\n")
    assert (line["outcome"], line["changes"]) == ("updated", [{"what": "key SFID", "before": None, "after": "S1"}])
    assert company(firm, "Acme")["keys"] == keys(CompanyID="1", SFID="S1")
    assert imported(firm, "key:SFID,name\nS1,\n")[0]["unchanged"] == 1


def test_what_is_held_for_an_unmatched_key_comes_with_it(firm: Firm) -> None:
    with firm.database.write() as session:
        write_settings(session, AccountSettings(creates_companies=False))
    firm.buy(*(Purchase(one, NOW_MS - 1000, 10) for one in ("A", "B", "C")))
    firm.post("/companies", {"name": "Bolt", "keys": keys(CompanyID="2")}, 201)
    result, _ = imported(firm, "name,key:CustomerNumber,CompanyID\nAcme,A,1\nBolt,B,2\n")
    assert (result["created"], result["updated"]) == (1, 1)
    lines = firm.get(f"/metrics/{firm.shop.metric.id}/values")["items"]
    assert {one["company_name"]: one["value"] for one in lines} == {"Acme": 1, "Bolt": 1}
    assert company(firm, "Acme")["keys"] == keys(CompanyID="1", CustomerNumber="A")
    assert [one["value"] for one in firm.get("/companies/unmatched")["items"]] == ["C"]


def test_keys_of_combined_and_of_set_aside_companies_are_known(firm: Firm) -> None:
    names = ("Acme", "Bolt", "Cargo")
    ids = [firm.post("/companies", {"name": one, "keys": keys(CompanyID=one)}, 201)["id"] for one in names]
    firm.post(f"/companies/{ids[0]}/combine", {"company_ids": [ids[1]]})
    firm.delete(f"/companies/{ids[2]}")
    report = send(firm, "CompanyID,Plan\nBolt,Gold\nCargo,Gold\n", dry_run=True)["lines"]
    assert (report[0]["outcome"], report[0]["name"]) == ("updated", "Acme")
    assert report[1]["reason"] == "CompanyID 'Cargo' names 'Cargo', which is set aside; restore it first"


def test_a_name_alone_must_tell_which_company_is_meant(firm: Firm) -> None:
    for _ in range(2):
        firm.post("/companies", {"name": "Acme"}, 201)
    report = send(firm, "name,Plan\nAcme,Gold\nBolt,Gold\nBolt,Gold\n", dry_run=True)["lines"]
    assert lines_of(report) == [
        (2, "refused", "2 companies are named 'Acme'; a key would tell which one is meant"),
        (3, "created", None),
        (4, "unchanged", "name"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{'x' * 201},1,", "the name has 201 characters, and a name has at most 200"),
        (f"A,{'x' * 513},", "the key in CompanyID must be 1 to 512 characters long, without outer blanks"),
        (f"A,1,{'x' * 1001}", "the attribute Plan has 1001 characters, and an attribute has at most 1000"),
        (f"A,1,{'x' * 131_073}", "the attribute Plan has 131073 characters, and an attribute has at most 1000"),
        (f"{'x' * 2**20},1,", "the name has 1048576 characters, and a name has at most 200"),
        ("A,1,Gold,Silver", "has 4 cells, and the header names 3 columns"),
    ],
)
def test_a_line_beyond_a_bound_is_refused_and_the_others_are_taken(firm: Firm, line: str, reason: str) -> None:
    result, report = imported(firm, f"name,CompanyID,Plan\n{line}\nBolt,2,Gold\n")
    assert (result["created"], result["refused"]) == (1, 1)
    assert report[0]["reason"] == reason
    assert len(report[0]["name"] or "") <= 200


def test_a_file_comes_as_a_form_as_well(firm: Firm) -> None:
    content = 'name;CompanyID\r\n"Müller; Söhne";7\r\n'.encode()
    files = {"file": ("companies.csv", content, "application/vnd.ms-excel")}
    answer = firm.editor.post("/api/companies/import", params={"dry_run": "true"}, files=files).json()
    assert (answer["delimiter"], answer["lines"][0]["name"]) == (";", "Müller; Söhne")
    refused = firm.editor.post("/api/companies/import", data={"file": "no"}, headers={"content-type": "text/html"})
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_content_type")


def test_what_cannot_be_read_is_refused_before_a_job_begins(firm: Firm) -> None:
    answer = firm.editor.post("/api/companies/import", content=b'name\nAcme\n"B\n', headers=CSV)
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "line 3")
    assert firm.get("/jobs")["items"] == []


def test_a_file_may_be_larger_than_other_bodies_up_to_a_bound(firm: Firm) -> None:
    line = f"Acme,{'x' * 900}\n"
    assert send(firm, "name,Plan\n" + line * 2000, dry_run=True)["counts"]["unchanged"] == 1999
    answer = firm.editor.post("/api/companies/import", content=b"x" * (32 * 2**20 + 1), headers=CSV)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_report_is_read_in_parts(firm: Firm) -> None:
    text = "name,CompanyID\n" + "".join(f"C{one},{one}\n" for one in range(5)) + ",\n"
    report = send(firm, text, dry_run=True, limit=2, from_line=3)
    assert ([one["line"] for one in report["lines"]], report["next_line"]) == ([3, 4], 5)
    assert [one["line"] for one in send(firm, text, dry_run=True, outcome="refused")["lines"]] == [7]
    job = send(firm, text)
    run_jobs(firm, job["id"])
    door = f"/companies/imports/{job['id']}"
    first = firm.get(door, limit=4)
    second = firm.get(door, limit=4, cursor=first["next"])
    assert [one["line"] for one in (*first["items"], *second["items"])] == [2, 3, 4, 5, 6, 7]
    assert [one["line"] for one in firm.get(door, outcome="refused")["items"]] == [7]
    assert firm.get(door)["counts"] == {"created": 5, "updated": 0, "unchanged": 0, "refused": 1}


def test_an_import_that_was_broken_off_goes_on_and_its_report_is_whole(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 10)
    text = "name,CompanyID\n" + "".join(f"C{one},{one}\n" for one in range(35)) + "Other,3\n"
    with firm.database.write() as session:
        draft = JobDraft(kind=JobKind.COMPANY_IMPORT, subject="")
        job_id = add_job(session, draft, actor="ada", now_ms=NOW_MS).id

    def begin() -> Iterator[int]:
        return Import(firm.database, firm.console.clock, job_id=job_id, actor="ada").run(file)

    file = CompanyFile(text.encode(), ())
    broken_off = begin()
    assert [next(broken_off), next(broken_off)] == [10, 20]
    assert list(begin()) == [10, 20, 30, 36]
    with firm.database.read() as session:
        lines = page_lines(session, job_id, outcome=None, after=0, limit=100)
    assert [(one.line, one.outcome.value) for one in lines[:-1]] == [(line, "created") for line in range(2, 37)]
    assert lines[-1].reason == "name is 'Other', and line 5 says 'C3' of the same company"
    assert len(firm.get("/companies")["items"]) == 35


def test_an_import_is_in_the_audit_log_and_another_job_is_none(firm: Firm) -> None:
    job = send(firm, "name\nAcme\n")
    (line,) = firm.console.as_person(Role.ADMIN).get("/api/audit", params={"subject_id": job["id"]}).json()["items"]
    assert (line["action"], line["actor"], line["after"]["lines"]) == ("import", "editor@example.com", 1)
    with firm.database.write() as session:
        other = add_job(session, JobDraft(kind=JobKind.BACKFILL, subject=""), actor="ada", now_ms=NOW_MS).id
    for one in (other, UUID(int=7)):
        assert firm.editor.get(f"/api/companies/imports/{one}").status_code == 404


def test_a_chunk_of_new_companies_costs_statements_by_the_table_not_by_the_line(firm: Firm) -> None:
    text = "name,CompanyID,key:SFID,Plan\n" + "".join(f"Company {one},{one},S{one},Gold\n" for one in range(10_000))
    with firm.database.write() as session:
        draft = JobDraft(kind=JobKind.COMPANY_IMPORT, subject="")
        job_id = add_job(session, draft, actor="ada", now_ms=NOW_MS).id
    statements: list[str] = []
    event.listen(firm.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    importing = Import(firm.database, firm.console.clock, job_id=job_id, actor="ada")
    assert list(importing.run(CompanyFile(text.encode(), ())))[-1] == 10_000
    chunks = 10_000 // running.CHUNK
    assert len(statements) < 40 * chunks
