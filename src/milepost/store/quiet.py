"""A client for statements about people: no server's query log keeps their values, and their failures may pass.

Takes a client and gives rows; UnavailableError for whatever goes wrong. For one thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from milepost.store.client import unavailable

Rows = Sequence[Sequence[Any]]
_QUIETLY: Final = {"log_queries": 0}
_DO_IT: Final = "do it"


class QuietClient:
    """See the module. Owns the client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """What a SELECT finds."""
        with unavailable(_DO_IT):
            rows: Rows = self._client.query(sql, parameters=dict(parameters or {}), settings=_QUIETLY).result_rows
            return rows

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run any other statement."""
        with unavailable(_DO_IT):
            self._client.command(sql, parameters=dict(parameters or {}), settings=_QUIETLY)

    def insert(self, table: str, rows: Rows, columns: Sequence[str]) -> None:
        """Put rows into a table."""
        with unavailable(_DO_IT):
            self._client.insert(table, rows, column_names=columns, settings=_QUIETLY)

    def close(self) -> None:
        """Let go of the client."""
        self._client.close()
