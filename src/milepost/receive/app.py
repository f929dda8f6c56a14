"""The api listener: one RSGI application that routes, bounds, journals and answers. Nothing here knows a dialect.

Takes a table of routes; gives 404 and 405 itself; everything else is its doors' to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import InvalidInputError, MilepostError, UnavailableError
from milepost.kit.clock import Clock, system_clock
from milepost.observe.logs import logger
from milepost.receive.accept import accept
from milepost.receive.body import Deadlines, read_body
from milepost.receive.client_ip import ClientIp
from milepost.receive.door import Answer, Book, Door, Reading, Request
from milepost.receive.expand import BodyTooLargeError, expand
from milepost.receive.lost import missing
from milepost.receive.rejections import Refused, RejectionQueue
from milepost.receive.routing import Routes, doors_at, refuse_at
from milepost.record.journal.port import JournalWriter

_log = logger("receive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one request's body."""

    body_bytes: int = 8 * 1024 * 1024
    body_seconds: float = 30.0


@dataclass(slots=True)
class Tally:
    """Counts since the last flush; plain integers, because the metrics library costs more than a request may."""

    requests: dict[tuple[str, int], int] = field(default_factory=dict)
    refusals: Counter[tuple[str, str, bool]] = field(default_factory=Counter)

    def add(self, door: str, status: int) -> None:
        """One answered request."""
        key = (door, status)
        self.requests[key] = self.requests.get(key, 0) + 1

    def add_refusal(self, door: str, code: str, *, is_sender_known: bool) -> None:
        """One refused submission, or one that was kept in part."""
        self.refusals[door, code, is_sender_known] += 1

    def take(self) -> Tally:
        """What was counted; counting starts anew."""
        taken = Tally(requests=self.requests, refusals=self.refusals)
        self.requests, self.refusals = {}, Counter()
        return taken


class IngestApp:
    """See the module. `book` may be replaced at any time; a request sees one book throughout."""

    def __init__(
        self,
        *,
        routes: Routes,
        journal: JournalWriter,
        limits: Limits,
        client_ip: ClientIp,
        clock: Clock = system_clock,
        admit: Callable[[Reading], None] = lambda _reading: None,
    ) -> None:
        self._routes = routes
        self._journal = journal
        self._limits = limits
        self._client_ip = client_ip
        self._clock = clock
        self._admit = admit
        self.book = Book()
        self.tally = Tally()
        self.rejections = RejectionQueue()
        self.deadlines = Deadlines(limits.body_seconds)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request (granian's RSGI protocol)."""
        name, answer = await self._answer(scope, protocol)
        self.tally.add(name, answer.status)
        protocol.response_bytes(answer.status, list(answer.headers), answer.body)

    async def _answer(self, scope: Any, protocol: Any) -> tuple[str, Answer]:
        methods = self._routes.get(scope.path) or doors_at(self._routes, scope.path)
        door = methods.get(scope.method) if methods else None
        if door is None:
            return "none", self._unrouted(scope, methods)
        request, known = self._head(scope), None
        try:
            known = await self._let_in(door, request, protocol)
            body = await self._read(request, protocol)
            request = replace(request, body=body, received_at_ms=self._clock())
            reading = door.read(request, self.book)
            if isinstance(reading, Answer):
                return door.name, reading
            self._admit(reading)
            answer = await accept(self._journal, door.name, request, reading)
            if reading.refused:
                self._note_part(door, request, reading, answer.status)
        except MilepostError as error:
            if error.sender is None and known is not None:
                error.sender = known.id
            answer = self._refuse(door, request, error)
            is_unread = isinstance(error, BodyTooLargeError) and not request.body
            return door.name, _closing(answer) if is_unread else answer
        except Exception:
            _log.exception("request_failed", path=scope.path)
            return door.name, door.refuse(UnavailableError("Something failed on our side; try again."))
        return door.name, answer

    def _refuse(self, door: Door, request: Request, error: MilepostError) -> Answer:
        """The door's answer to an error, noted for the sender's owner if the sender is known."""
        answer = door.refuse(error)
        self._note(door.name, request, answer.status, error)
        return answer

    def _head(self, scope: Any) -> Request:
        """The request without its body."""
        headers = scope.headers
        return Request(
            method=scope.method,
            path=scope.path,
            query=scope.query_string,
            headers=headers,
            body=b"",
            client_ip=self._client_ip.of(scope.client, headers),
            received_at_ms=self._clock(),
            scheme=scope.scheme,
        )

    async def _let_in(self, door: Door, request: Request, protocol: Any) -> KnownConnection | None:
        """Knock; what is refused there has its body read and dropped, so that the sender gets to read the answer."""
        try:
            return door.knock(request, self.book)
        except MilepostError:
            with suppress(MilepostError):
                await read_body(protocol, request.headers, limit=self._limits.body_bytes, deadlines=self.deadlines)
            raise

    async def _read(self, request: Request, protocol: Any) -> bytes:
        limit = self._limits.body_bytes
        sent = await read_body(protocol, request.headers, limit=limit, deadlines=self.deadlines)
        return expand(sent, request.headers, limit)

    def _note(self, door: str, request: Request, status: int, error: MilepostError) -> None:
        self.tally.add_refusal(door, error.code, is_sender_known=error.sender is not None)
        if error.sender is None:
            return
        connection = self.book.by_id.get(error.sender)
        self.rejections.note(
            Refused(
                connection_id=error.sender,
                received_at_ms=request.received_at_ms,
                door=door,
                status=status,
                code=error.code,
                reason=error.message,
                faults=error.faults,
                body=request.body,
                query=request.query,
                own_key=connection.public_key if connection else None,
            )
        )

    def _note_part(self, door: Door, request: Request, reading: Reading, status: int) -> None:
        """The refused calls of a batch that was kept in part."""
        error = InvalidInputError("Some calls of the batch are not valid; the rest was kept.", faults=reading.refused)
        error.sender = reading.connection.id
        self._note(door.name, request, status, error)

    def _unrouted(self, scope: Any, methods: Mapping[str, Door] | None) -> Answer:
        request = self._head(scope)
        error = missing(request, self._routes, methods, self.book)
        answer = refuse_at(scope.path, error)
        self._note("none", request, answer.status, error)
        if methods is None:
            return answer
        return Answer(status=answer.status, body=answer.body, headers=(*answer.headers, ("allow", ", ".join(methods))))


def _closing(answer: Answer) -> Answer:
    """The unread rest of a too large body makes the connection useless."""
    return Answer(status=answer.status, body=answer.body, headers=(*answer.headers, ("connection", "close")))
