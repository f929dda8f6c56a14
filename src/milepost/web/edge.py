"""The edge of the console API: bounds bodies in size and time, knows who asks before it reads them, and gives places.

Refuses addresses that hold a NUL. Answers are kept from being cached, sniffed or framed: they hold what not everyone
may see. A request whose client leaves is ended, with what the store does for it; so is an answer whose reader stops.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import unquote_to_bytes

import anyio.to_thread
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from milepost.control.company_import.reading import LARGEST_FILE_BYTES
from milepost.domain.errors import Fault, InvalidInputError, MilepostError, UnavailableError
from milepost.kit.asking import ASKER, Asker
from milepost.observe.unharmed import unharmed
from milepost.web.auth import identify
from milepost.web.budgets import MOST_THREADS, Work, make_budgets, work_of
from milepost.web.deps import WebDeps
from milepost.web.errors import answer_to, problem

_LARGEST_BODY_BYTES: Final = 1024 * 1024
_OTHER_BODIES: Final = {"/api/companies/import": LARGEST_FILE_BYTES, "/api/session": 16 * 1024}
_LARGE_BODIES_TAKE: Final = 10
"""Times as long as others."""
_OPEN_TO_ALL: Final = frozenset({"POST /api/session", "GET /api/docs", "HEAD /api/docs"})
_LOOK_SECONDS: Final = 0.2
"""Until a request whose client has left is looked at again."""
_NUL: Final = "must not hold a NUL"


class ApiEdge:
    """See the module."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._budgets = make_budgets()
        self._has_threads = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is in bounds, once there is a place for it."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        if not self._has_threads:
            anyio.to_thread.current_default_thread_limiter().total_tokens = MOST_THREADS
            self._has_threads = True
        answering = _Answer(send, scope["app"].state.deps.reader_seconds)
        try:
            await self._refuse_nul(scope)
            body = await self._body(scope, receive)
            asker = Asker()
            working = asyncio.ensure_future(self._work(scope, _Rest(body), answering, asker))
            if await _has_left(working, receive):
                await self._end(working, asker, scope["app"].state.deps)
            else:
                working.result()
        except _RefusedBodyError as refused:
            await problem(refused.status, refused.code, str(refused), headers=_closing(scope))(
                scope, receive, answering
            )
        except MilepostError as error:
            if answering.has_begun:
                raise
            await answer_to(error)(scope, receive, answering)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, of someone who is known, or of an address that is open to all."""
        if not _may_have_body(scope):
            return b""
        deps: WebDeps = scope["app"].state.deps
        await self._require_known(scope)
        most_bytes = _OTHER_BODIES.get(scope["path"], _LARGEST_BODY_BYTES)
        seconds = deps.body_seconds * (_LARGE_BODIES_TAKE if most_bytes > _LARGEST_BODY_BYTES else 1)
        parts, size = list[bytes](), 0
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await receive()
                    part = message.get("body", b"")
                    size += len(part)
                    if size > most_bytes:
                        reason = f"The body is larger than the {most_bytes} bytes that are taken."
                        raise _RefusedBodyError(413, "too_large", reason)
                    parts.append(part)
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            reason = f"The body did not arrive within {seconds:g} seconds."
            raise _RefusedBodyError(408, "request_timeout", reason) from None

    async def _require_known(self, scope: Scope) -> None:
        """UnauthenticatedError for somebody unknown, at an address that is not open to all."""
        if f"{scope['method']} {scope['path']}" not in _OPEN_TO_ALL:
            async with self._budgets[Work.READING].place():
                await run_in_threadpool(identify, Request(scope), scope["app"].state.deps)

    async def _refuse_nul(self, scope: Scope) -> None:
        """InvalidInputError, for somebody known: whatever is behind a NUL would be cut off on the way to a database."""
        if (refusal := _nul_in(scope)) is not None:
            await self._require_known(scope)
            raise refusal

    async def _work(self, scope: Scope, rest: _Rest, answering: _Answer, asker: Asker) -> None:
        kind = work_of(scope["method"], scope["path"], scope["query_string"])
        if kind is not Work.STREAMING:  # there, one look at the store is for many
            ASKER.set(asker)
        async with self._budgets[kind].place():
            await self._app(scope, rest, answering)

    async def _end(self, working: asyncio.Future[None], asker: Asker, deps: WebDeps) -> None:
        """Of a client that has left. What the store does for it is ended first: the thread that waits for it cannot be
        stopped, and holds the place until then.
        """
        asker.has_left = True
        while asker.is_served and not working.done():
            with unharmed("the end of a statement"):
                await run_in_threadpool(deps.end_statements, asker.name)
            await asyncio.wait({working}, timeout=_LOOK_SECONDS)
        working.cancel()
        await asyncio.wait({working})
        if not working.cancelled() and (error := working.exception()) and not isinstance(error, MilepostError):
            raise error


class _RefusedBodyError(Exception):
    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code


class _Rest:
    """What the app receives: the body, which has been read. Of the client's leaving the edge takes care."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def __call__(self) -> Message:
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body or b"", None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """Sends what the app answers, with headers of ours; ends an answer whose reader takes nothing for so long."""

    def __init__(self, send: Send, reader_seconds: float) -> None:
        self._send = send
        self._reader_seconds = reader_seconds
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            headers["cache-control"] = "no-store"
            headers["x-content-type-options"] = "nosniff"
            headers["x-frame-options"] = "DENY"
        try:
            async with asyncio.timeout(self._reader_seconds):
                await self._send(message)
        except TimeoutError:
            raise UnavailableError("The reader of this answer has stopped reading.") from None


async def _has_left(working: asyncio.Future[None], receive: Receive) -> bool:
    """Wait for the work, or until the client leaves; whichever is first. Who is cancelled meanwhile ends both."""
    leaving = asyncio.ensure_future(_leaving(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return not working.done()
    except asyncio.CancelledError:
        working.cancel()
        await asyncio.wait({working})
        raise
    finally:
        leaving.cancel()


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _may_have_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] in ("GET", "HEAD", "OPTIONS") or headers.get("content-length") == "0":
        return False
    return "content-length" in headers or "transfer-encoding" in headers or scope["http_version"] not in ("1.0", "1.1")


def _nul_in(scope: Scope) -> InvalidInputError | None:
    if "\0" in scope["path"]:
        return InvalidInputError("The address holds a NUL.", faults=(Fault(path="path", reason=_NUL),))
    faults = [
        Fault(path=unquote_to_bytes(name).replace(b"\0", b"").decode(errors="replace"), reason=_NUL)
        for name, _, value in (part.partition(b"=") for part in scope["query_string"].split(b"&"))
        if b"\0" in unquote_to_bytes(name) + unquote_to_bytes(value)
    ]
    reason = "The input is not valid; each fault says where and why."
    return InvalidInputError(reason, faults=tuple(faults)) if faults else None


def _closing(scope: Scope) -> dict[str, str]:
    """The unread rest of a body makes the connection useless; HTTP/2 has no word for that and needs none."""
    return {"connection": "close"} if scope["http_version"] in ("1.0", "1.1") else {}
