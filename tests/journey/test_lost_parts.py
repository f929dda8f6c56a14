"""Each file of a data folder lost, emptied, cut, flipped or aged: a start refuses it by name, or everything is there.

`make test` tries each file outside of the store and a fixed sample within it; with LOST_PARTS=all, each in every way.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from milepost.observe import paths
from milepost.operate.parts.stores import read_known, survey_claims
from milepost.operate.parts.survey import survey_files
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.journal.sqlite import SqliteJournalReader
from milepost.settings import Settings
from milepost.testing.service import Service, run_command, running_service, wait_for

FIRST, SECOND, WAITING = 20, 20, 30
IS_WHOLE_SET = os.environ.get("LOST_PARTS") == "all"


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder as it was killed, an earlier copy of it, and the credentials of its connection."""

    now: Path
    earlier: Path
    connection: dict[str, str]


def _post(service: Service, connection: dict[str, str], numbers: range) -> None:
    token = service.get_token(connection)
    with service.api(token) as doors:
        for n in numbers:
            event = {"eventKey": "k", "data": [{"idempotencyKey": str(n), "n": n}]}
            doors.post("/events", json=event).raise_for_status()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """40 events processed, 30 only accepted, and everything killed; 20 processed in the earlier copy."""
    root = tmp_path_factory.mktemp("lost")
    data, earlier = root / "data", root / "earlier"
    with running_service(data) as service:
        connection = service.add_connection()
        _post(service, connection, range(FIRST))
        service.wait_until_logged(FIRST)
    shutil.copytree(data, earlier, symlinks=True)
    with running_service(data) as service:
        _post(service, connection, range(FIRST, FIRST + SECOND))
        service.wait_until_logged(FIRST + SECOND)
        app, worker = service.pid("app"), service.pid("ingest-0")
        os.kill(app, signal.SIGSTOP)
        _post(service, connection, range(FIRST + SECOND, FIRST + SECOND + WAITING))
        for pid in (service.pid(), worker, app):
            os.kill(pid, signal.SIGKILL)
        assert service.process is not None
        service.process.wait(10)
    return Folders(data, earlier, connection)


def _remove(file: Path, _earlier: Path) -> None:
    file.unlink()


def _empty(file: Path, _earlier: Path) -> None:
    os.truncate(file, 0)


def _cut(file: Path, _earlier: Path) -> None:
    os.truncate(file, file.stat().st_size * 97 // 100)


def _flip(file: Path, _earlier: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _age(file: Path, earlier: Path) -> None:
    shutil.copyfile(earlier, file)


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "removed": _remove,
    "emptied": _empty,
    "cut": _cut,
    "flipped": _flip,
    "aged": _age,
}


def _damages(folders: Folders, *, of_store: bool) -> Iterator[tuple[Path, str]]:
    """Every file in every way; those that are compared with the store count as its own."""
    for file in sorted(folders.now.rglob("*")):
        name = file.relative_to(folders.now)
        needs_store = name.parts[0] == "store" or name.name.startswith("reactor.sqlite")
        if not file.is_file() or file.is_symlink() or needs_store is not of_store:
            continue
        for way in WAYS:
            if (way != "aged" or (folders.earlier / name).exists()) and (way == "removed" or file.stat().st_size):
                yield name, way


def _damaged(folders: Folders, name: Path, way: str, target: Path, *, without: tuple[str, ...] = ()) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        folders.now, target, symlinks=True, ignore=lambda folder, _: without if Path(folder) == folders.now else ()
    )
    WAYS[way](target / name, folders.earlier / name)
    return target


def _contents(data: Path) -> dict[str, Any]:
    """What a start goes by: what waits in the journal, how far it was processed, and who owns which key."""
    with closing(SqliteJournalReader(paths.journal(data))) as journal:
        waiting = [
            entry for part in journal.partitions() for entry in journal.read(part, FIRST + SECOND, 1000, 1 << 30)
        ]
    with closing(sqlite3.connect(paths.reactor(data))) as db:
        reached = db.execute("SELECT * FROM checkpoints").fetchall()
    with closing(RocksdbClaims(paths.claims(data))) as claims:
        owners = dict(claims.items())
    keys = [file.read_bytes() for file in (paths.secrets_key(data), paths.tokens_key(data))]
    return {"waiting": waiting, "reached": reached, "owners": owners, "keys": keys}


def test_each_file_outside_of_the_store_is_missed_by_name_or_what_it_held_is_there(
    folders: Folders, tmp_path: Path
) -> None:
    expected = _contents(_damaged(folders, Path("lock"), "emptied", tmp_path / "as-it-was", without=("store",)))
    unnoticed = []
    refused = set()
    for name, way in _damages(folders, of_store=False):
        data = _damaged(folders, name, way, tmp_path / "damaged", without=("store",))
        (data / "store").mkdir()
        settings = Settings(data=data)
        faults = survey_files(settings) or list(survey_claims(data, read_known(data)))
        if faults:
            part = faults[0].told
            refused.add((str(name), way))
            if name.parts[0] not in part and name.name not in part and name.name.removesuffix("-wal") not in part:
                unnoticed.append((str(name), way, part))
        elif _contents(data) != expected:
            unnoticed.append((str(name), way, "not noticed"))
    assert unnoticed == []
    assert {name for name, _ in refused} >= {
        "control.sqlite",
        "keys/secrets.key",
        "keys/tokens.key",
        "claims/CURRENT",
        "journal/partition-0.sqlite-wal",
    }


def _sample(damages: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """One of each kind of file of an events' part, and of what lies around the parts."""
    if IS_WHOLE_SET:
        return damages
    wanted = {
        ("checksums.txt", "emptied"),
        ("data.bin", "flipped"),
        ("count.txt", "removed"),
        ("events.sql", "emptied"),
    }
    found: dict[tuple[str, str], tuple[Path, str]] = {}
    for name, way in damages:
        if (name.name, way) in wanted:
            found.setdefault((name.name, way), (name, way))
    return list(found.values())


def test_files_of_the_store_are_missed_by_name_or_every_event_is_there_once(folders: Folders, tmp_path: Path) -> None:
    wrong = []
    for name, way in _sample(list(_damages(folders, of_store=True))):
        data = _damaged(folders, name, way, tmp_path / "damaged")
        told = run_command("repair", "--json", "--data", str(data))
        if (
            told.returncode == 1
            and name.parts[0].removesuffix("-wal") in told.stdout + told.stderr
            and "Traceback" not in told.stderr
        ):
            continue
        if told.returncode != 0 or not _serves_everything(data, folders.connection):
            wrong.append((str(name), way, told.returncode, told.stdout[-500:], told.stderr[-500:]))
    assert wrong == []


def _serves_everything(data: Path, connection: dict[str, str]) -> bool:
    total = FIRST + SECOND + WAITING
    with running_service(data) as service:
        service.wait_until_logged(total)
        wait_for(lambda: service.ready()[1].get("lag_entries") == 0, seconds=30, what="the backlog")
        assert service.get_token(connection)
        with service.app() as app:
            items = app.get("/api/events", params={"limit": 500}).raise_for_status().json()["items"]
    numbers = sorted(item["payload"]["n"] if isinstance(item["payload"], dict) else -1 for item in items)
    return numbers == list(range(total))


def _serve(data: Path) -> subprocess.CompletedProcess[str]:
    service = Service(data=data)
    return run_command("serve", *service.options())


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        pytest.param(lambda data: shutil.rmtree(data / "journal"), "journal/partition-0.sqlite", id="journal"),
        pytest.param(lambda data: shutil.rmtree(data / "claims"), "/claims", id="claims"),
        pytest.param(
            lambda data: next((data / "claims").glob("MANIFEST-*")).write_bytes(b"garbage"), "/claims", id="a manifest"
        ),
        pytest.param(lambda data: shutil.rmtree(data / "store"), "/store", id="store"),
        pytest.param(lambda data: shutil.rmtree(data / "keys"), "keys/secrets.key", id="keys"),
        pytest.param(
            lambda data: [file.unlink() for file in data.glob("reactor.sqlite*")], "reactor.sqlite", id="reactor"
        ),
    ],
)
def test_a_lost_part_stops_the_start_and_doctor_says_the_same(
    folders: Folders, tmp_path: Path, damage: Callable[[Path], object], named: str
) -> None:
    data = tmp_path / "data"
    shutil.copytree(folders.now, data, symlinks=True)
    damage(data)
    served = _serve(data)
    assert served.returncode == 1
    last = served.stderr.strip().splitlines()[-1]
    assert named in last
    assert "milepost repair" in last
    assert "Traceback" not in served.stderr
    found = json.loads(run_command("doctor", "--json", "--data", str(data)).stdout)
    assert named in " ".join(one["told"] for one in found if one["subject"] == "Parts" and one["level"] == "problem")


def test_a_loss_that_is_accepted_is_in_the_audit_log_and_the_rest_is_there_once(
    folders: Folders, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(folders.now, data, symlinks=True)
    for file in (*data.glob("reactor.sqlite*"), *data.glob("journal/*-wal")):
        file.unlink()
    before = run_command("repair", "--json", "--data", str(data))
    assert before.returncode == 1
    done = run_command("repair", "--accept-loss", "--json", "--data", str(data))
    assert done.returncode == 0, done.stderr
    assert {one["part"] for one in json.loads(done.stdout)} == {"reactor.sqlite", "journal/partition-0.sqlite"}
    with running_service(data) as service, service.app() as app:
        audit = app.get("/api/audit", params={"action": "accept_loss"}).raise_for_status().json()["items"]
        assert {line["subject_id"] for line in audit} == {"reactor.sqlite", "journal/partition-0.sqlite"}
        _post(service, folders.connection, range(1))
        fates = service.wait_until_logged(FIRST + SECOND + 1)
        assert (fates["processed"], fates["duplicate"]) == (FIRST + SECOND, 1)
    assert run_command("doctor", "--data", str(data)).returncode == 0


def _in_the_way(data: Path, name: str) -> None:
    data.mkdir(exist_ok=True)
    shutil.rmtree(data / name, ignore_errors=True)
    (data / name).write_text("garbage")


@pytest.mark.parametrize(
    ("prepare", "tls", "named"),
    [
        pytest.param(lambda data: _in_the_way(data, "run"), "off", "data/run", id="run is a file"),
        pytest.param(lambda data: _in_the_way(data, "journal"), "off", "data/journal", id="journal is a file"),
        pytest.param(
            lambda data: (data / "control.sqlite").mkdir(parents=True), "off", "control.sqlite", id="a folder"
        ),
        pytest.param(lambda data: _in_the_way(data, "UNFINISHED-BACKUP"), "off", "not finished", id="half a backup"),
        pytest.param(lambda data: data.write_text("garbage"), "off", "data", id="data is a file"),
        pytest.param(lambda data: _in_the_way(data, "tls"), "auto", "data/tls", id="tls is a file"),
        pytest.param(lambda data: _in_the_way(data, "key"), "{data}/key,{data}/key", "data/key", id="no certificate"),
        pytest.param(lambda data: None, "{data}/no,{data}/no", "data/no", id="no TLS file"),
    ],
)
def test_what_is_in_the_way_is_a_sentence_that_names_it(
    tmp_path: Path, prepare: Callable[[Path], None], tls: str, named: str
) -> None:
    prepare(tmp_path / "data")
    service = Service(data=tmp_path / "data", tls=tls.format(data=tmp_path / "data"))
    ended = run_command("serve", *service.options())
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert named in ended.stderr.strip().splitlines()[-1]
