"""What an import does to each company is in the audit log, as what a person does one by one is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control import mentions
from milepost.control.company_import import running
from milepost.control.company_import.reading import CompanyFile
from milepost.control.company_import.running import Import
from milepost.control.repos.jobs import add_job
from milepost.control.repos.settings import write_settings
from milepost.domain.account import AccountSettings, Role
from milepost.domain.job import JobDraft, JobKind
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase


@pytest.fixture
def firm(chdb_client: Client, tmp_path: Path) -> Iterator[Firm]:
    made = Firm(chdb_client, tmp_path)
    yield made
    made.close()


def imported(firm: Firm, text: str) -> None:
    with firm.database.write() as session:
        draft = JobDraft(kind=JobKind.COMPANY_IMPORT, subject="")
        job_id = add_job(session, draft, actor="ada", now_ms=NOW_MS).id
    list(Import(firm.database, firm.console.clock, job_id=job_id, actor="ada").run(CompanyFile(text.encode(), ())))


def audit(firm: Firm) -> dict[str, list[tuple[Any, Any]]]:
    """By the company's name, before and after what the import did; where it was made first."""
    wanted = {"subject": "company", "action": "import", "actor": "ada"}
    lines = firm.console.as_person(Role.ADMIN).get("/api/audit", params=wanted).json()["items"]
    assert all(line["subject_id"] == line["after"]["id"] for line in lines)
    found: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line["before"] is not None):
        found[line["after"]["name"]].append((line["before"], line["after"]))
    return found


def company(firm: Firm, name: str) -> Any:
    return firm.get(f"/companies/{firm.company(name)}")


def key(space: str, value: str) -> dict[str, str]:
    return {"key_space": space, "value": value}


def test_each_company_that_an_import_makes_or_changes_has_its_line_with_before_and_after(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 3)
    acme = firm.post("/companies", {"name": "Acme Inc", "keys": [key("CompanyID", "1")]}, 201)
    firm.post("/companies", {"name": "Bolt", "keys": [key("CompanyID", "2")]}, 201)
    imported(
        firm,
        "name,CompanyID,key:SFID,Plan\nAcme,1,S1,Gold\nBolt,2,,\nCargo,3,,\n"
        "Cargo,3,S3,Silver\nDent,1,,\nEcho,5,,\nEcho,5,,\n",
    )
    lines = audit(firm)
    assert lines["Acme"] == [(acme, company(firm, "Acme"))]
    assert lines["Acme"][0][1]["attributes"] == {"Plan": "Gold"}
    assert lines["Acme"][0][1]["keys"] == [key("CompanyID", "1"), key("SFID", "S1")]
    made, changed = lines["Cargo"]
    assert (made[0], made[1]["attributes"]) == (None, {})
    assert changed == (made[1], company(firm, "Cargo"))
    assert lines["Echo"] == [(None, company(firm, "Echo"))]
    assert set(lines) == {"Acme", "Cargo", "Echo"}


def test_holdings_that_a_file_wakes_or_gives_away_are_in_the_lines(firm: Firm) -> None:
    with firm.database.write() as session:
        write_settings(session, AccountSettings(creates_companies=False))
    firm.buy(*(Purchase(one, NOW_MS - 1000, 10) for one in ("A", "B", "C")))
    firm.post("/companies", {"name": "Bolt", "keys": [key("CompanyID", "2")]}, 201)
    imported(firm, "name,key:CustomerNumber,CompanyID\nAcme,A,1\nBolt,B,2\n")
    lines = audit(firm)
    ((held, acme),) = lines["Acme"]
    assert acme == company(firm, "Acme")
    assert (held["name"], held["standing"]) == ("A", "unmatched")
    ((before, bolt),) = lines["Bolt"]
    assert bolt == company(firm, "Bolt")
    assert ([one["name"] for one in bolt["combined"]], before["combined"]) == (["B"], [])


def test_an_import_is_not_told_as_the_cause_of_a_state(firm: Firm) -> None:
    firm.buy(*(Purchase("A", NOW_MS - days, 10) for days in range(1, 5)))
    imported(firm, "key:CustomerNumber,name,Plan\nA,Acme,Gold\n")
    firm.buy(Purchase("A", NOW_MS, 10))
    timeline = firm.get(f"/companies/{firm.company('Acme')}/timeline")["items"]
    (achieved,) = [line for line in timeline if line["to_state"] == "achieved" and line["subject"] == "milestone"]
    assert achieved["cause"].startswith("the event")


def test_erasing_a_company_empties_the_lines_of_imports_about_it(firm: Firm) -> None:
    imported(firm, "name,CompanyID\nAcme,1\nBolt,2\n")
    acme, bolt = (UUID(firm.company(one)) for one in ("Acme", "Bolt"))
    with firm.database.write() as session:
        (line,) = mentions.find_audit_lines(session, [acme])
        mentions.scrub_audit(session, [line])
    admin = firm.console.as_person(Role.ADMIN)
    found = [admin.get("/api/audit", params={"subject_id": str(one)}).json()["items"] for one in (acme, bolt)]
    assert [[line["after"] is None for line in lines] for lines in found] == [[True], [False]]
