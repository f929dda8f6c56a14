"""What several files ask for: a console, a whole house, or a year over fresh databases for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from milepost.testing.console import Console, open_console
from milepost.testing.house import House, open_house
from milepost.testing.year import Year, open_year


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    opened = open_console(tmp_path)
    yield opened
    opened.deps.database.close()


@pytest.fixture
def house(tmp_path: Path, chdb_client: Client) -> Iterator[House]:
    with open_house(tmp_path, chdb_client) as opened:
        yield opened


@pytest.fixture
def year(tmp_path: Path, chdb_client: Client) -> Iterator[Year]:
    with open_year(tmp_path, chdb_client) as made:
        yield made
