"""`POST /analytics` of the tracking script: {connectionId, eventKey, data[1..1000], sentAt?}; answers 202 {requestId}.

The Analytics Key opens it, no Authorization; a page of any origin may post, unless the connection lists its origins.
`sentAt` is the browser's clock at sending, by which dates are corrected when they are recorded.
"""

from __future__ import annotations

from milepost.domain.connection import ConnectionKind, KnownConnection
from milepost.domain.errors import Fault, InvalidInputError, MilepostError, UnauthenticatedError
from milepost.kit.jsonio import strict_loads
from milepost.receive.browser import for_browsers, require_json_or_text, require_origin
from milepost.receive.dialects import events
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.doubtful_dates import require_certain_dates, sent_at_of
from milepost.receive.refusals import refuse, sent_by
from milepost.receive.rules import check_events_body


class AnalyticsDoor:
    """See the module."""

    name = "analytics"

    def knock(self, request: Request, book: Book) -> None:
        """See receive/door.py; the key stands in the body."""
        require_json_or_text(request)

    def read(self, request: Request, book: Book) -> Reading:
        """See receive/door.py."""
        require_json_or_text(request)
        key = _analytics_key(strict_loads(request.body))
        known = book.by_public_key.get(key)
        with sent_by(known):
            connection = _tracking_script(known)
            require_origin(connection, request)
            body = check_events_body(request.body)
            sent_at_ms = sent_at_of(body.document)
            require_certain_dates(connection, body.document["data"], request.received_at_ms, sent_at_ms)
        return Reading(
            connection=connection,
            event_key=body.event_key,
            body=body.data,
            count=body.count,
            sent_at_ms=sent_at_ms,
            answer=_accepted,
        )

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return for_browsers(refuse(error))


def _analytics_key(document: object) -> str:
    key = document.get("connectionId") if isinstance(document, dict) else None
    if not isinstance(key, str) or not key:
        fault = Fault(path="connectionId", reason="must be a non-empty string, the connection's Analytics Key")
        raise InvalidInputError("The body must be a JSON object with connectionId, eventKey and data.", faults=(fault,))
    return key


def _tracking_script(connection: KnownConnection | None) -> KnownConnection:
    if connection is None or not connection.is_enabled or connection.kind is not ConnectionKind.TRACKING_SCRIPT:
        raise UnauthenticatedError("connectionId is not the Analytics Key of an enabled tracking-script connection.")
    return connection


def _accepted(request_id: str) -> Answer:
    return for_browsers(events.accepted(request_id))
