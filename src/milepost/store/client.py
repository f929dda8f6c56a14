"""The official ClickHouse client behind a DSN: `chdb:///folder` or `clickhouse://host`.

Gives clients and makes the schema; holds no queries. chDB allows one engine folder per process.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.query import QueryResult

from milepost.domain.errors import OperatorError, UnanswerableError, UnavailableError
from milepost.kit.asking import ASKER

LIMITS: Final = {
    "max_query_size": 1_048_576,
    "max_parser_depth": 1_000,
    "max_ast_depth": 1_000,
    "max_ast_elements": 200_000,
    "max_expanded_ast_elements": 1_000_000,
    "max_subquery_depth": 200,
}
"""How large a statement may be, whatever the server's own profile says: the largest definition that is accepted stays
within a third of each (tests/property/test_largest_formulas.py)."""


def connect(dsn: str) -> Client:
    """A client with a handle of its own; each thread that queries should own one."""
    try:
        return clickhouse_connect.get_client(dsn=dsn, settings=dict(LIMITS))
    except Exception as error:
        raise OperatorError(f"The analytic store at {dsn} does not open: {error}") from error


_LONGEST_REASON: Final = 400
_PATIENCE_SECONDS: Final = 10.0


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Whatever goes wrong in the store inside the block is an UnavailableError: it cannot do `what` now."""
    try:
        yield
    except (ClickHouseError, OSError) as error:
        raise UnavailableError(f"The analytic store does not {what} now: {_reason(error)}") from error


_AWAY: Final = frozenset({
    "ABORTED", "ALL_CONNECTION_TRIES_FAILED", "CANNOT_SCHEDULE_TASK", "NETWORK_ERROR", "QUERY_WAS_CANCELLED",
    "SERVER_OVERLOADED", "SOCKET_TIMEOUT", "TOO_MANY_SIMULTANEOUS_QUERIES", "UNKNOWN_DATABASE", "UNKNOWN_TABLE",
})  # fmt: skip
"""Errors of a server that is overloaded, going away, or without its tables."""


@contextmanager
def answering(client: Queries) -> Iterator[None]:
    """A question in the block that fails is an UnavailableError if the store is away, else an UnanswerableError.

    It is away if it cannot be reached, says so, or does not answer the simplest question either.
    """
    try:
        yield
    except (OperationalError, OSError) as error:
        raise UnavailableError(f"The analytic store does not answer now: {_reason(error)}") from error
    except ClickHouseError as error:
        if getattr(error, "name", None) in _AWAY or not _answers(client):
            raise UnavailableError(f"The analytic store does not answer now: {_reason(error)}") from error
        raise UnanswerableError(f"The analytic store cannot evaluate it: {_reason(error)}") from error


def _answers(client: Queries) -> bool:
    try:
        client.query("SELECT company_id FROM signals LIMIT 1")
    except (ClickHouseError, OSError):
        return False
    return True


def _reason(error: Exception) -> str:
    """Without the statement, which it may repeat."""
    reason = re.split(r"[:.]? (?:In scope|While) ", str(error))[0]
    return reason[:_LONGEST_REASON]


def embedded_folder(dsn: str) -> Path | None:
    """Where chDB keeps its files; None for a ClickHouse server."""
    parsed = urlsplit(dsn)
    return Path(parsed.path) if parsed.scheme == "chdb" else None


class Queries(Protocol):
    """What readers need of a client: it may be one, or a pool of them."""

    def query(
        self,
        query: str,
        parameters: dict[str, Any] | None = None,
        *,
        column_formats: dict[str, str | dict[str, str]] | None = None,
    ) -> QueryResult:
        """Run a SELECT with server-side parameters (`{name:Type}`)."""


class ClientPool:
    """A few clients for many threads, opened one by one as they are needed; UnavailableError for who finds none free.

    With `most_seconds`, a statement that takes longer is ended. One whose asker (kit/asking.py) has left is not begun.
    """

    def __init__(self, dsn: str, size: int = 8, *, most_seconds: float | None = None) -> None:
        self._dsn = dsn
        self._settings = {} if most_seconds is None else {"max_execution_time": most_seconds}
        self._free: LifoQueue[Client | None] = LifoQueue()
        for _ in range(size):
            self._free.put(None)

    def query(
        self,
        query: str,
        parameters: dict[str, Any] | None = None,
        *,
        column_formats: dict[str, str | dict[str, str]] | None = None,
    ) -> QueryResult:
        """See Queries."""
        client = None
        try:
            client = self._free.get(timeout=_PATIENCE_SECONDS)
        except Empty:
            raise UnavailableError("Too much is asked of the analytic store at once; try again.") from None
        asker = ASKER.get()
        try:
            client = client or connect(self._dsn)
            if asker is None:
                return client.query(query, parameters, settings=self._settings, column_formats=column_formats)
            with asker.statement():
                if asker.has_left:
                    raise UnavailableError("Nobody waits for this answer any more.")
                named = self._settings | {"log_comment": asker.name}
                return client.query(query, parameters, settings=named, column_formats=column_formats)
        finally:
            self._free.put(client)

    def close(self) -> None:
        """Close those that are free; call it when nobody queries any more."""
        while not self._free.empty():
            client = self._free.get()
            if client:
                client.close()


def create_schema(client: Client) -> None:
    """Run every schema file in order; each statement can be run again without harm."""
    for resource in sorted(files("milepost.store.schema").iterdir(), key=lambda r: r.name):
        if resource.name.endswith(".sql"):
            for statement in resource.read_text().split(";\n"):
                if statement.strip():
                    client.command(statement)


class Ending:
    """Ends statements under way, by a client of its own that waits behind none of them."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._client: Client | None = None

    def end_for(self, asker: str) -> None:
        """Those of one asker. They end a moment later, with an error; whatever is in the way is an UnavailableError."""
        with self._lock, unavailable("end a statement"):
            self._client = self._client or connect(self._dsn)
            self._client.query(
                "KILL QUERY WHERE Settings['log_comment'] = {asker:String} ASYNC", parameters={"asker": asker}
            )

    def close(self) -> None:
        """Close the client, if it was ever needed."""
        if self._client is not None:
            self._client.close()
