"""The parts that the store's tables are made of: how many rows they have, and whether they are what was written.

Takes a client; gives counts and names. ClickHouse compares its own checksums, within a bounded number of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from milepost.store.client import Queries, unavailable

COUNTED_TABLES: Final = ("events", "signals")
MOST_BYTES: Final = 256 * 1024 * 1024
"""Read at a start, newest parts first: some tenths of a second."""
_IN: Final = "database = currentDatabase() AND table = {table:String}"


def count_rows(client: Queries, tables: Sequence[str], upto: int | None = None) -> dict[str, int]:
    """Of the tables that are there: rows of batches up to that number, or all."""
    with unavailable("count its rows"):
        listed = client.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
        there = {name for (name,) in listed.result_rows}
        which = "" if upto is None else f" WHERE batch <= {upto:d}"
        return {
            table: int(client.query(f"SELECT count() FROM {table}{which}").result_rows[0][0])  # noqa: S608
            for table in tables
            if table in there
        }


def rows_after(client: Queries, batch: int) -> int:
    """How many events are of later batches; cheap, by the index of batches."""
    with unavailable("look for later batches"):
        found = client.query("SELECT count() FROM events WHERE batch > {batch:UInt64}", parameters={"batch": batch})
        return int(found.result_rows[0][0])


def last_batch(client: Queries) -> int:
    """The latest one of which there is an event; 0 for none."""
    with unavailable("look for the latest batch"):
        return int(client.query("SELECT max(batch) FROM events").result_rows[0][0] or 0)


def detached_parts(client: Queries, table: str) -> list[str]:
    """Where the parts lie that the store found broken when it started, and set aside without a word."""
    with unavailable("list its parts"):
        found = client.query(
            f"SELECT path FROM system.detached_parts WHERE {_IN} AND startsWith(reason, 'broken')",  # noqa: S608
            parameters={"table": table},
        )
        return [str(path) for (path,) in found.result_rows]


def broken_parts(client: Client, table: str, most_bytes: int = MOST_BYTES) -> Iterator[tuple[str, str]]:
    """Parts whose files are not what was written, with the reason, among the newest of so many bytes in all."""
    with unavailable("check its parts"):
        parts = client.query(
            f"SELECT name, bytes_on_disk FROM system.parts WHERE {_IN} AND active"  # noqa: S608
            " ORDER BY modification_time DESC, name",
            parameters={"table": table},
        ).result_rows
        total = sum(size for _, size in parts)
        if total <= most_bytes:
            yield from _checked(client, f"CHECK TABLE {table}")
            return
        for name, size in parts:
            most_bytes -= size
            if most_bytes < 0:
                return
            yield from _checked(client, f"CHECK TABLE {table} PART '{name}'")


def detach_part(client: Client, table: str, part: str) -> None:
    """Take a broken part out of the table; its files stay in the table's folder `detached`."""
    with unavailable("let go of a broken part"):
        client.command(f"ALTER TABLE {table} DETACH PART '{part}'")


def _checked(client: Client, statement: str) -> Iterator[tuple[str, str]]:
    each_part = {"check_query_single_value_result": 0}
    for line in client.raw_query(statement, fmt="JSONEachRow", settings=each_part).splitlines():
        checked = msgspec.json.decode(line)
        if not checked["is_passed"]:
            yield checked["part_path"], checked["message"].partition(". (")[0]
