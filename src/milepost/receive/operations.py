"""The doors beside those for events: `/health` (alive), `/ready` (accepting and processing), `/metrics` (Prometheus)
and `/openapi.json`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from milepost.domain.errors import MilepostError
from milepost.observe.health import Readiness
from milepost.receive.browser import for_browsers
from milepost.receive.door import Answer, Book, Request
from milepost.receive.refusals import JSON_HEADERS, refuse

_FRESH_MS = 1000


class OperationsDoor:
    """What they have in common: the seed-000 error shape."""

    name = "operations"

    def knock(self, request: Request, book: Book) -> None:
        """See receive/door.py; these are open to anyone."""

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)


class HealthDoor(OperationsDoor):
    """200 as long as this process answers."""

    def read(self, request: Request, book: Book) -> Answer:
        """See receive/door.py."""
        return Answer(status=200, body=b'{"status":"alive"}')


class ReadyDoor(OperationsDoor):
    """200 when the whole service accepts and processes events, else 503 with the reasons."""

    def __init__(self, readiness: Callable[[], Readiness]) -> None:
        self._readiness = readiness

    def read(self, request: Request, book: Book) -> Answer:
        """See receive/door.py."""
        state = self._readiness()
        headers = JSON_HEADERS if state.ready else (*JSON_HEADERS, ("retry-after", "5"))
        return Answer(status=200 if state.ready else 503, body=msgspec.json.encode(state), headers=headers)


class OpenApiDoor(OperationsDoor):
    """The description of all doors; made once, for it never changes while a worker lives."""

    def __init__(self, document: bytes) -> None:
        self._answer = for_browsers(Answer(status=200, body=document))

    def read(self, request: Request, book: Book) -> Answer:
        """See receive/door.py."""
        return self._answer


class MetricsDoor(OperationsDoor):
    """The metrics of every process of this node, gathered at most once a second: anyone may ask, and it costs much."""

    def __init__(self) -> None:
        self._text = b""
        self._gathered_at_ms = 0

    def read(self, request: Request, book: Book) -> Answer:
        """See receive/door.py."""
        if not 0 <= request.received_at_ms - self._gathered_at_ms < _FRESH_MS:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            self._text, self._gathered_at_ms = generate_latest(registry), request.received_at_ms
        return Answer(status=200, body=self._text, headers=(("content-type", CONTENT_TYPE_LATEST),))
