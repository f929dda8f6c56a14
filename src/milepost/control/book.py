"""What ingest workers know of the connections: read whole at start and whenever the scope `connections` rises."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.repos.connections import rate_limit_of
from milepost.control.rows import ConnectionRow, ConnectionSecretRow
from milepost.domain.connection import ConnectionKind, DoubtfulDates, KnownConnection, KnownSecret, TrackEventKey
from milepost.kit.crypto import sha256, unseal


def read_known_connections(session: Session, secrets_key: bytes) -> tuple[KnownConnection, ...]:
    """Every connection, disabled ones included, each with the SHA-256 of its secrets old and new.

    OperatorError when `secrets_key` is not the key that the secrets were sealed with.
    """
    secrets: dict[UUID, list[KnownSecret]] = defaultdict(list)
    for row in session.scalars(select(ConnectionSecretRow).order_by(ConnectionSecretRow.id)):
        secret = unseal(row.sealed, secrets_key, bound_to=row.connection_id.bytes)
        secrets[row.connection_id].append(KnownSecret(sha256(secret.decode()), row.valid_until_ms))
    return tuple(
        KnownConnection(
            id=row.id.bytes,
            name=row.name,
            kind=ConnectionKind(row.kind),
            is_enabled=row.is_enabled,
            client_id=row.client_id,
            secrets=tuple(secrets[row.id]),
            public_key=row.public_key,
            scopes=tuple(row.scopes),
            allowed_origins=tuple(row.allowed_origins),
            rate_limit=rate_limit_of(row),
            track_event_key=TrackEventKey(row.track_event_key),
            delivery_id=row.delivery_id,
            doubtful_dates=DoubtfulDates(row.doubtful_dates),
        )
        for row in session.scalars(select(ConnectionRow).order_by(ConnectionRow.id))
    )
