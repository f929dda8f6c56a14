"""What is missing or damaged in a data folder: a sentence that names it, and what going on without it gives up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from milepost.domain.errors import OperatorError
from milepost.kit.files import sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`part` is its name within the folder. `gives_up` and `mend` are what `milepost repair --accept-loss` is about.

    Without `mend` nothing can be done about it but what the sentence says. `numbers` go into the audit log.
    """

    part: str
    told: str
    gives_up: str = ""
    numbers: dict[str, int] = field(default_factory=dict)
    mend: Callable[[], None] | None = None


class UnsoundFolderError(OperatorError):
    """Parts of the data folder are missing, damaged or of different times."""


def refuse(data: Path, faults: Sequence[Fault]) -> None:
    """UnsoundFolderError for the first of the faults, if there are any."""
    if not faults:
        return
    more = f" (and {len(faults) - 1} more: milepost doctor --data {data})" if len(faults) > 1 else ""
    raise UnsoundFolderError(f"{faults[0].told}{more} {ways_out(data, faults[0])}".strip())


def ways_out(data: Path, fault: Fault) -> str:
    """What a person can do."""
    if fault.mend is None:
        return ""
    return (
        "Put the file back, or start from a backup, whole; or see what `milepost repair --data "
        f"{data}` would give up, and add --accept-loss to go on without it."
    )


def set_aside(data: Path, *files: Path) -> None:
    """Move files or folders of ours into `lost` within the data folder: what is damaged may still be of use."""
    lost = data / "lost"
    lost.mkdir(mode=0o700, exist_ok=True)
    for file in files:
        if file.exists() or file.is_symlink():
            target = lost / file.name
            number = 1
            while target.exists():
                number += 1
                target = lost / f"{file.name}.{number}"
            shutil.move(file, target)
            sync(file.parent)


def database_files(file: Path) -> tuple[Path, ...]:
    """A SQLite database with its write-ahead log."""
    return file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")
