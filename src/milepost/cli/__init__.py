"""The command line: one file per command, each of which teaches itself by `--help`."""

from __future__ import annotations

import typer

from milepost.cli import connection
from milepost.cli.backup import backup
from milepost.cli.doctor import doctor
from milepost.cli.feeds import export
from milepost.cli.send.command import send
from milepost.cli.serve import serve
from milepost.cli.status import status
from milepost.cli.tail import tail
from milepost.cli.trace import trace

app = typer.Typer(name="milepost", no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(serve)
app.command()(send)
app.command()(status)
app.command()(tail)
app.command()(export)
app.command()(trace)
app.command()(backup)
app.command()(doctor)
app.add_typer(connection.app, name="connection")


def main() -> None:
    """The `milepost` command."""
    app()
