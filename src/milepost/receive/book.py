"""The book of known connections, by each thing a sender can show."""

from __future__ import annotations

from collections.abc import Iterable

from milepost.domain.connection import KnownConnection
from milepost.receive.door import Book


def make_book(connections: Iterable[KnownConnection]) -> Book:
    """Disabled connections are in it too, so that their senders get a clear answer."""
    known = tuple(connections)
    return Book(
        by_id={connection.id: connection for connection in known},
        by_client_id={connection.client_id: connection for connection in known if connection.client_id},
        by_public_key={connection.public_key: connection for connection in known if connection.public_key},
    )
