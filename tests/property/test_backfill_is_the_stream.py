"""A generation that was filled from history is, row by row, what the stream would have emitted, on the real store."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid5

from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.control.slots import assign_slots
from milepost.detect.company import Companies
from milepost.detect.step import Detect, compile_definitions
from milepost.domain.event import RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.signal import CompanyMapping, Signal
from milepost.kit.ids import uuid7_bytes
from milepost.store.backfill import BackfillStore, Source
from milepost.store.writer import StoreWriter
from milepost.testing.criteria import groups, payloads, signal_fields

NOW_MS = 1_709_202_030_123
CONNECTION, SPACE = UUID(int=7), UUID(int=8)
BATCH = 3


class Directory:
    """Companies that anyone may name; a key always names the same."""

    def companies(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        return {key: uuid5(SPACE, "\n".join(key)) for key in keys}


Case = tuple[Signal, list[bytes], list[int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A signal, payloads that have its fields or nearly, and when each arrived."""
    fields = draw(signal_fields())
    signal = Signal(
        id=UUID(int=9),
        revision=4,
        generation=1,
        slots=assign_slots(fields, ()),
        name="s",
        connection_id=CONNECTION,
        event_key="a/b {key}",
        fields=fields,
        company=CompanyMapping(field=draw(st.sampled_from(fields)).name, key_space="CRM"),
        rules=draw(groups(fields)),
    )
    events = draw(st.lists(payloads(fields), min_size=1, max_size=8))
    return signal, events, draw(st.lists(st.integers(0, 3), min_size=len(events), max_size=len(events)))


def recorded(signal: Signal, events: Sequence[bytes], days: Sequence[int]) -> RecordedGroup:
    arrivals = sorted(NOW_MS + day * 86_400_000 for day in days)
    return RecordedGroup(
        connection_id=CONNECTION.bytes,
        event_key=signal.event_key,
        door="events",
        request_ids=[uuid7_bytes(arrived) for arrived in arrivals],
        items=range(len(events)),
        received_at_ms=arrivals,
        event_date_ms=[arrived - 86_400_000 * place for place, arrived in enumerate(arrivals)],
        fates=[Fate.PROCESSED] * len(events),
        reasons=[""] * len(events),
        duplicates_of=[""] * len(events),
        payloads=events,
        smart_keys=(),
    )


def stored(client: Client, signal: Signal, generation: int) -> list[tuple[Any, ...]]:
    columns = ", ".join(sorted(signal.slots.values()))
    rows = client.query(
        "SELECT request_id, item, company_id, event_date, revision, batch,"
        f" {columns} FROM signals WHERE signal_id = {{id:UUID}} AND generation = {{generation:UInt32}}"
        " ORDER BY request_id, item",
        parameters={"id": signal.id, "generation": generation},
    ).result_rows
    return [tuple(map(repr, row)) for row in rows]  # repr tells 0.0 from -0.0


def fill(store: BackfillStore, source: Source) -> None:
    """Span by span, two events or so at a time."""
    store.begin(source.signal)
    reached = -1
    for upto, _ in store.spans(source, reached, 2):
        staged = store.stage(source, reached, upto)
        found = Directory().companies([("CRM", key) for key in store.unknown_keys()])
        store.learn({key: company_id for (_, key), company_id in found.items()})
        store.emit(source.signal, staged.matched)
        reached = upto


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
@given(cases())
def test_history_gives_what_the_stream_gives(chdb_client: Client, case: Case) -> None:
    signal, events, days = case
    streamed = signal.model_copy(update={"generation": 0})
    group = recorded(signal, events, days)
    detect = Detect(Companies(Directory()))
    detect.use(compile_definitions([streamed]))
    emissions = detect.detect([group]).emissions
    token = UUID(bytes=group.request_ids[0]).hex
    StoreWriter(chdb_client).insert(BATCH, token, [group], emissions)
    store = BackfillStore(chdb_client)
    fill(store, Source(signal, BATCH + 1))
    assert stored(chdb_client, signal, 1) == stored(chdb_client, signal, 0)
    for table in ("events", "signals"):
        chdb_client.command(f"TRUNCATE TABLE {table}")
