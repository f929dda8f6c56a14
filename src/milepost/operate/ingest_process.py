"""An ingest worker: one journal partition and one listener on the shared api port. It owns nothing else."""

from __future__ import annotations

import asyncio
import math

import msgspec
import uvloop

from milepost.control.book import read_known_connections
from milepost.control.revisions import Scope, read_revision
from milepost.control.session import Database, open_made_database
from milepost.domain.errors import MilepostError, UnavailableError
from milepost.kit.clock import monotonic_ms, system_clock
from milepost.kit.crypto import read_key
from milepost.observe import paths
from milepost.observe.health import Readiness, free_bytes, read_crash_loop, read_health, readiness
from milepost.observe.known_book import KnownBook
from milepost.observe.logs import logger
from milepost.observe.metric_names import REFUSALS, REQUESTS
from milepost.observe.unharmed import unharmed
from milepost.operate import child
from milepost.operate.lag import Lag
from milepost.operate.listener import make_api_server
from milepost.operate.parent import Parent
from milepost.operate.tls import prepare_tls
from milepost.receive.admission import Admission
from milepost.receive.app import IngestApp
from milepost.receive.book import make_book
from milepost.receive.client_ip import ClientIp
from milepost.receive.rejections import keep
from milepost.receive.routes import make_routes
from milepost.record.checkpoint import read_reached
from milepost.record.journal.sqlite import SqliteJournalWriter
from milepost.record.rejections import RejectionWriter
from milepost.settings import Settings

_log = logger("ingest")
_LOOK_SECONDS = 0.25
_TRIM_SECONDS = 30.0
_END_SECONDS = 15.0


class IngestProcess:
    """The parts of one worker, and what it does beside answering requests."""

    def __init__(self, settings: Settings, worker: int) -> None:
        self._settings = settings
        self._database: Database = open_made_database(settings.control())
        self._secrets_key = read_key(paths.secrets_key(settings.data))
        self._revision = -1
        self._known = KnownBook(paths.known_books(settings.data))
        self._readiness = Readiness(ready=False, reasons=("starting",), lag_entries=None)
        self._journal = SqliteJournalWriter(
            paths.journal(settings.data),
            worker,
            loop=asyncio.get_running_loop(),
            high_water=paths.high_water(settings.data, worker),
        )
        self._worker = worker
        self._trim_at = 0.0
        self._lag = Lag(paths.journal(settings.data), paths.reactor(settings.data))
        self._admission = Admission(reserve_bytes=settings.disk_reserve_bytes, workers=settings.workers)
        self._rejections = RejectionWriter(
            paths.rejections(settings.data),
            worker,
            most_per_connection=math.ceil(settings.rejections_per_connection / settings.workers),
            keep_ms=settings.rejections_keep_ms(),
        )
        self.app = IngestApp(
            routes=make_routes(read_key(paths.tokens_key(settings.data)), self._ready_now),
            journal=self._journal,
            body_bytes=settings.body_limit_bytes,
            client_ip=ClientIp(settings.trusted_proxies),
            admit=self._admission,
        )

    def open_book(self) -> None:
        """Know the connections before the first request: to be refused for a while would stop a sender for good."""
        with self._database.read() as session:
            revision = read_revision(session, Scope.CONNECTIONS)
            if revision != self._revision:
                self.app.book = make_book(read_known_connections(session, self._secrets_key))
                self._revision = revision
                self._known.announce(revision)

    async def look_around(self) -> None:
        """Every quarter second: changed connections, refusals, health, counters; now and then, trim the journal.

        What fails is logged and tried at the next look: it must not end a worker that can still accept events.
        """
        while not self._journal.is_broken:
            for look in (self._look_at_book, self._look_at_rejections, self._look_at_health, self._trim):
                try:
                    await look()
                except Exception as error:
                    _log.warning("look_failed", look=look.__name__.strip("_"), reason=repr(error))
            with unharmed("requests"):
                self._count()
            await asyncio.sleep(_LOOK_SECONDS)
        raise UnavailableError("The journal cannot be written; this worker ends and is started again.")

    async def _look_at_book(self) -> None:
        await asyncio.to_thread(self._refresh_book)

    async def _look_at_rejections(self) -> None:
        if refused := self.app.rejections.take():
            await asyncio.to_thread(keep, self._rejections, refused, system_clock())

    async def _look_at_health(self) -> None:
        self.look_at_health()

    async def _trim(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._trim_at:
            return
        self._trim_at = now + _TRIM_SECONDS
        upto = read_reached(paths.reactor(self._settings.data)).get(self._worker, 0)
        self._journal.trim(upto, system_clock() - int(self._settings.journal_retention_hours * 3_600_000))
        await asyncio.to_thread(keep, self._rejections, (), system_clock())

    def _count(self) -> None:
        tally = self.app.tally.take()
        for (door, status), count in tally.requests.items():
            REQUESTS.labels(door, str(status)).inc(count)
        for (door, code, is_known), count in tally.refusals.items():
            REFUSALS.labels(door, code, "known" if is_known else "unknown").inc(count)

    def _refresh_book(self) -> None:
        try:
            self.open_book()
        except UnavailableError as error:  # the last known book stays good meanwhile
            _log.warning("control_plane_unavailable", reason=error.message)

    def look_at_health(self) -> None:
        """Refresh what `/ready` answers."""
        self._admission.free_bytes = free_bytes(self._settings.data)
        try:
            reactor = read_health(paths.health(self._settings.data))
            crash_loop = read_crash_loop(paths.crash_loop(self._settings.data))
        except OSError as error:  # such as no descriptors left, which says nothing about the reactor
            reason = f"this worker cannot see how the reactor is: {error.strerror}"
            self._readiness = Readiness(ready=False, reasons=(reason,), lag_entries=None)
            return
        self._readiness = readiness(
            reactor,
            now_ms=monotonic_ms(),
            is_journal_broken=self._journal.is_broken,
            free_bytes=self._admission.free_bytes,
            reserve_bytes=self._settings.disk_reserve_bytes,
            crash_loop=crash_loop,
        )

    def _ready_now(self) -> Readiness:
        """What `/ready` answers: the parts as they were looked at last, and how much waits at this moment."""
        seen = self._readiness
        lag = None if seen.lag_entries is None else self._lag.now()
        return seen if lag is None else msgspec.structs.replace(seen, lag_entries=lag)

    def close(self) -> None:
        """Put on disk what is queued; the last act."""
        self._journal.close()
        self._lag.close()
        keep(self._rejections, self.app.rejections.take(), system_clock())
        self._rejections.close()
        self._known.close()
        self._database.close()


async def run(settings: Settings, worker: int, parent: Parent) -> None:
    """Serve until told to stop; then finish the requests that are under way."""
    process = IngestProcess(settings, worker)
    process.open_book()
    process.look_at_health()
    tls = prepare_tls(settings.tls, settings.data, settings.host, settings.trusted_proxies)
    server = make_api_server(
        process.app,
        host=settings.host,
        port=settings.api_port,
        tls=tls,
        body_bytes=settings.body_limit_bytes,
        body_seconds=settings.body_seconds,
    )
    child.stop_when_told(asyncio.get_running_loop(), parent, server.stop)
    looking = asyncio.create_task(process.look_around())

    def stop(_: asyncio.Task[None]) -> None:
        child.end_within(_END_SECONDS)
        server.stop()

    looking.add_done_callback(stop)
    _log.info("listening", worker=worker, url=settings.api_url())
    try:
        await server.serve()
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        process.close()
    if not looking.cancelled() and looking.exception():
        raise looking.exception() or RuntimeError
    _log.info("drained", worker=worker)


def main(parent: Parent, number: str) -> None:
    """The whole life of the worker of that number; see `__main__.py`."""
    worker = int(number)
    orders = child.read_orders(parent)
    child.begin(f"ingest-{worker}", orders)
    try:
        uvloop.run(run(orders.settings, worker, parent))
    except MilepostError as error:
        child.say_cannot_run(f"ingest-{worker}", orders.settings, error)
