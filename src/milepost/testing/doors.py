"""Doors without a listener: connections that they know, and requests as the HTTP layer hands them over."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from milepost.domain.connection import ConnectionKind, DoubtfulDates, KnownConnection, KnownSecret, RateLimit
from milepost.domain.errors import MilepostError
from milepost.domain.event import ItemMeta
from milepost.domain.event_date import dated
from milepost.observe.health import Readiness
from milepost.receive.book import make_book
from milepost.receive.door import Answer, Door, Reading, Request
from milepost.receive.routes import make_routes
from milepost.receive.routing import doors_at

CLIENT_IP: Final = "203.0.113.9"
SECRET: Final = "the secret"  # noqa: S105  # of every known connection that has one
_WITH_SECRET = (ConnectionKind.EVENT_HANDLER, ConnectionKind.MACHINE_TO_MACHINE)


def known(
    name: str,
    kind: ConnectionKind = ConnectionKind.CUSTOM_EVENTS,
    *,
    is_enabled: bool = True,
    allowed_origins: tuple[str, ...] = (),
    rate_limit: RateLimit | None = None,
    delivery_id: str = "auto",
    doubtful_dates: DoubtfulDates = DoubtfulDates.FLAG,
) -> KnownConnection:
    """A connection whose client id, or else public key, is its name, and whose client secret is `SECRET`."""
    has_secret = kind in _WITH_SECRET
    return KnownConnection(
        id=sha256(name.encode()).digest()[:16],
        name=name,
        kind=kind,
        is_enabled=is_enabled,
        client_id=name if has_secret else None,
        secrets=(KnownSecret(sha256(SECRET.encode()).digest(), None),) if has_secret else (),
        public_key=None if has_secret else name,
        scopes=("read:api",) if kind is ConnectionKind.MACHINE_TO_MACHINE else (),
        allowed_origins=allowed_origins,
        rate_limit=rate_limit,
        delivery_id=delivery_id,
        doubtful_dates=doubtful_dates,
    )


def basic(user: str) -> dict[str, str]:
    """The header of Basic auth with a user, and all that stands behind it."""
    return {"authorization": "Basic " + base64.b64encode(user.encode()).decode()}


class Doors:
    """Every door of the api listener, for senders that show one of these public keys."""

    def __init__(self, *connections: KnownConnection, at_ms: int) -> None:
        self._book = make_book(connections)
        self._at_ms = at_ms
        self._routes = make_routes(bytes(32), lambda: Readiness(ready=True, reasons=(), lag_entries=0))

    def read(
        self,
        path: str,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        *,
        query: str = "",
        method: str = "POST",
    ) -> Reading | Answer:
        """What the door at the path makes of a request; a body that is not bytes is written as JSON."""
        request = Request(
            method=method,
            path=path,
            query=query,
            headers=headers or {},
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            client_ip=CLIENT_IP,
            received_at_ms=self._at_ms,
        )
        door = self._door(path, method)
        door.knock(replace(request, body=b""), self._book)
        return door.read(request, self._book)

    def reading(
        self, path: str, body: object = b"", headers: Mapping[str, str] | None = None, *, query: str = ""
    ) -> Reading:
        """The same where the door takes the request."""
        result = self.read(path, body, headers, query=query)
        assert isinstance(result, Reading)
        return result

    def refusal(
        self,
        path: str,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        *,
        query: str = "",
        method: str = "POST",
    ) -> Answer:
        """The same where the door refuses it."""
        return self._door(path, method).refuse(self.error(path, body, headers, query=query, method=method))

    def error(
        self,
        path: str,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        *,
        query: str = "",
        method: str = "POST",
    ) -> MilepostError:
        """Why the door refuses it."""
        try:
            self.read(path, body, headers, query=query, method=method)
        except MilepostError as error:
            return error
        raise AssertionError(f"{method} {path} takes the request")

    def _door(self, path: str, method: str) -> Door:
        doors = self._routes.get(path) or doors_at(self._routes, path)
        assert doors is not None
        return doors[method]


def answer_to(reading: Reading) -> Answer:
    """What the sender gets once the reading is on disk."""
    return reading.answer(str(UUID(int=0)))


def recorded_date_ms(item: ItemMeta, received_at_ms: int) -> int | None:
    """The date that the event will have if it arrived then; None for that of its arrival."""
    if item.event_date_ms is None:
        return None
    return dated(item.event_date_ms, item.sent_at_ms, received_at_ms).at_ms
