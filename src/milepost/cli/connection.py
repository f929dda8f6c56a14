"""`milepost connection`: make and manage connections in a data folder, with the server up or down.

A running server reads the same database; a command ends when its front doors know the change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from sqlalchemy.orm import Session

from milepost.cli.connection_output import as_shown, print_shown, public_url, with_keys, without_keys
from milepost.control.migrate import open_migrated
from milepost.control.repos import connections
from milepost.control.repos.audit import record_change
from milepost.control.revisions import read_connections_revision
from milepost.domain.connection import Connection, ConnectionKind, DoubtfulDates, RateLimit, TrackEventKey
from milepost.domain.errors import MilepostError
from milepost.kit.clock import system_clock
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.observe.known_book import wait_until_known
from milepost.operate.parts.fault import refuse
from milepost.operate.parts.survey import survey_files
from milepost.settings import Settings

app = typer.Typer(
    name="connection",
    no_args_is_help=True,
    help="Connections: the sources that events come from, and their credentials.",
)

_ACTOR = "command line"

Data = Annotated[Path | None, typer.Option(help="The data folder. [default: .data, or MILEPOST_DATA]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ApiUrl = Annotated[
    str | None,
    typer.Option(
        help="Where browsers reach the front doors, for the tracking script. [default: as the service has it, or set]"
    ),
]
DeliveryId = Annotated[
    str,
    typer.Option(help="Where webhooks have the id that makes a repeat: auto, none, header:NAME or body:MEMBER."),
]
Id = Annotated[UUID, typer.Argument(help="The connection's id, as `milepost connection list` shows it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One change of a data folder: its settings, its open transaction, the key of its secrets, and the time."""

    settings: Settings
    session: Session
    secrets_key: bytes
    now_ms: int

    def record(self, action: str, connection_id: UUID, before: Connection | None, after: Connection | None) -> None:
        record_change(
            self.session,
            actor=_ACTOR,
            action=action,
            subject="connection",
            subject_id=connection_id,
            now_ms=self.now_ms,
            before=without_keys(before),
            after=without_keys(after),
        )


@app.command()
def add(
    *,
    name: Annotated[str, typer.Option(help="What to call it; best the name of the event source.")],
    kind: Annotated[ConnectionKind, typer.Option(help="How its events come in.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What a machine may do: read:api, write:api, admin:api; repeat it for several."
            " [default: read:api, write:api]"
        ),
    ] = None,
    allowed_origin: Annotated[
        list[str] | None,
        typer.Option(help="A site that may use the tracking script; repeat it for several. Any, unless given."),
    ] = None,
    track_event_key: Annotated[
        TrackEventKey, typer.Option(help="What names a track of the Segment wire: its event's name, or its type.")
    ] = TrackEventKey.NAME,
    delivery_id: DeliveryId = "auto",
    doubtful_dates: Annotated[
        DoubtfulDates, typer.Option(help="Keep events with implausible dates, with a flag, or refuse them.")
    ] = DoubtfulDates.FLAG,
    data: Data = None,
    api_url: ApiUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a connection and print its credentials."""
    with _work(data) as work:
        draft = connections.ConnectionDraft(
            name=name,
            kind=kind,
            scopes=tuple(scope) if scope else None,
            allowed_origins=tuple(allowed_origin or ()),
            track_event_key=track_event_key,
            delivery_id=delivery_id,
            doubtful_dates=doubtful_dates,
        )
        keys = connections.create_connection(work.session, draft, now_ms=work.now_ms, secrets_key=work.secrets_key)
        work.record("create", keys.connection.id, None, keys.connection)
    print_shown(with_keys(keys, api_url or public_url(work.settings)), as_json=as_json)


@app.command("list")
def list_all(data: Data = None, as_json: AsJson = False) -> None:
    """List the connections, oldest first."""
    with _work(data) as work:
        found = connections.list_connections(work.session)
    if as_json:
        typer.echo(json.dumps([as_shown(connection) for connection in found], indent=2))
        return
    for connection in found:
        state = "" if connection.is_enabled else "  (disabled)"
        typer.echo(f"{connection.id}  {connection.kind.value:18}  {connection.name}{state}")


@app.command()
def rename(
    connection_id: Id,
    name: Annotated[str, typer.Option(help="The new name; it must not be empty and need not be unique.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give a connection another name; its credentials stay."""
    _change(data, connection_id, "rename", as_json=as_json, name=name)


@app.command()
def disable(connection_id: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Refuse everything that comes with the connection's credentials, until it is enabled again."""
    _change(data, connection_id, "disable", as_json=as_json, is_enabled=False)


@app.command()
def enable(connection_id: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Accept events on a disabled connection again."""
    _change(data, connection_id, "enable", as_json=as_json, is_enabled=True)


@app.command()
def deliveries(connection_id: Id, delivery_id: DeliveryId, data: Data = None, as_json: AsJson = False) -> None:
    """Say where the connection's webhooks have the id of their delivery, by which a repeat is known."""
    _change(data, connection_id, "update", as_json=as_json, delivery_id=delivery_id)


@app.command()
def dates(
    connection_id: Id,
    doubtful: Annotated[DoubtfulDates, typer.Option(help="Keep implausible dates, flagged, or refuse them.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say what becomes of events whose dates are implausible: seconds for milliseconds, 1970, the future."""
    _change(data, connection_id, "dates", as_json=as_json, doubtful_dates=doubtful)


@app.command()
def limit(
    connection_id: Id,
    *,
    events_per_second: Annotated[
        float | None, typer.Option(help="How many events it may send, in the long run.")
    ] = None,
    burst: Annotated[int | None, typer.Option(help="How many of them at once. [default: those of one second]")] = None,
    off: Annotated[bool, typer.Option("--off", help="Lift the limit.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bound how many events a connection may send; what is over it is told when to come back."""
    if off == (events_per_second is not None) or (off and burst is not None):
        _refuse("Give either --events-per-second, with or without --burst, or --off.", iter(()))
    given = {"events_per_second": events_per_second, "burst": burst}
    with _work(data) as work:
        wanted = {name: value for name, value in given.items() if value is not None}
        before = connections.get_connection(work.session, connection_id)
        after = connections.limit_connection(
            work.session, connection_id, RateLimit.model_validate(wanted) if wanted else None
        )
        work.record("limit", connection_id, before, after)
    print_shown(as_shown(after), as_json=as_json)


@app.command()
def rotate(
    connection_id: Id,
    grace_seconds: Annotated[
        int, typer.Option(min=0, max=365 * 86400, help="How long the old secret stays valid; 0 ends it at once.")
    ] = connections.DEFAULT_GRACE_SECONDS,
    data: Data = None,
    api_url: ApiUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a new secret and print it; the old one stays valid for a grace period."""
    with _work(data) as work:
        keys = connections.rotate_keys(
            work.session,
            connection_id,
            grace_seconds=grace_seconds,
            now_ms=work.now_ms,
            secrets_key=work.secrets_key,
        )
        work.record("rotate", connection_id, None, keys.connection)
    print_shown(with_keys(keys, api_url or public_url(work.settings)), as_json=as_json)


@app.command("keys")
def show_keys(connection_id: Id, data: Data = None, api_url: ApiUrl = None, as_json: AsJson = False) -> None:
    """Print a connection's credentials; the audit log notes that they were shown."""
    with _work(data) as work:
        keys = connections.read_keys(work.session, connection_id, secrets_key=work.secrets_key)
        work.record("show_keys", connection_id, None, None)
    print_shown(with_keys(keys, api_url or public_url(work.settings)), as_json=as_json)


def _change(
    data: Path | None,
    connection_id: UUID,
    action: str,
    *,
    as_json: bool,
    name: str | None = None,
    is_enabled: bool | None = None,
    delivery_id: str | None = None,
    doubtful_dates: DoubtfulDates | None = None,
) -> None:
    with _work(data) as work:
        before = connections.get_connection(work.session, connection_id)
        after = connections.update_connection(
            work.session,
            connection_id,
            name=name,
            is_enabled=is_enabled,
            delivery_id=delivery_id,
            doubtful_dates=doubtful_dates,
        )
        work.record(action, connection_id, before, after)
    print_shown(as_shown(after), as_json=as_json)


@contextmanager
def _work(data: Path | None) -> Iterator[_Work]:
    """A transaction on the folder's database; a refusal ends the command with its reasons and exit code 1."""
    try:
        settings = Settings.read({"data": data})
        refuse(settings.data, survey_files(settings))  # else a lost database or key would be made anew
        database = open_migrated(settings.control())
        secrets_key = load_key(paths.secrets_key(settings.data))
        with database.write() as session:
            yield _Work(settings=settings, session=session, secrets_key=secrets_key, now_ms=system_clock())
        wait_until_known(paths.known_books(settings.data), read_connections_revision(database))
        database.close()
    except ValidationError as error:
        reasons = (
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()
        )
        _refuse("The connection is not valid.", reasons)
    except MilepostError as error:
        _refuse(error.message, (f"{fault.path}: {fault.reason}" for fault in error.faults))


def _refuse(message: str, reasons: Iterator[str]) -> None:
    typer.echo("\n  ".join((message, *reasons)), err=True)
    raise typer.Exit(1)
