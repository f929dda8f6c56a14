"""Every path of the api listener: one line per door."""

from __future__ import annotations

from collections.abc import Callable

from milepost.observe.health import Readiness
from milepost.receive.app import Routes
from milepost.receive.auth import TokenCache, TokenDoor
from milepost.receive.dialects.events import EventsDoor
from milepost.receive.operations import HealthDoor, MetricsDoor, ReadyDoor


def make_routes(tokens_key: bytes, readiness: Callable[[], Readiness]) -> Routes:
    """path -> method -> door."""
    return {
        "/events": {"POST": EventsDoor(TokenCache(tokens_key).connection_id)},
        "/getToken": {"POST": TokenDoor(tokens_key)},
        "/health": {"GET": HealthDoor()},
        "/ready": {"GET": ReadyDoor(readiness)},
        "/metrics": {"GET": MetricsDoor()},
    }
