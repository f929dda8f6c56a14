"""A backup: a folder that `milepost serve --data` starts from, copied from a data folder in use or at rest.

Takes the data folder and where the parts lie that must be of one moment; gives a folder that is whole and on disk, or
OperatorError and none.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from milepost.control.session import sqlite_file
from milepost.domain.errors import OperatorError, UnavailableError
from milepost.kit.files import Told, copy_database, copy_folder, size_of, sync
from milepost.observe import paths
from milepost.record.checkpoint import read_reached
from milepost.record.journal.sqlite import SqliteJournalReader
from milepost.settings import Settings
from milepost.store.client import embedded_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the parts lie that must be of one moment; None for what is not a file of ours."""

    reactor: Path
    claims: Path
    control: Path | None
    store: Path | None


class GapError(UnavailableError):
    """Entries between the state and the journal's first one were trimmed: the state is older than the journal."""


def state_at_rest(settings: Settings) -> State:
    """The parts themselves, which are of one moment while nothing runs on the folder."""
    return State(
        reactor=paths.reactor(settings.data),
        claims=paths.claims(settings.data),
        control=sqlite_file(settings.control()),
        store=embedded_folder(settings.store()),
    )


def state_in(snapshot: Path) -> State:
    """The parts of a snapshot (operate/snapshot.py), as far as it has them."""
    control, store = paths.control(snapshot), paths.store(snapshot)
    return State(
        reactor=paths.reactor(snapshot),
        claims=paths.claims(snapshot),
        control=control if control.exists() else None,
        store=store if store.exists() else None,
    )


def left_out(state: State) -> list[str]:
    """What the backup will lack because it is kept elsewhere, as sentences."""
    sentences = {
        "The analytic store is a ClickHouse server: back it up by its own means, after this.": state.store,
        "The control plane is a database server: back it up by its own means, after this.": state.control,
    }
    return [sentence for sentence, place in sentences.items() if place is None]


@contextmanager
def taken(snapshot: Path, data: Path) -> Iterator[State]:
    """Take the snapshot away, so that nothing changes or deletes it, and let go of it when the block ends."""
    mine = paths.taken_snapshot(data)
    shutil.rmtree(mine, ignore_errors=True)  # of a backup that was killed
    try:
        snapshot.rename(mine)
        yield state_in(mine)
    except OSError as error:
        raise OperatorError(f"The snapshot {snapshot} cannot be used: {error}") from error
    finally:
        shutil.rmtree(mine, ignore_errors=True)


@contextmanager
def one_at_a_time(data: Path, target: Path | None = None) -> Iterator[None]:
    """Keep a second backup of the same folder out while the block runs: there is but one snapshot to copy from.

    Where it goes to is noted until the block ends, however that ends: the note of one that was killed stays.
    """
    try:
        lock = os.open(paths.backup_lock(data), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise OperatorError(f"The data folder {data} cannot be used: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OperatorError(f"Another backup of {data} is under way.") from error
        with _noted(lock, target):
            yield
    finally:
        os.close(lock)


@contextmanager
def _noted(lock: int, target: Path | None) -> Iterator[None]:
    if target is None:
        yield
        return
    with suppress(OSError):  # a full disk must not keep a backup from being made to another one
        os.truncate(lock, 0)
        os.pwrite(lock, os.fsencode(target), 0)
    try:
        yield
    finally:
        os.truncate(lock, 0)


def killed_backup(data: Path) -> Path | None:
    """Where the latest backup was to go, if it was killed before it was whole; None while one is under way."""
    try:
        lock = os.open(paths.backup_lock(data), os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        noted = os.pread(lock, 65_536, 0)
    except BlockingIOError:
        return None
    finally:
        os.close(lock)
    return Path(os.fsdecode(noted)) if noted else None


def require_room(data: Path, target: Path) -> None:
    """OperatorError unless the target is empty or yet to be made, outside of the data folder."""
    if target.is_relative_to(data):
        raise OperatorError(f"{target} lies in the data folder itself; choose a place outside of it.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OperatorError(f"{target} is not empty; a backup is made into a new or an empty folder.")


def bytes_to_copy(data: Path, state: State) -> int:
    """About how many bytes `copy_backup` will tell of."""
    parts = (paths.journal(data), paths.rejections(data), state.reactor, state.claims, state.control, state.store)
    return sum(size_of(part) for part in parts if part)


def copy_backup(data: Path, state: State, target: Path, told: Told) -> None:
    """Copy everything; GapError when the journal no longer reaches back to the state, which may be newer next time.

    The journal is read after the state was taken. So it has every submission that the state knows of, and those that
    came later are worked on when the backup is started, exactly once.
    """
    try:
        with closing(SqliteJournalReader(paths.journal(data))) as journal:
            journal.pin()
            _require_no_gap(journal, state)
            with _marked_until_whole(target):
                _copy(data, state, journal, target, told)
    except (OSError, sqlite3.Error) as error:
        raise OperatorError(f"The backup could not be made: {error}") from error


@contextmanager
def _marked_until_whole(target: Path) -> Iterator[None]:
    """The folder is there, with a mark by which nothing starts from it; gone again if the block fails."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        paths.unfinished(target).touch()
        sync(target)
        yield
        paths.unfinished(target).unlink()
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    sync(target)
    sync(target.parent)


def _require_no_gap(journal: SqliteJournalReader, state: State) -> None:
    reached = read_reached(state.reactor)
    for partition in journal.partitions():
        if journal.extent(partition).first > reached.get(partition, 0) + 1:
            raise GapError("The journal was trimmed while the backup began; try again.")


def _copy(data: Path, state: State, journal: SqliteJournalReader, target: Path, told: Told) -> None:
    paths.journal(target).mkdir(mode=0o700)
    journal.copy(paths.journal(target), told)
    paths.rejections(target).mkdir(mode=0o700)
    databases = [(state.reactor, paths.reactor(target))]
    if state.control:
        databases.append((state.control, paths.control(target)))
    databases += [(file, paths.rejections(target) / file.name) for file in paths.rejections(data).glob("*.sqlite")]
    for source, copy in databases:
        if source.exists():  # a folder that was never served has not all of them
            copy_database(source, copy, told)
    folders = [(paths.keys(data), paths.keys(target)), (paths.tls(data), paths.tls(target))]
    folders.append((state.claims, paths.claims(target)))
    if state.store:
        folders.append((state.store, paths.store(target)))
    for source, copy in folders:
        if source.exists():
            copy_folder(source, copy, told)
    for folder in (paths.journal(target), paths.rejections(target)):
        sync(folder)
