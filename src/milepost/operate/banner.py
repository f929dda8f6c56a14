"""What `milepost serve` prints once it is ready: where things are, how to sign in, what to try first."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from rich.panel import Panel
from rich.table import Table

from milepost.operate.tls import TlsFiles
from milepost.settings import Settings

_DEFAULT_DATA = Path(".data")


def banner(settings: Settings, tls: TlsFiles | None, made_password: str | None) -> Panel:
    """A panel of where to look and what to try."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold")
    rows.add_column(overflow="fold")
    rows.add_row("Events go to", settings.api_url())
    rows.add_row("Console", settings.app_url())
    rows.add_row("Console API", f"{settings.app_url()}/api/docs")
    if made_password is not None:
        rows.add_row("Sign in", f"{settings.admin_email} with the password {made_password} (shown once)")
    else:
        rows.add_row("Sign in", "with the email and password of an admin")
    if tls is not None and tls.ca is not None:
        rows.add_row("Trust", f"the local CA {tls.ca} (curl --cacert {tls.ca} ...)")
    for title, command in zip(("Try", "", ""), commands(settings), strict=True):
        rows.add_row(title, command)
    return Panel(rows, title="Milepost is ready", expand=False)


def commands(settings: Settings) -> tuple[str, str, str]:
    """Three commands that can be copied as they are."""
    milepost = _program()
    data = "" if settings.data == _DEFAULT_DATA.absolute() else f" --data {settings.data}"
    third = f"{milepost} connection add --name 'My app' --kind event-handler{data}"
    if settings.demo:
        columns = "--date-field date --numbers amount"
        third = (
            f"{milepost} send examples/purchases.csv --connection 'Demo business' --event-key purchases {columns}{data}"
        )
    return f"{milepost} status{data}", f"{milepost} tail{data}", third


def _program() -> str:
    """How this very program is called from here: by name where that finds it."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if found and Path(found).resolve() == called.resolve():
        return called.name
    return os.path.relpath(called) if called.is_absolute() else str(called)
