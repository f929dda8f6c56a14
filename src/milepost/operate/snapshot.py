"""A snapshot of a running service: everything the reactor writes, as it is between two batches, in one folder.

Takes the engine; gives `<data>/snapshot`, laid out as a data folder. Refuses with UnavailableError what may work later.
"""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

from milepost.control.session import sqlite_file
from milepost.domain.errors import OperatorError, UnavailableError
from milepost.kit.files import copy_database
from milepost.observe import paths
from milepost.observe.logs import logger
from milepost.operate import backup
from milepost.settings import Settings
from milepost.store.client import connect, embedded_folder
from milepost.store.snapshot import snapshot_store
from milepost.wiring import Engine

_log = logger("snapshot")
_PATIENCE_SECONDS = 30.0


class StandingSnapshot:
    """The one snapshot of a data folder; what nobody took away is let go of at the next start or the next taking.

    The parts have to fit together: what the store holds, which claims were made, what companies and states follow
    from it, and up to where the journal is read. So they are taken while the reactor stands still, between two batches
    (the journal is not part of it: it may be copied at any time afterwards, since it has all that the claims name).
    Links and small copies take a fraction of a second, in which events are accepted as ever.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._folder = paths.snapshot(settings.data)
        self._one_at_a_time = threading.Lock()
        self._drop()

    def take(self) -> Path:
        """See web/ports.py."""
        with self._one_at_a_time:
            self._drop()
            try:
                self._folder.mkdir(mode=0o700)
                with self._engine.reactor.paused(_PATIENCE_SECONDS):
                    began = time.monotonic()
                    self._fill()
                    paused_seconds = time.monotonic() - began
            except UnavailableError:
                self._drop()
                raise
            except Exception as error:  # whoever asked for the backup is to know why there is none
                self._drop()
                raise UnavailableError(
                    f"The snapshot could not be taken: {str(error) or type(error).__name__}"
                ) from error
        _log.info("snapshot_taken", paused_seconds=round(paused_seconds, 3))
        return self._folder

    def drop_all(self) -> None:
        """Let go of it, and of what a backup that was killed left; UnavailableError while a backup is being made."""
        with self._one_at_a_time:
            try:
                with backup.one_at_a_time(self._settings.data):
                    shutil.rmtree(paths.taken_snapshot(self._settings.data), ignore_errors=True)
            except OperatorError as error:
                raise UnavailableError(error.message) from error
            self._drop()

    def _drop(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _fill(self) -> None:
        data, folder = self._settings.data, self._folder
        copy_database(paths.reactor(data), paths.reactor(folder), _unheard)
        self._engine.claims.snapshot(paths.claims(folder))
        control = sqlite_file(self._settings.control())
        if control is not None:
            copy_database(control, paths.control(folder), _unheard)
        store = embedded_folder(self._settings.store())
        if store is not None:
            client = connect(self._settings.store())
            try:
                snapshot_store(client, store, paths.store(folder))
            finally:
                client.close()


def _unheard(_size: int) -> None:
    """Nobody waits for the progress of what takes a moment."""
