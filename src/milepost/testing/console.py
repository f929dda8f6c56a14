"""The console API over a real control database, and clients of every kind of caller.

The event log and the metrics are what the test brings; without them, the log is empty and every value is 0.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from milepost.control.directory import IdentitySource
from milepost.control.repos import connections, people, sessions
from milepost.domain.account import Role
from milepost.domain.basis import Basis
from milepost.domain.combination import History
from milepost.domain.connection import EVENT_HANDLER_SCOPE, Connection, ConnectionKind
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.event import EventId
from milepost.domain.fate import Fate
from milepost.domain.identities import Identities
from milepost.domain.milestone import Transition
from milepost.kit.crypto import issue_token
from milepost.kit.news import News
from milepost.measure.queries import MetricReader
from milepost.record.rejections import RejectionReader
from milepost.record.tallies import TallyReader
from milepost.store.client import Queries
from milepost.store.event_log import EmittedSignal, EventFilter, EventKeySeen, LoggedEvent, Place
from milepost.store.feed_export import Export, ExportFormat
from milepost.store.feeds import FeedFilter, FeedPlace, FeedRow, FeedTime
from milepost.store.histories import HistoryReader
from milepost.store.position import Position
from milepost.testing.business import NOW_MS, SECRETS_KEY, make_control_database
from milepost.testing.clock import StandingClock
from milepost.testing.privacy import EmptyPrivacy
from milepost.web.app import create_app
from milepost.web.auth import SESSION_COOKIE
from milepost.web.deps import WebDeps
from milepost.web.feeds import Feeds
from milepost.web.live import LiveStreams
from milepost.web.ports import EventLog, FeedFiles, FeedRows, MetricValues
from milepost.web.sign_in import SignInDesk
from milepost.wiring import JudgeAhead

TOKENS_KEY = bytes(reversed(range(32)))
PASSWORD = "correct horse battery"  # noqa: S105  # of people who exist in tests only


class EmptyEventLog:
    """A log before the first event."""

    def page(self, wanted: EventFilter, *, older_than: Place | None, limit: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def after(self, wanted: EventFilter, position: Position, upto: int, limit: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def latest(self, wanted: EventFilter, upto: int, limit: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def recent(self, connection_id: UUID, event_key: str, most: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def event_keys(self, connection_id: UUID, text: str, most: int) -> Sequence[EventKeySeen]:
        """Nothing."""
        return ()

    def event(self, event_id: EventId) -> LoggedEvent | None:
        """Nothing."""
        return None

    def request(self, request_id: UUID) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def fates(self) -> Mapping[Fate, int]:
        """Nothing."""
        return {}

    def fates_of(self, request_ids: Sequence[UUID]) -> Mapping[Fate, int]:
        """Nothing."""
        return {}

    def signals_of(self, event_id: EventId, generations: dict[UUID, int]) -> Sequence[EmittedSignal]:
        """Nothing."""
        return ()


class EmptyFeeds:
    """Rows before the first emission."""

    def page(
        self, wanted: FeedFilter, *, order: FeedTime, is_newest_first: bool, after: FeedPlace | None, limit: int
    ) -> Sequence[FeedRow]:
        """None."""
        return ()

    def after(self, wanted: FeedFilter, position: Position, upto: int, limit: int) -> Sequence[FeedRow]:
        """None."""
        return ()


class EmptyFiles:
    """Files without a row."""

    def company_ids(self, wanted: FeedFilter, upto: int) -> Sequence[UUID]:
        """None."""
        return ()

    def pieces(self, export: Export, file_format: ExportFormat) -> Generator[bytes]:
        """None."""
        yield from ()


@dataclass(frozen=True, slots=True)
class EmptySnapshots:
    """Snapshots of a service that has nothing to keep: an empty folder."""

    folder: Path

    def take(self) -> Path:
        """The folder."""
        self.folder.mkdir(exist_ok=True)
        return self.folder


class ZeroMetrics:
    """Metrics before the first emission."""

    def values(
        self, basis: Basis, as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> Mapping[UUID, float | None]:
        """What there is without emissions."""
        return dict.fromkeys(company_ids or (), basis.empty)

    def series(
        self, basis: Basis, ends_ms: Sequence[int], company_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[float | None]]:
        """What there is without emissions."""
        return dict.fromkeys(company_ids, [basis.empty] * len(ends_ms))

    def groups(
        self, basis: Basis, by: str, as_of_ms: int, company_id: UUID | None, most: int
    ) -> Sequence[tuple[float | str | None, float | None]]:
        """None."""
        return ()

    def first_crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[Crossing | None]:
        """None: no value ever crosses anything."""
        return [None] * len(asks)

    def crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[list[Crossing]]:
        """None."""
        return [[] for _ in asks]


class NoHistory:
    """Companies before the first emission, with nothing to foresee."""

    def histories(self, parts: Sequence[tuple[UUID, UUID]], generations: Mapping[UUID, int]) -> Mapping[UUID, History]:
        """None."""
        return {}

    def transitions(self, company_id: UUID, identities: Identities) -> Sequence[Transition]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The app, what it works with, and a client for each kind of caller; all see one database."""

    app: FastAPI
    deps: WebDeps
    clock: StandingClock

    def as_anyone(self) -> TestClient:
        """Nobody signed in, no token."""
        return TestClient(self.app, base_url="https://console.test", raise_server_exceptions=False)

    def as_person(self, role: Role) -> TestClient:
        """The person `<role>@example.com`, signed in; a session of their own for each client."""
        email = f"{role.value}@example.com"
        with self.deps.database.write() as session:
            found = people.find_password_hash(session, email)
            if found is None:
                draft = people.PersonDraft(email=email, password=SecretStr(PASSWORD), role=role)
                person_id = people.create_person(session, draft, now_ms=self.clock()).id
            else:
                person_id = found[0]
            token = sessions.start_session(session, person_id, now_ms=self.clock())
        client = self.as_anyone()
        client.cookies.set(SESSION_COOKIE, token)
        return client

    def as_machine(self, *scopes: str) -> TestClient:
        """A machine-to-machine connection of its own, with a token for all its scopes."""
        connection = self.add_connection(ConnectionKind.MACHINE_TO_MACHINE, scopes=scopes)
        return self.with_token(connection, scopes)

    def as_event_handler(self) -> TestClient:
        """An event handler's token, just as /getToken gives it."""
        connection = self.add_connection(ConnectionKind.EVENT_HANDLER)
        return self.with_token(connection, tuple(EVENT_HANDLER_SCOPE.split()))

    def add_connection(self, kind: ConnectionKind, scopes: tuple[str, ...] | None = None) -> Connection:
        """A new connection."""
        draft = connections.ConnectionDraft(name=f"A {kind.value}", kind=kind, scopes=scopes)
        with self.deps.database.write() as session:
            return connections.create_connection(
                session, draft, now_ms=self.clock(), secrets_key=self.deps.secrets_key
            ).connection

    def with_token(self, connection: Connection, scopes: tuple[str, ...]) -> TestClient:
        """A client with a fresh token of the connection."""
        token = issue_token(
            connection.id.bytes, scopes, self.clock(), 86400, self.deps.tokens_key, kind=connection.kind.value
        )
        client = self.as_anyone()
        client.headers["authorization"] = f"Bearer {token}"
        return client


def _ended_streams() -> LiveStreams:
    streams = LiveStreams(News(), most_tails=4)
    streams.news.close()
    return streams


def open_console(
    folder: Path,
    *,
    event_log: EventLog | None = None,
    metrics: MetricValues | None = None,
    feed_rows: FeedRows | None = None,
    feed_files: FeedFiles | None = None,
    live: LiveStreams | None = None,
    client: Queries | None = None,
) -> Console:
    """A console on a fresh database in the folder, at the business's `NOW_MS`.

    Live streams end at once, unless the test brings its own `live`. With a client of the store, companies have their
    real histories, and metrics know who is who.
    """
    clock = StandingClock(NOW_MS)
    database = make_control_database(folder)
    identities = IdentitySource(database)
    deps = WebDeps(
        database=database,
        secrets_key=SECRETS_KEY,
        tokens_key=TOKENS_KEY,
        clock=clock,
        event_log=event_log or EmptyEventLog(),
        feeds=Feeds(database, feed_rows or EmptyFeeds(), feed_files or EmptyFiles(), identities),
        live=live or _ended_streams(),
        tallies=TallyReader(folder / "reactor.sqlite"),
        rejections=RejectionReader(folder / "rejections", keep_ms=7 * 86_400_000, clock=clock),
        metrics=(metrics or ZeroMetrics()) if client is None else MetricReader(client, identities),
        identities=identities,
        histories=NoHistory() if client is None else HistoryReader(client),
        foresight=NoHistory() if client is None else JudgeAhead(database, client, clock),
        api_url="https://api.test",
        is_tls=True,
        sign_in=SignInDesk(database, clock),
        snapshots=EmptySnapshots(folder / "snapshot"),
        privacy=EmptyPrivacy(),
        jobs_folder=folder / "jobs",
    )
    return Console(app=create_app(deps), deps=deps, clock=clock)
