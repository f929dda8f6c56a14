"""Metrics of all companies: 20M emissions of one signal, 5,000 companies, against the SQL that one writes by hand.

One signal with everything is the worst case: a metric reads no other signal's rows. Both are put to the same store
in turns, through the same client.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from statistics import median
from uuid import UUID

from clickhouse_connect.driver.client import Client

from bench.measure import Measured
from milepost.domain.criterion import FieldType
from milepost.domain.metric import Aggregation, AllTime, MetricDraft, RollingDays, Window
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.measure.queries import MetricReader
from milepost.measure.windows import DAY_MS
from milepost.store.client import connect, create_schema

EMISSIONS = 20_000_000
COMPANIES = 5_000
ROUNDS = 9
NOW_MS = 1_763_000_000_000
SPAN_DAYS = 365
_PER_INSERT = 2_000_000

SIGNAL = Signal(
    id=UUID("018f0000-0000-7000-8000-000000000001"),
    revision=1,
    slots={"amount": "n1", "user": "t1"},
    name="Purchase",
    connection_id=UUID(int=1),
    event_key="purchase",
    fields=(
        SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),
        SignalField(name="user", path=("user",), type=FieldType.TEXT),
    ),
    company=CompanyMapping(field="user"),
)

_FILL = f"""INSERT INTO signals
    (signal_id, generation, company_id, event_date, request_id, item, revision, batch, n1, t1)
SELECT '{SIGNAL.id}', 0,
    toUUID(concat('018f0000-0000-7000-9000-', leftPad(hex(cityHash64(number) % {COMPANIES}), 12, '0'))),
    fromUnixTimestamp64Milli(toInt64({NOW_MS} - cityHash64(number, 1) % {SPAN_DAYS * DAY_MS}), 'UTC'),
    reinterpretAsUUID(sipHash128(intDiv(number, 100))), number % 100, 1, intDiv(number, 20000),
    if(number % 50 = 0, NULL, cityHash64(number, 2) % 100000 / 100),
    if(number % 50 = 1, NULL, concat('user-', toString(cityHash64(number) % {COMPANIES}), '-',
        toString(cityHash64(number, 3) % 200)))
FROM numbers({{first:UInt64}}, {{many:UInt64}})"""

_BY_HAND = {Aggregation.COUNT: "count()", Aggregation.SUM: "sum(n1)", Aggregation.DISTINCT: "uniqExact(t1)"}
_FIELDS = {Aggregation.COUNT: None, Aggregation.SUM: "amount", Aggregation.DISTINCT: "user"}
_WINDOWS: tuple[tuple[str, Window], ...] = (("all time", AllTime()), ("30 days", RollingDays(days=30)))


def fill(client: Client, emissions: int) -> None:
    """Emissions over a year, each company's with 200 users, merged as the engine would in its own time."""
    create_schema(client)
    for first in range(0, emissions, _PER_INSERT):
        client.command(_FILL, parameters={"first": first, "many": min(_PER_INSERT, emissions - first)})
    client.command("OPTIMIZE TABLE signals FINAL")


def by_hand(aggregation: Aggregation, window: Window) -> str:
    """What somebody who knows the table would write."""
    since = ""
    if isinstance(window, RollingDays):
        since = f" AND event_date > fromUnixTimestamp64Milli({NOW_MS - window.days * DAY_MS})"
    return (
        f"SELECT company_id, {_BY_HAND[aggregation]} FROM signals WHERE signal_id = '{SIGNAL.id}' AND generation = 0"
        f"{since} AND event_date <= fromUnixTimestamp64Milli({NOW_MS}) GROUP BY company_id"
    )


def metrics(emissions: int = EMISSIONS) -> Iterator[Measured]:
    """The time of a metric of all companies as of now, for each aggregation and window."""
    with tempfile.TemporaryDirectory() as folder:
        client = connect(f"chdb://{folder}")
        try:
            fill(client, emissions)
            reader = MetricReader(client)
            for name, window in _WINDOWS:
                for aggregation, field in _FIELDS.items():
                    draft = MetricDraft(
                        name=f"{aggregation.value} of all companies, {name}",
                        signal_id=SIGNAL.id,
                        aggregation=aggregation,
                        field=field,
                        window=window,
                    )
                    yield _measured(client, reader, draft)
        finally:
            client.close()


def _measured(client: Client, reader: MetricReader, draft: MetricDraft) -> Measured:
    sql = by_hand(draft.aggregation, draft.window)
    hand = _rows_of(client, sql)
    found = reader.values(draft, SIGNAL, NOW_MS)
    assert found.keys() == hand.keys()
    assert all(abs(found[company] - (hand[company] or 0)) < 0.01 for company in found)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_milliseconds(lambda: reader.values(draft, SIGNAL, NOW_MS)))
        theirs.append(_milliseconds(lambda: _rows_of(client, sql)))
    (wall, cpu), (wall_by_hand, cpu_by_hand) = (map(median, zip(*some, strict=True)) for some in (ours, theirs))
    return Measured(
        name=draft.name,
        value=wall,
        unit="ms",
        bar="below 200 ms, at most 1.3 of the limit",
        limit_name="SQL by hand",
        limit=wall_by_hand,
        note=f"processor time {cpu:.0f} ms against {cpu_by_hand:.0f} ms, fastest {min(ours)[0]:.0f} ms",
    )


def _rows_of(client: Client, sql: str) -> dict[UUID, float | None]:
    return {row[0]: row[1] for row in client.query(sql).result_rows}


def _milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of all processors together, which a busy machine does not blur."""
    started, worked = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000
