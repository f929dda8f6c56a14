"""Data Feeds: what signals emitted, row by row: in pages, live, and as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from milepost.control.repos.companies import get_company
from milepost.control.repos.signals import get_signal
from milepost.domain.account import Role
from milepost.domain.errors import Fault, InvalidInputError, UnavailableError
from milepost.domain.event import EventId
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.kit.news import News
from milepost.store.feed_export import ExportFormat
from milepost.store.feeds import FeedPlace, FeedTime
from milepost.store.position import MOST_ITEM, Position
from milepost.web.auth import Viewer, check_still
from milepost.web.deps import Deps, WebDeps
from milepost.web.feeds import FeedWanted, ShownRow
from milepost.web.instants import AskedInstant
from milepost.web.live import PAGE_ROWS, TailSource, Told, follow
from milepost.web.live_query import ExportPlace, Start, TailPlace
from milepost.web.paging import Cursor, Limit, read_cursor, write_cursor

router = APIRouter(prefix="/feeds", tags=["feeds"])

MOST_AT: Final = 10_413_791_999_999
"""The last millisecond of the year 2299, and more batches than there will be."""


class FeedRowView(BaseModel):
    """What one event emitted for one signal. `fields` are those of the revision that emitted it, in their types."""

    event_id: str
    event_date: datetime
    received_at: datetime
    signal_id: UUID
    signal_name: str
    revision: int
    company_id: UUID
    company_name: str | None
    fields: dict[str, Any]


class FeedPage(BaseModel):
    """Rows, in the order asked for."""

    items: list[FeedRowView]
    next: str | None


def wanted_feed(
    *,
    deps: Deps,
    _: Viewer,
    signal_id: Annotated[
        list[UUID] | None, Query(description="May be given several times; all signals if not.")
    ] = None,
    company_id: UUID | None = None,
    by: Annotated[
        FeedTime, Query(description="The time that since, until and the order are of.")
    ] = FeedTime.EVENT_DATE,
    since: Annotated[AskedInstant | None, Query(description="At or after this instant.")] = None,
    until: Annotated[AskedInstant | None, Query(description="Before this instant.")] = None,
) -> FeedWanted:
    """The feed that a query string describes; NotFoundError for a signal or company that does not exist."""
    wanted = FeedWanted(
        signal_ids=tuple(dict.fromkeys(signal_id or ())),
        company_id=company_id,
        time=by,
        since_ms=to_unix_ms(since) if since else None,
        until_ms=to_unix_ms(until) if until else None,
    )
    deps.feeds.check(wanted)
    return wanted


WantedFeed = Annotated[FeedWanted, Depends(wanted_feed)]
Order = Annotated[Literal["newest", "oldest"], Query(description="Which rows come first.")]


@router.get("", responses={200: {"model": FeedPage}}, response_class=Response)
def list_rows(
    wanted: WantedFeed, deps: Deps, order: Order = "newest", cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """What signals emitted. Rows that arrive while one pages through move none of the others."""
    found = deps.feeds.page(
        wanted,
        order=wanted.time,
        is_newest_first=order == "newest",
        after=_read_place(cursor, wanted.time),
        limit=limit + 1,
    )
    shown = found[:limit]
    more = _cursor(shown[-1], wanted.time) if len(found) > limit else None
    return Response(_json({"items": [one.shown for one in shown], "next": more}), media_type="application/json")


@router.get(
    "/live",
    response_class=EventSourceResponse,
    responses={200: {"model": FeedRowView, "description": "Server-sent events, each with a row as `data`."}},
)
async def follow_rows(
    wanted: WantedFeed, start: Start, deps: Deps, request: Request, _stream: TailPlace
) -> AsyncIterator[ServerSentEvent]:
    """Rows as they arrive, in that order; `id` is what to give back as `Last-Event-ID` or `after`."""

    def after(position: Position, upto: int) -> tuple[Sequence[Told], bool]:
        found = deps.feeds.after(wanted, position, upto, PAGE_ROWS)
        return _told(found), len(found) == PAGE_ROWS

    def latest(upto: int, last: int) -> Sequence[Told]:
        found = deps.feeds.page(wanted, order=FeedTime.ARRIVAL, is_newest_first=True, after=None, limit=last)
        return _told([one for one in reversed(found) if one.row.batch <= upto])

    source = TailSource(after=after, latest=latest, topics=wanted.signal_ids or None)
    async for event in follow(deps.live.news, source, start, lambda: check_still(Role.VIEWER, request, deps)):
        yield event


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {one.media_type: {} for one in ExportFormat}}},
)
async def export_rows(
    *,
    wanted: WantedFeed,
    deps: Deps,
    file_format: Annotated[ExportFormat, Query(alias="format")],
    bom: Annotated[
        bool, Query(description="Begin with a byte order mark, so that Excel knows that it is UTF-8; for csv alone.")
    ] = False,
    place: ExportPlace,
) -> StreamingResponse:
    """All rows as a file, by signal, company and event date, as they are at this moment.

    Where the file cannot be finished, the connection breaks: what ends in good order is whole.
    """
    if bom and file_format is not ExportFormat.CSV:
        fault = Fault(path="bom", reason=f"is for csv; {file_format} has no byte order mark")
        raise InvalidInputError("The export is not valid.", faults=(fault,))
    export = partial(deps.feeds.export, has_mark=bom)
    pieces = await run_in_threadpool(export, wanted, file_format, deps.live.news.upto)
    place.push_async_callback(run_in_threadpool, pieces.close)
    return StreamingResponse(
        _body(pieces, deps.live.news),
        media_type=file_format.media_type,
        headers={"content-disposition": _attachment(_file_name(wanted, deps, file_format))},
    )


async def _body(pieces: Generator[bytes], news: News) -> AsyncIterator[bytes]:
    while (piece := await run_in_threadpool(next, pieces, None)) is not None:
        if news.is_closed:
            raise UnavailableError("The service is stopping.")
        yield piece


def _file_name(wanted: FeedWanted, deps: WebDeps, file_format: ExportFormat) -> str:
    """What it is of, and the day."""
    with deps.database.read() as session:
        names = [get_signal(session, signal_id).name for signal_id in wanted.signal_ids[:1]]
        if wanted.company_id is not None:
            names.append(get_company(session, wanted.company_id).name)
    words = "-".join("".join(c if c.isalnum() else " " for c in name) for name in names or ["feeds"]).split()
    return f"{'-'.join(words) or 'feed'}-{to_datetime(deps.clock()):%Y-%m-%d}.{file_format}"


def _attachment(name: str) -> str:
    """A Content-Disposition after RFC 6266."""
    plain = name.encode("ascii", "ignore").decode()
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _told(rows: Sequence[ShownRow]) -> list[Told]:
    return [Told(one.row.position, _json(one.shown)) for one in rows]


def _read_place(cursor: str | None, order: FeedTime) -> FeedPlace | None:
    def place(made_for: str, at: int, request_id: str, item: int, signal_id: str) -> FeedPlace:
        event_id = EventId(UUID(request_id), int(item))
        least = 0 if order is FeedTime.ARRIVAL else -MOST_AT
        if made_for != order or not 0 <= event_id.item <= MOST_ITEM or not least <= at <= MOST_AT:
            raise ValueError
        return FeedPlace(at=int(at), event_id=event_id, signal_id=UUID(signal_id))

    return read_cursor(cursor, place)


def _cursor(last: ShownRow, order: FeedTime) -> str:
    row = last.row
    at = row.event_date_ms if order is FeedTime.EVENT_DATE else row.batch
    return write_cursor((order, at, *row.event_id, row.signal_id))


def _json(body: dict[str, Any]) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)
