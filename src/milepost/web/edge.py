"""The edge of the console API: bounds bodies in size and time, knows who asks before it reads them, and gives places.

Refuses texts that hold a NUL. Answers are kept from being cached, sniffed or framed: they hold what not everyone may
see. A request whose client leaves is ended, and so is an answer whose reader stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final
from urllib.parse import unquote_to_bytes

import anyio.to_thread
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from milepost.control.company_import.reading import LARGEST_FILE_BYTES
from milepost.domain.errors import Fault, InvalidInputError, MilepostError, UnavailableError
from milepost.web.auth import identify
from milepost.web.budgets import MOST_THREADS, Work, make_budgets, work_of
from milepost.web.deps import WebDeps
from milepost.web.errors import answer_to, problem

_LARGEST_BODY_BYTES: Final = 1024 * 1024
_OTHER_BODIES: Final = {"/api/companies/import": LARGEST_FILE_BYTES, "/api/session": 16 * 1024}
_LARGE_BODIES_TAKE: Final = 10
"""Times as long as others."""
_OPEN_TO_ALL: Final = frozenset({"/api/session"})
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
            _refuse_nul(scope)
            body = await self._body(scope, receive)
            await _until_left(self._work(scope, _Rest(body), answering), receive)
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
        if scope["path"] not in _OPEN_TO_ALL:
            async with self._budgets[Work.READING].place():
                await run_in_threadpool(identify, Request(scope), deps)
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

    async def _work(self, scope: Scope, rest: _Rest, answering: _Answer) -> None:
        async with self._budgets[work_of(scope["method"], scope["path"], scope["query_string"])].place():
            await self._app(scope, rest, answering)


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


async def _until_left(work: Coroutine[None, None, None], receive: Receive) -> None:
    """Work, in a task of its own; once the client has left, it is cancelled, and nothing is raised."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_leaving(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        has_left = leaving.done()
        leaving.cancel()
        working.cancel()
        await asyncio.wait({working})
    if not (has_left and working.cancelled()):
        working.result()


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _may_have_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] in ("GET", "HEAD", "OPTIONS") or headers.get("content-length") == "0":
        return False
    return "content-length" in headers or "transfer-encoding" in headers or scope["http_version"] not in ("1.0", "1.1")


def _refuse_nul(scope: Scope) -> None:
    """InvalidInputError: whatever is behind a NUL would be cut off on the way to a database."""
    if "\0" in scope["path"]:
        raise InvalidInputError("The address holds a NUL.", faults=(Fault(path="path", reason=_NUL),))
    faults = [
        Fault(path=unquote_to_bytes(name).replace(b"\0", b"").decode(errors="replace"), reason=_NUL)
        for name, _, value in (part.partition(b"=") for part in scope["query_string"].split(b"&"))
        if b"\0" in unquote_to_bytes(name) + unquote_to_bytes(value)
    ]
    if faults:
        raise InvalidInputError("The input is not valid; each fault says where and why.", faults=tuple(faults))


def _closing(scope: Scope) -> dict[str, str]:
    """The unread rest of a body makes the connection useless; HTTP/2 has no word for that and needs none."""
    return {"connection": "close"} if scope["http_version"] in ("1.0", "1.1") else {}
