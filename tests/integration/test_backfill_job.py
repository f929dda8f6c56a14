"""A signal applied to history, over the real store and control plane: exactly once, whatever interrupts it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy.orm import Session

from milepost.control.directory import CompanyDirectory
from milepost.control.repos import signals
from milepost.control.repos.companies import list_companies
from milepost.control.repos.generations import list_twins
from milepost.control.repos.settings import write_settings
from milepost.detect.backfill import Backfill
from milepost.domain.account import AccountSettings
from milepost.domain.criterion import Condition, FieldType, Group
from milepost.domain.errors import UnavailableError
from milepost.domain.event import RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.signal import Signal, SignalField
from milepost.jobs.port import JobCancelledError, JobInterruptedError
from milepost.kit.ids import uuid7
from milepost.store.backfill import BackfillStore
from milepost.store.writer import StoreWriter
from milepost.testing.business import NOW_MS, Business, add_business, make_control_database, purchase_draft
from milepost.wiring import FreshDetect

MINUTE_MS = 60_000


class CrashError(BaseException):
    """Stands for the death of the process at that point."""


class Job:
    """A job as its handler sees it; what it saved outlives an attempt. `at` does something at a word on progress."""

    def __init__(self, signal_id: UUID) -> None:
        self.id = uuid4()
        self.actor = "ada@example.com"
        self.folder = Path()
        self.params: Mapping[str, Any] = {"signal_id": str(signal_id)}
        self.saved: Mapping[str, Any] = {}
        self.told: list[tuple[int, int | None]] = []
        self.at: dict[int, Callable[[], None]] = {}

    def save(self, state: Mapping[str, Any]) -> None:
        self.saved = dict(state)

    def save_within(self, session: Session, state: Mapping[str, Any], *, done: int) -> None:
        self.saved = state

    def progress(self, done: int, total: int | None, unit: str) -> None:
        assert unit == "events"
        self.told.append((done, total))
        self.at.pop(len(self.told), lambda: None)()


class Plant:
    """A shop whose signal takes purchases, and the stream that works beside the job."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.client = client
        self.database = make_control_database(folder)
        with self.database.write() as session:
            self.shop: Business = add_business(session)
        self.detect = FreshDetect(self.database, lambda: NOW_MS)
        self.batches = 0
        self.minutes = 0

    @property
    def signal(self) -> Signal:
        with self.database.read() as session:
            return signals.get_signal(session, self.shop.signal.id)

    def edit(self, **changes: Any) -> None:
        with self.database.write() as session:
            draft = purchase_draft(self.shop.connection.id).model_copy(update=changes)
            signals.update_signal(session, self.shop.signal.id, draft, now_ms=NOW_MS)

    def take_large_ones(self) -> None:
        """From now on the signal takes purchases of ten dollars and more, and keeps their currency."""
        currency = SignalField(name="currency", path=("currency",), type=FieldType.TEXT)
        rule = Condition.model_validate({"field": "dollars", "operator": ">=", "value": 10})
        self.edit(
            fields=(currency, *self.shop.signal.fields), rules=Group(match="all", members=(rule,)), name="Large ones"
        )

    def stream(self, *dollars: float, customer: str = "C1", key: str = "purchase", fate: Fate = Fate.PROCESSED) -> None:
        """One batch, a request each minute, as the reactor works on it."""
        self.batches += 1
        arrivals = [NOW_MS + (self.minutes + place) * MINUTE_MS for place in range(len(dollars))]
        self.minutes += len(dollars)
        rows = len(dollars)
        group = RecordedGroup(
            connection_id=self.shop.connection.id.bytes,
            event_key=key,
            door="events",
            request_ids=[uuid7(arrived).bytes for arrived in arrivals],
            items=[0] * rows,
            received_at_ms=arrivals,
            event_date_ms=[arrived - 1 for arrived in arrivals],
            fates=[fate] * rows,
            reasons=[""] * rows,
            duplicates_of=[""] * rows,
            payloads=[b'{"customer":"%b","dollars":%r,"currency":"EUR"}' % (customer.encode(), n) for n in dollars],
            smart_keys=(),
        )
        found = self.detect.detect([group])
        StoreWriter(self.client).insert(self.batches, uuid4().hex, [group], found.emissions)

    def backfill(self, open_store: Callable[[], BackfillStore] | None = None, at_once: int = 1) -> Backfill:
        """The handler, reading two events at a time and writing what it found in so many spans `at_once`."""
        plant = self

        class Stream:
            def paused(self) -> AbstractContextManager[None]:
                return nullcontext()

            def next_batch(self) -> int:
                return plant.batches + 1

        return Backfill(
            database=self.database,
            directory=CompanyDirectory(self.database, lambda: NOW_MS),
            open_store=open_store or self.open_store,
            stream=Stream(),
            grace_seconds=0,
            longest_span=2,
            spans_at_once=at_once,
        )

    def open_store(self) -> BackfillStore:
        return Kept(self.client)

    def dollars(self) -> list[float]:
        """What the generation in force has, in the order of arrival."""
        return [row[0] for row in self.rows("n")]

    def rows(self, kinds: str = "nt") -> list[tuple[Any, ...]]:
        """The values in force, in the order of the signal's fields."""
        signal = self.signal
        columns = [slot for slot in signal.slots.values() if slot[0] in kinds]
        return [
            tuple(row)
            for row in self.client.query(
                f"SELECT {', '.join(columns)} FROM signals WHERE signal_id = {{id:UUID}}"
                " AND generation = {generation:UInt32} ORDER BY event_date, request_id",
                parameters={"id": signal.id, "generation": signal.generation},
            ).result_rows
        ]

    def generations(self) -> set[int]:
        """Those that have rows."""
        return {row[0] for row in self.client.query("SELECT DISTINCT generation FROM signals").result_rows}

    def twins(self) -> int:
        with self.database.read() as session:
            return len(list_twins(session))


class Kept(BackfillStore):
    """Leaves its client to the other tests."""

    def close(self) -> None:
        self._drop_tables()


@pytest.fixture
def plant(tmp_path: Path, chdb_client: Client) -> Iterator[Plant]:
    made = Plant(tmp_path, chdb_client)
    yield made
    made.database.close()
    for table in ("events", "signals"):
        chdb_client.command(f"TRUNCATE TABLE {table}")


def test_all_of_history_is_read_by_the_revision_in_force(plant: Plant) -> None:
    plant.stream(5, 10, 15)
    plant.take_large_ones()
    plant.stream(20)
    assert plant.dollars() == [5, 10, 15, 20]
    result = plant.backfill()(Job(plant.signal.id))
    assert plant.rows() == [("EUR", "C1", 10), ("EUR", "C1", 15), ("EUR", "C1", 20)]
    assert result == {"generation": 1, "read": 4, "emitted": 3, "company_missing": 0}
    assert (plant.generations(), plant.twins()) == ({1}, 0)


def test_columns_are_given_out_anew_and_the_revision_says_which(plant: Plant) -> None:
    for name in "abc":
        plant.edit(fields=(*plant.shop.signal.fields, SignalField(name=name, path=(name,), type=FieldType.TEXT)))
    assert plant.signal.slots["c"] == "t4"
    plant.stream(5)
    plant.backfill()(Job(plant.signal.id))
    with plant.database.read() as session:
        latest = signals.list_signal_revisions(session, plant.signal.id)[0].signal
    assert latest.slots == plant.signal.slots == {"customer": "t1", "dollars": "n1", "c": "t2"}
    assert (latest.generation, latest.revision) == (1, 4)


def test_other_keys_repeats_and_nothing_else_are_left_out(plant: Plant) -> None:
    plant.stream(1, key="refund")
    plant.stream(2, fate=Fate.DUPLICATE)
    plant.stream(3)
    plant.backfill()(Job(plant.signal.id))
    assert plant.dollars() == [3]


def test_a_history_without_events_succeeds_at_once(plant: Plant) -> None:
    assert plant.backfill()(Job(plant.signal.id))["read"] == 0
    assert plant.signal.generation == 1


def test_until_it_is_done_the_old_history_is_read(plant: Plant) -> None:
    seen = []
    plant.stream(5, 10, 15)
    plant.take_large_ones()
    job = Job(plant.signal.id)
    job.at = {3: lambda: seen.append((plant.dollars(), plant.twins()))}
    plant.backfill()(job)
    assert seen == [([5, 10, 15], 1)]
    assert plant.dollars() == [10, 15]


def test_what_arrives_meanwhile_is_in_either_generation_once(plant: Plant) -> None:
    plant.stream(5, 10, 15, 20)
    plant.take_large_ones()
    job = Job(plant.signal.id)
    job.at = {2: lambda: plant.stream(25, 1), 3: lambda: plant.stream(30)}
    plant.backfill()(job)
    assert plant.dollars() == [10, 15, 20, 25, 30]
    plant.stream(35)
    assert plant.dollars() == [10, 15, 20, 25, 30, 35]


def test_progress_tells_how_many_events_of_how_many_are_read(plant: Plant) -> None:
    plant.stream(*range(9))
    job = Job(plant.signal.id)
    plant.backfill()(job)
    assert job.told == [(0, None), (0, 9), (2, 9), (4, 9), (6, 9), (8, 9), (9, 9)]


def test_interrupted_between_two_spans_it_goes_on_where_it_was(plant: Plant) -> None:
    def interrupt() -> None:
        raise JobInterruptedError

    plant.stream(*range(9))
    job = Job(plant.signal.id)
    job.at = {4: interrupt}
    with pytest.raises(JobInterruptedError):
        plant.backfill()(job)
    plant.stream(9)
    assert plant.twins() == 1
    job.told.clear()
    assert plant.backfill()(job)["read"] == 9
    assert job.told[:2] == [(4, None), (4, 9)]
    assert plant.dollars() == list(range(10))


def test_what_was_read_and_not_yet_written_is_read_again_after_an_interruption(plant: Plant) -> None:
    def interrupt() -> None:
        raise JobInterruptedError

    plant.stream(*range(9))
    job = Job(plant.signal.id)
    job.at = {6: interrupt}
    with pytest.raises(JobInterruptedError):
        plant.backfill(at_once=3)(job)
    assert job.saved["read"] == 6
    job.told.clear()
    result = plant.backfill(at_once=3)(job)
    assert job.told[:2] == [(6, None), (6, 9)]
    assert (result["read"], result["emitted"]) == (9, 9)
    assert plant.dollars() == list(range(9))


def test_matches_of_several_spans_without_a_company_key_are_counted_once(plant: Plant) -> None:
    plant.stream(1, 2)
    plant.stream(3, 4, 5, customer="")
    result = plant.backfill(at_once=3)(Job(plant.signal.id))
    assert (result["read"], result["emitted"], result["company_missing"]) == (5, 2, 3)


@pytest.mark.parametrize("spans", [0, 1, 2])
def test_killed_in_a_span_it_repeats_that_span_and_nothing_twice(plant: Plant, spans: int) -> None:
    class Dying(Kept):
        emitted = 0

        def emit(self, signal: Signal, rows: int) -> None:
            super().emit(signal, rows)
            if self.emitted == spans:
                raise CrashError
            self.emitted += 1

    plant.stream(*range(9))
    job = Job(plant.signal.id)
    with pytest.raises(CrashError):
        plant.backfill(lambda: Dying(plant.client))(job)
    plant.stream(9)
    result = plant.backfill()(job)
    assert plant.dollars() == list(range(10))
    assert (result["read"], result["emitted"]) == (9, 9)


def test_killed_before_the_old_rows_are_gone_it_only_takes_them_away(plant: Plant) -> None:
    class Dying(Kept):
        def keep_only(self, signal: Signal) -> None:
            raise CrashError

    plant.stream(5)
    job = Job(plant.signal.id)
    with pytest.raises(CrashError):
        plant.backfill(lambda: Dying(plant.client))(job)
    assert plant.generations() == {0, 1}
    assert plant.backfill()(job)["read"] == 1
    assert (plant.generations(), plant.signal.generation) == ({1}, 1)


def test_cancelled_it_leaves_everything_as_it_was(plant: Plant) -> None:
    def cancel() -> None:
        raise JobCancelledError

    plant.stream(*range(5))
    job = Job(plant.signal.id)
    job.at = {3: cancel}
    with pytest.raises(JobCancelledError):
        plant.backfill()(job)
    assert (plant.dollars(), plant.generations(), plant.twins()) == ([0, 1, 2, 3, 4], {0}, 0)
    plant.stream(5)
    assert plant.generations() == {0}
    assert plant.backfill()(Job(plant.signal.id))["generation"] == 2
    assert plant.dollars() == list(range(6))


def test_a_mistake_of_ours_leaves_everything_as_it_was_too(plant: Plant) -> None:
    class Broken(Kept):
        def emit(self, signal: Signal, rows: int) -> None:
            super().emit(signal, rows)
            raise ZeroDivisionError

    plant.stream(1, 2)
    with pytest.raises(ZeroDivisionError):
        plant.backfill(lambda: Broken(plant.client))(Job(plant.signal.id))
    assert (plant.dollars(), plant.generations(), plant.twins()) == ([1, 2], {0}, 0)


def test_while_the_store_is_away_the_stream_goes_on_with_both_and_the_job_later(plant: Plant) -> None:
    class Away(Kept):
        def emit(self, signal: Signal, rows: int) -> None:
            raise UnavailableError("away")

    plant.stream(1, 2)
    job = Job(plant.signal.id)
    with pytest.raises(UnavailableError):
        plant.backfill(lambda: Away(plant.client))(job)
    plant.stream(3)
    plant.backfill()(job)
    assert plant.dollars() == [1, 2, 3]


def test_companies_found_in_history_are_made_as_the_stream_would(plant: Plant) -> None:
    plant.edit(event_key="later")
    plant.stream(1, customer="Acme")
    plant.edit(event_key="purchase")
    plant.backfill()(Job(plant.signal.id))
    with plant.database.read() as session:
        assert [company.name for company in list_companies(session, limit=9)] == ["Acme"]
    plant.stream(2, customer="Acme")
    assert plant.client.query("SELECT uniqExact(company_id), count() FROM signals").result_rows == [(1, 2)]


def test_what_history_has_for_unknown_keys_is_held_where_the_account_makes_no_companies(plant: Plant) -> None:
    with plant.database.write() as session:
        write_settings(session, AccountSettings(creates_companies=False))
    plant.edit(event_key="later")
    plant.stream(1, customer="Acme")
    plant.edit(event_key="purchase")
    assert plant.backfill()(Job(plant.signal.id))["emitted"] == 1
    with plant.database.read() as session:
        assert list_companies(session, limit=9) == ()


def test_matches_without_a_company_are_told_and_emit_nothing(plant: Plant) -> None:
    plant.stream(1, 2, customer="")
    plant.stream(3)
    result = plant.backfill()(Job(plant.signal.id))
    assert (result["read"], result["emitted"], result["company_missing"]) == (3, 1, 2)
    assert plant.dollars() == [3]
