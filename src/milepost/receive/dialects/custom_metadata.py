"""The metadata of a custom event: found in body, header or query, merged, templated and checked (seed 003).

Takes what was given; gives Metadata; refuses with each field, the place it was found in, and its expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson

from milepost.domain.errors import Fault, InvalidInputError
from milepost.kit.ids import uuid4_text
from milepost.kit.jsonio import strict_loads
from milepost.receive.dialects.metarouter import BAD_WRITE_KEY, LONGEST_VALUE
from milepost.receive.door import Request
from milepost.receive.query import fields_of
from milepost.receive.template import Run, TooCostlyError, compile_template, read_event
from milepost.receive.timestamps import parse_instant, to_seconds_text

FIELDS = ("eventID", "eventName", "writeKey", "timestamp", "anonymousID", "userID", "ip")
"""The fields of seed 003's table, in the order of its answers."""

BODY_KEYS = ("_metarouter", "_mrSchema")
"""Where a body holds its metadata; the second is read only where the first is not there (FACTS)."""

LARGEST_TEMPLATED = 256 * 1024
"""An event that expressions look into is read once more, number by number, at twenty times the cost."""

PLAIN = "templates"
"""`"templates": false` beside the fields says that braces in them are text; for programs that fill in any value."""

HEADER = "X-Event-Metadata"

_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class PlainText(str):
    """A field's value that is no template, whatever it has in it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Metadata as sent: each field's value with the place that a refusal names, and members outside the table.

    A field of null is one that was not given.
    """

    values: Mapping[str, tuple[object, str]] = field(default_factory=dict)
    extras: Mapping[str, bytes] = field(default_factory=dict)

    def over(self, other: Given) -> Given:
        """Both, with these values in place of the other's (seed 003, "Metadata Precedence")."""
        return Given(values={**other.values, **self.values}, extras={**other.extras, **self.extras})


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Metadata in force: `values` without the ip, in the order of FIELDS; the last two where the sender gave them."""

    values: Mapping[str, str]
    ip: str
    extras: Mapping[str, bytes]
    timestamp_ms: int | None
    own_event_id: str | None

    def written(self) -> tuple[bytes, bytes]:
        """The object that the sender gets to see, without the ip (FACTS), and that of the final event."""
        values, extras = orjson.dumps(self.values)[:-1], self._extras()
        return b"%b%b}" % (values, extras), b'%b,"ip":%b%b}' % (values, orjson.dumps(self.ip), extras)

    def _extras(self) -> bytes:
        if not self.extras:
            return b""
        return b"".join(b",%b:%b" % (orjson.dumps(name), value) for name, value in self.extras.items())


def from_body(document: dict[str, Any], members: Mapping[str, msgspec.Raw]) -> Given:
    """The metadata object of a body, if it has one."""
    for key in BODY_KEYS:
        if document.get(key) is not None:
            return _from_object(document[key], members[key], key)
    return Given()


def from_header_or_query(request: Request) -> Given:
    """The header's metadata, or the query's if there is no such header: never both (seed 003)."""
    header = request.headers.get(HEADER.lower())
    if header is not None and not header.isascii():  # its bytes may have meant UTF-8 or Latin-1
        fault = Fault(path=HEADER, reason="must be ASCII; write other characters as \\uXXXX")
        raise InvalidInputError(f"{HEADER} cannot be read.", faults=(fault,))
    if header is None or not header.strip():
        return _from_query(request.query)
    text = header.encode()
    try:
        document = strict_loads(text, subject=f"The header {HEADER}")
    except InvalidInputError as error:
        fault = Fault(path=HEADER, reason=error.message)
        raise InvalidInputError(f"{HEADER} cannot be read.", faults=(fault,)) from error
    return _from_query(request.query) if document is None else _from_object(document, text, HEADER)


def _from_object(value: object, text: msgspec.Raw | bytes, place: str) -> Given:
    if not isinstance(value, dict):
        raise InvalidInputError(f"{place} must be an object.", faults=(Fault(path=place, reason="must be an object"),))
    values = {name: (value[name], f"{place}.{name}") for name in FIELDS if value.get(name) is not None}
    if len(values) == len(value):
        return Given(values=values)
    extras = {name: bytes(raw) for name, raw in _read_members(text).items() if name not in FIELDS}
    if value.get(PLAIN) is False:
        del extras[PLAIN]
        values = _plain(values)
    return Given(values=values, extras=extras)


def _plain(values: Mapping[str, tuple[object, str]]) -> dict[str, tuple[object, str]]:
    return {
        name: (PlainText(value) if isinstance(value, str) else value, place) for name, (value, place) in values.items()
    }


def _from_query(query: str) -> Given:
    if not query:
        return Given()
    values: dict[str, tuple[object, str]] = {}
    is_plain = False
    for name, value in fields_of(query, place="query"):
        if name in values:
            fault = Fault(path=f"query.{name}", reason="is there twice")
            raise InvalidInputError("The query string gives a field more than once.", faults=(fault,))
        if name in FIELDS:
            values[name] = (value, f"query.{name}")
        is_plain |= name == PLAIN and value == "false"
    return Given(values=_plain(values) if is_plain else values)


class Resolver:
    """Turns given fields into text against one event; all fields share one budget of template steps."""

    def __init__(self, given: Given, body: bytes) -> None:
        self._given = given
        self._body = body
        self._event: dict[str, Any] | None = None
        self._run = Run()
        self._faults: list[Fault] = []

    def write_key(self) -> str:
        """The writeKey, first of all: it says who may be told the rest."""
        key = self._required("writeKey")
        if self._faults or key is None:
            raise InvalidInputError(BAD_WRITE_KEY, faults=tuple(self._faults))
        return key

    def metadata(self, write_key: str, client_ip: str, received_at_ms: int) -> Metadata:
        """All fields, those that seed 003 generates included; InvalidInputError names every fault."""
        event_id, name, timestamp = self._optional("eventID"), self._required("eventName"), self._optional("timestamp")
        others = {field: self._optional(field) for field in FIELDS[4:] if field in self._given.values}
        timestamp_ms = parse_instant(timestamp) if timestamp else None
        if timestamp and timestamp_ms is None:
            reason = f"{timestamp[:100]} is not an ISO 8601 date and time, from 1900 to 2299"
            self._faults.append(Fault(path=self._given.values["timestamp"][1], reason=reason))
        if self._faults or name is None:
            paths = ", ".join(fault.path for fault in self._faults)
            raise InvalidInputError(f"Invalid event metadata: {paths}", faults=tuple(self._faults))
        values = {
            "eventID": event_id or uuid4_text(),
            "eventName": name,
            "writeKey": write_key,
            "timestamp": timestamp or to_seconds_text(received_at_ms),
        }
        values.update((field, value) for field, value in others.items() if value is not None)
        ip = values.pop("ip", client_ip)
        return Metadata(
            values=values,
            ip=ip,
            extras=self._given.extras,
            timestamp_ms=timestamp_ms,
            own_event_id=event_id if event_id and event_id.strip() else None,
        )

    def place_of(self, name: str) -> str:
        """Where the field was given, as a refusal names it."""
        return self._given.values.get(name, ("", name))[1]

    def _required(self, name: str) -> str | None:
        if name not in self._given.values:
            where = f"is required: in _metarouter, in {HEADER} or in the query string"
            self._faults.append(Fault(path=name, reason=where))
            return None
        text = self._optional(name)
        value, place = self._given.values[name]
        if text is None and not any(fault.path == place for fault in self._faults):
            self._faults.append(Fault(path=place, reason=f"{value} finds nothing in the event"))
        return text

    def _optional(self, name: str) -> str | None:
        """The field's text; None where it is absent, resolves to nothing, or has a fault."""
        if name not in self._given.values:
            return None
        value, place = self._given.values[name]
        try:
            return self._text(value)
        except InvalidInputError as error:
            self._faults.append(Fault(path=place, reason=error.message))
            return None

    def _text(self, value: object) -> str | None:
        if not isinstance(value, str) or not value:
            raise InvalidInputError("must be a non-empty string")
        if "{" not in value or isinstance(value, PlainText):
            if len(value) > LONGEST_VALUE:
                raise InvalidInputError(f"must have at most {LONGEST_VALUE} characters")
            return str(value)
        try:
            return compile_template(value).render(self._event_without_metadata(), self._run)
        except InvalidInputError as error:
            raise InvalidInputError(f"{value[:200]}: {error.message}") from error

    def _event_without_metadata(self) -> dict[str, Any]:
        """FACTS: else `{ ..eventName }` would find itself."""
        if len(self._body) > LARGEST_TEMPLATED:
            raise TooCostlyError(
                f"expressions look into events of at most {LARGEST_TEMPLATED} bytes; this one has {len(self._body)}"
            )
        if self._event is None:
            event = read_event(self._body)
            self._event = {name: value for name, value in event.items() if name not in BODY_KEYS}
        return self._event
