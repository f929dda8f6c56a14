"""`POST /v1/custom/event` of seed 003: any JSON object with event metadata; answers 201 {event, success}.

Every member of the event keeps the bytes it was sent with, in the answer and in the stored event.
"""

from __future__ import annotations

import msgspec

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import Fault, InvalidInputError, MilepostError
from milepost.domain.event import ItemMeta
from milepost.kit.jsonio import strict_loads
from milepost.receive.browser import for_browsers, require_json_or_text
from milepost.receive.dialects.custom_metadata import (
    BODY_KEYS,
    Given,
    PlainText,
    Resolver,
    from_body,
    from_header_or_query,
)
from milepost.receive.dialects.metarouter import opened_by, refuse
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.doubtful_dates import require_certain
from milepost.receive.refusals import sent_by

_encode = msgspec.json.Encoder().encode
_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class CustomEventDoor:
    """See the module."""

    name = "custom"

    def knock(self, request: Request, book: Book) -> KnownConnection | None:
        """See receive/door.py."""
        return _known(from_header_or_query(request), request, book)

    def read(self, request: Request, book: Book) -> Reading:
        """See receive/door.py."""
        given = from_header_or_query(request)
        with sent_by(request.known if request.has_knocked else _known(given, request, book)):
            return self._read(given, request, book)

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)

    def _read(self, given: Given, request: Request, book: Book) -> Reading:
        document = strict_loads(request.body)
        if not isinstance(document, dict):
            fault = Fault(path="", reason="the body is no object")
            raise InvalidInputError("An event must be a JSON object.", faults=(fault,))
        members = _read_members(request.body)
        resolver = Resolver(given.over(from_body(document, members)), request.body)
        write_key = resolver.write_key()
        connection = opened_by(write_key, request, book)
        with sent_by(connection):
            metadata = resolver.metadata(write_key, request.client_ip, request.received_at_ms)
            dates = [(resolver.place_of("timestamp"), metadata.timestamp_ms)]
            require_certain(connection, dates, request.received_at_ms, "Invalid event metadata: timestamp")
        own = _members_of(members)
        shown, stored = metadata.written()
        return Reading(
            connection=connection,
            event_key=metadata.values["eventName"],
            body=b'[{"_metarouter":%b,"_mrSchema":%b%b}]' % (stored, stored, own),  # seed 003, "Legacy _mrSchema"
            count=1,
            items=(
                ItemMeta(
                    event_key=metadata.values["eventName"],
                    event_date_ms=metadata.timestamp_ms,
                    idempotency_key=metadata.own_event_id,
                ),
            ),
            answer=lambda _request_id: _created(shown, own),
        )


def _known(given: Given, request: Request, book: Book) -> KnownConnection | None:
    """The connection whose key the header or the query has, which wins over the body's; None without a plain one."""
    key = given.values.get("writeKey", ("", ""))[0]
    is_known = isinstance(key, str) and key and ("{" not in key or isinstance(key, PlainText))
    connection = opened_by(str(key), request, book) if is_known else None
    with sent_by(connection):
        require_json_or_text(request)
    return connection


def _members_of(event: dict[str, msgspec.Raw]) -> bytes:
    """The event's own members, each behind a comma, values as sent."""
    own = _encode({name: raw for name, raw in event.items() if name not in BODY_KEYS})
    return b"," + own[1:-1] if len(own) > 2 else b""


def _created(shown: bytes, own: bytes) -> Answer:
    body = b'{"event":{"_metarouter":%b%b},"success":true}' % (shown, own)
    return for_browsers(Answer(status=201, body=body))
