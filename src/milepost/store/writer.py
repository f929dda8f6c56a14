"""The two inserts of a batch, one after the other, each a no-op for a token that the store has seen."""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from milepost.domain.event import Emissions, RecordedGroup
from milepost.store.client import unavailable
from milepost.store.events import insert_events
from milepost.store.signals import insert_signals


class StoreWriter:
    """Owns a client; used by one thread at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def insert(self, batch: int, token: str, groups: Sequence[RecordedGroup], emissions: Sequence[Emissions]) -> None:
        """Put a batch on disk; UnavailableError when the store cannot take it now."""
        with unavailable("take the batch"):
            insert_events(self._client, batch, token, groups)
            insert_signals(self._client, batch, token, emissions)
