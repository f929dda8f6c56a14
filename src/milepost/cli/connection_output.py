"""What `milepost connection` prints: a connection, with or without its credentials, as lines or as JSON."""

from __future__ import annotations

import json
from typing import Any

import typer

from milepost.control.credentials import ConnectionKeys, shown_keys
from milepost.domain.connection import Connection, DoubtfulDates
from milepost.observe import paths
from milepost.observe.service import read_last_service
from milepost.settings import Settings


def without_keys(connection: Connection | None) -> Connection | None:
    """As the audit log keeps it."""
    return connection and connection.model_copy(update={"client_id": None, "public_key": None})


def as_shown(connection: Connection) -> dict[str, Any]:
    """What everyone may see of it."""
    shown: dict[str, Any] = {"id": str(connection.id), "name": connection.name, "kind": connection.kind.value}
    shown["isEnabled"] = connection.is_enabled
    if connection.doubtful_dates is not DoubtfulDates.FLAG:
        shown["doubtfulDates"] = connection.doubtful_dates.value
    if connection.rate_limit is not None:
        allowed = connection.rate_limit
        shown["rateLimit"] = {"eventsPerSecond": allowed.events_per_second, "burst": allowed.burst}
    return shown


def public_url(settings: Settings) -> str:
    """As the running service has it; else as it is set here; else as the service had it when it last ran."""
    last = read_last_service(settings.data)
    is_set_here = settings.model_fields_set & {"public_url", "host", "api_port", "tls"}
    if last is None or (is_set_here and not paths.service(settings.data).exists()):
        return settings.public()
    return last.public_url or last.api_url


def with_keys(keys: ConnectionKeys, api_url: str) -> dict[str, Any]:
    """It with its credentials."""
    connection = keys.connection
    named = {"id": str(connection.id), "name": connection.name, "kind": connection.kind.value}
    return {**named, **shown_keys(keys, api_url=api_url.rstrip("/"))}


def print_shown(shown: dict[str, Any], *, as_json: bool) -> None:
    """As lines, or as JSON."""
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
        return
    for name, value in shown.items():
        typer.echo(f"{name}:\n{value}" if "\n" in str(value) else f"{name}: {value}")
