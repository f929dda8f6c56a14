"""Connections and their credentials. Everyone sees what there is; only admins see credentials or change anything."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from milepost.control.credentials import ConnectionKeys, shown_keys
from milepost.control.repos import connections
from milepost.control.repos.connections import DEFAULT_GRACE_SECONDS, ConnectionDraft, DeliveryId
from milepost.domain.connection import Connection, ConnectionKind, DoubtfulDates, RateLimit, TrackEventKey
from milepost.domain.errors import ConflictError
from milepost.web.auth import Admin, Viewer
from milepost.web.changes import change, change_of_connections
from milepost.web.deps import Deps, WebDeps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of
from milepost.web.versions import Versioned

router = APIRouter(prefix="/connections", tags=["connections"])


class ConnectionView(BaseModel):
    """A connection without its credentials."""

    id: UUID
    name: str
    kind: ConnectionKind
    is_enabled: bool
    scopes: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    rate_limit: RateLimit | None
    track_event_key: TrackEventKey
    delivery_id: str
    doubtful_dates: DoubtfulDates
    created_at: datetime


class Credentials(BaseModel):
    """By kind: clientId and clientSecret, analyticsKey and trackingScript, or writeKey (the seed's names)."""

    client_id: str | None = Field(default=None, alias="clientId")
    client_secret: str | None = Field(default=None, alias="clientSecret")
    analytics_key: str | None = Field(default=None, alias="analyticsKey")
    tracking_script: str | None = Field(default=None, alias="trackingScript")
    write_key: str | None = Field(default=None, alias="writeKey")


class NewConnection(Credentials, ConnectionView):
    """A connection as it was just added, with its credentials."""


class ConnectionChange(BaseModel):
    """What is given changes; a `rate_limit` of null lifts the limit."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=120)
    is_enabled: bool | None = None
    scopes: tuple[str, ...] | None = None
    allowed_origins: tuple[str, ...] | None = None
    rate_limit: RateLimit | None = None
    track_event_key: TrackEventKey | None = None
    delivery_id: DeliveryId | None = None
    doubtful_dates: DoubtfulDates | None = Field(
        default=None, description="Keep implausible dates with a flag, or refuse them (400)."
    )


class Rotation(BaseModel):
    """How long earlier secrets stay valid: a day unless given, 0 to end them at once."""

    model_config = ConfigDict(extra="forbid")

    grace_seconds: Annotated[int, Field(ge=0, le=365 * 86400)] = DEFAULT_GRACE_SECONDS


@router.get("")
def list_connections(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[ConnectionView]:
    """All connections, oldest first."""
    with deps.database.read() as session:
        found = [_view(connection) for connection in connections.list_connections(session)]
        return some_of(found, cursor, limit, lambda one: (one.id,))


@router.post("", status_code=201, response_model_exclude_none=True)
def add_connection(draft: ConnectionDraft, caller: Admin, deps: Deps) -> NewConnection:
    """Add a connection; the answer has its credentials."""
    with change_of_connections(deps, caller) as work:
        keys = connections.create_connection(work.session, draft, now_ms=work.now_ms, secrets_key=deps.secrets_key)
        work.record("create", "connection", keys.connection.id, after=_view(keys.connection))
    return NewConnection.model_validate({**dict(_view(keys.connection)), **_shown(keys, deps)})


@router.get("/{connection_id}")
def read_connection(connection_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> ConnectionView:
    """One connection."""
    with deps.database.read() as session:
        return version.tagged(_view(connections.get_connection(session, connection_id)))


@router.patch("/{connection_id}")
def change_connection(
    connection_id: UUID, body: ConnectionChange, caller: Admin, deps: Deps, version: Versioned
) -> ConnectionView:
    """Rename, disable, enable, limit, or give other scopes or origins; the front doors know once this answers."""
    with change_of_connections(deps, caller) as work:
        before = _view(connections.get_connection(work.session, connection_id))
        version.require(before, body)
        if "rate_limit" in body.model_fields_set:
            connections.limit_connection(work.session, connection_id, body.rate_limit)
        after = _view(
            connections.update_connection(
                work.session,
                connection_id,
                name=body.name,
                is_enabled=body.is_enabled,
                scopes=body.scopes,
                allowed_origins=body.allowed_origins,
                track_event_key=body.track_event_key,
                delivery_id=body.delivery_id,
                doubtful_dates=body.doubtful_dates,
            )
        )
        work.record("update", "connection", connection_id, before=before, after=after)
    return version.tagged(after)


@router.post("/{connection_id}/rotate", response_model_exclude_none=True)
def rotate_keys(connection_id: UUID, caller: Admin, deps: Deps, body: Rotation | None = None) -> Credentials:
    """New credentials. Tokens that were issued before live out their day; disable the connection to end them."""
    rotation = body or Rotation()
    with change_of_connections(deps, caller) as work:
        keys = connections.rotate_keys(
            work.session,
            connection_id,
            grace_seconds=rotation.grace_seconds,
            now_ms=work.now_ms,
            secrets_key=deps.secrets_key,
        )
        work.record("rotate", "connection", connection_id, after=rotation)
    return Credentials.model_validate(_shown(keys, deps))


@router.get("/{connection_id}/keys", response_model_exclude_none=True)
def show_keys(connection_id: UUID, caller: Admin, deps: Deps) -> Credentials:
    """The credentials in the clear; that they were shown goes into the audit log."""
    return Credentials.model_validate(_shown(_read_keys(connection_id, caller, deps), deps))


@router.get("/{connection_id}/script", response_model_exclude_none=True)
def show_script(connection_id: UUID, caller: Admin, deps: Deps) -> Credentials:
    """The tracking script, ready to paste; 409 for connections of other kinds."""
    keys = _read_keys(connection_id, caller, deps)
    if keys.connection.kind is not ConnectionKind.TRACKING_SCRIPT:
        raise ConflictError(f"Only a tracking-script connection has one; this is of kind {keys.connection.kind.value}.")
    return Credentials.model_validate(_shown(keys, deps))


def _read_keys(connection_id: UUID, caller: Admin, deps: WebDeps) -> ConnectionKeys:
    with change(deps, caller) as work:
        keys = connections.read_keys(work.session, connection_id, secrets_key=deps.secrets_key)
        work.record("show_keys", "connection", connection_id)
    return keys


def _shown(keys: ConnectionKeys, deps: WebDeps) -> dict[str, str]:
    return shown_keys(keys, api_url=deps.api_url)


def _view(connection: Connection) -> ConnectionView:
    return ConnectionView.model_validate(connection.model_dump())
