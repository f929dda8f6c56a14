"""Every path of the api listener: one line per door."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from milepost.observe.health import Readiness
from milepost.receive.auth import TokenCache, TokenDoor
from milepost.receive.browser import Preflight
from milepost.receive.dialects.analytics import AnalyticsDoor
from milepost.receive.dialects.cloudevents import CloudEventsDoor
from milepost.receive.dialects.custom import CustomEventDoor
from milepost.receive.dialects.events import EventsDoor
from milepost.receive.dialects.segment import BatchDoor, CallDoor
from milepost.receive.dialects.segment_extras import PixelDoor, SettingsDoor, WebhookDoor
from milepost.receive.door import Door
from milepost.receive.openapi import openapi_document
from milepost.receive.operations import HealthDoor, MetricsDoor, OpenApiDoor, ReadyDoor
from milepost.receive.routing import Routes
from milepost.receive.script import ScriptDoor

CALLS = {
    "track": ("track", "t"),
    "identify": ("identify", "i"),
    "page": ("page", "p"),
    "screen": ("screen", "s"),
    "group": ("group", "g"),
    "alias": ("alias", "a"),
}
"""The types of call of the Segment wire, with the names that they go by in a path (FACTS)."""


def make_routes(tokens_key: bytes, readiness: Callable[[], Readiness]) -> Routes:
    """path -> method -> door."""
    routes: dict[str, Mapping[str, Door]] = {
        "/events": {"POST": EventsDoor(TokenCache(tokens_key).connection_id)},
        "/getToken": {"POST": TokenDoor(tokens_key)},
        "/analytics": _from_pages(AnalyticsDoor()),
        "/v1/custom/event": _from_pages(CustomEventDoor()),
        "/v1/cloudevents": _from_pages(CloudEventsDoor()),
        **_segment(),
        "/mcx.js": {"GET": (script := ScriptDoor()), "HEAD": script},
        "/health": {"GET": HealthDoor()},
        "/ready": {"GET": ReadyDoor(readiness)},
        "/metrics": {"GET": MetricsDoor()},
    }
    document = openapi_document({**routes, "/openapi.json": {"GET": OpenApiDoor(b"")}})
    return {**routes, "/openapi.json": {"GET": OpenApiDoor(orjson.dumps(document))}}


def _from_pages(door: Door) -> dict[str, Door]:
    """A door that pages of other origins post to."""
    return {"POST": door, "OPTIONS": Preflight()}


def _segment() -> dict[str, Mapping[str, Door]]:
    batch = _from_pages(BatchDoor())
    routes: dict[str, Mapping[str, Door]] = {"/v1/batch": batch, "/v1/import": batch, "/v1/b": batch}
    for kind, names in CALLS.items():
        for name in names:
            routes[f"/v1/{name}"] = _from_pages(CallDoor(kind))
            routes[f"/v1/pixel/{name}"] = {"GET": PixelDoor(kind)}
    routes["/v1/webhook"] = {"POST": WebhookDoor()}
    routes["/v1/projects/*/settings"] = {"GET": SettingsDoor()}
    return routes
