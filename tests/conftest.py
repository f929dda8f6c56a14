"""What all tests share: one chDB for the whole run, since a process can open only one engine folder."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from milepost.store.client import connect, create_schema


@pytest.fixture(scope="session")
def chdb_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The embedded engine with the schema in place; tests leave its tables as they found them."""
    client = connect(f"chdb://{tmp_path_factory.mktemp('chdb')}")
    create_schema(client)
    yield client
    client.close()
