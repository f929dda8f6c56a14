"""What each kind of door takes and answers, as OpenAPI operations. A door without one is an error of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from milepost.receive.auth import TokenDoor
from milepost.receive.browser import Preflight
from milepost.receive.dialects.analytics import AnalyticsDoor
from milepost.receive.dialects.cloudevents import CloudEventsDoor
from milepost.receive.dialects.custom import CustomEventDoor
from milepost.receive.dialects.custom_metadata import FIELDS, HEADER
from milepost.receive.dialects.events import EventsDoor
from milepost.receive.dialects.segment import BatchDoor, CallDoor
from milepost.receive.dialects.segment_extras import PixelDoor, SettingsDoor, WebhookDoor
from milepost.receive.door import Door
from milepost.receive.openapi.schemas import Schema, ref
from milepost.receive.operations import HealthDoor, MetricsDoor, OpenApiDoor, ReadyDoor
from milepost.receive.script import ScriptDoor

Operation = dict[str, Any]

JSON = "application/json"
BEARER: Operation = {"bearer": []}
WRITE_KEY: tuple[Operation, ...] = ({"writeKeyAsUser": []}, {"writeKeyInQuery": []}, {})
"""The last one: the key may also stand in the body."""

_MEANING = {
    400: "The input breaks a rule; every fault is named with its path.",
    401: "The key, token or credentials are unknown, disabled, revoked or expired.",
    403: "A good key at the wrong door, or a page of an origin that the connection does not list.",
    408: "The body did not come in time.",
    413: "The body, or what its gzip expands to, is too large, or it holds too many calls.",
    415: "The content type is not one that this door reads.",
    429: "The connection is over its limit; nothing was kept.",
    503: "Nothing can be kept now, or the connection is over its limit; nothing was kept.",
}
_RETRY_AFTER: Operation = {
    "Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
_ALWAYS = (400, 408, 413, 503)
_KEEPING = (*_ALWAYS, 401, 403, 429)
_GIF: Schema = {"image/gif": {}}


def _operation(
    summary: str,
    answers: dict[int, Operation],
    *,
    refusals: Sequence[int],
    error: str | None = "Error",
    body: Operation | None = None,
    parameters: Sequence[Operation] = (),
    security: Sequence[Operation] = (),
) -> Operation:
    """`error` names the schema of refusals; None for the pixel, which answers its image."""
    content = {JSON: {"schema": ref(error)}} if error else _GIF
    responses = {str(status): answer for status, answer in answers.items()}
    for status in sorted(refusals):
        told = {"headers": _RETRY_AFTER} if status in (429, 503) else {}
        responses[str(status)] = _answer(_MEANING[status], content) | told
    operation: Operation = {"summary": summary, "responses": responses, "security": list(security)}
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _answer(description: str, content: Operation | None = None) -> Operation:
    return {"description": description} | ({"content": content} if content else {})


def _json(schema: Schema) -> Operation:
    return {JSON: {"schema": schema}}


_v1 = partial(_operation, error="V1Error")
_ACCEPTED = {202: _answer("On disk.", _json(ref("Accepted")))}
_SUCCESS = {200: _answer("On disk.", _json(ref("Success")))}


def _token() -> Operation:
    issued = {200: _answer("A token for a day.", {JSON: {"schema": ref("Token")}})}
    body = _json(ref("Credentials"))
    return _operation("Get an access token", issued, refusals=(*_ALWAYS, 401, 415), body=body)


def _events() -> Operation:
    refusals, body = (*_ALWAYS, 401, 403, 415), _json(ref("Events"))
    return _operation("Send events", _ACCEPTED, refusals=refusals, body=body, security=(BEARER,))


def _analytics() -> Operation:
    body = {**_json(ref("AnalyticsEvents")), "text/plain": {"schema": {"type": "string"}}}
    summary = "Send events from a page; beacons declare their JSON as text"
    return _operation(summary, _ACCEPTED, refusals=(*_ALWAYS, 401, 403, 415), body=body)


def _custom() -> Operation:
    parameters: list[Operation] = [
        {
            "name": HEADER,
            "in": "header",
            "description": "Metadata as a JSON object in ASCII; with it, the query string is not read.",
            "content": {JSON: {"schema": ref("Metadata")}},
        }
    ]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string", "minLength": 1}} for name in FIELDS]
    created = {201: _answer("On disk, with its metadata.", {JSON: {"schema": ref("Created")}})}
    body = _json(ref("CustomEvent"))
    return _v1("Send a custom event", created, refusals=(*_KEEPING, 415), body=body, parameters=parameters)


def _call(kind: str) -> Operation:
    body = _json(ref("Track" if kind == "track" else "Call"))
    return _v1(f"Send a {kind} call", _SUCCESS, refusals=_KEEPING, body=body, security=WRITE_KEY)


def _batch() -> Operation:
    partly = {207: _answer("Kept in part; one error per fault.", {JSON: {"schema": ref("BatchErrors")}})}
    body = _json(ref("Batch"))
    return _operation(
        "Send calls", _SUCCESS | partly, refusals=_KEEPING, error="BatchErrors", body=body, security=WRITE_KEY
    )


def _webhook() -> Operation:
    body = {**_json(ref("Webhook")), "application/x-www-form-urlencoded": {"schema": {"type": "object"}}}
    name = {"name": "eventName", "in": "query", "schema": {"type": "string"}}
    summary = "Send what another system's webhook sends"
    return _v1(summary, _SUCCESS, refusals=_KEEPING, body=body, security=WRITE_KEY[:2], parameters=[name])


def _pixel(kind: str) -> Operation:
    data = {"name": "data", "in": "query", "required": True, "schema": {"type": "string"}}
    data["description"] = "A call as JSON in base64, its writeKey included."
    answers = {200: _answer("On disk.", _GIF)}
    return _operation(f"Send a {kind} call with an image", answers, refusals=_KEEPING, error=None, parameters=[data])


def _cloudevents() -> Operation:
    event = {"schema": ref("CloudEvent")}
    body = {
        "application/cloudevents+json": event,
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": ref("CloudEvent")}},
        JSON: {"schema": {}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    }
    headers = [
        {
            "name": f"ce-{name}",
            "in": "header",
            "schema": {"type": "string"},
            "description": "Of binary mode, where the body is the event's data.",
        }
        for name in ("specversion", "id", "source", "type", "time")
    ]
    refusals = (*_KEEPING, 415)
    return _v1("Send CloudEvents", _SUCCESS, refusals=refusals, body=body, parameters=headers, security=WRITE_KEY)


def _settings() -> Operation:
    answers = {200: _answer("Where to send events.", _json(ref("SegmentSettings")))}
    return _v1("What Segment's browser client reads first", answers, refusals=(*_ALWAYS, 401, 403))


def _ready() -> Operation:
    readiness = _json(ref("Readiness"))
    operation = _operation("Ready", {200: _answer("Accepts and processes events.", readiness)}, refusals=_ALWAYS)
    operation["responses"]["503"] = _answer("Not now; the reasons.", readiness) | {"headers": _RETRY_AFTER}
    return operation


def _script() -> Operation:
    answers = {200: _answer("JavaScript.", {"text/javascript": {}}), 304: _answer("The browser has it.")}
    return _operation("The tracking script", answers, refusals=_ALWAYS)


def _beside_events(summary: str, status: int, content: Operation | None = None) -> Operation:
    return _operation(summary, {status: _answer("As asked.", content)}, refusals=_ALWAYS)


_DESCRIBED: dict[type, Callable[[Any], Operation]] = {
    TokenDoor: lambda _: _token(),
    EventsDoor: lambda _: _events(),
    AnalyticsDoor: lambda _: _analytics(),
    CustomEventDoor: lambda _: _custom(),
    CallDoor: lambda door: _call(door.name),
    BatchDoor: lambda _: _batch(),
    WebhookDoor: lambda _: _webhook(),
    PixelDoor: lambda door: _pixel(door.kind),
    SettingsDoor: lambda _: _settings(),
    CloudEventsDoor: lambda _: _cloudevents(),
    ScriptDoor: lambda _: _script(),
    HealthDoor: lambda _: _beside_events("Alive", 200, _json(ref("Alive"))),
    ReadyDoor: lambda _: _ready(),
    MetricsDoor: lambda _: _beside_events("Metrics for Prometheus", 200, {"text/plain": {}}),
    OpenApiDoor: lambda _: _beside_events("The description of the doors", 200, {JSON: {}}),
    Preflight: lambda _: _beside_events("Before a request of another origin", 204),
}


def describe(door: Door) -> Operation:
    """The operation of a door; KeyError for a kind of door that nobody has described."""
    return _DESCRIBED[type(door)](door)
