"""Importing companies from a delimited file: trying it, doing it as a job, and reading what each line did."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from milepost.control.company_import.deciding import ImportLine, LineOutcome
from milepost.control.company_import.reading import Column, CompanyFile
from milepost.control.company_import.running import try_import
from milepost.control.repos.import_lines import count_outcomes, page_lines
from milepost.control.repos.jobs import add_job, get_job
from milepost.control.repos.key_spaces import list_key_spaces
from milepost.domain.errors import Fault, InvalidInputError, NotFoundError
from milepost.domain.job import Job, JobDraft, JobKind
from milepost.jobs.company_import import FILE
from milepost.kit.ids import uuid7
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps, WebDeps
from milepost.web.paging import Cursor, Page, page_of, read_cursor, whole

router = APIRouter(prefix="/companies", tags=["companies"])

_TEXTS: Final = ("text/csv", "text/plain", "text/tab-separated-values", "application/csv")
_FORM: Final = "multipart/form-data"
_BODY: Final = {"schema": {"type": "string", "format": "binary"}}

Lines = Annotated[int, Query(ge=1, le=100_000, description="How many lines of the report at most.")]


class Upload(NamedTuple):
    """A request's body and what it says that it is."""

    content_type: str
    body: bytes


class ImportReport(BaseModel):
    """What the file is understood to be, and what it would do; `next_line` is where the rest of the report begins."""

    delimiter: str
    columns: tuple[Column, ...]
    counts: dict[LineOutcome, int]
    lines: list[ImportLine]
    next_line: int | None


class ImportLinePage(Page[ImportLine]):
    """Lines of a report, and how many came out how so far."""

    counts: dict[LineOutcome, int]


class ImportStarted(BaseModel):
    """What the audit log says of an import."""

    columns: tuple[Column, ...]
    lines: int


async def read_upload(request: Request) -> Upload:
    """The body as it came."""
    return Upload(request.headers.get("content-type", ""), await request.body())


@router.post(
    "/import",
    responses={202: {"model": Job, "description": "The import has begun: a job to watch."}},
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": _BODY, _FORM: _BODY}}},
)
def import_companies(
    *,
    caller: Editor,
    deps: Deps,
    upload: Annotated[Upload, Depends(read_upload)],
    response: Response,
    dry_run: bool = False,
    outcome: Annotated[LineOutcome | None, Query(description="Report only lines that come out so.")] = None,
    from_line: Annotated[int, Query(description="Report from this line of the file on.")] = 0,
    limit: Lines = 1000,
) -> ImportReport | Job:
    """Create and update companies by the lines of a CSV file; with `dry_run`, tell what each would do.

    Columns: name, CompanyID, key:<key space>, attribute:<name>; any other is an attribute of its name.
    """
    content = _file_of(upload)
    with deps.database.read() as session:
        key_spaces = [space.name for space in list_key_spaces(session)]
    file = CompanyFile(content, key_spaces)
    if not dry_run:
        response.status_code = 202
        return _begin(deps, caller, content, file, key_spaces)
    lines = try_import(deps.database, file, deps.clock)
    return _report(file, lines, outcome, from_line, limit)


@router.get("/imports/{job_id}")
def read_import(
    *,
    job_id: UUID,
    _: Viewer,
    deps: Deps,
    outcome: Annotated[LineOutcome | None, Query(description="Only lines that came out so.")] = None,
    cursor: Cursor = None,
    limit: Lines = 1000,
) -> ImportLinePage:
    """What each line of an import has done so far, in the order of the file."""
    after = read_cursor(cursor, whole) or 0
    with deps.database.read() as session:
        if get_job(session, job_id).kind is not JobKind.COMPANY_IMPORT:
            raise NotFoundError(f"The job {job_id} is no import of companies.")
        counts = count_outcomes(session, job_id)
        lines = page_lines(session, job_id, outcome=outcome, after=after, limit=limit + 1)
    page = page_of(lines, limit, lambda line: (line.line,))
    return ImportLinePage(items=page.items, next=page.next, counts=counts)


def _begin(deps: WebDeps, caller: Editor, content: bytes, file: CompanyFile, key_spaces: list[str]) -> Job:
    total = sum(1 for _ in file.rows())  # reads it to its end, so that it does not turn out unreadable half-way
    started = ImportStarted(columns=file.columns, lines=total)
    job_id = uuid7(deps.clock())
    folder = deps.jobs_folder / str(job_id)
    folder.mkdir(mode=0o700, parents=True)
    try:
        (folder / FILE).write_bytes(content)
        draft = JobDraft(
            kind=JobKind.COMPANY_IMPORT,
            subject=f"{total} lines of companies",
            params={"key_spaces": key_spaces, "lines": total},
        )
        with change(deps, caller) as work:
            job = add_job(work.session, draft, actor=work.actor, now_ms=work.now_ms, job_id=job_id)
            work.record("import", "company", job_id, after=started)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return job


def _report(
    file: CompanyFile, lines: Iterable[ImportLine], outcome: LineOutcome | None, from_line: int, limit: int
) -> ImportReport:
    counts: Counter[LineOutcome] = Counter()
    shown: list[ImportLine] = []
    for line in lines:
        counts[line.outcome] += 1
        if line.line >= from_line and outcome in (None, line.outcome) and len(shown) <= limit:
            shown.append(line)
    return ImportReport(
        delimiter=file.delimiter,
        columns=file.columns,
        counts={one: counts[one] for one in LineOutcome},
        lines=shown[:limit],
        next_line=shown[limit].line if len(shown) > limit else None,
    )


def _file_of(upload: Upload) -> bytes:
    """The text itself, or the first file of a form."""
    header = Message()
    header["content-type"] = upload.content_type
    if header.get_content_type() == _FORM:
        head = f"content-type: {upload.content_type}\r\n\r\n".encode("latin-1")
        for part in BytesParser(policy=HTTP).parsebytes(head + upload.body).iter_parts():
            if part.get_filename() is not None:
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                return content
        fault = Fault(path="body", reason="has no part with a file name")
        raise InvalidInputError("The form holds no file.", faults=(fault,))
    if header.get_content_type() not in _TEXTS or not upload.content_type:
        raise HTTPException(415, f"Send the file as text/csv, or as a file in a {_FORM} body.")
    return upload.body
