"""What `milepost serve` prints once it is ready: where things are, how to sign in, how to trust the certificate."""

from __future__ import annotations

from rich.panel import Panel
from rich.table import Table

from milepost.operate.tls import TlsFiles
from milepost.settings import Settings


def banner(settings: Settings, tls: TlsFiles | None, made_password: str | None) -> Panel:
    """A panel of where to look and what to try."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold")
    rows.add_column(overflow="fold")
    rows.add_row("Events go to", settings.api_url())
    rows.add_row("Console API", f"{settings.app_url()}/api/docs")
    if made_password is not None:
        rows.add_row("Sign in", f"{settings.admin_email} with the password {made_password} (shown once)")
    else:
        rows.add_row("Sign in", "with the email and password of an admin")
    if tls is not None and tls.ca is not None:
        rows.add_row("Trust", f"the local CA {tls.ca} (curl --cacert {tls.ca} ...)")
    rows.add_row("Try", f"milepost status --data {settings.data}")
    rows.add_row("", f"milepost tail --data {settings.data}")
    rows.add_row("", f"milepost send FILE --connection NAME --event-key KEY --data {settings.data}")
    return Panel(rows, title="Milepost is ready", expand=False)
