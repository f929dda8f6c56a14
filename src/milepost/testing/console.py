"""The console API over a real control database, and clients of every kind of caller.

The event log and the metrics are what the test brings; without them, the log is empty and every value is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx
from clickhouse_connect.driver.client import Client
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from milepost.control.directory import IdentitySource
from milepost.control.repos import connections, people, sessions
from milepost.domain.account import Role
from milepost.domain.connection import EVENT_HANDLER_SCOPE, Connection, ConnectionKind
from milepost.domain.errors import UnavailableError
from milepost.domain.unjudged import Unjudged
from milepost.kit.crypto import issue_token
from milepost.kit.news import News
from milepost.kit.passwords import PasswordHash, hash_password
from milepost.measure.queries import MetricReader
from milepost.record.rejections import RejectionReader
from milepost.record.tallies import TallyReader
from milepost.store.client import connect
from milepost.store.event_log import EventLogReader
from milepost.store.feed_export import FeedExporter
from milepost.store.feeds import FeedReader
from milepost.store.histories import HistoryReader
from milepost.testing.business import NOW_MS, SECRETS_KEY, make_control_database
from milepost.testing.clock import StandingClock
from milepost.testing.nothing import (
    ClosedDoors,
    EmptyEventLog,
    EmptyFeeds,
    EmptyFiles,
    EmptyPrivacy,
    EmptySnapshots,
    IdleJudge,
    NoHistory,
    ZeroMetrics,
)
from milepost.web.app import create_app
from milepost.web.auth import SESSION_COOKIE
from milepost.web.deps import WebDeps
from milepost.web.feeds import Feeds
from milepost.web.live import LiveStreams
from milepost.web.ports import EventLog, FeedFiles, FeedRows, MetricValues
from milepost.web.sign_in import SignInDesk
from milepost.wiring import JudgeAhead

TOKENS_KEY = bytes(reversed(range(32)))
_EVERY_BATCH = 10**9
PASSWORD = "correct horse battery"  # noqa: S105  # of people who exist in tests only


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The app, what it works with, and a client for each kind of caller; all see one database."""

    app: FastAPI
    deps: WebDeps
    clock: StandingClock

    def as_anyone(self) -> TestClient:
        """Nobody signed in, no token."""
        return _Client(_Whole(self.app), base_url="https://console.test", raise_server_exceptions=False)

    def as_person(self, role: Role) -> TestClient:
        """The person `<role>@example.com`, signed in; a session of their own for each client."""
        email = f"{role.value}@example.com"
        with self.deps.database.write() as session:
            found = people.find_password_hash(session, email)
            if found is None:
                draft = people.PersonDraft(email=email, password=SecretStr(PASSWORD), role=role)
                person_id = people.create_person(session, draft, _hash(), now_ms=self.clock()).id
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


@cache
def _hash() -> PasswordHash:
    return hash_password(PASSWORD)


class _NoMoreNews(News):
    """News of a service to which nothing happens: who waits for some is told so, and a tail ends in good order."""

    async def beyond(self, batch: int, seconds: float) -> None:
        raise UnavailableError("Nothing more happens in this test.")


class _Whole:
    """The app, which remembers what broke an answer off after its status had been sent.

    A test client gives such an answer as if it were whole, and a test that looks at the status alone would pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.broken: list[Exception] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = has_ended = False

        async def sending(message: Message) -> None:
            nonlocal has_begun, has_ended
            has_begun = has_begun or message["type"] == "http.response.start"
            has_ended = has_ended or (message["type"] == "http.response.body" and not message.get("more_body"))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if has_begun and not has_ended:
                self.broken.append(error)
            raise


class _Client(TestClient):
    """Fails where an answer breaks off; what fails before its status is an answer of its own, as for a customer."""

    def send(self, *arguments: Any, **options: Any) -> httpx.Response:
        answer: httpx.Response = super().send(*arguments, **options)
        whole = cast("_Whole", self.app)
        if whole.broken:
            raise AssertionError(f"{answer.url} broke off") from whole.broken.pop()
        return answer


def open_console(
    folder: Path,
    *,
    event_log: EventLog | None = None,
    metrics: MetricValues | None = None,
    feed_rows: FeedRows | None = None,
    feed_files: FeedFiles | None = None,
    live: LiveStreams | None = None,
    client: Client | None = None,
    unjudged: Sequence[Unjudged] = (),
) -> Console:
    """A console on a fresh database in the folder, at the business's `NOW_MS`. With a client, all is of the store.

    Live streams end with what there is, unless the test has its own."""
    clock, database = StandingClock(NOW_MS), make_control_database(folder)
    identities = IdentitySource(database)
    deps = WebDeps(
        database=database,
        secrets_key=SECRETS_KEY,
        tokens_key=TOKENS_KEY,
        clock=clock,
        event_log=event_log or (EmptyEventLog() if client is None else EventLogReader(client)),
        feeds=Feeds(database, *_feeds(client, feed_rows, feed_files), identities),
        live=live or LiveStreams(_NoMoreNews(_EVERY_BATCH), most_tails=4),
        tallies=TallyReader(folder / "reactor.sqlite"),
        rejections=RejectionReader(folder / "rejections", keep_ms=7 * 86_400_000, clock=clock),
        metrics=(metrics or ZeroMetrics()) if client is None else MetricReader(client, identities),
        judging=IdleJudge(unjudged),
        identities=identities,
        histories=NoHistory() if client is None else HistoryReader(client),
        foresight=NoHistory() if client is None else JudgeAhead(database, client, clock),
        doors=ClosedDoors(),
        api_url="https://api.test",
        is_tls=True,
        sign_in=SignInDesk(database, clock),
        snapshots=EmptySnapshots(folder / "snapshot"),
        privacy=EmptyPrivacy(),
        jobs_folder=folder / "jobs",
    )
    return Console(app=create_app(deps), deps=deps, clock=clock)


def _feeds(client: Client | None, rows: FeedRows | None, files: FeedFiles | None) -> tuple[FeedRows, FeedFiles]:
    if client is None:
        return rows or EmptyFeeds(), files or EmptyFiles()
    return rows or FeedReader(client), files or FeedExporter(lambda: connect(client.uri))
