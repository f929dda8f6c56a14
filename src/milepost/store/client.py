"""The official ClickHouse client behind a DSN: `chdb:///folder` or `clickhouse://host`.

Gives clients and makes the schema; holds no queries. chDB allows one engine folder per process.
"""

from __future__ import annotations

from importlib.resources import files

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from milepost.domain.errors import OperatorError


def connect(dsn: str) -> Client:
    """A client with a handle of its own; each thread that queries should own one."""
    try:
        return clickhouse_connect.get_client(dsn=dsn)
    except Exception as error:
        raise OperatorError(f"The analytic store at {dsn} does not open: {error}") from error


def create_schema(client: Client) -> None:
    """Run every schema file in order; each statement can be run again without harm."""
    for resource in sorted(files("milepost.store.schema").iterdir(), key=lambda r: r.name):
        if resource.name.endswith(".sql"):
            for statement in resource.read_text().split(";\n"):
                if statement.strip():
                    client.command(statement)
