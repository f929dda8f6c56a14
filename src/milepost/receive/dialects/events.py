"""`POST /events` of seed 000: Bearer token, {eventKey, data[1..1000], smartKeys?}; answers 202 {requestId}."""

from __future__ import annotations

from collections.abc import Callable

from milepost.domain.connection import ConnectionKind, KnownConnection
from milepost.domain.errors import ForbiddenError, MilepostError, UnauthenticatedError
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.doubtful_dates import require_certain_dates
from milepost.receive.refusals import JSON_HEADERS, UnsupportedMediaTypeError, refuse, sent_by
from milepost.receive.rules import check_events_body

TokenReader = Callable[[str, int], bytes]
"""Gives the connection id of a valid token, or raises UnauthenticatedError; the second argument is now in Unix ms."""


def accepted(request_id: str) -> Answer:
    """The 202 of seed 000 (line 146)."""
    return Answer(status=202, body=b'{"requestId":"%b"}' % request_id.encode(), headers=JSON_HEADERS)


def require_json(request: Request) -> None:
    """UnsupportedMediaTypeError unless the body is declared to be JSON."""
    content_type = request.headers.get("content-type", "")
    if content_type == "application/json":
        return
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaTypeError(f"Content-Type must be application/json, not {content_type or 'missing'!r}.")


class EventsDoor:
    """See the module; `read_token` is the only thing it needs besides the request and the book."""

    name = "events"

    def __init__(self, read_token: TokenReader) -> None:
        self._read_token = read_token

    def knock(self, request: Request, book: Book) -> KnownConnection:
        """See receive/door.py."""
        known = book.by_id.get(self._bearer(request))
        with sent_by(known):
            connection = _event_handler(known)
            require_json(request)
        return connection

    def read(self, request: Request, book: Book) -> Reading:
        """See receive/door.py."""
        connection = request.known or self.knock(request, book)
        with sent_by(connection):
            body = check_events_body(request.body)
            require_certain_dates(connection, body.document["data"], request.received_at_ms)
        return Reading(
            connection=connection,
            event_key=body.event_key,
            body=body.data,
            count=body.count,
            smart_keys=body.smart_keys,
            answer=accepted,
        )

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)

    def _bearer(self, request: Request) -> bytes:
        """The id of the connection that the token was issued to."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("Send Authorization: Bearer <accessToken>; POST /getToken gives one.")
        return self._read_token(token.strip(), request.received_at_ms)


def _event_handler(connection: KnownConnection | None) -> KnownConnection:
    if connection is None or not connection.is_enabled:
        raise UnauthenticatedError("The connection of this token is disabled or gone.")
    if connection.kind is not ConnectionKind.EVENT_HANDLER:
        raise ForbiddenError("This token is not an event handler's; only those may post to /events.")
    return connection
