"""One Milepost per data folder: a lock that its processes inherit, so that it holds while any of them lives."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from milepost.domain.errors import OperatorError
from milepost.observe import paths


class FolderTakenError(OperatorError):
    """Another Milepost has the folder."""


def lock_folder(data: Path, *, patience_seconds: float = 5.0) -> int:
    """Take the folder and give the lock's descriptor, to be passed on to children; OperatorError if that cannot be.

    A little patience lets the last children of a killed supervisor leave first.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise OperatorError(f"The data folder {data} cannot be used: {error.strerror}.") from error
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < until:
                time.sleep(0.1)
                continue
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise FolderTakenError(
                f"Another Milepost (process {holder}) already runs on {data}. Stop it, or use another --data folder."
            ) from None
        if paths.unfinished(data).exists():
            os.close(lock)
            raise OperatorError(f"{data} is a backup that was not finished. Delete it, and make another one.")
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        os.set_inheritable(lock, True)
        return lock
