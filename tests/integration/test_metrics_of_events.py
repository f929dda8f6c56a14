"""Metrics of whole requests, with repeats, late, back-dated and future events, against DuckDB over the same bodies."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from uuid import UUID

import duckdb
import msgspec
import orjson
import pytest
from clickhouse_connect.driver.client import Client

from milepost.detect.company import Companies
from milepost.detect.step import Detect, compile_definitions
from milepost.domain.basis import basis_of
from milepost.domain.calendar import Calendar, Period
from milepost.domain.criterion import FieldType
from milepost.domain.event import Located, Submission
from milepost.domain.metric import Aggregation, AllTime, CalendarPeriod, MetricDraft, RollingDays, Window
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.kit.ids import uuid7_bytes
from milepost.measure.queries import MetricReader
from milepost.measure.windows import DAY_MS
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.step import record
from milepost.store.writer import StoreWriter

NOW_MS = 1_775_000_000_000
"""2026-03-31 23:33 UTC: in Auckland it is April."""
AUCKLAND = Calendar("Pacific/Auckland")
BATCHES, REQUESTS, EVENTS = 4, 5, 30
SIGNAL = Signal(
    id=UUID(int=0xE7E),
    revision=1,
    slots={"customer": "t1", "amount": "n1"},
    name="Order",
    connection_id=UUID(int=0xC0),
    event_key="order",
    fields=(
        SignalField(name="customer", path=("customer",), type=FieldType.TEXT),
        SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),
    ),
    company=CompanyMapping(field="customer"),
)
CUSTOMERS = {f"C{number}": UUID(int=0xC0FFEE00 + number) for number in range(4)}
IN_SQL = {
    Aggregation.COUNT: "count(*)",
    Aggregation.DISTINCT: "count(DISTINCT amount)",
    Aggregation.SUM: "coalesce(round(sum(amount::DECIMAL(38, 9)), 6), 0)",
    Aggregation.AVERAGE: "round(sum(amount::DECIMAL(38, 9))::DOUBLE / count(amount), 6)",
    Aggregation.MINIMUM: "min(amount)",
    Aggregation.MAXIMUM: "max(amount)",
    Aggregation.FIRST: "first(amount ORDER BY happened, place) FILTER (amount IS NOT NULL)",
    Aggregation.LATEST: "last(amount ORDER BY happened, place) FILTER (amount IS NOT NULL)",
    Aggregation.DAYS_SINCE_LAST: f"({NOW_MS} - max(happened)) // {DAY_MS}",
}
_MONTH = "date_trunc('month', timezone('Pacific/Auckland', make_timestamptz({} * 1000)))"
WINDOWS: list[tuple[Window, str]] = [
    (AllTime(), "true"),
    (RollingDays(days=30), f"happened > {NOW_MS - 30 * DAY_MS}"),
    (
        CalendarPeriod(period=Period.MONTH),
        f"{_MONTH.format('happened')} = {_MONTH.format(NOW_MS)}",
    ),
]


class Directory:
    """Companies that events name."""

    def companies(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        return {key: CUSTOMERS[key[1]] for key in keys}


def bodies() -> Iterator[list[list[dict[str, object]]]]:
    """Batches of requests of events: each third event repeats one of before; dates go back a year and on a month."""
    chance = random.Random(1)
    sent: list[dict[str, object]] = []

    def event() -> dict[str, object]:
        if sent and chance.random() < 0.3:
            return {**chance.choice(sent), "amount": 999}
        made: dict[str, object] = {
            "customer": chance.choice(list(CUSTOMERS)),
            "amount": chance.choice([None, "n/a", 0, -1.5, 0.1, round(chance.uniform(-50, 500), 2)]),
            "idempotencyKey": f"{chance.getrandbits(64):x}",
        }
        days = chance.choice([0, 0, chance.uniform(0, 40), chance.uniform(0, 365), -chance.uniform(0, 30)])
        made["eventDate"] = NOW_MS - int(days * DAY_MS)
        sent.append(made)
        return made

    for _ in range(BATCHES):
        yield [[event() for _ in range(EVENTS)] for _ in range(REQUESTS)]


@pytest.fixture(scope="module")
def recounted(
    chdb_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[MetricReader, duckdb.DuckDBPyConnection]]:
    """The store after all batches, and a table of the events that count, told from the bodies alone."""
    claims, writer = RocksdbClaims(tmp_path_factory.mktemp("claims")), StoreWriter(chdb_client)
    detect = Detect(Companies(Directory()))
    detect.use(compile_definitions([SIGNAL]))
    sent: list[dict[str, object]] = []
    for batch, requests in enumerate(bodies()):
        entries = [_entry(batch, place, events) for place, events in enumerate(requests)]
        groups = record(entries, claims)
        writer.insert(batch, f"orders-{batch}", groups, detect.detect(groups).emissions)
        sent += [event for events in requests for event in events]
    claims.close()
    database = duckdb.connect(config={"threads": 1})
    database.execute(
        "CREATE TABLE orders AS SELECT *, row_number() OVER () AS place FROM (SELECT unnest(?::VARCHAR[]) AS body)",
        [[orjson.dumps(event).decode() for event in sent]],
    )
    database.execute(
        """CREATE TABLE first_orders AS SELECT body->>'customer' AS customer, (body->>'eventDate')::BIGINT AS happened,
        CASE WHEN json_type(body, '$.amount') IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN (body->>'amount')::DOUBLE END
            AS amount, place
        FROM orders QUALIFY row_number() OVER (PARTITION BY body->>'idempotencyKey' ORDER BY place) = 1"""
    )
    yield MetricReader(chdb_client), database
    for table, column in (("signals", "signal_id"), ("events", "connection_id")):
        of = SIGNAL.id if table == "signals" else SIGNAL.connection_id
        chdb_client.command(f"DELETE FROM {table} WHERE {column} = {{id:UUID}}", parameters={"id": of})


def _entry(batch: int, place: int, events: list[dict[str, object]]) -> Located:
    received_at_ms = NOW_MS - 1000 + batch * 100 + place
    submission = Submission(
        request_id=uuid7_bytes(received_at_ms),
        connection_id=SIGNAL.connection_id.bytes,
        door="events",
        received_at_ms=received_at_ms,
        client_ip="127.0.0.1",
        event_key="order",
        body=orjson.dumps(events),
        count=len(events),
    )
    return Located(partition=0, offset=1 + batch * REQUESTS + place, entry=msgspec.msgpack.encode(submission))


@pytest.mark.parametrize(("window", "inside"), WINDOWS, ids=lambda one: getattr(one, "kind", ""))
@pytest.mark.parametrize("aggregation", Aggregation)
def test_a_metric_is_what_the_bodies_say_with_each_repeat_left_out(
    recounted: tuple[MetricReader, duckdb.DuckDBPyConnection], aggregation: Aggregation, window: Window, inside: str
) -> None:
    reader, database = recounted
    field = "amount" if aggregation.takes_field else None
    draft = MetricDraft(name="m", signal_id=SIGNAL.id, aggregation=aggregation, field=field, window=window)
    found = reader.values(basis_of(draft, {}, {SIGNAL.id: SIGNAL}, AUCKLAND), NOW_MS)
    rows = database.execute(
        f"SELECT customer, {IN_SQL[aggregation]} FROM first_orders WHERE {inside} AND happened <= {NOW_MS} GROUP BY ALL"
    ).fetchall()
    assert found == {CUSTOMERS[name]: None if value is None else float(value) for name, value in rows}
