"""One Milepost per data folder: a lock that its processes inherit, so that it holds while any of them lives."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from milepost.domain.errors import OperatorError
from milepost.observe import paths

_MORE_PATIENCE_WITH_ORPHANS = 12


class FolderTakenError(OperatorError):
    """Another Milepost has the folder."""


def lock_folder(data: Path, *, patience_seconds: float = 5.0) -> int:
    """Take the folder and give the lock's descriptor, to be passed on to children; OperatorError if that cannot be.

    Waits that long for a Milepost that is about to end. Where only children of a killed supervisor are left it waits
    longer, for they are bound to leave, though not at once on a busy machine; no patience waits for neither.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise OperatorError(f"The data folder {data} cannot be used: {error.strerror}.") from error
    try:
        _take(lock, data, patience_seconds)
        _refuse_half_a_backup(data)
    except OperatorError:
        os.close(lock)
        raise
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    os.set_inheritable(lock, True)
    return lock


def _take(lock: int, data: Path, patience_seconds: float) -> None:
    began = time.monotonic()
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
            patience = patience_seconds if _lives(holder) else patience_seconds * _MORE_PATIENCE_WITH_ORPHANS
            if time.monotonic() - began >= patience:
                raise FolderTakenError(
                    f"Another Milepost (process {holder or 'unknown'}) already runs on {data}. "
                    "Stop it, or use another --data folder."
                ) from None
            time.sleep(0.1)


def _refuse_half_a_backup(data: Path) -> None:
    if paths.unfinished(data).exists():
        raise OperatorError(f"{data} is a backup that was not finished. Delete it, and make another one.")


def _lives(holder: str) -> bool:
    try:
        os.kill(int(holder), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
