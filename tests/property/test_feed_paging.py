"""Pages of any size, in any order and with any filter hold exactly the rows of the store, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.domain.criterion import FieldType
from milepost.domain.event import EventId
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.kit.ids import uuid7_unix_ms
from milepost.store.feeds import FeedFilter, FeedPlace, FeedReader, FeedRow, FeedTime
from milepost.store.position import Position
from milepost.testing.feeds import Emitted, emit

NOW_MS = 1_763_750_000_000
COMPANIES = tuple(UUID(int=100 + index) for index in range(3))
SIGNALS = tuple(
    Signal(
        id=UUID(int=(index + 1) << 64 | (7 - index)),
        revision=1,
        slots={"n": "n1"},
        name=f"signal {index}",
        connection_id=UUID(int=2),
        event_key="order",
        fields=(SignalField(name="n", path=("n",), type=FieldType.NUMBER),),
        company=CompanyMapping(field="n"),
    )
    for index in range(2)
)


class Row(NamedTuple):
    """One emission of the generated store."""

    signal: int
    company: UUID
    arrived_ms: int
    noise: int
    item: int
    dated_ms: int

    @property
    def event_id(self) -> EventId:
        """A UUIDv7 in which what follows the time is chosen, so that ids tie and sort in every way."""
        return EventId(UUID(int=self.arrived_ms << 80 | 0x7 << 76 | 0x2 << 62 | self.noise), self.item)


def _noise(high: int, low: int) -> int:
    return high << 64 | low


instants = st.integers(NOW_MS, NOW_MS + 3)
rows = st.builds(
    Row,
    signal=st.integers(0, 1),
    company=st.sampled_from(COMPANIES),
    arrived_ms=instants,
    noise=st.builds(_noise, st.integers(0, 2), st.integers(0, 2)),
    item=st.integers(0, 2),
    dated_ms=instants,
)


def _each_once(found: list[list[Row]]) -> list[list[Row]]:
    """Every (signal, event) in one batch only, as the reactor has it."""
    seen: set[tuple[int, EventId]] = set()
    kept: list[list[Row]] = []
    for batch in found:
        fresh = list({(row.signal, row.event_id): row for row in batch}.values())
        kept.append([row for row in fresh if (row.signal, row.event_id) not in seen])
        seen |= {(row.signal, row.event_id) for row in fresh}
    return kept


batches = st.lists(st.lists(rows, max_size=12), max_size=4).map(_each_once)
filters = st.fixed_dictionaries(
    {},
    optional={
        "company_ids": st.lists(st.sampled_from(COMPANIES), max_size=2),
        "hidden_company_ids": st.lists(st.sampled_from(COMPANIES), max_size=2),
        "since_ms": instants,
        "until_ms": instants,
    },
)


@pytest.fixture
def reader(chdb_client: Client) -> Iterator[Callable[[list[list[Row]]], FeedReader]]:
    def filled(found: list[list[Row]]) -> FeedReader:
        chdb_client.command("TRUNCATE TABLE signals")
        for number, batch in enumerate(found, 1):
            for place, signal in enumerate(SIGNALS):
                of_signal = [row for row in batch if row.signal == place]
                emit(chdb_client, number, signal, [_emitted(row) for row in of_signal])
        return FeedReader(chdb_client)

    yield filled
    chdb_client.command("TRUNCATE TABLE signals")


def _emitted(row: Row) -> Emitted:
    return Emitted(company_id=row.company, event_id=row.event_id, event_date_ms=row.dated_ms, values={"n": 1.0})


def _is_wanted(row: Row, wanted: dict[str, Any], time: FeedTime) -> bool:
    at = row.dated_ms if time is FeedTime.EVENT_DATE else row.arrived_ms
    if "company_ids" in wanted:
        is_of_company = row.company in wanted["company_ids"]
    else:
        is_of_company = row.company not in wanted.get("hidden_company_ids", ())
    return is_of_company and wanted.get("since_ms", 0) <= at < wanted.get("until_ms", 1 << 60)


def _filter(wanted: dict[str, Any], time: FeedTime) -> FeedFilter:
    return FeedFilter(generations={signal.id: 0 for signal in SIGNALS}, slots=("n1",), time=time, **wanted)


def _identity(row: FeedRow) -> tuple[int, EventId]:
    return next(place for place, signal in enumerate(SIGNALS) if signal.id == row.signal_id), row.event_id


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    found=batches,
    wanted=filters,
    time=st.sampled_from(FeedTime),
    order=st.sampled_from(FeedTime),
    is_newest_first=st.booleans(),
    limit=st.integers(1, 5),
)
def test_paging_gives_every_row_once_in_order(
    *,
    reader: Callable[[list[list[Row]]], FeedReader],
    found: list[list[Row]],
    wanted: dict[str, Any],
    time: FeedTime,
    order: FeedTime,
    is_newest_first: bool,
    limit: int,
) -> None:
    of, read = _filter(wanted, time), reader(found)
    seen: list[FeedRow] = []
    after: FeedPlace | None = None
    while page := read.page(of, order=order, is_newest_first=is_newest_first, after=after, limit=limit):
        seen += page
        last = page[-1]
        at = last.event_date_ms if order is FeedTime.EVENT_DATE else last.batch
        after = FeedPlace(at=at, event_id=last.event_id, signal_id=last.signal_id)
    expected = [(row.signal, row.event_id) for batch in found for row in batch if _is_wanted(row, wanted, time)]
    assert sorted(map(_identity, seen)) == sorted(expected)
    by_date = order is FeedTime.EVENT_DATE
    times = [(row.event_date_ms, 0) if by_date else (row.batch, uuid7_unix_ms(row.event_id.request_id)) for row in seen]
    assert times == sorted(times, reverse=is_newest_first)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=batches, wanted=filters, limit=st.integers(1, 5), data=st.data())
def test_reading_on_from_any_position_gives_what_arrived_after_it(
    reader: Callable[[list[list[Row]]], FeedReader],
    found: list[list[Row]],
    wanted: dict[str, Any],
    limit: int,
    data: st.DataObject,
) -> None:
    of, read = _filter(wanted, FeedTime.EVENT_DATE), reader(found)
    upto = data.draw(st.integers(0, len(found)))
    everything = read.after(of, Position(0), upto, 1000)
    expected = [(row.signal, row.event_id) for batch in found[:upto] for row in batch]
    wanted_ids = {(row.signal, row.event_id) for batch in found for row in batch if _is_wanted(row, wanted, of.time)}
    assert sorted(map(_identity, everything)) == sorted(one for one in expected if one in wanted_ids)
    seen: list[FeedRow] = []
    position = Position(0)
    while page := read.after(of, position, upto, limit):
        seen += page
        position = Position.parse(str(page[-1].position))
    assert seen == everything
