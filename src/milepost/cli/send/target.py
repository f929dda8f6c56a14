"""Where a file is sent, and as whom: given outright, or looked up in the data folder of the local service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from milepost.cli.send.poster import Target
from milepost.control.migrate import open_migrated
from milepost.control.repos.connections import list_connections, read_keys
from milepost.domain.connection import Connection, ConnectionKind
from milepost.domain.errors import OperatorError
from milepost.kit.crypto import read_key
from milepost.observe import paths
from milepost.observe.service import read_service
from milepost.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """What --url and its companions said."""

    url: str
    client_id: str | None
    client_secret: str | None
    ca_file: Path | None


def remote_target(remote: Remote, event_key: str) -> tuple[Target, Path | None]:
    """The target, and the CA file to trust; OperatorError when credentials are missing."""
    if not remote.client_id or not remote.client_secret:
        raise OperatorError("--url needs --client-id and --client-secret (or MILEPOST_CLIENT_ID and _SECRET).")
    target = Target(
        api_url=remote.url.rstrip("/"),
        client_id=remote.client_id,
        client_secret=remote.client_secret,
        event_key=event_key,
    )
    return target, remote.ca_file


def local_target(data: Path, connection: str | None, event_key: str) -> tuple[Target, Path | None]:
    """The target by the name or id of a connection of the local service; OperatorError when there is no such one."""
    if connection is None:
        raise OperatorError("Name the connection with --connection; `milepost connection list` shows them.")
    data = data.absolute()
    service = read_service(data)
    database = open_migrated(Settings.read({"data": data}).control())
    with database.read() as session:
        found = _one(list_connections(session), connection)
        keys = read_keys(session, found.id, secrets_key=read_key(paths.secrets_key(data)))
    database.close()
    assert keys.connection.client_id is not None
    assert keys.client_secret is not None
    target = Target(
        api_url=service.api_url,
        client_id=keys.connection.client_id,
        client_secret=keys.client_secret,
        event_key=event_key,
    )
    return target, Path(service.ca_file) if service.ca_file else None


def _one(connections: Iterable[Connection], wanted: str) -> Connection:
    named = [one for one in connections if wanted in {one.name, str(one.id), one.client_id}]
    if not named:
        raise OperatorError(f"No connection is called {wanted!r}; `milepost connection list` shows them.")
    fitting = [one for one in named if one.kind is ConnectionKind.EVENT_HANDLER]
    if not fitting:
        raise OperatorError(f"{wanted!r} is a {named[0].kind} connection; sending a file takes an event-handler one.")
    if len(fitting) > 1:
        raise OperatorError(f"{len(fitting)} connections are called {wanted!r}; give the id instead.")
    return fitting[0]
