"""What a backup refuses, and what it leaves behind when it fails; the journey tests have the rest."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from milepost.cli import app
from milepost.domain.errors import OperatorError
from milepost.observe import paths
from milepost.operate.backup import GapError, copy_backup, killed_backup, one_at_a_time, state_at_rest
from milepost.operate.lock import lock_folder
from milepost.record.checkpoint import Checkpoints, Span
from milepost.record.journal.sqlite import SqliteJournalWriter
from milepost.settings import Settings

ENTRIES = 5


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a connection, and a journal that was read up to its third entry."""
    folder = tmp_path / "data"
    added = CliRunner().invoke(
        app, ["connection", "add", "--name", "Shop", "--kind", "event-handler", "--data", str(folder)]
    )
    assert added.exit_code == 0
    tokens = paths.tokens_key(folder)
    tokens.write_bytes(bytes(32))

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


def _backup(data: Path, target: Path) -> Result:
    return CliRunner().invoke(app, ["backup", str(target), "--data", str(data)])


def _told(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    return result.output


def test_a_backup_has_the_journal_the_databases_and_the_keys(data: Path, tmp_path: Path) -> None:
    made = _backup(data, tmp_path / "copy")
    assert made.exit_code == 0, made.output
    assert f"milepost serve --data {tmp_path / 'copy'}" in made.output
    assert sorted(file.name for file in (tmp_path / "copy").iterdir()) == [
        *("control.sqlite", "journal", "keys", "reactor.sqlite", "rejections"),
    ]
    assert paths.secrets_key(tmp_path / "copy").read_bytes() == paths.secrets_key(data).read_bytes()
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0


def test_an_empty_folder_is_taken_and_any_other_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert _backup(data, tmp_path / "empty").exit_code == 0
    assert "is not empty" in _told(_backup(data, tmp_path / "empty"))
    (tmp_path / "file").touch()
    assert "is not empty" in _told(_backup(data, tmp_path / "file"))


def test_a_backup_into_the_data_folder_itself_is_refused(data: Path) -> None:
    assert "outside of it" in _told(_backup(data, data / "copy"))


def test_what_is_no_data_folder_is_not_backed_up_nor_made(tmp_path: Path) -> None:
    assert "is no data folder of Milepost" in _told(_backup(tmp_path / "nothing", tmp_path / "copy"))
    assert not (tmp_path / "nothing").exists()


def test_a_second_backup_at_the_same_time_is_refused(data: Path, tmp_path: Path) -> None:
    with one_at_a_time(data):
        assert "Another backup" in _told(_backup(data, tmp_path / "copy"))


def test_a_backup_that_fails_leaves_nothing_behind(data: Path, tmp_path: Path) -> None:
    paths.reactor(data).write_bytes(b"this is no database " * 1000)
    state = state_at_rest(Settings(data=data))
    with pytest.raises(OperatorError, match="file is not a database"):
        copy_backup(data, state, tmp_path / "copy", lambda _: None)
    assert not (tmp_path / "copy").exists()


def test_a_journal_that_no_longer_reaches_back_to_the_state_is_refused(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(paths.journal(data) / "partition-0.sqlite", isolation_level=None)) as journal:
        journal.execute("DELETE FROM frames WHERE last_offset <= 4")
    with pytest.raises(GapError):
        copy_backup(data, state_at_rest(Settings(data=data)), tmp_path / "copy", lambda _: None)
    assert not (tmp_path / "copy").exists()


def test_a_backup_that_was_killed_in_the_middle_cannot_be_started(data: Path) -> None:
    paths.unfinished(data).touch()
    with pytest.raises(OperatorError, match="not finished"):
        lock_folder(data)


def test_a_backup_that_was_killed_is_named_by_doctor_with_where_it_went(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    kill = (
        "import os, sys; from pathlib import Path; from milepost.operate import backup;"
        "data, target = map(Path, sys.argv[1:]);"
        "taking = backup.one_at_a_time(data, target); taking.__enter__(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", kill, str(data), str(target)], check=False).returncode == -9
    assert killed_backup(data) == target
    told = CliRunner().invoke(app, ["doctor", "--json", "--data", str(data)]).output
    assert f"The backup into {target} was killed before it was whole. Delete {target}, and make another." in told
    assert _backup(data, tmp_path / "another").exit_code == 0
    assert killed_backup(data) is None
    assert "was killed" not in CliRunner().invoke(app, ["doctor", "--json", "--data", str(data)]).output


def test_one_that_failed_or_is_under_way_was_not_killed(data: Path, tmp_path: Path) -> None:
    with one_at_a_time(data, tmp_path / "copy"):
        assert killed_backup(data) is None
    with pytest.raises(OSError, match="broke"), one_at_a_time(data, tmp_path / "copy"):
        raise OSError("it broke")
    assert killed_backup(data) is None


def test_a_backup_that_fails_says_why(data: Path, tmp_path: Path) -> None:
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
    run = limit + "from milepost.cli import main; main()"
    words = ["backup", str(tmp_path / "copy"), "--data", str(data)]
    done = subprocess.run([sys.executable, "-c", run, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Error: The backup could not be made: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "copy").exists()
