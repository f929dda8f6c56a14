"""One call of the Segment wire as a pure rule: what it is named, when it happened, what makes it a repeat.

Takes a call as sent and what its batch says for all; gives a Call; refuses with every fault and its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import orjson

from milepost.domain.connection import DoubtfulDates, KnownConnection, TrackEventKey
from milepost.domain.errors import Fault
from milepost.domain.event import ItemMeta
from milepost.domain.event_date import dated
from milepost.receive.dialects.metarouter import LONGEST_VALUE
from milepost.receive.doubtful_dates import date_faults
from milepost.receive.timestamps import parse_instant

EVENT_KEYS = {
    "track": "track",
    "identify": "identify",
    "page": "page",
    "screen": "screenview",
    "group": "group",
    "alias": "alias",
}
"""The event key of each type of call, after the Segment connection of FACTS; a track's is its event, unless asked."""

_FOR_ALL = ("context", "integrations", "originalTimestamp", "timestamp", "sentAt")
"""Members of a batch that are put into each of its calls that has none of its own (FACTS)."""

_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Call(NamedTuple):
    """A valid call: its payload as it is stored, and what the door says of it."""

    payload: bytes
    meta: ItemMeta


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What holds for all calls of a request: when it came, how its connection wants tracks to be named, and what
    its batch says for all, each member as sent and with its value, and a context's own members as sent.
    """

    received_at_ms: int
    track_event_key: TrackEventKey
    doubtful_dates: DoubtfulDates = DoubtfulDates.FLAG
    members: Mapping[str, msgspec.Raw] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, msgspec.Raw] = field(default_factory=dict)


def shared_by(
    document: Mapping[str, Any],
    members: Mapping[str, msgspec.Raw],
    received_at_ms: int,
    connection: KnownConnection,
) -> Shared:
    """What a batch's root says for all; a null says nothing."""
    names = [name for name in _FOR_ALL if document.get(name) is not None]
    return Shared(
        received_at_ms=received_at_ms,
        track_event_key=connection.track_event_key,
        doubtful_dates=connection.doubtful_dates,
        members={name: members[name] for name in names},
        values={name: document[name] for name in names},
        context=_read_members(members["context"]) if isinstance(document.get("context"), dict) else {},
    )


def faults_of(call: object, kind: str | None, shared: Shared, path: str) -> Iterator[Fault]:
    """Every fault of a call whose type is `kind`, or says so itself where that is None."""
    if not isinstance(call, dict):
        yield Fault(path=path.rstrip("."), reason="must be an object")
        return
    kind = call.get("type") if kind is None else kind
    if not isinstance(kind, str) or kind not in EVENT_KEYS:
        yield Fault(path=f"{path}type", reason=f"must be one of {', '.join(EVENT_KEYS)}")
    if kind == "track":
        yield from _text_fault(call.get("event"), f"{path}event")
    if call.get("messageId") is not None:
        yield from _text_fault(call["messageId"], f"{path}messageId")
        if isinstance(call["messageId"], str) and call["messageId"].isspace():
            yield Fault(path=f"{path}messageId", reason="is blank: calls without one must not share it")
    for name in ("originalTimestamp", "timestamp"):
        value = _own_or_shared(call, shared, name)
        if value is not None and _instant(value) is None:
            yield Fault(path=f"{path}{name}", reason="must be an ISO 8601 date and time, from 1900 to 2299")
    if shared.doubtful_dates is DoubtfulDates.REFUSE:
        yield from _doubts(call, shared, path)


def read_call(call: dict[str, Any], raw: bytes, kind: str | None, shared: Shared) -> Call:
    """A call without faults, with its own time and the sender's clock; its messageId is idempotent."""
    kind = call["type"] if kind is None else kind
    is_named = shared.track_event_key is TrackEventKey.NAME
    return Call(
        payload=_with_shared(call, raw, kind, shared),
        meta=ItemMeta(
            event_key=call["event"] if kind == "track" and is_named else EVENT_KEYS[kind],
            event_date_ms=_own_time(call, shared)[1],
            idempotency_key=call.get("messageId"),
            sent_at_ms=_instant(_own_or_shared(call, shared, "sentAt")),
        ),
    )


def _text_fault(value: object, path: str) -> Iterator[Fault]:
    if not isinstance(value, str) or not value:
        yield Fault(path=path, reason="must be a non-empty string")
    elif len(value) > LONGEST_VALUE:
        yield Fault(path=path, reason=f"must have at most {LONGEST_VALUE} characters")


def _instant(value: object) -> int | None:
    return parse_instant(value) if isinstance(value, str) else None


def _doubts(call: Mapping[str, Any], shared: Shared, path: str) -> Iterator[Fault]:
    """What is implausible about the date that the call will have (domain/event_date.py)."""
    name, own_ms = _own_time(call, shared)
    if own_ms is not None:
        sent_at_ms = _instant(_own_or_shared(call, shared, "sentAt"))
        date = dated(own_ms, sent_at_ms, shared.received_at_ms)
        yield from date_faults(date, f"{path}{name}", f"{path}sentAt")


def _own_time(call: Mapping[str, Any], shared: Shared) -> tuple[str, int | None]:
    """The member that says when the call happened, and what it says; None where nothing does.

    The event's date is receivedAt - (sentAt - that time) (FACTS), as it is recorded (domain/event_date.py). The time is
    the call's `timestamp`, which RudderStack's clients let their callers set beside the `originalTimestamp` that they
    put in themselves; then the latter; then what the batch says for all.
    """
    places = (
        (call, "timestamp"),
        (call, "originalTimestamp"),
        (shared.values, "originalTimestamp"),
        (shared.values, "timestamp"),
    )
    times = ((name, _instant(place.get(name))) for place, name in places)
    return next(((name, time) for name, time in times if time is not None), ("timestamp", None))


def _own_or_shared(call: Mapping[str, Any], shared: Shared, name: str) -> object:
    own = call.get(name)
    return shared.values.get(name) if own is None else own


def _with_shared(call: dict[str, Any], raw: bytes, kind: str, shared: Shared) -> bytes:
    """The call with what it lacks: its type, and what its batch says for all; everything else as sent."""
    missing = {name: value for name, value in shared.members.items() if call.get(name) is None}
    has_both_contexts = isinstance(call.get("context"), dict) and isinstance(shared.values.get("context"), dict)
    if call.get("type") == kind and not missing and not has_both_contexts:
        return raw
    members = {**_read_members(raw), "type": msgspec.Raw(orjson.dumps(kind)), **missing}
    if has_both_contexts:
        merged = {**shared.context, **_read_members(members["context"])}
        members["context"] = msgspec.Raw(_encode(merged))
    return _encode(members)
