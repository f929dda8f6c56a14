"""The app process's share of a start: claims and store checked, then marked; and what keeps the checks true later.

Takes settings and open parts. Refuses an unsound folder with UnsoundFolderError (operate/parts/fault.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from milepost.control.folder import next_epoch
from milepost.control.session import Database
from milepost.domain.errors import OperatorError
from milepost.observe import paths
from milepost.observe.logs import logger
from milepost.operate.parts.fault import refuse
from milepost.operate.parts.marks import complete_marks, read_marks
from milepost.operate.parts.stores import hold_store, survey_stores
from milepost.record.checkpoint import Checkpoints
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.mark import write_file_mark
from milepost.record.proof import EPOCH, ROWS
from milepost.settings import Settings
from milepost.store.client import connect, create_schema, embedded_folder
from milepost.store.parts import COUNTED_TABLES, count_rows

_log = logger("parts")
_EVERY_SECONDS: Final = 60.0


@contextmanager
def sound_parts(settings: Settings, database: Database) -> Iterator[None]:
    """Check claims and store, mark them, and let the reactor's file know how many rows there are.

    UnsoundFolderError for what does not fit. The block opens them for good.
    """
    with ExitStack() as held:
        hold_store(settings, held)
        refuse(settings.data, survey_stores(settings))
        held.enter_context(closing(client := connect(settings.store())))
        try:
            _mark(settings, database, client)
        except ClickHouseError as error:
            reason = " ".join(str(error).split())[:400]
            raise OperatorError(f"The analytic store at {settings.store()} cannot be used: {reason}") from error
        yield


def _mark(settings: Settings, database: Database, client: Client) -> None:
    marks = read_marks(settings)
    if marks.folder is None:
        return  # of a process that was started without its supervisor
    with closing(RocksdbClaims(paths.claims(settings.data))) as claims:
        if claims.mark is None:
            claims.mark = marks.folder
    create_schema(client)
    if embedded_folder(settings.store()) is not None and marks.store is None:
        write_file_mark(paths.store_mark(settings.data), marks.folder)
    with closing(Checkpoints(paths.reactor(settings.data))) as checkpoints:
        if not any(name.startswith(ROWS) for name in checkpoints.facts()):
            checkpoints.rows_are(count_rows(client, COUNTED_TABLES, upto=checkpoints.finished_batch()))
    if not marks.is_complete:
        complete_marks(settings, database)


class Epochs:
    """A thread that notes every minute, in both, that the control database and the reactor's file belong together.

    An older copy of the control database is known by it. What fails is tried again a minute later.
    """

    def __init__(self, database: Database, checkpoints: Checkpoints) -> None:
        self._database = database
        self._checkpoints = checkpoints
        self._stop = threading.Event()

    def stop(self) -> None:
        """Be done."""
        self._stop.set()

    def run(self) -> None:
        """Note now and every minute, until stopped."""
        while not self._stop.is_set():
            self.note()
            self._stop.wait(_EVERY_SECONDS)

    def note(self) -> None:
        """The control database first, so that at no moment it is behind the other."""
        try:
            with self._database.write() as session:
                epoch = next_epoch(session)
            if epoch:
                self._checkpoints.note(EPOCH, epoch)
        except Exception as error:
            _log.warning("epoch_not_noted", reason=str(error))
