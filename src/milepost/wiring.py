"""Settings into stores, journals and clients: the only place that knows which implementation is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from traceback import extract_tb
from typing import Any, Protocol
from uuid import UUID

import msgspec

from milepost.control.directory import (
    CompanyDirectory,
    DefinitionSource,
    ForeseenPlans,
    IdentitySource,
    JudgedPlans,
    Rejudgings,
)
from milepost.control.judging_job import JudgingJobs
from milepost.control.session import Database, sqlite_file
from milepost.detect.backfill import Backfill
from milepost.detect.company import Companies
from milepost.detect.step import Definitions, Detect, compile_definitions
from milepost.domain.event import Detected, RecordedGroup
from milepost.domain.identities import Identities
from milepost.domain.job import JobKind
from milepost.domain.milestone import Transition
from milepost.domain.unjudged import count_unjudged
from milepost.erase.desk import PrivacyDesk
from milepost.erase.ports import Premises
from milepost.jobs.bulk_change import BulkChanges
from milepost.jobs.company_import import CompanyImport
from milepost.jobs.port import Handler, RunningJob
from milepost.jobs.runner import JobRunner
from milepost.judge.loop import JudgeLoop
from milepost.judge.step import Judge
from milepost.kit.clock import Clock, monotonic_ms
from milepost.kit.crypto import load_key
from milepost.kit.news import News
from milepost.measure.queries import MetricReader
from milepost.observe import paths
from milepost.observe.health import HealthFile, ReactorHealth
from milepost.observe.logs import logger
from milepost.observe.metric_names import PLANS_BEHIND, PLANS_WAITING, TRANSITIONS, UNJUDGED
from milepost.observe.unharmed import unharmed
from milepost.reactor import Parts, Reactor
from milepost.record.checkpoint import Checkpoints
from milepost.record.claims.port import Claims
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.journal.sqlite import SqliteJournalReader
from milepost.record.store_changes import StoreChanges
from milepost.settings import Settings
from milepost.store.backfill import BackfillStore
from milepost.store.client import ClientPool, Ending, Queries, connect, create_schema
from milepost.store.parts import COUNTED_TABLES, count_rows
from milepost.store.quiet import QuietClient
from milepost.store.writer import StoreWriter

_log = logger("judge")
_PATIENCE_SECONDS = 30.0
_MOST_SECONDS = 20.0
"""For a statement that someone waits for at the console."""
_COUNT_SECONDS = 5.0
"""How long the stream may take to come to rest for rows to be counted: they can be counted at the next start too."""
_SETTLING_SECONDS = 2.0
_GRACE_SECONDS = 5.0
"""Longer than any reading of a signal takes that began before its history was changed over."""


class FreshDetect:
    """Detection that looks for changed definitions before each batch."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._source = DefinitionSource(database)
        self._definitions: Definitions = {}
        self._identities = IdentitySource(database)
        self._hidden: tuple[frozenset[UUID], frozenset[bytes]] = (frozenset(), frozenset())
        self._detect = Detect(Companies(CompanyDirectory(database, clock)), self._hidden_companies)

    def detect(self, groups: Sequence[RecordedGroup]) -> Detected:
        """See detect/step.py."""
        if self._source.refresh():
            signals = [*self._source.signals().values(), *self._source.twins()]
            self._definitions = compile_definitions(signals, self._definitions)
            self._detect.use(self._definitions)
        return self._detect.detect(groups)

    def _hidden_companies(self) -> frozenset[bytes]:
        hidden = self._identities().hidden
        if hidden is not self._hidden[0]:  # an account may hold many, and they seldom change
            self._hidden = (hidden, frozenset(company_id.bytes for company_id in hidden))
        return self._hidden[1]


class Closeable(Protocol):
    """A part that holds files."""

    def close(self) -> None:
        """Let go of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The reactor with its claims, the judge, and what the API reads through: clients, news, and who is who."""

    reactor: Reactor
    checkpoints: Checkpoints
    claims: Claims
    judge: JudgeLoop
    pool: ClientPool
    ending: Ending
    changes: StoreChanges
    news: News
    identities: IdentitySource
    _owned: Sequence[Closeable]

    def close(self) -> None:
        """Let go of everything; the threads must have come home."""
        for part in self._owned:
            part.close()


def make_engine(settings: Settings, database: Database, clock: Clock) -> Engine:
    """Open everything that the app process owns: the analytic store, the claims, the checkpoints."""
    data = settings.data
    writer = connect(settings.store())
    create_schema(writer)
    pool = ClientPool(settings.store(), most_seconds=_MOST_SECONDS)
    judges_pool = ClientPool(settings.store(), 1)
    ending = Ending(settings.store())
    identities = IdentitySource(database)
    judge = make_judge(database, judges_pool, identities, clock)
    checkpoints = Checkpoints(paths.reactor(data))
    claims = RocksdbClaims(paths.claims(data))
    news = News(checkpoints.finished_batch())
    health_file = HealthFile(paths.health(data))
    reactor = Reactor(
        Parts(
            reader=SqliteJournalReader(paths.journal(data)),
            checkpoints=checkpoints,
            claims=claims,
            detector=FreshDetect(database, clock),
            store=StoreWriter(writer),
            touched=judge.touched,
            settled=news.tell,
            report=_reporting(health_file, judge, clock),
        )
    )
    return Engine(
        reactor=reactor,
        news=news,
        checkpoints=checkpoints,
        claims=claims,
        judge=judge,
        pool=pool,
        ending=ending,
        changes=StoreChanges(
            checkpoints, lambda: reactor.paused(_COUNT_SECONDS), lambda: count_rows(pool, COUNTED_TABLES)
        ),
        identities=identities,
        _owned=(checkpoints, claims, pool, judges_pool, ending, writer, health_file),
    )


def _reporting(file: HealthFile, judge: JudgeLoop, clock: Clock) -> Callable[[ReactorHealth], None]:
    """Tells how the reactor is, and how far behind the judge is."""

    def report(health: ReactorHealth) -> None:
        state = judge.state
        behind_ms = 0 if state.since_ms is None else max(0, clock() - state.since_ms)
        companies, metrics = count_unjudged(judge.aside())
        UNJUDGED.labels("company").set(companies)
        UNJUDGED.labels("metric").set(metrics)
        PLANS_WAITING.set(state.waiting)
        PLANS_BEHIND.set(behind_ms / 1000)
        of_plans = {
            "unjudged_companies": companies,
            "unjudged_metrics": metrics,
            "plans_waiting": state.waiting,
            "plans_wait_since_ms": None if state.since_ms is None else monotonic_ms() - behind_ms,
            "plans_progressed_at_ms": state.progressed_at_ms,
        }
        file.write(msgspec.structs.replace(health, **of_plans))

    return report


class JudgeAhead:
    """The judge on what is not so yet: what it would record is given, and not recorded."""

    def __init__(self, database: Database, client: Queries, clock: Clock) -> None:
        self._database = database
        self._client = client
        self._clock = clock

    def transitions(self, company_id: UUID, identities: Identities) -> Sequence[Transition]:
        """The changes of state on the company's plan, if these were the identities."""
        definitions = DefinitionSource(self._database)
        definitions.refresh()
        measures = MetricReader(self._client, lambda: identities)
        return Judge(measures, ForeseenPlans(self._database, definitions), self._clock).judge([company_id])


class StandingStream:
    """The stream as a backfill needs it (detect/backfill.py)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def paused(self) -> AbstractContextManager[None]:
        """See the port."""
        return self._engine.reactor.paused(_PATIENCE_SECONDS)

    def next_batch(self) -> int:
        """See the port."""
        return self._engine.checkpoints.next_batch()


def make_jobs(settings: Settings, database: Database, engine: Engine, privacy: PrivacyDesk, clock: Clock) -> JobRunner:
    """The runner of long work; each kind of job but bulk changes has its handler here."""
    backfill = Backfill(
        database=database,
        directory=CompanyDirectory(database, clock),
        open_store=lambda: BackfillStore(connect(settings.store())),
        stream=StandingStream(engine),
        grace_seconds=_GRACE_SECONDS,
    )
    handlers: dict[JobKind, Handler] = {
        JobKind.BACKFILL: _changing(engine.changes, backfill),
        JobKind.COMPANY_IMPORT: CompanyImport(database, clock),
        JobKind.PRIVACY: _changing(engine.changes, privacy.answer),
    }
    return JobRunner(database, handlers, paths.jobs(settings.data), clock, tidy=privacy.tidy)


def make_bulk_jobs(settings: Settings, database: Database, clock: Clock) -> JobRunner:
    """A runner for changes of many companies alone: they take seconds, and should not wait for hours of history."""
    handlers: dict[JobKind, Handler] = {JobKind.BULK_CHANGE: BulkChanges(database, clock)}
    return JobRunner(database, handlers, paths.jobs(settings.data), clock)


def _changing(changes: StoreChanges, handler: Handler) -> Handler:
    """A job by which rows of the store come or go."""

    def handle(job: RunningJob) -> dict[str, Any]:
        with changes():
            return handler(job)

    return handle


def make_privacy(
    settings: Settings, database: Database, engine: Engine, drop_snapshots: Callable[[], None], clock: Clock
) -> PrivacyDesk:
    """The desk of privacy requests, with every place where things of a person or a company may lie."""
    data = settings.data
    premises = Premises(
        database=database,
        open_store=lambda: QuietClient(connect(settings.store())),
        reactor=engine.reactor,
        checkpoints=paths.reactor(data),
        journal=paths.journal(data),
        rejections=paths.rejections(data),
        jobs=paths.jobs(data),
        control_file=sqlite_file(settings.control()),
        drop_snapshots=drop_snapshots,
        clock=clock,
        settling_seconds=_SETTLING_SECONDS,
    )
    return PrivacyDesk(premises, load_key(paths.secrets_key(data)))


def _traced(error: Exception) -> tuple[str, str]:
    """Where it came from, without its text, which may quote what is kept."""
    where = extract_tb(error.__traceback__)
    reason = f"{type(error).__name__} in {where[-1].name}, line {where[-1].lineno}"
    return reason, "".join(where.format())


def make_judge(database: Database, pool: Queries, identities: IdentitySource, clock: Clock) -> JudgeLoop:
    """The judge on its own view of the definitions."""
    definitions = DefinitionSource(database)

    def judged(transitions: Sequence[Transition]) -> None:
        with unharmed("transitions"):
            TRANSITIONS.inc(len(transitions))

    def failed(error: Exception) -> None:
        _log.error("judging_failed", exc_info=error)

    def set_aside(company_id: UUID, error: Exception) -> None:
        reason, traceback = _traced(error)
        _log.error("company_cannot_be_judged", company=str(company_id), reason=reason, traceback=traceback)

    def unanswered(metric_id: UUID, error: Exception) -> None:
        reason, traceback = _traced(error)
        _log.error("metric_cannot_be_evaluated", metric=str(metric_id), reason=reason, traceback=traceback)

    return JudgeLoop(
        Judge(
            MetricReader(pool, identities),
            JudgedPlans(database, definitions),
            clock,
            identities,
            set_aside=set_aside,
            unanswered=unanswered,
        ),
        rejudgings=Rejudgings(database, clock),
        have_definitions_changed=definitions.have_numbers_changed,
        watched=lambda: {signal_id for basis in definitions.bases().values() for signal_id in basis.signal_ids},
        judged=judged,
        failed=failed,
        clock=clock,
        job=JudgingJobs(database, clock),
    )
