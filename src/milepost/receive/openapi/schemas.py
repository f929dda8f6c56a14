"""The bodies of the front doors as JSON Schemas, with the bounds that the doors themselves check."""

from __future__ import annotations

from typing import Any

from milepost.domain.event_date import EARLIEST_MS, LATEST_MS
from milepost.receive.dialects.metarouter import LONGEST_VALUE
from milepost.receive.dialects.segment import MOST_CALLS
from milepost.receive.dialects.segment_calls import EVENT_KEYS
from milepost.receive.rules import (
    LONGEST_EVENT_KEY,
    LONGEST_IDEMPOTENCY_KEY,
    MOST_EVENTS,
)

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A component of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: dict[str, Schema], *, required: tuple[str, ...] = (), description: str = "") -> Schema:
    """An object that may have other members too."""
    whole: Schema = {"type": "object", "properties": properties}
    if required:
        whole["required"] = list(required)
    return whole | ({"description": description} if description else {})


def _exactly(properties: dict[str, Schema], *, description: str = "") -> Schema:
    """An object with these members and no others."""
    return _object(properties, required=tuple(properties), description=description) | {"additionalProperties": False}


def _text(description: str = "", **more: Any) -> Schema:
    return {"type": "string", **({"description": description} if description else {}), **more}


_NON_EMPTY: Schema = {"type": "string", "minLength": 1}
_VALUE: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE}
_NULL: Schema = {"type": "null"}
_EVENT_KEY = _text(
    "What kind of event it is; no colon, no period, no dollar sign in front.",
    minLength=1,
    maxLength=LONGEST_EVENT_KEY,
    pattern="^[^$:.][^:.]*$",
)
_PAYLOADS: Schema = {"type": "array", "minItems": 1, "maxItems": MOST_EVENTS, "items": ref("Payload")}
_FIELD = _text("Text, or a template that takes it from the event, such as `{ ..productCategory }`.", minLength=1)
_TIME = _text("ISO 8601, from 1900 to 2299; a time without an offset is UTC.")
_MEMBERS: Schema = {"type": "object"}

_SEED_000: dict[str, Schema] = {
    "Credentials": _object({"clientId": _NON_EMPTY, "clientSecret": _NON_EMPTY}, required=("clientId", "clientSecret")),
    "Token": _exactly(
        {
            "accessToken": _text(),
            "scope": _text(),
            "expiresIn": {"type": "integer", "description": "Seconds."},
            "tokenType": {"const": "Bearer"},
        }
    ),
    "Payload": _object(
        {
            "eventDate": {
                "type": "integer",
                "minimum": EARLIEST_MS,
                "maximum": LATEST_MS,
                "description": "When it happened, in Unix milliseconds; now, unless given.",
            },
            "idempotencyKey": _text(
                "An event with a key that came before is recorded and not processed again.",
                minLength=1,
                maxLength=LONGEST_IDEMPOTENCY_KEY,
            ),
        },
        description="An event: any members.",
    ),
    "SmartKey": _object(
        {"name": _NON_EMPTY, "alternateId": _NON_EMPTY, "field": _NON_EMPTY},
        required=("name", "alternateId", "field"),
        description="The payload's member `field` is the company's key in the key space `alternateId`.",
    ),
    "Events": _object(
        {
            "eventKey": _EVENT_KEY,
            "data": _PAYLOADS,
            "smartKeys": {"anyOf": [{"type": "array", "items": ref("SmartKey")}, _NULL]},
        },
        required=("eventKey", "data"),
    ),
    "AnalyticsEvents": _object(
        {
            "connectionId": _text("The Analytics Key.", minLength=1),
            "eventKey": _EVENT_KEY,
            "data": _PAYLOADS,
            "sentAt": {
                "type": ["number", "null"],
                "description": "The browser's clock at sending, in Unix milliseconds; dates are corrected by it.",
            },
        },
        required=("connectionId", "eventKey", "data"),
    ),
    "Accepted": _exactly({"requestId": _text(format="uuid")}, description="On disk; it is processed now."),
    "Error": _exactly(
        {
            "error": _text("Stable, for programs."),
            "message": _text("For people."),
            "faults": {"type": "array", "items": _exactly({"path": _text(), "reason": _text()})},
        }
    ),
}

_SEED_003: dict[str, Schema] = {
    "Metadata": _object(
        dict.fromkeys(("writeKey", "eventName", "eventID", "timestamp", "anonymousID", "userID", "ip"), _FIELD),
        description="Its fields may also stand in X-Event-Metadata or in the query string.",
    ),
    "CustomEvent": _object(
        {"_metarouter": ref("Metadata"), "_mrSchema": ref("Metadata")},
        description="Any event; `_mrSchema` is read where there is no `_metarouter`.",
    ),
    "Created": _exactly(
        {
            "event": _object(
                {
                    "_metarouter": _object(
                        dict.fromkeys(("eventID", "eventName", "writeKey", "timestamp"), _NON_EMPTY),
                        required=("eventID", "eventName", "writeKey", "timestamp"),
                    )
                },
                required=("_metarouter",),
            ),
            "success": {"const": True},
        }
    ),
    "V1Error": _exactly({"Error": _text(), "Message": _text(), "Details": _text("One `path: reason` per fault.")}),
}

_CALL: dict[str, Schema] = {
    "writeKey": _text("Needed where the key is neither in Basic auth nor in the query string."),
    "messageId": {"anyOf": [_VALUE, _NULL], "description": "A call with an id that came before is a repeat."},
    "timestamp": {"anyOf": [_TIME, _NULL]},
    "originalTimestamp": {"anyOf": [_TIME, _NULL]},
    "sentAt": {"description": "The sender's clock; times are corrected by it."},
    "context": _MEMBERS,
}

_SEGMENT: dict[str, Schema] = {
    "Call": _object(_CALL),
    "Track": _object({**_CALL, "event": _VALUE}, required=("event",)),
    "Batch": _object(
        {
            "writeKey": _CALL["writeKey"],
            "batch": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_CALLS,
                "items": _object({**_CALL, "type": {"enum": list(EVENT_KEYS)}}, required=("type",)),
            },
            "context": _MEMBERS,
            "sentAt": _CALL["sentAt"],
        },
        required=("batch",),
        description="What stands beside the calls is put into each that has none of its own.",
    ),
    "Success": _exactly({"success": {"const": True}}),
    "BatchErrors": _exactly({"Success": {"const": False}, "Errors": {"type": "array", "items": ref("V1Error")}}),
    "Webhook": {
        "oneOf": [_MEMBERS, {"type": "array", "minItems": 1, "maxItems": MOST_EVENTS, "items": _MEMBERS}],
        "description": "Whatever the other system sends.",
    },
    "SegmentSettings": _object(
        {"integrations": _object({"Segment.io": _object({"apiHost": _text(), "protocol": _text()})})},
        required=("integrations",),
    ),
    "CloudEvent": _object(
        {
            "specversion": {"const": "1.0"},
            "id": _VALUE,
            "source": _VALUE,
            "type": _VALUE,
            "time": {"anyOf": [_text(format="date-time"), _NULL]},
            "writekey": _text("Needed where the key is neither in Basic auth nor in the query string."),
        },
        required=("specversion", "id", "source", "type"),
    ),
}

_OPERATIONS: dict[str, Schema] = {
    "Readiness": _exactly(
        {
            "ready": {"type": "boolean"},
            "reasons": {"type": "array", "items": _text()},
            "lag_entries": {"anyOf": [{"type": "integer"}, _NULL]},
            "unjudged_companies": {"type": "integer"},
            "unjudged_metrics": {"type": "integer"},
            "plans_waiting": {"type": "integer"},
            "plans_behind_seconds": {"type": "number"},
        }
    ),
    "Alive": _exactly({"status": {"const": "alive"}}),
}

SCHEMAS: dict[str, Schema] = {**_SEED_000, **_SEED_003, **_SEGMENT, **_OPERATIONS}
"""The components of the document, by name."""
