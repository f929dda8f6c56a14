"""Copies of files, folders and databases."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from milepost.kit.files import copy_database, copy_file, copy_folder, size_of


def test_a_folder_is_copied_with_its_links_and_modes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "file").write_bytes(b"x" * 3_000_000)
    (source / "secret.key").write_bytes(b"key")
    (source / "secret.key").chmod(0o600)
    (source / "link").symlink_to("inner/file")
    told: list[int] = []
    copy_folder(source, tmp_path / "target", told.append)
    assert (tmp_path / "target" / "inner" / "file").read_bytes() == b"x" * 3_000_000
    assert stat.S_IMODE((tmp_path / "target" / "secret.key").stat().st_mode) == 0o600
    assert str((tmp_path / "target" / "link").readlink()) == "inner/file"
    assert sum(told) == size_of(source) == 3_000_003


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "source").write_text("other")
    with pytest.raises(FileExistsError):
        copy_file(tmp_path / "source", tmp_path / "target", lambda _: None)
    assert (tmp_path / "target").read_text() == "mine"


def test_a_database_is_copied_as_it_was_when_the_copying_began(tmp_path: Path) -> None:
    copied = 0
    with closing(sqlite3.connect(tmp_path / "source", isolation_level=None, timeout=0)) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("CREATE TABLE t (x BLOB)")
        writing.executemany("INSERT INTO t VALUES (zeroblob(?))", [(10_000,)] * 500)

        def told(size: int) -> None:
            nonlocal copied
            copied += size
            writing.execute("INSERT INTO t VALUES (zeroblob(10))")

        copy_database(tmp_path / "source", tmp_path / "target", told)
        assert writing.execute("SELECT count(*) FROM t").fetchone()[0] > 500
    with closing(sqlite3.connect(tmp_path / "target")) as copy:
        assert copy.execute("SELECT count(*), sum(length(x)) FROM t").fetchone() == (500, 5_000_000)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert copied == (tmp_path / "target").stat().st_size
