"""Implausible dates in the event log: filtered, counted, and none in what an earlier version has written."""

from collections.abc import Iterator
from importlib.resources import files
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.event import RecordedGroup
from milepost.domain.event_date import DateFlag
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7_bytes
from milepost.store.client import create_schema
from milepost.store.doubtful_dates import has_date_flags
from milepost.store.event_filter import EventFilter
from milepost.store.event_log import EventLogReader
from milepost.store.events import insert_events

NOW = 1_764_000_000_000
CONNECTIONS = (UUID(int=7), UUID(int=8))
SECONDS, AHEAD, CLOCK = DateFlag.IN_SECONDS, DateFlag.IN_FUTURE, DateFlag.CLOCK_FAR_OFF


def group(connection: UUID, at_ms: int, *flags: tuple[DateFlag, ...]) -> RecordedGroup:
    rows = len(flags)
    return RecordedGroup(
        connection_id=connection.bytes,
        event_key="logins",
        door="events",
        request_ids=[uuid7_bytes(at_ms)] * rows,
        items=range(rows),
        received_at_ms=[at_ms] * rows,
        event_date_ms=[1_709_164_800 + row for row in range(rows)],
        fates=[Fate.PROCESSED] * rows,
        reasons=[""] * rows,
        duplicates_of=[""] * rows,
        payloads=[b"{}"] * rows,
        smart_keys=(),
        date_corrections_ms=[5 * row for row in range(rows)],
        date_flags=list(flags),
    )


@pytest.fixture
def log(chdb_client: Client) -> Iterator[EventLogReader]:
    yield EventLogReader(chdb_client)
    chdb_client.command("TRUNCATE TABLE events")


def test_events_are_found_by_what_is_doubtful_about_their_dates(chdb_client: Client, log: EventLogReader) -> None:
    insert_events(chdb_client, 1, "a", [group(CONNECTIONS[0], NOW, (SECONDS,), (), (AHEAD, CLOCK))])
    found = {
        wanted: [event.id.item for event in log.page(EventFilter(date_flag=wanted), older_than=None, limit=9)]
        for wanted in (None, "any", *DateFlag)
    }
    assert found == {None: [2, 1, 0], "any": [2, 0], SECONDS: [0], DateFlag.NEAR_1970: [], AHEAD: [2], CLOCK: [2]}
    last, *_ = log.page(EventFilter(), older_than=None, limit=1)
    assert (last.date_flags, last.date_correction_ms) == ((AHEAD, CLOCK), 10)


def test_they_are_counted_by_connection_and_reason_with_the_latest_of_each(
    chdb_client: Client, log: EventLogReader
) -> None:
    first, second = CONNECTIONS
    insert_events(
        chdb_client,
        1,
        "b",
        [group(first, NOW + n, (SECONDS,)) for n in range(5)] + [group(second, NOW, (AHEAD, CLOCK))],
    )
    seen = log.doubtful_dates()
    assert [(one.connection_id, one.flag, one.events, one.first_ms, one.last_ms) for one in seen] == [
        (first, SECONDS, 5, NOW, NOW + 4),
        (second, CLOCK, 1, NOW, NOW),
        (second, AHEAD, 1, NOW, NOW),
    ]
    assert [event.received_at_ms for event in seen[0].latest] == [NOW + 4, NOW + 3, NOW + 2]
    assert (seen[0].latest[0].event_key, seen[0].latest[0].event_date_ms) == ("logins", 1_709_164_800)
    assert [one.flag for one in log.doubtful_dates(connection_id=second)] == [CLOCK, AHEAD]
    assert [one.events for one in log.doubtful_dates(since_ms=NOW + 3)] == [2]
    assert [one.events for one in log.doubtful_dates(until_ms=NOW, connection_id=first)] == []


def test_a_store_of_the_version_before_opens_with_its_events_and_takes_new_ones(chdb_client: Client) -> None:
    chdb_client.command("CREATE DATABASE before")
    chdb_client.command("USE before")
    try:
        for file in sorted(files("milepost.store.schema").iterdir(), key=lambda one: one.name):
            if file.name.endswith(".sql") and file.name < "006":
                for statement in filter(str.strip, file.read_text().split(";\n")):
                    chdb_client.command(statement)
        assert not has_date_flags(chdb_client)
        chdb_client.command(
            "INSERT INTO events (received_at, request_id, event_key, fate, event_date, payload)"
            " VALUES (now64(3) - 60, generateUUIDv7(), 'old', 'processed', toDateTime64(1000, 3), '{\"n\":1}')"
        )
        create_schema(chdb_client)
        insert_events(chdb_client, 2, "new", [group(CONNECTIONS[0], NOW, (SECONDS,))])
        reader = EventLogReader(chdb_client)
        events = reader.page(EventFilter(), older_than=None, limit=9)
        assert sorted((event.event_key, event.date_flags, event.date_correction_ms) for event in events) == [
            ("logins", (SECONDS,), 0),
            ("old", (), 0),
        ]
        assert [one.events for one in reader.doubtful_dates()] == [1]
    finally:
        chdb_client.command("USE default")
        chdb_client.command("DROP DATABASE before")
