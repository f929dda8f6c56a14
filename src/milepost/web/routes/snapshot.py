"""The snapshot that a backup is copied from; for `milepost backup`, which runs where the data folder is."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from milepost.web.auth import Admin
from milepost.web.changes import change
from milepost.web.deps import Deps

router = APIRouter(prefix="/snapshot", tags=["snapshot"])


class SnapshotView(BaseModel):
    """Where it lies on the service's disk."""

    folder: str


@router.put("")
def take_snapshot(caller: Admin, deps: Deps) -> SnapshotView:
    """Take a snapshot of everything but the journal, in place of one that nobody has taken away."""
    folder = deps.snapshots.take()
    with change(deps, caller) as work:
        work.record("take", "snapshot", "account")
    return SnapshotView(folder=str(folder))
