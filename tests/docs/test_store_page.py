"""docs/reference/store.md: its columns are those of the tables, and its statements run."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.event import Emissions, RecordedGroup
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7
from milepost.store.writer import StoreWriter

PAGE = (Path(__file__).parents[2] / "docs/reference/store.md").read_text()
NOW_MS = 1_763_750_000_000
CONNECTION, SIGNAL = UUID(int=7), UUID(int=9)
STATEMENTS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def columns_on_page(table: str) -> list[tuple[str, str]]:
    section = PAGE.split(f"## `{table}`")[1].split("\n## ")[0]
    columns: list[tuple[str, str]] = []
    for names, column_type in re.findall(r"^\| (`.+?) \| `(.+?)` \|", section, re.MULTILINE):
        first, *last = re.findall(r"`(\w+)`", names)
        numbered = [f"{first[0]}{number}" for number in range(1, int(last[0][1:]) + 1)] if last else [first]
        columns += [(name, column_type) for name in numbered]
    return columns


@pytest.mark.parametrize("table", ["events", "signals"])
def test_the_columns_are_those_of_the_table(table: str, chdb_client: Client) -> None:
    described = chdb_client.query(f"DESCRIBE TABLE {table}").result_rows
    assert columns_on_page(table) == [(name, column_type) for name, column_type, *_ in described]


@pytest.fixture
def told(chdb_client: Client) -> Iterator[Client]:
    """One event that emitted a signal, and its repeat."""
    first, again = uuid7(NOW_MS), uuid7(NOW_MS + 1)
    recorded = RecordedGroup(
        connection_id=CONNECTION.bytes,
        event_key="usage",
        door="events",
        request_ids=[first.bytes, again.bytes],
        items=[0, 0],
        received_at_ms=[NOW_MS, NOW_MS + 1],
        event_date_ms=[NOW_MS, NOW_MS],
        fates=[Fate.PROCESSED, Fate.DUPLICATE],
        reasons=["", ""],
        duplicates_of=["", f"{first}.0"],
        payloads=[b'{"plan": "team", "amount": 12.5}'] * 2,
        smart_keys=(),
    )
    emitted = Emissions(
        signal_id=SIGNAL,
        generation=0,
        revision=1,
        company_ids=[UUID(int=5).bytes],
        request_ids=[first.bytes],
        items=[0],
        event_date_ms=[NOW_MS],
        numbers={"n1": [12.5]},
        texts={},
    )
    StoreWriter(chdb_client).insert(1, f"page-{first}", [recorded], [emitted])
    yield chdb_client
    for table in ("events", "signals"):
        chdb_client.command(f"TRUNCATE TABLE {table}")


def test_the_statements_find_what_they_say(told: Client) -> None:
    values = {"connection_id": CONNECTION, "signal_id": SIGNAL, "generation": 0, "event_key": "usage"}
    found = []
    for statement in STATEMENTS:
        asked = re.findall(r"\{(\w+):", statement)
        found.append(told.query(statement, parameters={name: values[name] for name in asked}).result_rows)
    by_day, by_plan, repeated, by_company, with_payloads = found
    assert [(fate, events) for _, fate, events in by_day] == [("processed", 1), ("duplicate", 1)]
    assert by_plan == [("team", 1)]
    assert [repeats for _, repeats in repeated] == [1]
    assert by_company == [(UUID(int=5), 1, 12.5)]
    assert [payload for *_, payload in with_payloads] == ['{"plan": "team", "amount": 12.5}']
