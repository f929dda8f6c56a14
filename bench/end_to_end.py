"""End to end: a full journal through claims, event log, 200 signals (4 candidates an event) and metrics' judge.

The limit is a bare insert of the same event rows into the same engine, in the same run; for 1,000 signals, of which
the events' own keys still have 4 each, it is the rate with 200.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from bench.events import CONNECTION_KEYS, SIGNALS_PER_KEY, event_key, payloads
from bench.measure import Measured
from milepost.control.migrate import open_migrated
from milepost.control.repos.connections import ConnectionDraft, create_connection
from milepost.control.repos.signals import create_signal
from milepost.control.session import Database
from milepost.domain.company import META_KEY
from milepost.domain.connection import ConnectionKind
from milepost.domain.criterion import Condition, FieldType, Group
from milepost.domain.event import Submission
from milepost.domain.signal import CompanyMapping, SignalDraft, SignalField
from milepost.kit.clock import system_clock
from milepost.kit.ids import uuid7_bytes
from milepost.observe import paths
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter
from milepost.record.step import record
from milepost.settings import Settings
from milepost.store.client import connect
from milepost.store.events import insert_events
from milepost.wiring import make_engine

EVENTS = 300_000
PER_REQUEST = 100


def define(database: Database, keys: int) -> UUID:
    """One connection with that many event keys of 4 signals each: two rules and three fields a signal."""
    with database.write() as session:
        draft = ConnectionDraft(name="Bench", kind=ConnectionKind.EVENT_HANDLER)
        connection = create_connection(session, draft, now_ms=system_clock(), secrets_key=bytes(32)).connection.id
        for number in range(keys * SIGNALS_PER_KEY):
            create_signal(
                session,
                SignalDraft(
                    name=f"Signal {number}",
                    connection_id=connection,
                    event_key=f"usage-{number // SIGNALS_PER_KEY}",  # those beyond `event_key` never come
                    fields=(
                        SignalField(name="company", path=("companyId",), type=FieldType.TEXT),
                        SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),
                        SignalField(name="plan", path=("plan",), type=FieldType.TEXT),
                    ),
                    company=CompanyMapping(field="company", key_space=META_KEY),
                    rules=Group(
                        match="all",
                        members=(
                            Condition(field="amount", operator=">=", value=250 * (number % SIGNALS_PER_KEY)),
                            Condition(field="plan", operator="in", value=("team", "enterprise")),
                        ),
                    ),
                ),
                now_ms=system_clock(),
            )
        return connection


async def fill_journal(folder: Path, connection: UUID, count: int, per_request: int) -> None:
    """Put accepted submissions on disk, as an ingest worker does."""
    writer = SqliteJournalWriter(folder, 0, loop=asyncio.get_running_loop(), most_queued_bytes=1 << 40)
    events = payloads(count, seed=1)
    pending = []
    for start in range(0, count, per_request):
        now = system_clock()
        some = events[start : start + per_request]
        submission = Submission(
            request_id=uuid7_bytes(now),
            connection_id=connection.bytes,
            door="events",
            received_at_ms=now,
            client_ip="127.0.0.1",
            event_key=event_key(start // per_request),
            body=b"[" + b",".join(some) + b"]",
            count=len(some),
        )
        pending.append(writer.append(msgspec.msgpack.encode(submission)))
    await asyncio.gather(*pending)
    writer.close()


def end_to_end(count: int = EVENTS, per_request: int = PER_REQUEST) -> Measured:
    """Events a second from a full journal to queryable, against a bare insert of the same event rows."""
    with _worked_off(count, per_request, CONNECTION_KEYS) as (rate, settings):
        return Measured(
            name=f"end to end ({per_request} events a request)",
            value=rate,
            unit="events/s",
            bar="at least 80,000",
            limit_name="bare insert of the event rows",
            limit=_bare_insert(settings, count),
        )


def many_signals(count: int = EVENTS, per_request: int = PER_REQUEST) -> Measured:
    """The same with five times the signals, which the events' keys have nothing to do with."""
    with _worked_off(count, per_request, CONNECTION_KEYS) as (few, _):
        pass
    with _worked_off(count, per_request, 5 * CONNECTION_KEYS) as (many, _):
        pass
    signals = CONNECTION_KEYS * SIGNALS_PER_KEY
    return Measured(
        name=f"end to end with {5 * signals:,} signals defined",
        value=many,
        unit="events/s",
        bar="at least 0.95 of the limit",
        limit_name=f"{signals} signals, as many of each event's key",
        limit=few,
    )


@contextmanager
def _worked_off(count: int, per_request: int, keys: int) -> Iterator[tuple[float, Settings]]:
    """Events a second, and the settings of the engine, which is open while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        database = open_migrated(settings.control())
        asyncio.run(fill_journal(paths.journal(settings.data), define(database, keys), count, per_request))
        (settings.data / "run").mkdir()
        engine = make_engine(settings, database, system_clock)
        judging = threading.Thread(target=engine.judge.run)
        working = threading.Thread(target=engine.reactor.run)
        started = time.perf_counter()
        judging.start()
        working.start()
        engine.reactor.drain(600)
        seconds = time.perf_counter() - started
        engine.reactor.stop()
        working.join()
        engine.judge.stop()
        judging.join()
        stored = engine.pool.query("SELECT count(), countIf(fate = 'processed') FROM events").result_rows[0]
        assert stored == (count, count), stored
        yield count / seconds, settings
        engine.close()


def _bare_insert(settings: Settings, count: int) -> float:
    """Events a second into the same engine: rows made before, one insert a batch."""
    reader = SqliteJournalReader(paths.journal(settings.data))
    claims = RocksdbClaims(settings.data / "limit-claims")
    batches = []
    after = 0
    while entries := reader.read(0, after, 20_000, 8 << 20):
        batches.append(record(entries, claims))
        after = entries[-1].offset
    client = connect(settings.store())
    started = time.perf_counter()
    for number, groups in enumerate(batches):
        insert_events(client, number, f"limit-{number}", groups)
    seconds = time.perf_counter() - started
    client.close()
    return count / seconds
