"""The event log, written and read through the real engine."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.event import Emissions, EventId, Located, RecordedGroup
from milepost.domain.fate import Fate, ParkReason
from milepost.kit.ids import uuid7_bytes
from milepost.record.step import park
from milepost.store.event_filter import EventFilter
from milepost.store.event_log import EventLogReader, Place
from milepost.store.writer import StoreWriter

NOW = 1_763_750_000_000
CONNECTION = UUID(int=7)
SIGNAL = UUID(int=9)
DAY = 86_400_000


def group(at_ms: int, rows: int, *, event_key: str = "logins", fate: Fate = Fate.PROCESSED) -> RecordedGroup:
    request = uuid7_bytes(at_ms)
    return RecordedGroup(
        connection_id=CONNECTION.bytes,
        event_key=event_key,
        door="events",
        request_ids=[request] * rows,
        items=range(rows),
        received_at_ms=[at_ms] * rows,
        event_date_ms=[at_ms - DAY] * rows,
        fates=[fate] * rows,
        reasons=[""] * rows,
        duplicates_of=[f"{UUID(bytes=request)}.0" if fate is Fate.DUPLICATE else ""] * rows,
        payloads=[b'{"n": %d, "city": "K\xc3\xb6ln"}' % row for row in range(rows)],
        smart_keys=(),
    )


def emissions(of: RecordedGroup, *, generation: int = 0) -> Emissions:
    rows = len(of.payloads)
    return Emissions(
        signal_id=SIGNAL,
        generation=generation,
        revision=3,
        company_ids=[UUID(int=5).bytes] * rows,
        request_ids=of.request_ids,
        items=of.items,
        event_date_ms=of.event_date_ms,
        numbers={"n2": [1.5] + [None] * (rows - 1)},
        texts={"t1": [None] * (rows - 1) + ["x"]},
    )


@pytest.fixture
def log(chdb_client: Client) -> Iterator[EventLogReader]:
    yield EventLogReader(chdb_client)
    for table in ("events", "signals"):
        chdb_client.command(f"TRUNCATE TABLE {table}")


def write(client: Client, batch: int, *groups: RecordedGroup, token: str | None = None) -> None:
    StoreWriter(client).insert(batch, token or f"test-{uuid7_bytes(NOW).hex()}", groups, [])


def test_a_batch_inserted_again_under_its_token_is_there_once(chdb_client: Client, log: EventLogReader) -> None:
    of = group(NOW, 10)
    for _ in range(3):
        StoreWriter(chdb_client).insert(1, "token-again", [of], [emissions(of)])
    assert len(log.page(EventFilter(), older_than=None, limit=100)) == 10
    assert chdb_client.query("SELECT count() FROM signals").result_rows == [(10,)]


def test_pages_go_from_the_newest_to_the_oldest_over_any_gap_and_miss_nothing(
    chdb_client: Client, log: EventLogReader
) -> None:
    write(chdb_client, 1, group(NOW, 7), group(NOW - 3 * DAY, 7), group(NOW - 400 * DAY, 7))
    seen: list[EventId] = []
    place: Place | None = None
    while page := log.page(EventFilter(), older_than=place, limit=4):
        seen += [event.id for event in page]
        place = Place(page[-1].received_at_ms, page[-1].id)
    assert len(seen) == len(set(seen)) == 21


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(EventFilter(connection_id=CONNECTION), 5, id="its connection"),
        pytest.param(EventFilter(connection_id=UUID(int=8)), 0, id="another connection"),
        pytest.param(EventFilter(event_key="clicks"), 2, id="event key"),
        pytest.param(EventFilter(fate=Fate.DUPLICATE), 2, id="fate"),
        pytest.param(EventFilter(since_ms=NOW), 3, id="since"),
        pytest.param(EventFilter(until_ms=NOW), 2, id="until"),
        pytest.param(EventFilter(text="KÖLN"), 5, id="text in the payload, whatever its case"),
        pytest.param(EventFilter(text='"n": 2'), 1, id="text with quotes"),
    ],
)
def test_each_filter_narrows(chdb_client: Client, log: EventLogReader, wanted: EventFilter, expected: int) -> None:
    write(chdb_client, 1, group(NOW, 3), group(NOW - DAY, 2, event_key="clicks", fate=Fate.DUPLICATE))
    assert len(log.page(wanted, older_than=None, limit=100)) == expected


def test_a_trace_has_the_event_and_the_signals_of_the_generation_in_force(
    chdb_client: Client, log: EventLogReader
) -> None:
    of = group(NOW, 2)
    StoreWriter(chdb_client).insert(1, "trace", [of], [emissions(of), emissions(of, generation=1)])
    first = EventId(UUID(bytes=of.request_ids[0]), 0)
    event = log.event(first)
    assert event is not None
    assert event.payload == '{"n": 0, "city": "Köln"}'
    (signal,) = log.signals_of(first, {SIGNAL: 1})
    assert (signal.signal_id, signal.revision, signal.values) == (SIGNAL, 3, {"n2": 1.5})
    assert log.signals_of(first, {}) == []


def test_a_request_shows_all_its_events_in_order_and_a_repeat_names_the_first(
    chdb_client: Client, log: EventLogReader
) -> None:
    of = group(NOW, 3, fate=Fate.DUPLICATE)
    write(chdb_client, 1, of, group(NOW, 1))
    request = UUID(bytes=of.request_ids[0])
    events = log.request(request)
    assert [event.id.item for event in events] == [0, 1, 2]
    assert {event.duplicate_of for event in events} == {EventId(request, 0)}
    assert log.fates_of([request]) == {Fate.DUPLICATE: 3}


def test_a_parked_entry_can_be_looked_up_by_its_id(chdb_client: Client, log: EventLogReader) -> None:
    parked = park(Located(2, 77, b"garbage"), ParkReason.UNREADABLE_ENTRY)
    write(chdb_client, 1, parked)
    event = log.event(EventId(UUID(bytes=parked.request_ids[0]), 0))
    assert event is not None
    assert (event.fate, event.reason, event.payload) == (Fate.PARKED, "unreadable_entry", "garbage")


def test_an_unknown_id_is_nothing(log: EventLogReader) -> None:
    assert log.event(EventId(UUID(int=1 << 100), 0)) is None
    assert log.page(EventFilter(), older_than=None, limit=5) == []
