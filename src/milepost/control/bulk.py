"""Many rows at once: values cut to what one statement can bind, and inserts in which the first writer wins."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from milepost.control.rows import Row

T = TypeVar("T")

_CHUNK = 5_000
"""Well below the 32,766 variables that SQLite binds in one statement, and the 65,535 of PostgreSQL."""


def chunks(values: Collection[T]) -> Iterator[Sequence[T]]:
    """The values in their order, in pieces that one `IN (...)` can take."""
    ordered = tuple(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def insert_new(session: Session, row: type[Row], values: Sequence[Mapping[str, Any]]) -> None:
    """Insert, leaving out each row that would break a uniqueness rule."""
    if not values:
        return
    table = row.__table__
    assert isinstance(table, Table)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(table).on_conflict_do_nothing(), list(values))
