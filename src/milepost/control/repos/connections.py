"""Connections and their credentials: create, change, rotate, show.

Takes a session and gives domain types; refuses empty names, unknown scopes and ids. Writes raise the scope
`connections`, which ingest workers watch.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from milepost.control.connection_options import (
    checked_delivery_id,
    checked_doubtful_dates,
    checked_origins,
    checked_scopes,
    checked_track_event_key,
)
from milepost.control.credentials import (
    ConnectionKeys,
    has_secret,
    new_client_id,
    new_client_secret,
    new_public_key,
)
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import ConnectionRow, ConnectionSecretRow
from milepost.domain.connection import (
    DELIVERY_ID_FORM,
    Connection,
    ConnectionKind,
    DoubtfulDates,
    RateLimit,
    TrackEventKey,
)
from milepost.domain.errors import Fault, InvalidInputError, NotFoundError
from milepost.domain.text import name_fault
from milepost.kit.clock import to_datetime
from milepost.kit.crypto import seal, unseal
from milepost.kit.ids import uuid7

DEFAULT_GRACE_SECONDS = 24 * 3600


DeliveryId = Annotated[str, Field(pattern=f"^({DELIVERY_ID_FORM})$")]


class ConnectionDraft(BaseModel):
    """What a person writes down to add a connection.

    `scopes` are a machine-to-machine connection's (read:api and write:api unless given); `allowed_origins` a
    tracking script's, such as https://app.example.com.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(max_length=120)
    kind: ConnectionKind
    scopes: tuple[str, ...] | None = None
    allowed_origins: tuple[str, ...] = ()
    rate_limit: RateLimit | None = None
    track_event_key: TrackEventKey = TrackEventKey.NAME
    delivery_id: DeliveryId = "auto"
    doubtful_dates: DoubtfulDates = DoubtfulDates.FLAG

    @field_validator("name")
    @classmethod
    def _is_not_empty(cls, name: str) -> str:
        return tidy_name(name)


def tidy_name(name: str) -> str:
    """The name without outer blanks; ValueError when nothing is left."""
    if not name.strip():
        raise ValueError("a connection needs a name, best that of its event source; it need not be unique")
    if fault := name_fault(name.strip()):
        raise ValueError(fault)
    return name.strip()


def create_connection(session: Session, draft: ConnectionDraft, *, now_ms: int, secrets_key: bytes) -> ConnectionKeys:
    """Add a connection with fresh credentials."""
    signs_in = has_secret(draft.kind)
    row = ConnectionRow(
        id=uuid7(now_ms),
        name=draft.name,
        kind=draft.kind.value,
        is_enabled=True,
        client_id=new_client_id() if signs_in else None,
        public_key=None if signs_in else new_public_key(),
        scopes=list(checked_scopes(draft.kind, draft.scopes)),
        allowed_origins=list(checked_origins(draft.kind, draft.allowed_origins)),
        track_event_key=checked_track_event_key(draft.kind, draft.track_event_key).value,
        delivery_id=checked_delivery_id(draft.kind, draft.delivery_id),
        doubtful_dates=checked_doubtful_dates(draft.kind, draft.doubtful_dates).value,
        created_at_ms=now_ms,
    )
    _put_rate_limit(row, draft.rate_limit)
    session.add(row)
    session.flush()
    secret = _add_secret(session, row.id, now_ms=now_ms, secrets_key=secrets_key) if signs_in else None
    raise_revision(session, Scope.CONNECTIONS)
    return ConnectionKeys(connection=to_connection(row), client_secret=secret)


def list_connections(session: Session) -> tuple[Connection, ...]:
    """All of them, oldest first."""
    return tuple(to_connection(row) for row in session.scalars(select(ConnectionRow).order_by(ConnectionRow.id)))


def get_connection(session: Session, connection_id: UUID) -> Connection:
    """One connection; NotFoundError."""
    return to_connection(_row(session, connection_id))


def update_connection(
    session: Session,
    connection_id: UUID,
    *,
    name: str | None = None,
    is_enabled: bool | None = None,
    scopes: tuple[str, ...] | None = None,
    allowed_origins: tuple[str, ...] | None = None,
    track_event_key: TrackEventKey | None = None,
    delivery_id: str | None = None,
    doubtful_dates: DoubtfulDates | None = None,
) -> Connection:
    """Change what is given. A disabled connection is refused at every door within a second, its tokens too."""
    row = _row(session, connection_id)
    kind = ConnectionKind(row.kind)
    if name is not None:
        row.name = _valid_name(name)
    if is_enabled is not None:
        row.is_enabled = is_enabled
    if scopes is not None:
        row.scopes = list(checked_scopes(kind, scopes))
    if allowed_origins is not None:
        row.allowed_origins = list(checked_origins(kind, allowed_origins))
    if track_event_key is not None:
        row.track_event_key = checked_track_event_key(kind, track_event_key).value
    if delivery_id is not None:
        row.delivery_id = checked_delivery_id(kind, delivery_id)
    if doubtful_dates is not None:
        row.doubtful_dates = checked_doubtful_dates(kind, doubtful_dates).value
    raise_revision(session, Scope.CONNECTIONS)
    session.flush()
    return to_connection(row)


def limit_connection(session: Session, connection_id: UUID, rate_limit: RateLimit | None) -> Connection:
    """Bound how much the connection may send; None lifts the bound."""
    row = _row(session, connection_id)
    _put_rate_limit(row, rate_limit)
    raise_revision(session, Scope.CONNECTIONS)
    session.flush()
    return to_connection(row)


def rotate_keys(
    session: Session, connection_id: UUID, *, grace_seconds: int, now_ms: int, secrets_key: bytes
) -> ConnectionKeys:
    """New credentials; earlier secrets open the door for `grace_seconds` more, and 0 shuts it on them at once.

    The public key of a tracking script or of custom events is no secret and has no second one beside it, so it
    can only be replaced at once: InvalidInputError unless `grace_seconds` is 0.
    """
    row = _row(session, connection_id)
    if not has_secret(ConnectionKind(row.kind)):
        if grace_seconds != 0:
            reason = "must be 0: a public key is replaced at once, and senders that still use the old one are refused"
            raise InvalidInputError(
                "This key has no grace period.", faults=(Fault(path="grace_seconds", reason=reason),)
            )
        row.public_key = new_public_key()
        raise_revision(session, Scope.CONNECTIONS)
        return ConnectionKeys(connection=to_connection(row), client_secret=None)
    _retire_secrets(session, connection_id, now_ms=now_ms, valid_until_ms=now_ms + grace_seconds * 1000)
    secret = _add_secret(session, connection_id, now_ms=now_ms, secrets_key=secrets_key)
    raise_revision(session, Scope.CONNECTIONS)
    return ConnectionKeys(connection=to_connection(row), client_secret=secret)


def read_keys(session: Session, connection_id: UUID, *, secrets_key: bytes) -> ConnectionKeys:
    """The current credentials in the clear; whoever calls this puts it into the audit log."""
    row = _row(session, connection_id)
    current = session.scalar(
        select(ConnectionSecretRow).where(
            ConnectionSecretRow.connection_id == connection_id, ConnectionSecretRow.valid_until_ms.is_(None)
        )
    )
    secret = unseal(current.sealed, secrets_key, bound_to=connection_id.bytes).decode() if current else None
    return ConnectionKeys(connection=to_connection(row), client_secret=secret)


def to_connection(row: ConnectionRow) -> Connection:
    """The row as everyone may see it."""
    return Connection(
        id=row.id,
        name=row.name,
        kind=ConnectionKind(row.kind),
        is_enabled=row.is_enabled,
        client_id=row.client_id,
        public_key=row.public_key,
        scopes=tuple(row.scopes),
        allowed_origins=tuple(row.allowed_origins),
        rate_limit=rate_limit_of(row),
        track_event_key=TrackEventKey(row.track_event_key),
        delivery_id=row.delivery_id,
        doubtful_dates=DoubtfulDates(row.doubtful_dates),
        created_at=to_datetime(row.created_at_ms),
    )


def rate_limit_of(row: ConnectionRow) -> RateLimit | None:
    """The limit that the row holds, if any."""
    if row.events_per_second is None or row.burst is None:
        return None
    return RateLimit(events_per_second=row.events_per_second, burst=row.burst)


def _put_rate_limit(row: ConnectionRow, rate_limit: RateLimit | None) -> None:
    if rate_limit and row.kind == ConnectionKind.MACHINE_TO_MACHINE:
        reason = f"only a connection that sends events has a limit, and this is of kind {row.kind}"
        raise InvalidInputError("The limit is not valid.", faults=(Fault(path="rate_limit", reason=reason),))
    row.events_per_second = rate_limit.events_per_second if rate_limit else None
    row.burst = rate_limit.burst if rate_limit else None


def _row(session: Session, connection_id: UUID) -> ConnectionRow:
    row = session.get(ConnectionRow, connection_id)
    if row is None:
        raise NotFoundError(f"No connection has the id {connection_id}.")
    return row


def _add_secret(session: Session, connection_id: UUID, *, now_ms: int, secrets_key: bytes) -> str:
    secret = new_client_secret()
    session.add(
        ConnectionSecretRow(
            id=uuid7(now_ms),
            connection_id=connection_id,
            sealed=seal(secret.encode(), secrets_key, bound_to=connection_id.bytes),
            created_at_ms=now_ms,
            valid_until_ms=None,
        )
    )
    session.flush()
    return secret


def _retire_secrets(session: Session, connection_id: UUID, *, now_ms: int, valid_until_ms: int) -> None:
    of_connection = ConnectionSecretRow.connection_id == connection_id
    for secret in session.scalars(select(ConnectionSecretRow).where(of_connection)):
        until = secret.valid_until_ms
        secret.valid_until_ms = valid_until_ms if until is None else min(until, valid_until_ms)
    session.flush()
    session.execute(delete(ConnectionSecretRow).where(of_connection, ConnectionSecretRow.valid_until_ms <= now_ms))


def _valid_name(name: str) -> str:
    try:
        return tidy_name(name)
    except ValueError as error:
        raise InvalidInputError("The name is not valid.", faults=(Fault(path="name", reason=str(error)),)) from error
