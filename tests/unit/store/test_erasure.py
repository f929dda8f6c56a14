"""Deleting and rewriting single events of the real store, down to the bytes on its disk."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.criterion import Condition as Rule
from milepost.domain.criterion import FieldType, Group, Operator
from milepost.domain.event import Emissions, RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.signal import SignalField
from milepost.kit.ids import uuid7_bytes
from milepost.store.erasure import delete_rows, nothing_lingers, put_payloads, put_values
from milepost.store.marks import Instant, Marks, emitted_for, emitted_with, mentioning, parked_with
from milepost.store.quiet import QuietClient
from milepost.store.writer import StoreWriter

NOW = 1_763_750_000_000
CONNECTION, SIGNAL, COMPANY = UUID(int=7), UUID(int=9), UUID(int=5)
BY_USER = Group(match="any", members=(Rule(field="user", operator=Operator.IN, value=("ada",)),))
USER = (SignalField(name="user", path=("user",), type=FieldType.TEXT),)


def nothing_told() -> None:
    """Nobody waits for the progress of a test."""


class Store:
    """The store, with a marker that can be looked for on its disk."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.quiet = QuietClient(client)
        self.marker = secrets.token_hex(32)
        self.job = uuid4()
        self.marks = Marks(self.quiet, self.job)
        self.batch = 0

    def keep(self, *payloads: bytes, fate: Fate = Fate.PROCESSED, texts: tuple[str, ...] = ()) -> bytes:
        """Insert payloads as one batch; with texts, each emits a signal with its text and number."""
        self.batch += 1
        request = uuid7_bytes(NOW + self.batch)
        group = RecordedGroup(
            connection_id=CONNECTION.bytes,
            event_key="logins",
            door="events",
            request_ids=[request] * len(payloads),
            items=range(len(payloads)),
            received_at_ms=[NOW + self.batch] * len(payloads),
            event_date_ms=[NOW] * len(payloads),
            fates=[fate] * len(payloads),
            reasons=[""] * len(payloads),
            duplicates_of=[""] * len(payloads),
            payloads=payloads,
            smart_keys=(),
        )
        emitted = Emissions(
            signal_id=SIGNAL,
            generation=0,
            revision=1,
            company_ids=[COMPANY.bytes] * len(texts),
            request_ids=[request] * len(texts),
            items=range(len(texts)),
            event_date_ms=[NOW] * len(texts),
            numbers={"n1": [42.0] * len(texts)},
            texts={"t1": texts},
        )
        StoreWriter(self.client).insert(self.batch, f"{self.job}-{self.batch}", [group], [emitted])
        return request

    def left(self) -> list[str]:
        """The payloads there are, in their order."""
        rows = self.client.query("SELECT payload FROM events ORDER BY received_at, request_id, item").result_rows
        return [row[0] for row in rows]

    def lies_on_disk(self) -> bool:
        """Whether the marker is in any file of the engine."""
        folder = Path(self.client.query("SELECT path FROM system.disks").result_rows[0][0])
        return any(self.marker.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.fixture
def store(chdb_client: Client) -> Iterator[Store]:
    for table, column in (("events", "payload"), ("signals", "t1")):  # so that text can be looked for in files
        chdb_client.command(f"ALTER TABLE {table} MODIFY COLUMN {column} CODEC(NONE)")
    yield Store(chdb_client)
    for table in ("events", "signals", "erasure_events", "erasure_values"):
        chdb_client.command(f"TRUNCATE TABLE {table}")
    chdb_client.command("ALTER TABLE events MODIFY COLUMN payload CODEC(ZSTD(1))")
    chdb_client.command("ALTER TABLE signals MODIFY COLUMN t1 CODEC(LZ4)")


def test_nothing_of_deleted_events_and_what_they_emitted_is_left_on_disk(store: Store) -> None:
    store.keep(
        b'{"user": "ada", "secret": "%b"}' % store.marker.encode(), b'{"user": "bob"}', texts=(store.marker, "bob")
    )
    store.keep(b'{"user": "ada", "secret": "%b"}' % store.marker.encode(), fate=Fate.DUPLICATE)
    assert store.lies_on_disk()
    store.marks.add(mentioning(BY_USER, USER, ["ada"]))
    with nothing_lingers(store.quiet, nothing_told):
        for table in ("signals", "events"):
            delete_rows(store.quiet, table, f"(request_id, item) IN ({store.marks.sql})", nothing_told)
    assert store.left() == ['{"user": "bob"}']
    assert store.client.query("SELECT t1 FROM signals").result_rows == [("bob",)]
    assert not store.lies_on_disk()


def test_what_was_only_hidden_before_is_gone_too(store: Store) -> None:
    store.keep(b'{"user": "ada"}', b"{}", texts=(store.marker, "bob"))
    store.client.command("DELETE FROM signals WHERE t1 != 'bob'")
    assert store.lies_on_disk()
    with nothing_lingers(store.quiet, nothing_told):
        pass
    assert not store.lies_on_disk()
    assert store.client.query("SELECT t1 FROM signals").result_rows == [("bob",)]


def test_the_tables_keep_their_settings(store: Store) -> None:
    with nothing_lingers(store.quiet, nothing_told):
        pass
    settings = store.client.query(
        "SELECT engine_full LIKE '%old_parts_lifetime = 30%', engine_full LIKE '%after_merge%' FROM system.tables"
        " WHERE database = currentDatabase() AND name IN ('events', 'signals')"
    ).result_rows
    assert settings == [(1, 0), (1, 0)]


def test_events_are_found_by_their_payload_by_what_they_emitted_and_by_parked_bytes(store: Store) -> None:
    mentions = mentioning(BY_USER, USER, ["ada"], connection_id=CONNECTION, event_key="logins")
    store.keep(b'{"user": "ada"}', b'{"user": "bob"}')
    store.keep(b'{"user": "eve"}', texts=("eve",))
    store.keep(b"\x93 ada \xff", b"\x93 adam \xff", fate=Fate.PARKED)
    assert store.marks.count(mentions) == 1
    for condition in (mentions, parked_with("(?:^|[^a-z])ada(?:$|[^a-z])")):
        store.marks.add(condition)
        store.marks.add(condition)
    store.marks.add_emitted(emitted_for([COMPANY]))
    assert store.marks.counts() == {"events_processed": 2, "events_duplicate": 0, "events_parked": 1, "signals": 1}
    assert store.marks.companies() == [COMPANY]
    pages = list(store.marks.pages(2))
    assert [[found.payload for found in store.marks.events(page)] for page in pages] == [
        ['{"user": "ada"}', '{"user": "eve"}'],
        ["base64:kyBhZGEg/w=="],
    ]
    assert [emitted.values for emitted in store.marks.emissions(pages[0])] == [{"n1": 42.0, "t1": "eve"}]


def test_an_instant_divides_events_by_batch_and_by_time(store: Store) -> None:
    store.keep(b'{"user": "ada"}')
    store.keep(b'{"user": "ada"}')
    store.keep(b'{"user": "ada"}')
    mentions = mentioning(BY_USER, USER, ["ada"])
    assert store.marks.last_batch() == 3
    counted = [
        (store.marks.count(mentions, among=instant.since()), store.marks.count(mentions, among=instant.upto()))
        for instant in (Instant(2, NOW + 2), Instant(2, NOW + 9), Instant(9, NOW + 2))
    ]
    assert counted == [(2, 2), (2, 2), (2, 2)]
    store.marks.add(mentions, among=Instant(3, NOW + 3).since())
    assert store.marks.counts()["events_processed"] == 1
    store.marks.drop()
    assert store.marks.counts()["events_processed"] == 0


def test_payloads_and_values_are_replaced_in_place_and_the_old_ones_leave_the_disk(store: Store) -> None:
    request = UUID(bytes=store.keep(b'{"user": "%b"}' % store.marker.encode(), texts=(store.marker,)))
    store.keep(b'{"user": "bob"}', texts=("42", "b"))
    store.marks.add_emitted(emitted_with([store.marker, "42"], {"t1": [(SIGNAL, 0)]}))
    with nothing_lingers(store.quiet, nothing_told):
        put_payloads(store.quiet, [(request, 0, '{"user": "somebody"}')], nothing_told)
        pseudonyms = {store.marker: "somebody", "42": "77"}
        slots = {"t1": [(SIGNAL, 0)], "n1": [(SIGNAL, 0)], "t2": [(SIGNAL, 1)]}
        put_values(store.quiet, store.marks, pseudonyms, slots, nothing_told)
        store.marks.drop()
    assert store.left() == ['{"user": "somebody"}', '{"user": "bob"}']
    kept = store.client.query("SELECT t1, n1, t2 FROM signals ORDER BY t1").result_rows
    assert kept == [("77", 77.0, None), ("b", 42.0, None), ("somebody", 77.0, None)]
    assert not store.lies_on_disk()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("ada", ('"ada"', '"\\u0061da"')),
        ("Köln", ('"Köln"', '"K\\u00f6ln"')),
        ("a/b", ('"a/b"', '"a\\/b"')),
        ("42", ("42", '"42"', "42.0", "4.2e1", "420E-1", '"4\\u0032"')),
        ("42.5", ("42.5", "425e-1", '"42.5"')),
        ("0", ("0", "-0", "0.0", '"0"')),
        ("true", ("true", '"true"')),
    ],
)
def test_a_value_is_found_however_json_writes_it(store: Store, value: str, written: tuple[str, ...]) -> None:
    store.keep(*(f'{{"user": {one}}}'.encode() for one in (*written, '"somebody else"', '"43.1"')))
    rule = Group(match="any", members=(Rule(field="user", operator=Operator.IN, value=(value,)),))
    found = store.marks.count(mentioning(rule, USER, [value]))
    parsed = store.marks.count(mentioning(rule, USER, [value, *map(str, range(300))]))
    assert found == parsed == len(written)
