"""Opens the control database: sessions that read, and sessions that write and commit at the end of their block.

Takes an SQLAlchemy URL; SQLite files are shared by several processes (WAL). Refuses with UnavailableError
when the database is locked or gone, with ConflictError when a uniqueness rule would break, and with OperatorError a
URL that nothing here can open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from milepost.control.write_queue import Urgency, WriteQueue
from milepost.domain.errors import ConflictError, OperatorError, UnavailableError

_BUSY_TIMEOUT_MS = 10_000
_WRITES = "milepost_writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The control plane's database; one per process, shared by its threads.

    Writes of a process take turns (write_queue.py), those of people before those of an `in_background` one.
    """

    engine: Engine
    urgency: Urgency = Urgency.PERSON
    queue: WriteQueue = field(default_factory=WriteQueue)

    def in_background(self) -> Database:
        """The same database for work that nobody waits for; each of its writes should be short."""
        return replace(self, urgency=Urgency.BACKGROUND)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and keeps nothing."""
        with _translated_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when its block ends, and rolls back when the block raises.

        On SQLite it holds the write lock from the start (BEGIN IMMEDIATE): what it has read stays true until
        it commits, and two writers wait for each other instead of failing half-way. A database server has its own
        locks, and needs no queue.
        """
        engine = self.engine.execution_options(**{_WRITES: True})
        turn: AbstractContextManager[None] = nullcontext()
        if engine.dialect.name == "sqlite":
            turn = self.queue.turn(self.urgency)
        with turn, _translated_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """While the block runs nobody else of this process writes: they wait in the queue, and are not refused."""
        with self.queue.turn(self.urgency):
            yield

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def sqlite_url(file: Path) -> str:
    """The URL of a database file."""
    return f"sqlite:///{file}"


def sqlite_file(url: str) -> Path | None:
    """The file of a database; None for one that is no SQLite file."""
    parsed = _parsed(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def open_database(url: str) -> Database:
    """The database at an SQLAlchemy URL, which must have been migrated; see `migrate`."""
    return Database(engine=make_engine(url))


def open_made_database(url: str) -> Database:
    """The same for a process of a service under way, which never makes it.

    While its file is away everything is refused with UnavailableError: an empty one in its place would be taken for it.
    """
    file = sqlite_file(url)
    if file is None:
        return open_database(url)
    return Database(engine=make_engine(f"sqlite:///{file.absolute().as_uri()}?mode=rw&uri=true"))


def make_engine(url: str) -> Engine:
    """An engine with this database's rules of locking and durability."""
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return _with_driver(parsed)
    if parsed.database and not parsed.database.startswith("file:"):
        try:
            Path(parsed.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(f"The control database {parsed.database} cannot be made: {error.strerror}.") from error
    engine = create_engine(parsed, pool_size=10, max_overflow=40)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise OperatorError(
            "The URL of the control database is none; it looks like postgresql+psycopg://user:password@host/name."
        ) from None


def _with_driver(url: URL) -> Engine:
    """An engine for a database server; its URL is not said, since it may hold a password."""
    try:
        return create_engine(url, pool_pre_ping=True)
    except NoSuchModuleError as error:
        raise OperatorError(f"There is no kind of database {url.drivername!r} for the control plane.") from error
    except ImportError as error:
        driver = error.name or url.drivername
        raise OperatorError(
            f"The control database is a {url.get_backend_name()} one, and its driver {driver!r} is not installed."
        ) from error
    except (ArgumentError, TypeError) as error:
        raise OperatorError(f"The URL of the control database is not one for {url.drivername}.") from error


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # else the driver begins transactions late, and only before writes
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise UnavailableError("Too many wait for the control database at once.") from error
    except (OperationalError, InterfaceError) as error:
        raise UnavailableError(f"The control database does not answer now: {error.orig}") from error
    except IntegrityError as error:
        raise ConflictError(
            f"Someone made a change at the same moment that this one contradicts: {error.orig}"
        ) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # its other kinds are mistakes of ours
            raise
        raise UnavailableError(f"The control database cannot be read: {error.orig}") from error
