"""What the control plane and the files of imports have of a company, for an export.

Takes a session and what is known; gives rows with the name of their table, those of the company itself first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from milepost.control.company_import.reading import CompanyFile
from milepost.control.erasure import records_of
from milepost.control.mentions import audit_lines_of, finished_imports, import_lines_of
from milepost.domain.privacy import Known
from milepost.erase.rules import company_pattern
from milepost.jobs.company_import import FILE

Record = tuple[str, dict[str, Any]]
"""The name of a table, or `import_files`, and a row."""


def company_records(session: Session, known: Known, jobs: Path) -> Iterator[Record]:
    """All that a deletion would let go of; nothing for a user. `jobs` has the folders of jobs."""
    pattern = company_pattern(known)
    if pattern is None:
        return
    yield from records_of(session, known.company_ids)
    for row in audit_lines_of(session, known.company_ids):
        yield "audit", row
    for job in finished_imports(session):
        results = import_lines_of(session, job.id, pattern)
        yield from (("import_lines", row) for row in results)
        file = jobs / str(job.id) / FILE
        if file.exists():
            content = CompanyFile(file.read_bytes(), job.params.get("key_spaces", ()))
            yield from _file_lines(job.id, content, pattern, {row["line"] for row in results})


def _file_lines(job_id: UUID, file: CompanyFile, pattern: str, told: Collection[int]) -> Iterator[Record]:
    """Lines that mention the company, or that the report tells about it."""
    wanted = re.compile(pattern)
    records = file.records()
    _, header = next(records)
    for line, cells in records:
        if line in told or any(map(wanted.search, cells)):
            yield "import_files", {"job_id": job_id, "line": line, "header": header, "cells": cells}
