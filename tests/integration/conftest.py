"""A console over a fresh control database for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.testing.console import Console, open_console


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    opened = open_console(tmp_path)
    yield opened
    opened.deps.database.close()
