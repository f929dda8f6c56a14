"""Each file of a data folder lost, emptied, cut, flipped or aged: a start refuses it by name, or everything is there.

`make test` tries each file outside of the store and a fixed sample within it; with LOST_PARTS=all, each in every way.
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from milepost.observe import paths
from milepost.operate.parts.stores import read_known, survey_claims
from milepost.operate.parts.survey import survey_files
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter
from milepost.settings import Settings
from milepost.testing.damage import WAYS, Damage, Originals, all_damages, damaged, discard
from milepost.testing.service import Service, run_command, running_service
from milepost.testing.starting import Start, try_repair, try_start

FIRST, SECOND, WAITING = 20, 20, 30
IS_WHOLE_SET = os.environ.get("LOST_PARTS") == "all"


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder as it was killed, an earlier copy, another account's, and the credentials of the connection."""

    now: Path
    earlier: Path
    foreign: Path
    connection: dict[str, str]

    @property
    def originals(self) -> Originals:
        """What damaged copies are made of."""
        return Originals(self.now, self.earlier, self.foreign)


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
    _make_foreign(data, root / "foreign")
    return Folders(data, earlier, root / "foreign", connection)


def _make_foreign(now: Path, folder: Path) -> None:
    """The folder of another account, with the same requests: 40 worked through, the others only accepted."""
    folder.mkdir(mode=0o700)
    copy = folder.with_name("journal")
    shutil.copytree(paths.journal(now), copy)
    with closing(SqliteJournalReader(copy)) as journal:
        entries = [located.entry for located in journal.read(0, 0, 1000, 1 << 30)]
    assert try_start(folder) == Start(refusal="")
    _append(folder, entries[: FIRST + SECOND])
    assert try_start(folder).numbers == tuple(range(FIRST + SECOND))
    _append(folder, entries[FIRST + SECOND :])


def _append(data: Path, entries: list[bytes]) -> None:
    async def write() -> None:
        writer = SqliteJournalWriter(paths.journal(data), 0, loop=asyncio.get_running_loop())
        await asyncio.gather(*map(writer.append, entries))
        writer.close()

    asyncio.run(write())


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


def _names(told: str, name: Path) -> bool:
    part = name.parts[0].removesuffix("-wal").removesuffix("-shm")
    return part in told or name.name.removesuffix("-wal").removesuffix("-shm") in told


NOTHING = Damage(Path("lock"), "emptied")
NO_STORE = frozenset({"store"})


def test_each_file_outside_of_the_store_is_missed_by_name_or_what_it_held_is_there(
    folders: Folders, tmp_path: Path
) -> None:
    expected = _contents(damaged(folders.originals, NOTHING, tmp_path / "as-it-was", without=NO_STORE))
    wrong, refused = [], set()
    for damage in all_damages(folders.originals):
        if damage.name.parts[0] == "store" or damage.name.name.startswith("reactor.sqlite"):
            continue  # compared with the store, below
        if damage.way == "unreadable" and os.geteuid() == 0:
            continue  # root reads it; the starts below are without that right
        data = damaged(folders.originals, damage, tmp_path / "damaged", without=NO_STORE)
        (data / "store").mkdir()
        faults = survey_files(Settings(data=data)) or list(survey_claims(data, read_known(data)))
        if faults:
            refused.add((str(damage.name), damage.way))
            if not _names(faults[0].told, damage.name):
                wrong.append((damage, faults[0].told))
        elif _contents(data) != expected:
            wrong.append((damage, "not noticed"))
    assert wrong == []
    assert {name for name, _ in refused} >= {
        "control.sqlite",
        "keys/secrets.key",
        "keys/tokens.key",
        "claims/CURRENT",
        "journal/partition-0.sqlite-wal",
    }
    assert {way for _, way in refused} >= WAYS.keys() - {"unreadable"}


SAMPLE = {
    ("checksums.txt", "emptied"),
    ("data.bin", "flipped"),
    ("count.txt", "removed"),
    ("events.sql", "emptied"),
    ("partition-0.sqlite", "aged"),
    ("reactor.sqlite", "another account's"),
    ("reactor.sqlite-shm", "a folder"),
    ("folder.json", "a folder"),
    ("folder.json", "another account's"),
    ("secrets.key", "unreadable"),
    ("control.sqlite", "unreadable"),
    ("control.sqlite", "removed"),
    ("CURRENT", "removed"),
    ("journal-0", "removed"),
    ("partition-0.sqlite", "a link to nothing"),
}


def _sample(originals: Originals) -> list[Damage]:
    """One of each kind of file and way, or with LOST_PARTS=all every one."""
    found: dict[object, Damage] = {}
    for damage in all_damages(originals):
        kind = (damage.name.name, damage.way)
        if IS_WHOLE_SET:
            found[damage] = damage
        elif kind in SAMPLE:
            found.setdefault(kind, damage)
    assert len(found) >= len(SAMPLE)
    return list(found.values())


def test_files_of_every_part_are_missed_by_name_or_every_event_is_there_once(folders: Folders, tmp_path: Path) -> None:
    """A start on each damaged folder, to the end of its journal; and the doctor's word is the start's."""
    wrong: list[tuple[Damage, object]] = []
    for damage in _sample(folders.originals):
        data = damaged(folders.originals, damage, tmp_path / "damaged")
        try:
            start = try_start(data)
        except AssertionError as error:
            wrong.append((damage, str(error)))
            continue
        if start.refusal:
            says_the_same = start.refusal.startswith(start.doctor[0].partition(" Put the file back")[0])
            if not (says_the_same and _names(start.refusal, damage.name)):
                wrong.append((damage, start))
        elif start.numbers != tuple(range(FIRST + SECOND + WAITING)) or start.doctor:
            wrong.append((damage, start))
    discard(tmp_path / "damaged")
    assert wrong == []


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


def _remove_all(data: Path, pattern: str) -> None:
    for place in data.glob(pattern):
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def _age(data: Path, earlier: Path, pattern: str) -> None:
    _remove_all(data, pattern)
    for place in earlier.glob(pattern):
        target = data / place.relative_to(earlier)
        shutil.copytree(place, target, symlinks=True) if place.is_dir() else shutil.copy2(place, target)


ALL = set(range(FIRST + SECOND + WAITING))
PROCESSED = set(range(FIRST + SECOND))
EARLIER = set(range(FIRST))
WAITED = ALL - PROCESSED


class Loss(NamedTuple):
    """What is removed, or taken from an earlier copy; the part that is named; and the events that are left."""

    files: str
    copied_from: str | None
    part: str
    left: set[int]


LOSSES = [
    pytest.param(Loss("journal", None, "journal/partition-0.sqlite", PROCESSED), id="the journal is lost"),
    pytest.param(Loss("journal/*", "earlier", "journal/partition-0.sqlite", PROCESSED), id="the journal is older"),
    pytest.param(
        Loss("journal/*-wal", None, "journal/partition-0.sqlite", PROCESSED), id="the end of the journal is lost"
    ),
    pytest.param(Loss("reactor.sqlite*", None, "reactor.sqlite", ALL), id="the reactor's file is lost"),
    pytest.param(Loss("reactor.sqlite*", "earlier", "reactor.sqlite", ALL), id="the reactor's file is older"),
    pytest.param(Loss("claims", None, "claims", ALL), id="the claims are lost"),
    pytest.param(Loss("claims", "earlier", "claims", ALL), id="the claims are older"),
    pytest.param(Loss("store", None, "store", WAITED), id="the store is lost"),
    pytest.param(Loss("store", "earlier", "store", EARLIER | WAITED), id="the store is older"),
    pytest.param(Loss("control.sqlite*", None, "control.sqlite", ALL), id="the control database is lost"),
    pytest.param(Loss("control.sqlite*", "earlier", "control.sqlite", ALL), id="the control database is older"),
    pytest.param(Loss("keys", None, "keys", ALL), id="the keys are lost"),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_each_loss_that_is_accepted_is_in_the_audit_log_and_what_is_left_is_there_once(
    folders: Folders, tmp_path: Path, loss: Loss
) -> None:
    data = damaged(folders.originals, NOTHING, tmp_path / "data")
    if loss.copied_from:
        _age(data, folders.earlier, loss.files)
    else:
        _remove_all(data, loss.files)
    refused = try_start(data)
    assert "milepost repair" in refused.refusal
    assert _names(refused.refusal, Path(loss.part))
    done = try_repair(data)
    assert done.refusal == ""
    assert list(dict.fromkeys(part for part, *_ in done.faults)) == [loss.part]
    assert [(part, after["found"], after["gave_up"], after["numbers"]) for part, after in done.audit] == [*done.faults]
    assert all(gives_up for _, _, gives_up, _ in done.faults)
    again = try_repair(data)
    assert (again.refusal, again.faults) == ("", ())
    assert again.audit == done.audit
    start = try_start(data)
    assert (start.refusal, start.doctor) == ("", ())
    assert start.numbers == tuple(sorted(loss.left))
    assert start.fates == {"processed": len(loss.left)}


def test_a_loss_that_is_accepted_is_told_by_the_command_and_the_service_runs_on(
    folders: Folders, tmp_path: Path
) -> None:
    data = damaged(folders.originals, NOTHING, tmp_path / "data")
    for lost in ("reactor.sqlite*", "journal/*-wal"):
        _remove_all(data, lost)
    before = run_command("repair", "--json", "--data", str(data))
    assert before.returncode == 1
    done = run_command("repair", "--accept-loss", "--json", "--data", str(data))
    assert done.returncode == 0, done.stderr
    assert {one["part"] for one in json.loads(done.stdout)} == {"reactor.sqlite", "journal/partition-0.sqlite"}
    assert "there is nothing to repair" in run_command("repair", "--data", str(data)).stdout
    with running_service(data) as service, service.app() as app:
        audit = app.get("/api/audit", params={"action": "accept_loss"}).raise_for_status().json()["items"]
        assert {line["subject_id"] for line in audit} == {"reactor.sqlite", "journal/partition-0.sqlite"}
        _post(service, folders.connection, range(1))
        fates = service.wait_until_logged(FIRST + SECOND + 1)
        assert (fates["processed"], fates["duplicate"]) == (FIRST + SECOND, 1)
    assert run_command("doctor", "--data", str(data)).returncode == 0


def test_events_that_waited_are_there_once_after_a_real_start(folders: Folders, tmp_path: Path) -> None:
    with running_service(damaged(folders.originals, NOTHING, tmp_path / "data")) as service:
        fates = service.wait_until_logged(len(ALL))
        assert (fates["processed"], fates["duplicate"], fates["parked"]) == (len(ALL), 0, 0)
        assert service.get_token(folders.connection)


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
