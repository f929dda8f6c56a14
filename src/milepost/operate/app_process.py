"""The app process: the reactor, the judge and the console API around one analytic engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial

import uvloop
from granian.constants import Interfaces

from milepost.control.session import Database, open_made_database
from milepost.domain.errors import MilepostError
from milepost.erase.desk import PrivacyDesk
from milepost.jobs.runner import JobRunner
from milepost.kit.clock import monotonic_ms, system_clock
from milepost.kit.crypto import read_key
from milepost.measure.queries import MetricReader
from milepost.observe import paths
from milepost.observe.known_book import wait_until_known
from milepost.observe.logs import logger
from milepost.observe.stage import at_stage
from milepost.operate import child
from milepost.operate.listener import make_server, until_listening
from milepost.operate.own_doors import OwnDoors
from milepost.operate.parent import Parent
from milepost.operate.parts.opening import Epochs, sound_parts
from milepost.operate.retention import Retention
from milepost.operate.snapshot import StandingSnapshot
from milepost.operate.tls import TlsFiles, prepare_tls
from milepost.record.rejections import RejectionReader
from milepost.record.tallies import TallyReader
from milepost.settings import Settings
from milepost.store.client import connect
from milepost.store.event_log import EventLogReader
from milepost.store.feed_export import FeedExporter
from milepost.store.feeds import FeedReader
from milepost.store.histories import HistoryReader
from milepost.web.app import create_app
from milepost.web.deps import WebDeps
from milepost.web.feeds import Feeds
from milepost.web.live import LiveStreams
from milepost.web.sign_in import SignInDesk
from milepost.wiring import Engine, JudgeAhead, make_bulk_jobs, make_engine, make_jobs, make_privacy

_log = logger("app")
_DRAIN_SECONDS = 45.0
_END_SECONDS = 60.0


async def run(settings: Settings, parent: Parent) -> None:
    """Work and serve until told to stop; then read the journal to its end, as far as time allows."""
    database = open_made_database(settings.control())
    behind = database.in_background()
    with sound_parts(settings, database):
        engine = make_engine(settings, behind, system_clock)
    snapshots = StandingSnapshot(settings, engine)
    privacy = make_privacy(settings, behind, engine, snapshots.drop_all, system_clock)
    others: dict[str, JobRunner | Retention | Epochs] = {
        "jobs": make_jobs(settings, behind, engine, privacy, system_clock),
        "bulk-jobs": make_bulk_jobs(settings, behind, system_clock),
        "retention": Retention(behind, lambda: connect(settings.store()), system_clock, engine.changes),
        "epochs": Epochs(behind, engine.checkpoints),
    }
    runs = {"reactor": engine.reactor.run, "judge": engine.judge.run} | {name: one.run for name, one in others.items()}
    threads = [threading.Thread(target=target, name=name) for name, target in runs.items()]
    tls = prepare_tls(settings.tls, settings.data, settings.host, settings.trusted_proxies)
    live = LiveStreams(engine.news, settings.live_streams)
    deps = _web_deps(settings, database, engine, live, snapshots=snapshots, privacy=privacy, tls=tls)
    app = create_app(deps)
    server = make_server(app, interface=Interfaces.ASGI, host=settings.host, port=settings.app_port, tls=tls)
    closing: list[asyncio.Task[None]] = []

    def stop() -> None:
        closing.append(asyncio.ensure_future(live.close()))  # the server waits for every request under way
        server.stop()

    child.stop_when_told(asyncio.get_running_loop(), parent, stop)
    serving = asyncio.ensure_future(server.serve())
    try:
        await until_listening(settings.host, settings.app_port, serving)
        at_stage(f"at work on {settings.store()} and {paths.claims(settings.data)}")
        _log.info("listening", url=settings.app_url())
        for thread in threads:  # only now: `/ready` turns green by them, and who waits for it calls the console next
            thread.start()
        await serving
    finally:
        child.end_within(_END_SECONDS)
        await asyncio.to_thread(_come_home, engine, tuple(others.values()), threads)
        database.close()


def _web_deps(
    settings: Settings,
    database: Database,
    engine: Engine,
    live: LiveStreams,
    *,
    snapshots: StandingSnapshot,
    privacy: PrivacyDesk,
    tls: TlsFiles | None,
) -> WebDeps:
    """What the console API works with."""
    return WebDeps(
        database=database,
        secrets_key=read_key(paths.secrets_key(settings.data)),
        tokens_key=read_key(paths.tokens_key(settings.data)),
        clock=system_clock,
        event_log=EventLogReader(engine.pool),
        feeds=_feeds(settings, engine, database),
        live=live,
        tallies=TallyReader(paths.reactor(settings.data)),
        rejections=RejectionReader(
            paths.rejections(settings.data), keep_ms=settings.rejections_keep_ms(), clock=system_clock
        ),
        metrics=MetricReader(engine.pool, engine.identities),
        judging=engine.judge,
        identities=engine.identities,
        histories=HistoryReader(engine.pool),
        foresight=JudgeAhead(database, engine.pool, system_clock),
        api_url=settings.public(),
        doors=OwnDoors(settings, tls),
        is_tls=tls is not None,
        ca_file=tls.ca if tls else None,
        sign_in=SignInDesk(database, monotonic_ms),
        snapshots=snapshots,
        privacy=privacy,
        jobs_folder=paths.jobs(settings.data),
        wait_for_doors=partial(wait_until_known, paths.known_books(settings.data)),
        end_statements=engine.ending.end_for,
        body_seconds=settings.body_seconds,
    )


def _feeds(settings: Settings, engine: Engine, database: Database) -> Feeds:
    files = FeedExporter(lambda: connect(settings.store()))
    return Feeds(database, FeedReader(engine.pool), files, engine.identities)


def _come_home(
    engine: Engine, others: Sequence[JobRunner | Retention | Epochs], threads: list[threading.Thread]
) -> None:
    for other in others:
        other.stop()
    is_drained = engine.reactor.drain(_DRAIN_SECONDS)
    engine.reactor.stop()
    engine.judge.stop()
    for thread in threads:
        thread.join()
    engine.close()
    _log.info("stopped", journal_is_drained=is_drained)


def main(parent: Parent) -> None:
    """The whole life of the process; see `__main__.py`."""
    orders = child.read_orders(parent)
    child.begin("app", orders)
    try:
        uvloop.run(run(orders.settings, parent))
    except MilepostError as error:
        child.say_cannot_run("app", orders.settings, error)
