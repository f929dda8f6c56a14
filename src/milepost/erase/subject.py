"""Whom a request is about, in a file of its job's folder: it is gone without a trace once the file is.

Takes the folder; gives what is known. A row of a database would leave copies in its pages and its log.
"""

from __future__ import annotations

import os
from pathlib import Path

from milepost.domain.errors import NotFoundError
from milepost.domain.privacy import Known
from milepost.kit.files import sync


def _file(folder: Path) -> Path:
    return folder / "subject.json"


def write_subject(folder: Path, known: Known) -> None:
    """Keep it, in place of what was known before; on disk when it returns."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / "subject.draft"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(known.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(_file(folder))
    sync(folder)


def read_subject(folder: Path) -> Known:
    """What is known; NotFoundError once it is forgotten."""
    try:
        return Known.model_validate_json(_file(folder).read_bytes())
    except FileNotFoundError:
        raise NotFoundError("Whom the request was about is forgotten: it is done, or was cancelled.") from None


def forget_subject(folder: Path) -> None:
    """Let go of it; again is no harm."""
    for name in ("subject.json", "subject.draft"):
        (folder / name).unlink(missing_ok=True)
