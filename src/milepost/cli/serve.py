"""`milepost serve`: the whole service on one data folder."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from milepost.control.migrate import open_migrated
from milepost.domain.errors import MilepostError
from milepost.kit.clock import monotonic_ms
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.observe.health import free_bytes, read_health, readiness
from milepost.observe.logs import configure_logs
from milepost.operate.banner import banner
from milepost.operate.first_admin import make_first_admin
from milepost.operate.lock import lock_folder
from milepost.operate.parts.fault import refuse
from milepost.operate.parts.marks import mark_files
from milepost.operate.parts.survey import survey_files
from milepost.operate.supervisor import Supervisor
from milepost.operate.tls import prepare_tls
from milepost.settings import Settings


def serve(
    *,
    data: Annotated[Path | None, typer.Option(help="The one folder that holds everything. [default: .data]")] = None,
    host: Annotated[str | None, typer.Option(help="Address to bind. [default: 127.0.0.1]")] = None,
    api_port: Annotated[int | None, typer.Option(help="Port of the doors for events. [default: 8443]")] = None,
    app_port: Annotated[int | None, typer.Option(help="Port of the console and its API. [default: 8444]")] = None,
    workers: Annotated[int | None, typer.Option(help="Ingest processes. [default: 1]")] = None,
    tls: Annotated[
        str | None, typer.Option(help="auto (a local CA under the data folder), off, or CERT,KEY. [default: auto]")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Define a demo business and let it live.")] = False,
) -> None:
    """Run Milepost until SIGTERM or Ctrl-C, which drain: nothing that was acknowledged is lost.

    Each option can also be set as MILEPOST_<NAME>; the first admin comes from MILEPOST_ADMIN_EMAIL and
    MILEPOST_ADMIN_PASSWORD, or is made up and printed once.
    """
    configure_logs("supervisor")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    console = Console(stderr=True)
    given = {"data": data, "host": host, "api_port": api_port, "app_port": app_port, "workers": workers, "tls": tls}
    try:
        settings = Settings.read({**given, "demo": demo or None})
        lock = lock_folder(settings.data)
        refuse(settings.data, survey_files(settings))
        files = prepare_tls(settings.tls, settings.data, settings.host, settings.trusted_proxies)
        made_password = _prepare_control_plane(settings)
        supervisor = Supervisor(settings, lock, files.ca if files else None)

        def is_ready() -> bool:
            return (
                _listens(settings.host, settings.api_port)
                and readiness(
                    read_health(paths.health(settings.data)),
                    now_ms=monotonic_ms(),
                    is_journal_broken=False,
                    free_bytes=free_bytes(settings.data),
                    reserve_bytes=settings.disk_reserve_bytes,
                ).ready
            )

        supervisor.run(lambda: console.print(banner(settings, files, made_password)), is_ready)
    except MilepostError as error:
        console.print(f"[bold red]Milepost cannot run:[/] {escape(error.message)}", soft_wrap=True)
        raise typer.Exit(1) from error


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _prepare_control_plane(settings: Settings) -> str | None:
    """Keys, schema and the first admin; gives the admin's password if it had to be made up."""
    for key in (paths.secrets_key(settings.data), paths.tokens_key(settings.data)):
        load_key(key)
    database = open_migrated(settings.control())
    made = make_first_admin(database, settings)
    mark_files(settings, database)
    database.close()
    return made
