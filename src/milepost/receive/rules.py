"""The rules of seed 000's event bodies, as pure functions: a parsed body in, every fault named, or what it says.

Takes the bytes of `{eventKey, data[1..1000], smartKeys?}`; gives an EventsBody; refuses with all faults and paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any

import msgspec

from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.event import SmartKey
from milepost.domain.event_date import EARLIEST_MS, LATEST_MS, other_unit
from milepost.kit.jsonio import strict_loads

MOST_EVENTS = 1000
MOST_SMART_KEYS = 100
"""Each is looked for in each event."""

MOST_FAULTS = 20
LONGEST_EVENT_KEY = 256
LONGEST_IDEMPOTENCY_KEY = 512


class EventsBody(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A body that keeps every rule. `data` is the JSON array of payloads, each byte as sent."""

    event_key: str
    data: bytes
    count: int
    smart_keys: tuple[SmartKey, ...]
    document: dict[str, Any]


class _DataOnly(msgspec.Struct):
    data: msgspec.Raw


_data_only = msgspec.json.Decoder(_DataOnly)


def check_events_body(body: bytes) -> EventsBody:
    """Read and check a seed-000 body (field table, lines 152-206); InvalidInputError names up to 20 faults."""
    document = strict_loads(body)
    faults = list(islice(body_faults(document), MOST_FAULTS))
    if faults:
        raise InvalidInputError(_summary(faults), faults=tuple(faults))
    smart_keys = document.get("smartKeys")
    return EventsBody(
        event_key=document["eventKey"],
        data=bytes(_data_only.decode(body).data),
        count=len(document["data"]),
        smart_keys=tuple(_smart_key(key) for key in smart_keys) if smart_keys else (),
        document=document,
    )


def _smart_key(key: dict[str, str]) -> SmartKey:
    return SmartKey(name=key["name"], alternate_id=key["alternateId"], field=key["field"])


def event_key_fault(value: object) -> str | None:
    """Why this is no eventKey of seed 000 (line 158), or None."""
    if not isinstance(value, str) or not value:
        return "must be a non-empty string"
    if len(value) > LONGEST_EVENT_KEY:
        return f"must have at most {LONGEST_EVENT_KEY} characters"
    if value.startswith("$"):
        return "must not begin with a dollar sign ($), which is reserved"
    if ":" in value or "." in value:
        return "must not contain a colon (:) or a period (.), which are reserved"
    return None


def body_faults(document: object) -> Iterator[Fault]:
    """Every fault of a parsed body, in the order of the document. A null says what a missing member says."""
    if not isinstance(document, dict):
        yield Fault(path="", reason="the body must be a JSON object with eventKey and data")
        return
    reason = event_key_fault(document.get("eventKey"))
    if reason:
        yield Fault(path="eventKey", reason=reason)
    yield from data_faults(document.get("data"))
    if document.get("smartKeys") is not None:
        yield from _smart_key_faults(document["smartKeys"])


def data_faults(data: object) -> Iterator[Fault]:
    """Every fault of the array of payloads."""
    if not isinstance(data, list):
        yield Fault(path="data", reason=f"must be an array of 1 to {MOST_EVENTS} objects")
        return
    if not 1 <= len(data) <= MOST_EVENTS:
        yield Fault(path="data", reason=f"must hold 1 to {MOST_EVENTS} events; this one holds {len(data)}")
        return
    if not _is_clean(data):
        for index, payload in enumerate(data):
            yield from _payload_faults(payload, f"data[{index}]")


def _is_clean(data: list[Any]) -> bool:
    """Whether no payload has a fault: the same rules as _payload_faults, in passes that run in C."""
    if set(map(type, data)) != {dict}:
        return False
    dates = _given(data, "eventDate")
    if dates and (set(map(type, dates)) != {int} or min(dates) < EARLIEST_MS or max(dates) > LATEST_MS):
        return False
    keys = _given(data, "idempotencyKey")
    if not keys:
        return True
    return (
        set(map(type, keys)) == {str} and all(map(str.strip, keys)) and max(map(len, keys)) <= LONGEST_IDEMPOTENCY_KEY
    )


def _given(data: list[Any], name: str) -> list[Any]:
    """The member of every payload that has it."""
    values = list(map(dict.get, data, repeat(name)))
    return [value for value in values if value is not None] if None in values else values


def _payload_faults(payload: object, path: str) -> Iterator[Fault]:
    if not isinstance(payload, dict):
        yield Fault(path=path, reason="must be an object")
        return
    if (date := payload.get("eventDate")) is not None:
        if type(date) is not int:
            yield Fault(
                path=f"{path}.eventDate",
                reason="must be an integer, Unix milliseconds; leave it out to use the current time",
            )
        elif not EARLIEST_MS <= date <= LATEST_MS:
            unit = other_unit(date)
            hint = f"; this one may be in {unit}" if unit else ""
            yield Fault(
                path=f"{path}.eventDate", reason=f"must lie in the years 1900 to 2299, in Unix milliseconds{hint}"
            )
    if (key := payload.get("idempotencyKey")) is not None:
        if not isinstance(key, str) or not key.strip():
            reason = "must be a non-empty string, and not blank: events without one must not share it"
            yield Fault(path=f"{path}.idempotencyKey", reason=reason)
        elif len(key) > LONGEST_IDEMPOTENCY_KEY:
            yield Fault(path=f"{path}.idempotencyKey", reason=f"must have at most {LONGEST_IDEMPOTENCY_KEY} characters")


def _smart_key_faults(value: object) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path="smartKeys", reason="must be an array of {name, alternateId, field}")
        return
    if len(value) > MOST_SMART_KEYS:
        yield Fault(path="smartKeys", reason=f"must hold at most {MOST_SMART_KEYS}; this one holds {len(value)}")
        return
    for index, key in enumerate(value):
        for member in ("name", "alternateId", "field"):
            if not isinstance(key, dict) or not isinstance(key.get(member), str) or not key[member]:
                yield Fault(path=f"smartKeys[{index}].{member}", reason="must be a non-empty string")


def _summary(faults: list[Fault]) -> str:
    first = faults[0]
    where = f"{first.path}: " if first.path else ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{where}{first.reason}{more}"
