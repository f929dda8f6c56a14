"""The job that changes many companies, some at a time; each part is a transaction with its audit lines and its place.

What is killed at any point goes on with the part after the last one that was committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from milepost.control.bulk_acts import Part, do_part, part_size
from milepost.control.repos.jobs import get_saved
from milepost.control.repos.plan_changes import Act
from milepost.control.session import Database
from milepost.domain.bulk_change import BulkAct, BulkChange
from milepost.domain.errors import NotFoundError
from milepost.jobs.port import RunningJob
from milepost.kit.clock import Clock
from milepost.kit.files import sync

_FILE: Final = "ids"
_ID_BYTES: Final = 16


def write_ids(folder: Path, ids: Sequence[UUID]) -> None:
    """Put down, in the job's new folder, what the change is about; on disk when it returns."""
    folder.mkdir(mode=0o700, parents=True)
    (folder / _FILE).write_bytes(b"".join(one.bytes for one in ids))
    sync(folder / _FILE)
    sync(folder)


class BulkChanges:
    """The handler. A cancelled change leaves done what is done: its lines in the audit log say how much that is."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def __call__(self, job: RunningJob) -> dict[str, Any]:
        """Change those that are left."""
        change, ids = BulkChange.model_validate(job.params), _read_ids(job.folder)
        with self._database.read() as session:
            size = part_size(session, change)
            saved = get_saved(session, job.id)  # `job.saved` is of when the attempt began, and this may be a second try
        unit = "copies" if change.act is BulkAct.PUSH else "companies"
        done, count = int(saved.get("done", 0)), int(saved.get("count", 0))
        while done < len(ids):
            job.progress(done, len(ids), unit)
            some = ids[done : done + size]
            with self._database.write() as session:
                count += do_part(session, Part(change, job.id, some, Act(job.actor, self._clock())))
                done += len(some)
                job.save_within(session, {"done": done, "count": count}, done=done)
        return change.result(count)


def _read_ids(folder: Path) -> Sequence[UUID]:
    try:
        content = (folder / _FILE).read_bytes()
    except FileNotFoundError:
        raise NotFoundError("The list of what is to be changed is gone; ask for the change again.") from None
    return [UUID(bytes=content[start : start + _ID_BYTES]) for start in range(0, len(content), _ID_BYTES)]
