"""A real SQLite control database for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.control.session import Database
from milepost.testing.business import make_control_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = make_control_database(tmp_path)
    yield opened
    opened.close()
