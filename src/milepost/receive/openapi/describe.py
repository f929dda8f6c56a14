"""What each kind of door takes and answers, as OpenAPI operations. A door without one is an error of ours."""

from __future__ import annotations

from collections.abc import Sequence
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
_BODY_REFUSALS = (400, 408, 413, 503)
_GIF: Schema = {"image/gif": {}}


def describe(door: Door) -> Operation:
    """The operation of a door; TypeError for a kind of door that nobody has described."""
    match door:
        case TokenDoor() | EventsDoor() | AnalyticsDoor():
            return _seed_000(door)
        case CustomEventDoor():
            return _custom()
        case CallDoor() | BatchDoor() | PixelDoor() | WebhookDoor() | SettingsDoor():
            return _segment(door)
        case CloudEventsDoor():
            return _cloudevents()
        case Preflight():
            return _operation("Before a request of another origin", {204: _answer("Allowed.")}, refusals=_BODY_REFUSALS)
        case _:
            return _for_operators(door)


def _seed_000(door: TokenDoor | EventsDoor | AnalyticsDoor) -> Operation:
    refusals = (*_BODY_REFUSALS, 401, 415)
    accepted = {202: _answer("On disk.", {JSON: {"schema": ref("Accepted")}})}
    match door:
        case TokenDoor():
            issued = {200: _answer("A token for a day.", {JSON: {"schema": ref("Token")}})}
            return _operation("Get an access token", issued, refusals=refusals, body=_json(ref("Credentials")))
        case EventsDoor():
            return _operation(
                "Send events", accepted, refusals=(*refusals, 403), body=_json(ref("Events")), security=(BEARER,)
            )
        case AnalyticsDoor():
            body = {JSON: {"schema": ref("AnalyticsEvents")}, "text/plain": {"schema": {"type": "string"}}}
            return _operation(
                "Send events from a page; beacons declare their JSON as text",
                accepted,
                refusals=(*refusals, 403),
                body=body,
            )


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
    refusals = (*_BODY_REFUSALS, 401, 403, 415, 429)
    return _operation(
        "Send a custom event",
        created,
        refusals=refusals,
        error="V1Error",
        body=_json(ref("CustomEvent")),
        parameters=parameters,
    )


def _segment(door: CallDoor | BatchDoor | PixelDoor | WebhookDoor | SettingsDoor) -> Operation:
    refusals = (*_BODY_REFUSALS, 401, 403, 429)
    success = {200: _answer("On disk.", {JSON: {"schema": ref("Success")}})}
    match door:
        case CallDoor():
            call = ref("Track" if door.name == "track" else "Call")
            return _operation(
                f"Send a {door.name} call",
                success,
                refusals=refusals,
                error="V1Error",
                body=_json(call),
                security=WRITE_KEY,
            )
        case BatchDoor():
            partly = {207: _answer("Kept in part; one error per fault.", {JSON: {"schema": ref("BatchErrors")}})}
            return _operation(
                "Send calls",
                success | partly,
                refusals=refusals,
                error="BatchErrors",
                body=_json(ref("Batch")),
                security=WRITE_KEY,
            )
        case WebhookDoor():
            form = {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}
            return _operation(
                "Send what another system's webhook sends",
                success,
                refusals=refusals,
                error="V1Error",
                body={**_json(ref("Webhook")), **form},
                security=WRITE_KEY[:2],
                parameters=[{"name": "eventName", "in": "query", "schema": {"type": "string"}}],
            )
        case PixelDoor():
            data = {"name": "data", "in": "query", "required": True, "schema": {"type": "string"}}
            data["description"] = "A call as JSON in base64, its writeKey included."
            return _operation(
                f"Send a {door.kind} call with an image",
                {200: _answer("On disk.", _GIF)},
                refusals=refusals,
                error=None,
                parameters=[data],
            )
        case SettingsDoor():
            settings = {200: _answer("Where to send events.", {JSON: {"schema": ref("SegmentSettings")}})}
            return _operation(
                "What Segment's browser client reads first",
                settings,
                refusals=(*_BODY_REFUSALS, 401, 403),
                error="V1Error",
            )


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
    success = {200: _answer("On disk.", {JSON: {"schema": ref("Success")}})}
    refusals = (*_BODY_REFUSALS, 401, 403, 415, 429)
    return _operation(
        "Send CloudEvents",
        success,
        refusals=refusals,
        error="V1Error",
        body=body,
        parameters=headers,
        security=WRITE_KEY,
    )


def _for_operators(door: Door) -> Operation:
    match door:
        case HealthDoor():
            answers = {200: _answer("This process answers.", {JSON: {"schema": ref("Alive")}})}
            return _operation("Alive", answers, refusals=_BODY_REFUSALS)
        case ReadyDoor():
            ready = {JSON: {"schema": ref("Readiness")}}
            answers = {200: _answer("Accepts and processes events.", ready)}
            operation = _operation("Ready", answers, refusals=_BODY_REFUSALS)
            operation["responses"]["503"] = _answer("Not now; the reasons.", ready) | {"headers": _RETRY_AFTER}
            return operation
        case MetricsDoor():
            return _operation(
                "Metrics for Prometheus", {200: _answer("Text.", {"text/plain": {}})}, refusals=_BODY_REFUSALS
            )
        case OpenApiDoor():
            answers = {200: _answer("OpenAPI.", {JSON: {}})}
            return _operation("The description of the doors", answers, refusals=_BODY_REFUSALS)
        case ScriptDoor():
            answers = {200: _answer("JavaScript.", {"text/javascript": {}}), 304: _answer("The browser has it.")}
            return _operation("The tracking script", answers, refusals=_BODY_REFUSALS)
    raise TypeError(f"{type(door).__name__} is not described in the OpenAPI document")


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
