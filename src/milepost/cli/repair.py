"""`milepost repair`: say what a damaged data folder has lost, and go on without it if that is wanted."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from milepost.cli.local import DEFAULT_DATA, Data, told_errors
from milepost.domain.errors import OperatorError
from milepost.operate.lock import lock_folder
from milepost.operate.parts.fault import Fault
from milepost.operate.parts.repair import accept_losses, find_faults
from milepost.settings import Settings


def repair(
    *,
    data: Data = DEFAULT_DATA,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on without what is lost; the audit log says what it was.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for programs.")] = False,
) -> None:
    """Say what is missing or damaged in a data folder that does not start, and what going on would give up.

    Changes nothing without --accept-loss. A backup that is restored whole gives up less: it is processed on from there.
    """
    with told_errors():
        settings = Settings.read({"data": data})
        if not settings.data.is_dir():
            raise OperatorError(f"{settings.data} is no data folder.")
        lock = lock_folder(settings.data, patience_seconds=0)
        try:
            faults = accept_losses(settings) if accept_loss else find_faults(settings)
        finally:
            os.close(lock)
    if as_json:
        print(json.dumps([_told(fault) for fault in faults]))  # noqa: T201  # the command's result
    else:
        _say(faults, is_done=accept_loss)
    if faults and not accept_loss:
        raise typer.Exit(1)


def _told(fault: Fault) -> dict[str, object]:
    return {"part": fault.part, "found": fault.told, "gives_up": fault.gives_up, "numbers": fault.numbers}


def _say(faults: list[Fault], *, is_done: bool) -> None:
    console = Console(soft_wrap=True)
    if not faults:
        console.print("Every part is there and fits the others: there is nothing to repair.")
    for fault in faults:
        console.print(f"[bold]{escape(fault.part)}[/]  {escape(fault.told)}")
        if fault.gives_up:
            word = "Given up" if is_done else "To go on without it gives up"
            console.print(f"  {word}: {escape(fault.gives_up)}.")
    if faults and not is_done and all(fault.mend for fault in faults):
        console.print("To go on without: the same command with --accept-loss. Better, if there is one: start a backup.")
    elif faults and is_done:
        console.print("The folder can be started again; GET /api/audit has these lines too.")
