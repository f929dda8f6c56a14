"""The server, as its connections see it, and a connection as its server sees it."""

from __future__ import annotations

from typing import Any, Protocol

from milepost.receive.http.bounds import Bounds
from milepost.receive.http.port import Application


class Held(Protocol):
    """What the server does to a connection. `due` is when `overdue` is to be called, on the clock of the loop."""

    due: float

    def overdue(self) -> None:
        """`due` has passed."""

    def release(self) -> None:
        """Go on reading."""

    def drain(self) -> None:
        """Answer what is under way, and nothing after it."""

    def abort(self) -> None:
        """End it now."""


class Owner(Protocol):
    """The server, as its connections see it. `now` is up to a look old, and good enough for long times."""

    application: Application
    bounds: Bounds
    scheme: str
    date: bytes
    now: float
    is_draining: bool

    def has_room(self, connection: Held) -> bool:
        """Take the connection in; False when there are too many."""

    def forget(self, connection: Held) -> None:
        """It is gone."""

    def hold(self, connection: Held) -> None:
        """Call its `release` once the application is no longer behind."""


def peer_of(name: Any) -> str:
    """`address:port` of a socket's name."""
    host, port = name[:2] if name else ("", 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
