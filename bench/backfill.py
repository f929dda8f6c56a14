"""Applying a new signal to history: events a second by the job itself, against a bare scan of the same payloads.

Two rules and three fields, of which one event in six, or every one, comes through. The companies are known to the
control plane, as they are where the stream has seen them before.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.client import Client
from sqlalchemy.orm import Session

from bench.events import payloads
from bench.measure import Measured
from milepost.control.directory import CompanyDirectory
from milepost.control.migrate import open_migrated
from milepost.control.repos.company_keys import create_companies
from milepost.control.repos.connections import ConnectionDraft, create_connection
from milepost.control.repos.signals import create_signal
from milepost.control.session import Database, sqlite_url
from milepost.detect.backfill import Backfill
from milepost.domain.company import META_KEY
from milepost.domain.connection import ConnectionKind
from milepost.domain.criterion import Condition, FieldType, Group
from milepost.domain.event import RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.signal import CompanyMapping, Signal, SignalDraft, SignalField
from milepost.kit.clock import system_clock
from milepost.kit.ids import uuid7_bytes
from milepost.store.backfill import BackfillStore
from milepost.store.client import connect, create_schema
from milepost.store.events import insert_events

EVENTS = 8_000_000
ROUNDS = 3
_PER_BATCH = 20_000
_PER_REQUEST = 100
_BEGIN_MS = 1_763_000_000_000
_NEVER = 1 << 62
_BARE_SCAN = (
    "SELECT sum(JSONExtractFloat(payload, 'amount')) FROM events"
    " WHERE connection_id = {connection_id:UUID} AND event_key = 'usage' AND fate = 'processed'"
)


class _NoStream:
    """Nothing arrives meanwhile."""

    def paused(self) -> AbstractContextManager[None]:
        return nullcontext()

    def next_batch(self) -> int:
        return _NEVER


class _Job:
    """The job's side of the handler, which nobody watches."""

    actor = "bench"
    folder = Path()
    saved: Mapping[str, Any] = {}

    def __init__(self, signal_id: UUID, number: int) -> None:
        self.id = UUID(int=number)
        self.params: Mapping[str, Any] = {"signal_id": str(signal_id)}

    def save(self, state: Mapping[str, Any]) -> None:
        self.saved = state

    def save_within(self, session: Session, state: Mapping[str, Any], *, done: int) -> None:
        self.saved = state

    def progress(self, done: int, total: int | None, unit: str) -> None:
        pass


def backfill(events: int = EVENTS) -> Iterator[Measured]:
    """The fastest of a few rounds each, in turns: other work on the machine only slows down."""
    with tempfile.TemporaryDirectory() as folder:
        dsn = f"chdb://{folder}/store"
        client = connect(dsn)
        database = open_migrated(sqlite_url(Path(folder) / "control.sqlite"))
        try:
            connection_id = _connect(database)
            _fill(client, connection_id, events)
            handler = Backfill(
                database=database,
                directory=CompanyDirectory(database, system_clock),
                open_store=lambda: BackfillStore(connect(dsn)),
                stream=_NoStream(),
                grace_seconds=0,
            )
            for name, least in (("one event in six matches", 750), ("every event matches", 0)):
                signal = _define(database, connection_id, least)
                yield _measured(client, handler, signal, events, name)
        finally:
            database.close()
            client.close()


def _measured(client: Client, handler: Backfill, signal: Signal, events: int, name: str) -> Measured:
    took: list[float] = []
    bare: list[float] = []
    emitted = 0
    for number in range(ROUNDS):
        client.command("TRUNCATE TABLE signals")  # a new signal has no history to be taken away
        started = time.perf_counter()
        client.query(_BARE_SCAN, parameters={"connection_id": signal.connection_id})
        bare.append(time.perf_counter() - started)
        started = time.perf_counter()
        emitted = handler(_Job(signal.id, number))["emitted"]
        took.append(time.perf_counter() - started)
    ((rows,),) = client.query("SELECT count() FROM signals").result_rows
    assert rows == emitted, (rows, emitted)
    return Measured(
        name=f"backfill of a new signal, {name}",
        value=events / min(took),
        unit="events/s",
        bar="at least 2,000,000" if emitted < events else "",
        limit_name="a bare JSONExtract of one field",
        limit=events / min(bare),
        note=f"{events:,} events, of which {emitted / events:.0%} match",
    )


def _connect(database: Database) -> UUID:
    with database.write() as session:
        draft = ConnectionDraft(name="Bench", kind=ConnectionKind.EVENT_HANDLER)
        create_companies(session, [(META_KEY, f"C{number:05d}") for number in range(5000)], system_clock())
        return create_connection(session, draft, now_ms=system_clock(), secrets_key=bytes(32)).connection.id


def _define(database: Database, connection_id: UUID, least: float) -> Signal:
    plans = ("team", "enterprise") if least else ("free", "team", "enterprise")
    with database.write() as session:
        return create_signal(
            session,
            SignalDraft(
                name="Large use",
                connection_id=connection_id,
                event_key="usage",
                fields=(
                    SignalField(name="company", path=("companyId",), type=FieldType.TEXT),
                    SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),
                    SignalField(name="plan", path=("plan",), type=FieldType.TEXT),
                ),
                company=CompanyMapping(field="company", key_space=META_KEY),
                rules=Group(
                    match="all",
                    members=(
                        Condition.model_validate({"field": "amount", "operator": ">=", "value": least}),
                        Condition.model_validate({"field": "plan", "operator": "in", "value": plans}),
                    ),
                ),
            ),
            now_ms=system_clock(),
        )


def _fill(client: Client, connection_id: UUID, events: int) -> None:
    """The log of a connection that was sent 100 events a request, merged as the engine would in its own time."""
    create_schema(client)
    some = payloads(_PER_BATCH, seed=1)
    for batch in range(1, events // _PER_BATCH + 1):
        arrivals = [_BEGIN_MS + batch * 1000 + place for place in range(_PER_BATCH // _PER_REQUEST)]
        ids = [uuid7_bytes(arrived) for arrived in arrivals]
        group = RecordedGroup(
            connection_id=connection_id.bytes,
            event_key="usage",
            door="events",
            request_ids=[one for one in ids for _ in range(_PER_REQUEST)],
            items=list(range(_PER_REQUEST)) * len(ids),
            received_at_ms=[arrived for arrived in arrivals for _ in range(_PER_REQUEST)],
            event_date_ms=[arrived for arrived in arrivals for _ in range(_PER_REQUEST)],
            fates=[Fate.PROCESSED] * _PER_BATCH,
            reasons=[""] * _PER_BATCH,
            duplicates_of=[""] * _PER_BATCH,
            payloads=some,
            smart_keys=(),
        )
        insert_events(client, batch, f"bench-{batch}", [group])
    client.command("OPTIMIZE TABLE events FINAL")
