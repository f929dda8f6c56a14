"""What surrounds the Segment wire: the pixel, the webhook, and the settings that its browser client reads first."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

import orjson

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import Fault, InvalidInputError, MilepostError
from milepost.domain.event import ItemMeta
from milepost.kit.jsonio import strict_loads
from milepost.receive.browser import for_browsers
from milepost.receive.dialects.deliveries import idempotency_keys
from milepost.receive.dialects.metarouter import LONGEST_VALUE, connection_of, opened_by, opened_outside_body, refuse
from milepost.receive.dialects.segment import body_of, object_of, reading_of_call
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.expand import BodyTooLargeError
from milepost.receive.query import fields_of, first_in_query
from milepost.receive.refusals import sent_by
from milepost.receive.rules import MOST_EVENTS

GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;"
)
"""One transparent dot."""

LARGEST_FORM = 1024 * 1024
"""Percent-encoding costs twenty times what JSON costs to read."""

_GIF_HEADERS = (("content-type", "image/gif"), ("cache-control", "no-store"))
_SETTINGS_SECONDS = 60


class PixelDoor:
    """`GET /v1/pixel/<type>?data=<base64 JSON>`: for pages and mails that can only fetch an image.

    The answer is the image whatever happens, so that no page shows a broken one; its status is honest.
    """

    name = "pixel"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def knock(self, request: Request, book: Book) -> KnownConnection | None:
        """See receive/door.py."""
        return opened_outside_body(request, book)

    def read(self, request: Request, book: Book) -> Reading:
        """See receive/door.py."""
        body = _pixel_data(request.query)
        document = object_of(body, subject="The pixel's data")
        connection = connection_of(request, document, book)
        with sent_by(connection):
            answer = Answer(status=200, body=GIF, headers=_GIF_HEADERS)
            return reading_of_call(document, body, self.kind, connection, request=request, answer=answer)

    def refuse(self, error: MilepostError) -> Answer:
        """The image, with the error's status and headers."""
        refusal = refuse(error)
        told = tuple(header for header in refusal.headers if header[0] != "content-type")
        return Answer(status=refusal.status, body=GIF, headers=(*_GIF_HEADERS, *told))


def _pixel_data(query: str) -> bytes:
    """The JSON in `data`: base64 or base64url, padded or not, its pluses perhaps read as blanks."""
    encoded = first_in_query(query, "data")
    standard = encoded.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (Base64Error, ValueError) as error:
        fault = Fault(path="query.data", reason="must be JSON in base64")
        raise InvalidInputError("The pixel's data cannot be read.", faults=(fault,)) from error


class WebhookDoor:
    """`POST /v1/webhook?writeKey=...[&eventName=...]`: what another system's webhook sends, as it is.

    An object, an array of 1 to 1000 objects, or a form, which becomes an object of texts. The event key is
    `eventName`, or `webhook`. The id of the delivery, as its sender names it, makes it a repeat (`deliveries.py`).
    """

    name = "webhook"

    def knock(self, request: Request, book: Book) -> KnownConnection:
        """See receive/door.py."""
        return connection_of(request, {}, book)

    def read(self, request: Request, book: Book) -> Reading:
        """See receive/door.py."""
        connection = connection_of(request, {}, book)
        with sent_by(connection):
            event_key = first_in_query(request.query, "eventName") or "webhook"
            if len(event_key) > LONGEST_VALUE:
                fault = Fault(path="query.eventName", reason=f"must have at most {LONGEST_VALUE} characters")
                raise InvalidInputError("The event's name is too long.", faults=(fault,))
            body, payloads = _webhook_array(request)
            keys = idempotency_keys(request.headers, payloads, connection.delivery_id)
        answer = for_browsers(Answer(status=200, body=b'{"success":true}'))
        return Reading(
            connection=connection,
            event_key=event_key,
            body=body,
            count=len(payloads),
            items=tuple(ItemMeta(event_key=event_key, idempotency_key=key) for key in keys),
            answer=lambda _request_id: answer,
        )

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)


def _webhook_array(request: Request) -> tuple[bytes, list[dict[str, Any]]]:
    """The payloads as a JSON array of objects, as bytes and read, or InvalidInputError."""
    body = body_of(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded" and not body.lstrip().startswith((b"{", b"[")):
        body = _form_as_json(body)
    document = strict_loads(body)
    payloads = document if isinstance(document, list) else [document]
    if not 1 <= len(payloads) <= MOST_EVENTS or set(map(type, payloads)) != {dict}:
        fault = Fault(path="", reason=f"is neither an object nor an array of 1 to {MOST_EVENTS} objects")
        raise InvalidInputError("This is no webhook's body.", faults=(fault,))
    return (body if isinstance(document, list) else b"[%b]" % body), payloads


def _form_as_json(body: bytes) -> bytes:
    """A name that is there several times has an array of its values."""
    if len(body) > LARGEST_FORM:
        raise BodyTooLargeError(
            f"A form may have {LARGEST_FORM} bytes, and this one has {len(body)}; JSON may have more."
        )
    try:
        text = body.decode()
    except ValueError as error:
        raise InvalidInputError("The form is not UTF-8.") from error
    values: dict[str, list[str]] = {}
    for name, value in fields_of(text, place="form"):
        values.setdefault(name, []).append(value)
    return orjson.dumps({name: given[0] if len(given) == 1 else given for name, given in values.items()})


def _key_in_path(request: Request) -> str:
    return [*filter(None, request.path.split("/"))][2]


class SettingsDoor:
    """`GET /v1/projects/<writeKey>/settings`: tells Segment's browser client to send its events back here."""

    name = "settings"

    def knock(self, request: Request, book: Book) -> KnownConnection:
        """See receive/door.py."""
        return opened_by(_key_in_path(request), request, book)

    def read(self, request: Request, book: Book) -> Answer:
        """200 with the settings, or UnauthenticatedError for an unknown key."""
        write_key = _key_in_path(request)
        opened_by(write_key, request, book)
        host = request.headers.get("host")
        if not host:
            fault = Fault(path="Host", reason="is required: it says where the settings are to point")
            raise InvalidInputError("The request has no Host header.", faults=(fault,))
        is_plain = request.scheme == "http" and request.headers.get("origin", "http:").startswith("http:")
        destination = {
            "apiKey": write_key,
            "apiHost": f"{host}/v1",
            "protocol": "http" if is_plain else "https",
        }
        body = orjson.dumps({"integrations": {"Segment.io": destination}, "plan": {}, "metrics": {"sampleRate": 0}})
        headers = (("content-type", "application/json"), ("cache-control", f"max-age={_SETTINGS_SECONDS}"))
        return for_browsers(Answer(status=200, body=body, headers=headers))

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)
