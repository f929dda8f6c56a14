"""A whole house to find somebody in: a working reactor on a folder, with a shop's definitions, for one chDB client.

Takes payloads as a door would hand them on; gives what the store and every file has of them.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from clickhouse_connect.driver.client import Client
from sqlalchemy.orm import Session

from milepost.control.directory import IdentitySource
from milepost.control.job_rows import JobRow
from milepost.control.repos import companies, connections, jobs, metrics, privacy, signals
from milepost.control.repos.bases import basis_of_draft
from milepost.control.session import Database
from milepost.domain.company import META_KEY, CompanyKey
from milepost.domain.connection import ConnectionKind
from milepost.domain.criterion import FieldType
from milepost.domain.event import SmartKey, Submission
from milepost.domain.job import Job, JobState
from milepost.domain.metric import Aggregation, AllTime, Metric, MetricDraft, Window
from milepost.domain.privacy import CompanySubject, PrivacyAction, PrivacyRequest, Receipt, UserSubject
from milepost.domain.signal import CompanyMapping, Signal, SignalDraft, SignalField
from milepost.erase.desk import PrivacyDesk
from milepost.erase.ports import Premises
from milepost.jobs.port import JobCancelledError
from milepost.kit.ids import uuid7, uuid7_bytes
from milepost.measure.queries import MetricReader
from milepost.reactor import Parts, Reactor
from milepost.record.checkpoint import Checkpoints
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter
from milepost.store.client import connect
from milepost.store.quiet import QuietClient
from milepost.store.writer import StoreWriter
from milepost.testing.business import NOW_MS, SECRETS_KEY, make_control_database
from milepost.testing.clock import StandingClock
from milepost.wiring import FreshDetect

ADMIN = "ada@example.com"
_TEXT, _NUMBER = FieldType.TEXT, FieldType.NUMBER
_ENCODE = msgspec.msgpack.Encoder().encode
_COLUMNS = (("events", "payload", "ZSTD(1)"), ("signals", "t1", "LZ4"), ("signals", "t2", "LZ4"))
_DRAIN_SECONDS = 30


class CrashError(Exception):
    """Stands for the death of the process at that point."""


class Attempt:
    """A job in the handler's hands, which dies at its n-th word, or is cancelled, if told so."""

    def __init__(
        self, house: House, job: Job, saved: Mapping[str, Any], *, dies_at_word: int = 0, is_cancelled: bool = False
    ) -> None:
        self.id, self.actor, self.params = job.id, job.actor, job.params
        self.folder = house.folder / "jobs" / str(job.id)
        self.saved: Mapping[str, Any] = saved
        self.words = 0
        self._house = house
        self._dies_at_word = dies_at_word
        self._is_cancelled = is_cancelled

    def save(self, state: Mapping[str, Any]) -> None:
        """See jobs/port.py."""
        self._speak()
        with self._house.database.write() as session:
            jobs.save_state(session, self.id, state)
        self.saved = dict(state)
        self._speak()

    def save_within(self, session: Session, state: Mapping[str, Any], *, done: int) -> None:
        """See jobs/port.py."""
        jobs.save_state(session, self.id, state)

    def progress(self, done: int, total: int | None, unit: str) -> None:
        """See jobs/port.py."""
        self._speak()
        if self._is_cancelled:
            raise JobCancelledError

    def _speak(self) -> None:
        self.words += 1
        if self.words == self._dies_at_word:
            raise CrashError


class House:
    """See the module. Opened by `open_house`."""

    def __init__(
        self, folder: Path, client: Client, reactor: Reactor, premises: Premises, clock: StandingClock
    ) -> None:
        self.folder, self.client, self.premises, self.clock = folder, client, premises, clock
        self.database = premises.database
        self.marker = secrets.token_hex(24)
        self.desk = PrivacyDesk(premises, SECRETS_KEY)
        self._reactor = reactor
        self._engine = Path(client.query("SELECT path FROM system.disks").result_rows[0][0])
        with self.database.write() as session:
            draft = connections.ConnectionDraft(name="Shop", kind=ConnectionKind.EVENT_HANDLER)
            self.connection_id = connections.create_connection(
                session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY
            ).connection.id
        self.orders = self.define("order", "account", ("account", _TEXT), ("amount", _NUMBER), ("userId", _TEXT))

    def define(self, event_key: str, key: str, *fields: tuple[str, FieldType], space: str = META_KEY) -> Signal:
        """A signal over root members, one of which names the company."""
        draft = SignalDraft(
            name=event_key,
            connection_id=self.connection_id,
            event_key=event_key,
            fields=tuple(SignalField(name=name, path=(name,), type=kind) for name, kind in fields),
            company=CompanyMapping(field=key, key_space=space),
        )
        with self.database.write() as session:
            return signals.create_signal(session, draft, now_ms=NOW_MS)

    def metric(self, aggregation: Aggregation, field: str | None = None, window: Window = AllTime()) -> Metric:  # noqa: B008  # a frozen value
        """A metric over the orders."""
        draft = MetricDraft(name="m", signal_id=self.orders.id, aggregation=aggregation, field=field, window=window)
        with self.database.write() as session:
            found = metrics.create_metric(session, draft, now_ms=NOW_MS)
            assert isinstance(found, Metric)
            return found

    def value(self, metric: Metric, company_id: UUID) -> float | None:
        """Of a company, now."""
        with self.database.read() as session:
            basis = basis_of_draft(session, metric)
        reader = MetricReader(self.client, IdentitySource(self.database))
        return reader.values(basis, NOW_MS, [company_id])[company_id]

    def send(self, event_key: str, *payloads: Mapping[str, Any], smart_keys: Sequence[SmartKey] = ()) -> UUID:
        """One request, processed when this returns."""
        request = uuid7_bytes(NOW_MS)
        entry = Submission(
            request_id=request,
            connection_id=self.connection_id.bytes,
            door="events",
            received_at_ms=NOW_MS,
            client_ip="127.0.0.1",
            event_key=event_key,
            body=msgspec.json.encode(payloads),
            count=len(payloads),
            smart_keys=tuple(smart_keys),
        )
        self.accept(_ENCODE(entry))
        return UUID(bytes=request)

    def accept(self, entry: bytes) -> None:
        """Put an entry into the journal, whatever it is, and see it processed."""

        async def write() -> None:
            writer = SqliteJournalWriter(self.folder / "journal", 0, loop=asyncio.get_running_loop())
            await writer.append(entry)
            writer.close()

        asyncio.run(write())
        assert self._reactor.drain(_DRAIN_SECONDS)

    def company(self, value: str, space: str = META_KEY) -> UUID | None:
        """The id of the company that a key names."""
        with self.database.read() as session:
            found = companies.find_company_by_key(session, CompanyKey(key_space=space, value=value))
        return found.id if found else None

    def payloads(self) -> list[dict[str, Any]]:
        """Of the event log, in the order of their bytes."""
        rows = self.client.query("SELECT payload FROM events ORDER BY payload").result_rows
        return [msgspec.json.decode(row[0]) for row in rows]

    def ask(self, action: PrivacyAction, subject: CompanySubject | UserSubject) -> Job:
        """What the API does, up to the queued job."""
        request_id = uuid7(NOW_MS)
        self.desk.put_down(request_id, subject)
        with self.database.write() as session:
            privacy.add_privacy_request(
                session,
                request_id,
                action,
                about_company=subject.company_id if isinstance(subject, CompanySubject) else None,
                user_digest=self.desk.digest(subject.user_id) if isinstance(subject, UserSubject) else None,
                actor=ADMIN,
                now_ms=NOW_MS,
            )
            return jobs.get_job(session, request_id)

    def attempt(self, job: Job, *, dies_at_word: int = 0, is_cancelled: bool = False) -> None:
        """Run the job, the only one that is queued, from what it saved last. CrashError where it was to die."""
        with self.database.write() as session:
            jobs.requeue_running(session, now_ms=self.clock(), begun_before_ms=0)
            taken = jobs.take_job(session, now_ms=NOW_MS)
        assert taken is not None
        assert taken[0].id == job.id
        self.desk.answer(Attempt(self, *taken, dies_at_word=dies_at_word, is_cancelled=is_cancelled))

    def saved(self, job: Job) -> Mapping[str, Any]:
        """What the job keeps for its next attempt."""
        with self.database.read() as session:
            row = session.get(JobRow, job.id)
            return row.saved if row else {}

    def do(self, action: PrivacyAction, subject: CompanySubject | UserSubject) -> Receipt:
        """Ask and answer; gives the receipt."""
        job = self.ask(action, subject)
        self.attempt(job)
        receipt = self.request(job).receipt
        assert receipt is not None
        with self.database.write() as session:
            jobs.end_job(session, job.id, JobState.SUCCEEDED, now_ms=NOW_MS)
        return receipt

    def request(self, job: Job) -> PrivacyRequest:
        """As it is kept."""
        with self.database.read() as session:
            return privacy.get_privacy_request(session, job.id)

    def files_with(self, text: str) -> list[Path]:
        """Every file, of the store's engine too, that has the text in its bytes."""
        folders = (self.folder, self._engine)
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        return [file for file in files if text.encode() in file.read_bytes()]


@contextmanager
def open_house(folder: Path, client: Client) -> Iterator[House]:
    """A house with a reactor at work; the store's tables are empty again when the block ends.

    Texts are stored without compression, so that they can be looked for in files.
    """
    for table, column, _ in _COLUMNS:
        client.command(f"ALTER TABLE {table} MODIFY COLUMN {column} CODEC(NONE)")
    ((engine,),) = client.query("SELECT path FROM system.disks").result_rows
    dsn = f"chdb://{engine}"
    database, clock = make_control_database(folder), StandingClock(NOW_MS)
    with _reactor(folder, dsn, database, clock) as reactor:
        premises = Premises(
            database=database,
            open_store=lambda: QuietClient(connect(dsn)),
            reactor=reactor,
            checkpoints=folder / "reactor.sqlite",
            journal=folder / "journal",
            rejections=folder / "rejections",
            jobs=folder / "jobs",
            control_file=folder / "control.sqlite",
            drop_snapshots=lambda: None,
            clock=clock,
            settling_seconds=0.0,
        )
        yield House(folder, client, reactor, premises, clock)
    database.close()
    for table in ("events", "signals", "erasure_events", "erasure_values", "erasure_payloads"):
        client.command(f"TRUNCATE TABLE {table}")
    for table, column, codec in _COLUMNS:
        client.command(f"ALTER TABLE {table} MODIFY COLUMN {column} CODEC({codec})")


@contextmanager
def _reactor(folder: Path, dsn: str, database: Database, clock: StandingClock) -> Iterator[Reactor]:
    checkpoints, claims = Checkpoints(folder / "reactor.sqlite"), RocksdbClaims(folder / "claims")
    writer = connect(dsn)
    reactor = Reactor(
        Parts(
            reader=SqliteJournalReader(folder / "journal"),
            checkpoints=checkpoints,
            claims=claims,
            detector=FreshDetect(database, clock),
            store=StoreWriter(writer),
            touched=lambda _: None,
            settled=lambda _batch, _emissions: None,
            report=lambda _: None,
            clock=clock,
        )
    )
    thread = threading.Thread(target=reactor.run)
    thread.start()
    try:
        yield reactor
    finally:
        reactor.stop()
        thread.join()
        for part in (checkpoints, claims, writer):
            part.close()
