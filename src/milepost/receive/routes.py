"""Every path of the api listener: one line per door."""

from __future__ import annotations

from collections.abc import Callable

from milepost.observe.health import Readiness
from milepost.receive.app import Routes
from milepost.receive.auth import TokenCache, TokenDoor
from milepost.receive.browser import Preflight
from milepost.receive.dialects.analytics import AnalyticsDoor
from milepost.receive.dialects.custom import CustomEventDoor
from milepost.receive.dialects.events import EventsDoor
from milepost.receive.door import Door
from milepost.receive.operations import HealthDoor, MetricsDoor, ReadyDoor


def make_routes(tokens_key: bytes, readiness: Callable[[], Readiness]) -> Routes:
    """path -> method -> door."""
    return {
        "/events": {"POST": EventsDoor(TokenCache(tokens_key).connection_id)},
        "/getToken": {"POST": TokenDoor(tokens_key)},
        "/analytics": _from_pages(AnalyticsDoor()),
        "/v1/custom/event": _from_pages(CustomEventDoor()),
        "/health": {"GET": HealthDoor()},
        "/ready": {"GET": ReadyDoor(readiness)},
        "/metrics": {"GET": MetricsDoor()},
    }


def _from_pages(door: Door) -> dict[str, Door]:
    """A door that pages of other origins post to."""
    return {"POST": door, "OPTIONS": Preflight()}
