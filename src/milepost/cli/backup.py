"""`milepost backup`: copy the data folder, with the service up or down, into one that can be started."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from milepost.cli.local import DEFAULT_DATA, Api, Data, require_data_folder, told_errors
from milepost.domain.errors import OperatorError
from milepost.operate.backup import (
    GapError,
    State,
    bytes_to_copy,
    copy_backup,
    left_out,
    one_at_a_time,
    require_room,
    state_at_rest,
    taken,
)
from milepost.operate.lock import FolderTakenError, lock_folder
from milepost.settings import Settings

_TRIES = 3
_SNAPSHOT_SECONDS = 600


def backup(
    target: Annotated[Path, typer.Argument(help="The folder to make; if it exists, it must be empty.")],
    *,
    data: Data = DEFAULT_DATA,
) -> None:
    """Copy the data folder into one that `milepost serve --data` can start from, with the service up or down.

    It has every event that was accepted before the command began, and its keys and secrets: keep it as safe as the
    data folder. A running service goes on; only processing pauses for a moment.
    """
    console = Console(stderr=True)
    with told_errors():
        data, target = data.absolute(), target.absolute()
        require_data_folder(data)
        try:
            require_room(data, target)
            with one_at_a_time(data, target), _resting(data) as at_rest:
                missing = _copy(console, data, at_rest, target) if at_rest else _copy_running(console, data, target)
        except (OSError, sqlite3.Error) as error:
            raise OperatorError(f"The backup could not be made: {error}") from error
    for sentence in missing:
        typer.echo(f"Not in it: {sentence}")
    typer.echo(f"The backup is whole. To start from it: milepost serve --data {target}")


@contextmanager
def _resting(data: Path) -> Iterator[State | None]:
    """The parts of a folder on which nothing runs, and nothing can start meanwhile; None if something does run."""
    try:
        lock = lock_folder(data, patience_seconds=0)
    except FolderTakenError:
        yield None
        return
    try:
        yield state_at_rest(Settings.read({"data": data}))
    finally:
        os.close(lock)


def _copy_running(console: Console, data: Path, target: Path) -> list[str]:
    api = Api(data)
    for _ in range(_TRIES):
        snapshot = Path(api.ask("PUT", "/api/snapshot", timeout=_SNAPSHOT_SECONDS)["folder"])
        with suppress(GapError), taken(snapshot, data) as state:
            return _copy(console, data, state, target)
    raise OperatorError("The journal is trimmed faster than it can be copied; raise MILEPOST_JOURNAL_RETENTION_HOURS.")


def _copy(console: Console, data: Path, state: State, target: Path) -> list[str]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        total = bytes_to_copy(data, state)
        task = progress.add_task("Copying", total=total)
        copy_backup(data, state, target, lambda size: progress.advance(task, size))
        progress.update(task, completed=total)
    return left_out(state)
