"""CloudEvents 1.0 over HTTP on `POST /v1/cloudevents`: binary, structured and batched mode; answers 200 {success}.

The event key is the event's `type`, its date is `time`, and `source` with `id` makes it a repeat. Stored is the
event in the JSON format; a batch is kept whole or not at all, since its senders know no answer in between.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import unquote

import msgspec
import orjson

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import Fault, InvalidInputError, MilepostError
from milepost.domain.event import ItemMeta
from milepost.kit.jsonio import strict_loads
from milepost.receive.browser import for_browsers
from milepost.receive.dialects.metarouter import LONGEST_VALUE, connection_of, opened_outside_body, refuse
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.doubtful_dates import require_certain
from milepost.receive.refusals import UnsupportedMediaTypeError, sent_by
from milepost.receive.rules import MOST_EVENTS, MOST_FAULTS
from milepost.receive.timestamps import parse_instant

_STRUCTURED = "application/cloudevents+json"
_BATCHED = "application/cloudevents-batch+json"
_read_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SUCCESS = for_browsers(Answer(status=200, body=b'{"success":true}'))


class CloudEventsDoor:
    """See the module. The writeKey stands as for the Segment wire, or in the extension attribute `writekey`."""

    name = "cloudevents"

    def knock(self, request: Request, book: Book) -> KnownConnection | None:
        """See receive/door.py. The attributes of binary mode are headers, so that its key is one too."""
        known = opened_outside_body(request, book)
        with sent_by(known):
            media_type = _media_type(request)
            if media_type.startswith("application/cloudevents"):
                if media_type not in (_STRUCTURED, _BATCHED):
                    raise UnsupportedMediaTypeError(
                        f"CloudEvents are taken as {_STRUCTURED} or {_BATCHED}, or in binary mode."
                    )
                return known
            return _sender(request, _attributes(request.headers), book)

    def read(self, request: Request, book: Book) -> Reading | Answer:
        """See receive/door.py."""
        with sent_by(self.knock(request, book)):
            return self._read(request, book)

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)

    def _read(self, request: Request, book: Book) -> Reading | Answer:
        media_type = _media_type(request)
        if media_type == _BATCHED:
            return _read_batch(request, book)
        if media_type == _STRUCTURED:
            payload, event = request.body, strict_loads(request.body)
        else:
            event = _attributes(request.headers)
            payload = b"%b%b}" % (orjson.dumps(event)[:-1], _binary_data(request, media_type))
        connection = _sender(request, event, book)
        with sent_by(connection):
            return _reading(connection, [(event, payload)], ("",), request.received_at_ms)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _read_batch(request: Request, book: Book) -> Reading | Answer:
    """A batch may be empty; then there is nothing to keep."""
    events = strict_loads(request.body)
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        fault = Fault(path="", reason=f"must be an array of at most {MOST_EVENTS} events")
        raise InvalidInputError("This is no batch of CloudEvents.", faults=(fault,))
    connection = _sender(request, events[0] if events else None, book)
    with sent_by(connection):
        payloads = [bytes(raw) for raw in _read_list(request.body)]
        paths = tuple(f"[{index}]" for index in range(len(events)))
        pairs = list(zip(events, payloads, strict=True))
        return _reading(connection, pairs, paths, request.received_at_ms) if events else _SUCCESS


def _sender(request: Request, event: object, book: Book) -> KnownConnection:
    key = event.get("writekey") if isinstance(event, dict) else None
    return connection_of(request, {"writeKey": key}, book)


def _reading(
    connection: KnownConnection, events: list[tuple[Any, bytes]], paths: tuple[str, ...], received_at_ms: int
) -> Reading:
    faults = (fault for (event, _), path in zip(events, paths, strict=True) for fault in _faults(event, path))
    if first := tuple(islice(faults, MOST_FAULTS)):
        raise InvalidInputError("This is no valid CloudEvent.", faults=first)
    items = tuple(_meta(event) for event, _ in events)
    dates = ((f"{path}.time".lstrip("."), item.event_date_ms) for item, path in zip(items, paths, strict=True))
    require_certain(connection, dates, received_at_ms, "The time of a CloudEvent is not plausible.")
    return Reading(
        connection=connection,
        event_key=items[0].event_key,
        body=b"[%b]" % b",".join(payload for _, payload in events),
        count=len(items),
        items=items,
        answer=lambda _request_id: _SUCCESS,
    )


def _meta(event: dict[str, Any]) -> ItemMeta:
    time = event.get("time")
    return ItemMeta(
        event_key=event["type"],
        event_date_ms=None if time is None else parse_instant(time),
        idempotency_key=orjson.dumps([event["source"], event["id"]]).decode(),
    )


def _faults(event: object, path: str) -> Iterator[Fault]:
    """What CloudEvents 1.0 refuses in an event of the JSON format, as far as we look into it."""
    if not isinstance(event, dict):
        yield Fault(path=path, reason="must be an object")
        return
    dot = f"{path}." if path else ""
    for name in ("id", "source", "type"):
        value = event.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_VALUE:
            yield Fault(path=dot + name, reason=f"must be a string of 1 to {LONGEST_VALUE} characters")
    if event.get("specversion") != "1.0":
        yield Fault(path=f"{dot}specversion", reason='must be "1.0"')
    time = event.get("time")
    if time is not None and (not isinstance(time, str) or parse_instant(time) is None):
        yield Fault(path=f"{dot}time", reason="must be an RFC 3339 date and time, from 1900 to 2299")
    if event.get("data_base64") is not None:
        if event.get("data") is not None:
            yield Fault(path=f"{dot}data_base64", reason="must not stand beside data")
        elif not _is_base64(event["data_base64"]):
            yield Fault(path=f"{dot}data_base64", reason="must be base64")


def _is_base64(value: object) -> bool:
    try:
        return isinstance(value, str) and b64decode(value, validate=True) is not None
    except (Base64Error, ValueError):
        return False


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """The attributes in the headers of binary mode (HTTP binding, section 3.1.3)."""
    attributes: dict[str, str] = {}
    for header in headers.keys():  # noqa: SIM118  # the HTTP layer's mapping has no iteration of its own
        name = header.removeprefix("ce-")
        if name != header and name.isalnum() and name != "data":
            attributes[name] = _attribute(header, name, headers.get(header))
    if content_type := headers.get("content-type"):
        attributes["datacontenttype"] = content_type
    return attributes


def _attribute(header: str, name: str, value: str | None) -> str:
    """A header's value, which may be in double quotes; other characters than ASCII may stand as they are (the SDKs for
    Go and JavaScript write them so), or percent-encoded.
    """
    if value is not None:
        if quoted := _QUOTED.fullmatch(value):
            value = re.sub(r"\\(.)", r"\1", quoted[1])
        with suppress(UnicodeDecodeError):
            return unquote(value, errors="strict")
    fault = Fault(path=name, reason="must be UTF-8, as it is or percent-encoded")
    raise InvalidInputError(f"The header {header} cannot be read.", faults=(fault,))


def _binary_data(request: Request, media_type: str) -> bytes:
    """The body as the member of the JSON format that holds such data; nothing for an empty body."""
    body = request.body
    if not body:
        return b""
    if media_type in ("", "application/json", "text/json") or media_type.endswith("+json"):
        strict_loads(body, path="data")
        return b',"data":%b' % body
    if media_type.startswith("text/"):
        try:
            return b',"data":%b' % orjson.dumps(body.decode())
        except UnicodeDecodeError:
            pass
    return b',"data_base64":"%b"' % b64encode(body)
