"""Privacy requests: delete, anonymise or export everything of one company or one user id, with a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from milepost.control.repos import privacy
from milepost.domain.errors import NotFoundError
from milepost.domain.job import JobState
from milepost.domain.privacy import CompanySubject, PrivacyAction, PrivacyRequest, UserSubject
from milepost.kit.ids import uuid7
from milepost.web.auth import Admin
from milepost.web.changes import change
from milepost.web.deps import Deps, WebDeps
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor

router = APIRouter(prefix="/privacy/requests", tags=["privacy"])

_AUDITED = "privacy_request"


class PrivacyDraft(BaseModel):
    """What is asked for. With `dry_run` nothing is done: the answer tells how much there is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: CompanySubject | UserSubject
    action: PrivacyAction
    dry_run: bool = False


class PrivacyLook(BaseModel):
    """What a dry run found: how many rows by where they lie, and the requests there were about the same one."""

    counts: dict[str, int]
    earlier_requests: list[UUID]


class PrivacyView(PrivacyRequest):
    """A request and how its job fares; `state` is null once the job is forgotten, after 30 days."""

    state: JobState | None
    error: str | None
    download: str | None = Field(description="Where an export can be fetched, while it is kept.")


@router.post("", status_code=202, responses={200: {"model": PrivacyLook}, 202: {"model": PrivacyView}})
def ask(draft: PrivacyDraft, caller: Admin, deps: Deps, response: Response) -> PrivacyView | PrivacyLook:
    """Begin the job that does it, or with `dry_run` look how much there is."""
    subject = draft.subject
    digest = deps.privacy.digest(subject.user_id) if isinstance(subject, UserSubject) else None
    about_company = subject.company_id if isinstance(subject, CompanySubject) else None
    if draft.dry_run:
        response.status_code = 200
        with deps.database.read() as session:
            earlier = privacy.page_privacy_requests(
                session, about_company=about_company, user_digest=digest, limit=1000
            )
        return PrivacyLook(counts=dict(deps.privacy.look(subject)), earlier_requests=[one.id for one in earlier])
    request_id = uuid7(deps.clock())
    deps.privacy.put_down(request_id, subject)
    try:
        with change(deps, caller) as work:
            request = privacy.add_privacy_request(
                work.session,
                request_id,
                draft.action,
                about_company=about_company,
                user_digest=digest,
                actor=caller.name,
                now_ms=work.now_ms,
            )
            work.record(f"ask_to_{draft.action.value}", _AUDITED, request_id, after=request)
    except BaseException:
        deps.privacy.forget(request_id)
        raise
    return _view(deps, request)


@router.get("")
def list_requests(
    *,
    _: Admin,
    deps: Deps,
    company_id: Annotated[UUID | None, Query(description="Only those about this company.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PrivacyView]:
    """Requests, newest first. Those about a user are found by a dry run, so that no address holds the id."""
    before = read_cursor(cursor, UUID)
    with deps.database.read() as session:
        found = privacy.page_privacy_requests(session, about_company=company_id, before=before, limit=limit + 1)
    return page_of(_views(deps, found), limit, lambda request: (request.id,))


@router.get("/{request_id}")
def read_request(request_id: UUID, _: Admin, deps: Deps) -> PrivacyView:
    """How far it is, and once it is done, its receipt."""
    with deps.database.read() as session:
        request = privacy.get_privacy_request(session, request_id)
    return _view(deps, request)


@router.get("/{request_id}/export", response_class=FileResponse)
def download_export(request_id: UUID, caller: Admin, deps: Deps) -> FileResponse:
    """The file of an export, for seven days; its SHA-256 is in the receipt."""
    with deps.database.read() as session:
        request = privacy.get_privacy_request(session, request_id)
    file = deps.privacy.export_file(request_id) if request.receipt and request.receipt.export else None
    if file is None:
        raise NotFoundError("There is no file: it is no export, not done yet, or its time is over.")
    with change(deps, caller) as work:
        work.record("download", _AUDITED, request_id)
    return FileResponse(file, media_type="application/zip", filename=f"export-{request_id}.zip")


def _view(deps: WebDeps, request: PrivacyRequest) -> PrivacyView:
    return _views(deps, [request])[0]


def _views(deps: WebDeps, requests: Sequence[PrivacyRequest]) -> list[PrivacyView]:
    with deps.database.read() as session:
        progress = privacy.progress_of(session, [request.id for request in requests])
    views = []
    for request in requests:
        state, error = progress.get(request.id, (None, None))
        is_there = deps.privacy.export_file(request.id) is not None
        download = f"/api/privacy/requests/{request.id}/export" if request.receipt and is_there else None
        views.append(PrivacyView(**dict(request), state=state, error=error, download=download))
    return views
