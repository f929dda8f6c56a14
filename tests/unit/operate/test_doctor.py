"""What the doctor finds in a healthy data folder, and in one that something is wrong with."""

import asyncio
import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from milepost.cli import app
from milepost.control.repos.audit import record_change
from milepost.control.repos.privacy import add_privacy_request, write_receipt
from milepost.control.session import open_database, sqlite_url
from milepost.domain.event_date import DateFlag
from milepost.domain.privacy import PrivacyAction, Receipt
from milepost.kit.clock import system_clock, to_datetime
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.operate.doctor import check_installation, examine
from milepost.operate.doubtful_dates import Doubtful
from milepost.operate.findings import Case, Finding, Level
from milepost.operate.retention import Dropped
from milepost.operate.tls import prepare_tls
from milepost.record.checkpoint import Checkpoints, Span
from milepost.record.journal.sqlite import SqliteJournalWriter
from milepost.settings import Settings
from milepost.testing.service import free_port

ENTRIES = 5
DAY_MS = 86_400_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a connection and certificates, whose journal was read up to its third entry."""
    folder = tmp_path / "data"
    CliRunner().invoke(app, ["connection", "add", "--name", "Shop", "--kind", "event-handler", "--data", str(folder)])
    load_key(paths.tokens_key(folder))
    prepare_tls("auto", folder, "127.0.0.1", ())

    async def write() -> None:
        writer = SqliteJournalWriter(paths.journal(folder), 0, loop=asyncio.get_running_loop())
        for number in range(ENTRIES):
            await writer.append(str(number).encode())
        writer.close()

    asyncio.run(write())
    checkpoints = Checkpoints(paths.reactor(folder))
    checkpoints.finish(checkpoints.begin([Span(0, 0, 3)]))
    checkpoints.close()
    return folder


def _examine(
    data: Path, *, later_ms: int = 0, events: int = 3, doubtful: Sequence[Doubtful] = (), **settings: Any
) -> list[Finding]:
    ports = {"api_port": free_port(), "app_port": free_port()}
    case = Case(
        settings=Settings(**{"data": data, **ports, **settings}),
        is_running=False,
        find_faults=list,
        count_events=lambda: events,
        doubtful_dates=lambda _: doubtful,
        clock=lambda: system_clock() + later_ms,
    )
    return list(examine(case))


def _faults(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level.value, finding.subject) for finding in findings if finding.level is not Level.OK]


def test_a_healthy_folder_is_fine_in_every_respect(data: Path) -> None:
    findings = _examine(data)
    assert _faults(findings) == []
    told = {finding.subject: finding.told for finding in findings}
    assert told["Journal"] == "partitions: 1, requests that wait to be processed: 2"
    assert told["Control plane"] == "connections, whose secrets the key opens: 1"
    assert told["Store"] == "3 events of 3 requests"


def _edit(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(statement)


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        pytest.param(lambda data: data.chmod(0o755), ("warning", "Folder"), id="readable by all"),
        pytest.param(lambda data: paths.secrets_key(data).chmod(0o644), ("warning", "Folder"), id="a key for all"),
        pytest.param(lambda data: paths.taken_snapshot(data).mkdir(), ("warning", "Folder"), id="a backup's rest"),
        pytest.param(
            lambda data: os.utime(paths.reactor(data), (4e9, 4e9)), ("problem", "Clock"), id="written in the future"
        ),
        pytest.param(lambda data: paths.secrets_key(data).unlink(), ("problem", "Control plane"), id="no key"),
        pytest.param(
            lambda data: paths.secrets_key(data).write_bytes(bytes(32)), ("problem", "Control plane"), id="a wrong key"
        ),
        pytest.param(
            lambda data: _edit(paths.control(data), "UPDATE alembic_version SET version_num = '9999'"),
            ("problem", "Control plane"),
            id="a newer schema",
        ),
        pytest.param(
            lambda data: _edit(paths.journal(data) / "partition-0.sqlite", "DELETE FROM frames WHERE last_offset < 5"),
            ("problem", "Journal"),
            id="a gap",
        ),
        pytest.param(
            lambda data: _edit(paths.journal(data) / "partition-0.sqlite", "DELETE FROM frames WHERE last_offset > 2"),
            ("problem", "Journal"),
            id="an older journal",
        ),
        pytest.param(
            lambda data: (paths.journal(data) / "partition-0.sqlite").unlink(), ("problem", "Journal"), id="no journal"
        ),
        pytest.param(
            lambda data: (paths.journal(data) / "partition-0.sqlite").write_bytes(b"garbage" * 1000),
            ("problem", "Journal"),
            id="a journal that is none",
        ),
        pytest.param(lambda data: (data / "tls" / "server.pem").write_text("-"), ("problem", "TLS"), id="no PEM"),
        pytest.param(
            lambda data: (data / "tls" / "server.key").write_bytes((data / "tls" / "ca.key").read_bytes()),
            ("problem", "TLS"),
            id="another certificate's key",
        ),
    ],
)
def test_a_damage_is_the_one_thing_that_is_found(
    data: Path, damage: Callable[[Path], None], fault: tuple[str, str]
) -> None:
    damage(data)
    assert _faults(_examine(data)) == [fault]


def test_certificates_near_their_end_are_warned_of_and_expired_ones_a_problem(data: Path) -> None:
    assert _faults(_examine(data, later_ms=340 * DAY_MS)) == [("warning", "TLS")]
    assert _faults(_examine(data, later_ms=366 * DAY_MS)) == [("problem", "TLS")]


def test_a_disk_below_and_near_its_reserve_is_found(data: Path) -> None:
    free = os.statvfs(data).f_bavail * os.statvfs(data).f_frsize
    assert _faults(_examine(data, disk_reserve_bytes=2 * free)) == [("problem", "Disk")]
    assert _faults(_examine(data, disk_reserve_bytes=free // 2)) == [("warning", "Disk")]


@contextmanager
def _listening(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_a_port_that_another_program_has_is_found(data: Path) -> None:
    port = free_port()
    with _listening(port):
        assert _faults(_examine(data, api_port=port)) == [("problem", "Ports")]


def test_a_store_with_fewer_events_than_requests_were_processed_is_not_the_folders(data: Path) -> None:
    assert _faults(_examine(data, events=2)) == [("problem", "Store")]


def test_events_that_retention_dropped_are_not_missed(data: Path) -> None:
    gone = Dropped(events=2, received_before_ms=0, retention_days=1)
    with closing(open_database(sqlite_url(paths.control(data)))) as database, database.write() as session:
        record_change(
            session, actor="Milepost", action="drop", subject="events", subject_id="retention", now_ms=0, before=gone
        )
    assert _faults(_examine(data, events=1)) == []
    assert _faults(_examine(data, events=0)) == [("problem", "Store")]


def test_events_that_a_privacy_request_deleted_are_not_missed(data: Path) -> None:
    receipt = Receipt(upto=to_datetime(0), finished_at=to_datetime(0), counts={"events_processed": 1, "signals": 9})
    with closing(open_database(sqlite_url(paths.control(data)))) as database, database.write() as session:
        request_id = UUID(int=7)
        add_privacy_request(
            session, request_id, PrivacyAction.DELETE, about_company=None, user_digest="d", actor="a", now_ms=0
        )
        write_receipt(session, request_id, receipt)
    assert _faults(_examine(data, events=2)) == []
    assert _faults(_examine(data, events=1)) == [("problem", "Store")]


def test_tls_off_for_the_network_is_a_problem(data: Path) -> None:
    assert _faults(_examine(data, tls="off")) == []
    assert ("problem", "TLS") in _faults(_examine(data, tls="off", host="0.0.0.0"))


def test_a_folder_before_its_first_start_is_fine(tmp_path: Path) -> None:
    load_key(paths.tokens_key(tmp_path / "data"))
    (tmp_path / "data").chmod(0o700)
    assert _faults(_examine(tmp_path / "data", events=0)) == []


def test_what_is_no_data_folder_is_refused_and_not_made(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path / "nothing")])
    assert result.exit_code == 1
    assert "is no data folder of Milepost" in result.output
    assert not (tmp_path / "nothing").exists()


def test_findings_are_json_for_programs_and_a_problem_is_exit_status_1(data: Path) -> None:
    paths.reactor(data).unlink()
    paths.secrets_key(data).unlink()
    result = CliRunner().invoke(app, ["doctor", "--json", "--data", str(data)])
    assert result.exit_code == 1
    found = {finding["subject"]: finding["level"] for finding in json.loads(result.stdout)}
    assert found["Control plane"] == "problem"
    assert found["Service"] == "ok"


def test_implausible_dates_are_a_warning_for_each_connection_and_reason(data: Path) -> None:
    (finding,) = [
        one for one in _examine(data, doubtful=[Doubtful("c1", DateFlag.IN_SECONDS, 1200)]) if one.subject == "Dates"
    ]
    assert finding.level is Level.WARNING
    assert finding.told.startswith("1,200 events of connection c1: their date is in seconds, it seems")
    assert finding.told.endswith("milepost tail --connection-id c1 --date-flag in_seconds")


def test_a_package_without_the_tracking_script_is_a_problem(data: Path, tmp_path: Path) -> None:
    case = Case(
        settings=Settings(data=data),
        is_running=False,
        find_faults=list,
        count_events=lambda: 0,
        doubtful_dates=lambda _: (),
        clock=system_clock,
    )
    [(level, told)] = check_installation(case, tmp_path)
    assert level is Level.PROBLEM
    assert "static/mcx.js" in told
    assert "make setup" in told
    [(level, told)] = check_installation(case)
    assert (level, told.split(" in ")[0]) == (Level.OK, "milepost 0.1.0")
