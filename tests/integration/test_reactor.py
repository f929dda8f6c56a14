"""The reactor over real parts: every effect of a batch exactly once, whatever happens on the way."""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import orjson
import pytest
from clickhouse_connect.driver.client import Client

from milepost.detect.company import Companies
from milepost.detect.step import Detect, compile_definitions
from milepost.domain.criterion import FieldType
from milepost.domain.errors import UnavailableError
from milepost.domain.event import Emissions, RecordedGroup, Submission
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.domain.tally import Tally
from milepost.kit.clock import system_clock
from milepost.kit.ids import uuid7_bytes
from milepost.observe.health import ReactorHealth
from milepost.reactor import MOST_PARKED_IN_A_ROW, Parts, Reactor
from milepost.record.checkpoint import Checkpoints, Intent
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter
from milepost.record.proof import Left
from milepost.record.tallies import TallyReader
from milepost.store.writer import StoreWriter
from milepost.testing.service import wait_for

CONNECTION = UUID(int=7)
SIGNAL = Signal(
    id=UUID(int=9),
    revision=1,
    slots={"account": "t1"},
    name="Sign-in",
    connection_id=CONNECTION,
    event_key="logins",
    fields=(SignalField(name="account", path=("account",), type=FieldType.TEXT),),
    company=CompanyMapping(field="account"),
)


class Directory:
    """Companies that anyone may name."""

    def companies(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        return {key: UUID(bytes=key[1].encode().ljust(16, b"\0")[:16]) for key in keys}


class CrashError(Exception):
    """Stands for the death of the process at that point."""


@dataclass
class Plant:
    """A reactor's files, which outlive it, and what it reported."""

    folder: Path
    client: Client
    reports: list[ReactorHealth] = field(default_factory=list)
    touched: list[Emissions] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)

    def append(self, *entries: bytes) -> None:
        async def write() -> None:
            writer = SqliteJournalWriter(self.folder / "journal", 0, loop=asyncio.get_running_loop())
            await asyncio.gather(*map(writer.append, entries))
            writer.close()

        asyncio.run(write())

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        detect = Detect(Companies(Directory()))
        detect.use(compile_definitions([SIGNAL]))
        claims = RocksdbClaims(self.folder / "claims")
        checkpoints = Checkpoints(self.folder / "reactor.sqlite")
        yield Parts(
            reader=SqliteJournalReader(self.folder / "journal"),
            checkpoints=checkpoints,
            claims=claims,
            detector=detect,
            store=StoreWriter(self.client),
            touched=self.touched.extend,
            settled=lambda batch, _signal_ids: self.settled.append(batch),
            report=self.reports.append,
        )
        claims.close()
        checkpoints.close()

    def work(self, change: Callable[[Parts], Parts] = lambda parts: parts) -> None:
        """Run a reactor until it has read the journal to its end."""
        with self.parts() as parts, running(Reactor(change(parts))) as reactor:
            assert reactor.drain(30)

    def stored(self) -> tuple[int, int, int]:
        """Events, different events, signals."""
        ((events, different),) = self.client.query(
            "SELECT count(), uniqExact(request_id, item) FROM events"
        ).result_rows
        ((signals,),) = self.client.query("SELECT count() FROM signals").result_rows
        return events, different, signals

    def tallied(self) -> list[tuple[int, int]]:
        """How many events the signal saw and matched, day by day."""
        return [(day.seen, day.matched) for day in TallyReader(self.folder / "reactor.sqlite").days(SIGNAL.id)]


@contextmanager
def running(reactor: Reactor) -> Iterator[Reactor]:
    thread = threading.Thread(target=reactor.run)
    thread.start()
    try:
        yield reactor
    finally:
        reactor.stop()
        thread.join()


@pytest.fixture
def plant(tmp_path: Path, chdb_client: Client) -> Iterator[Plant]:
    yield Plant(tmp_path, chdb_client)
    for table in ("events", "signals"):
        chdb_client.command(f"TRUNCATE TABLE {table}")


def entry(*accounts: str) -> bytes:
    now = system_clock()
    payloads = [{"account": account, "idempotencyKey": str(uuid4())} for account in accounts]
    return msgspec.msgpack.encode(
        Submission(
            request_id=uuid7_bytes(now),
            connection_id=CONNECTION.bytes,
            door="events",
            received_at_ms=now,
            client_ip="127.0.0.1",
            event_key="logins",
            body=orjson.dumps(payloads),
            count=len(payloads),
        )
    )


def test_what_lies_in_the_journal_becomes_events_and_signals_and_the_judge_is_told(plant: Plant) -> None:
    plant.append(entry("acme", "bolt"), entry("acme"))
    plant.work()
    assert plant.stored() == (3, 3, 3)
    assert sum(len(emitted.items) for emitted in plant.touched) == 3


def test_entries_that_come_later_are_worked_on_without_the_earlier_ones_again(plant: Plant) -> None:
    plant.append(entry("acme"))
    plant.work()
    plant.append(entry("bolt"))
    plant.work()
    assert plant.stored() == (2, 2, 2)


def test_a_crash_after_the_store_and_before_the_checkpoint_repeats_nothing(plant: Plant) -> None:
    class CrashingCheckpoints(Checkpoints):
        def finish(self, intent: Intent, tallies: Sequence[Tally] = (), left: Left | None = None) -> None:
            raise CrashError

    plant.append(entry("acme", "bolt"))
    with plant.parts() as parts:
        crashing = CrashingCheckpoints(plant.folder / "reactor.sqlite")
        with pytest.raises(CrashError):
            Reactor(replace(parts, checkpoints=crashing)).run()
    assert plant.stored() == (2, 2, 2)
    assert plant.tallied() == []
    plant.work()
    assert plant.stored() == (2, 2, 2)
    assert plant.tallied() == [(2, 2)]


def test_a_crash_between_events_and_signals_loses_no_signal(plant: Plant) -> None:
    class EventsOnly(StoreWriter):
        def insert(
            self, batch: int, token: str, groups: Sequence[RecordedGroup], emissions: Sequence[Emissions]
        ) -> None:
            super().insert(batch, token, groups, [])
            raise CrashError

    plant.append(entry("acme", "bolt"))
    with plant.parts() as parts, pytest.raises(CrashError):
        Reactor(replace(parts, store=EventsOnly(plant.client))).run()
    assert plant.stored() == (2, 2, 0)
    plant.work()
    assert plant.stored() == (2, 2, 2)


def test_a_store_that_is_away_is_waited_for(plant: Plant) -> None:
    class AwayAtFirst(StoreWriter):
        calls = 0

        def insert(
            self, batch: int, token: str, groups: Sequence[RecordedGroup], emissions: Sequence[Emissions]
        ) -> None:
            self.calls += 1
            if self.calls < 3:
                raise UnavailableError("away")
            super().insert(batch, token, groups, emissions)

    plant.append(entry("acme"))
    plant.work(lambda parts: replace(parts, store=AwayAtFirst(plant.client)))
    assert plant.stored() == (1, 1, 1)


def test_a_poison_entry_is_parked_with_its_reason_and_its_neighbours_go_on(plant: Plant) -> None:
    plant.append(entry("acme"), b"poison", entry("bolt"))
    plant.work()
    fates = plant.client.query("SELECT toString(fate), reason, count() FROM events GROUP BY ALL ORDER BY 1").result_rows
    assert fates == [("parked", "unreadable_entry", 1), ("processed", "", 2)]
    assert plant.stored()[2] == 2


def test_too_many_poison_entries_in_a_row_stop_the_line_and_say_where(plant: Plant) -> None:
    plant.append(*[b"poison"] * (MOST_PARKED_IN_A_ROW + 1), entry("acme"))
    with plant.parts() as parts, running(Reactor(parts)):
        wait_for(lambda: plant.reports and plant.reports[-1].stopped_because, seconds=30, what="the line to stop")
    assert "offset 6" in plant.reports[-1].stopped_because
    assert plant.stored() == (0, 0, 0)


def test_repeats_are_in_the_log_and_emit_nothing(plant: Plant) -> None:
    once = entry("acme")
    plant.append(once, once)
    plant.work()
    fates = plant.client.query("SELECT toString(fate), count() FROM events GROUP BY 1").result_rows
    assert fates == [("processed", 2)], "the same entry twice is the same event: its claim recognises it"
    again = msgspec.msgpack.decode(once, type=Submission)
    other = msgspec.structs.replace(again, request_id=uuid7_bytes(again.received_at_ms))
    plant.append(msgspec.msgpack.encode(other))
    plant.work()
    assert plant.client.query("SELECT count() FROM events WHERE fate = 'duplicate'").result_rows == [(1,)]


def test_a_pause_begins_when_all_that_was_begun_is_settled_and_nothing_moves_in_it(plant: Plant) -> None:
    plant.append(*(entry("acme") for _ in range(50)))
    with plant.parts() as parts, running(Reactor(parts)) as reactor:
        with reactor.paused(30):
            assert parts.checkpoints.open_intents() == []
            plant.append(entry("globex"))
            assert not reactor.drain(0.1)
            stored_in_pause = plant.stored()[0]
            assert stored_in_pause == parts.checkpoints.reached().get(0, 0)
        assert reactor.drain(30)
    assert plant.stored()[0] == 51


def test_a_reactor_that_does_not_come_to_rest_is_not_waited_for_for_ever(plant: Plant) -> None:
    with plant.parts() as parts:
        reactor = Reactor(parts)
        with pytest.raises(UnavailableError, match="did not come to rest"), reactor.paused(0.01):
            pass
