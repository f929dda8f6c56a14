"""Keeps the event log to the account's retention: a thread that looks every hour, and drops what is older.

Every drop is a line in the audit log. What fails is tried again an hour later, and logged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import timedelta
from typing import Final

from clickhouse_connect.driver.client import Client
from pydantic import BaseModel

from milepost.control.repos.audit import record_change
from milepost.control.repos.plan_changes import MILEPOST
from milepost.control.repos.settings import read_settings
from milepost.control.session import Database
from milepost.domain.account import AccountSettings
from milepost.kit.clock import Clock
from milepost.observe.logs import logger
from milepost.observe.metric_names import EVENTS_DROPPED
from milepost.observe.unharmed import unharmed
from milepost.store.retention import drop_events_before

_log = logger("retention")
_EVERY_SECONDS: Final = 3600.0


class Dropped(BaseModel):
    """What went, and by which rule."""

    events: int
    received_before_ms: int
    retention_days: int


def oldest_kept_ms(settings: AccountSettings, now_ms: int) -> int | None:
    """The first instant of the oldest day that is kept, by the account's calendar; None: everything is."""
    if settings.retention_days is None:
        return None
    calendar = settings.calendar
    return calendar.midnight(calendar.day(now_ms) - timedelta(days=settings.retention_days))


def keep_to_retention(
    database: Database,
    client: Client,
    now_ms: int,
    changing: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Drop the events that were received before the oldest day that is kept, within `changing`; gives how many."""
    with database.read() as session:
        settings = read_settings(session)
    before_ms = oldest_kept_ms(settings, now_ms)
    if before_ms is None or settings.retention_days is None:
        return 0
    with changing():
        count = drop_events_before(client, before_ms)
    if count:
        gone = Dropped(events=count, received_before_ms=before_ms, retention_days=settings.retention_days)
        with database.write() as session:
            record_change(
                session,
                actor=MILEPOST,
                action="drop",
                subject="events",
                subject_id="retention",
                now_ms=now_ms,
                before=gone,
            )
    return count


class Retention:
    """The thread's work; `open_client` is called in it, since a client serves one thread."""

    def __init__(
        self,
        database: Database,
        open_client: Callable[[], Client],
        clock: Clock,
        changing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._database = database
        self._open_client = open_client
        self._clock = clock
        self._changing = changing
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish what is under way and come home."""
        self._stop.set()

    def run(self) -> None:
        """Look now and every hour, until stopped."""
        while not self._stop.is_set():
            self._look()
            self._stop.wait(_EVERY_SECONDS)

    def _look(self) -> None:
        try:
            with closing(self._open_client()) as client:
                count = keep_to_retention(self._database, client, self._clock(), self._changing)
        except Exception as error:
            _log.error("retention_failed", exc_info=error)
            return
        if count:
            with unharmed("events that were dropped"):
                EVENTS_DROPPED.inc(count)
            _log.info("events_dropped", events=count)
