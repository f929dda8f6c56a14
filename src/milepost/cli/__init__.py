"""The command line: one file per command, each of which teaches itself by `--help`.

A command's file is imported when it is called: all of them together, with the database libraries, take a second.
"""

from __future__ import annotations

from collections import UserDict
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer._click.core import Command
from typer.core import TyperGroup
from typer.main import get_command, get_group

from milepost import __version__

_COMMANDS: Final = {
    "serve": "milepost.cli.serve",
    "send": "milepost.cli.send.command",
    "status": "milepost.cli.status",
    "tail": "milepost.cli.tail",
    "export": "milepost.cli.export",
    "trace": "milepost.cli.trace",
    "backup": "milepost.cli.backup",
    "doctor": "milepost.cli.doctor",
    "repair": "milepost.cli.repair",
    "connection": "milepost.cli.connection",
}
"""The module of each command; in it, the function or the group of commands has the command's name, or is `app`."""


class _Imported(UserDict[str, Any]):
    """The commands by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> Command:
        module = import_module(super().__getitem__(name))
        if hasattr(module, "app"):
            return get_group(module.app)
        alone = typer.Typer(add_completion=False)
        alone.command(name)(getattr(module, name))
        return get_command(alone)


class _Commands(TyperGroup):
    """A group that has them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Imported(_COMMANDS)


app = typer.Typer(name="milepost", cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"milepost {__version__}")
        raise typer.Exit


@app.callback()
def _milepost(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Receives events, detects signals, measures metrics, judges outcomes, and delivers the news."""


def main() -> None:
    """The `milepost` command."""
    app()
