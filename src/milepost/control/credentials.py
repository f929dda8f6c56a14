"""A connection's credentials by kind: how they are made, and under which names a person is shown them.

The names are the seed's and fixed: clientId and clientSecret, analyticsKey and trackingScript, writeKey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from milepost.control.tracking_script import tracking_script
from milepost.domain.connection import Connection, ConnectionKind
from milepost.kit.crypto import random_credential

_SECRET_KINDS = frozenset({ConnectionKind.EVENT_HANDLER, ConnectionKind.MACHINE_TO_MACHINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionKeys:
    """A connection with its current client secret, which only kinds with a client id have."""

    connection: Connection
    client_secret: str | None


def has_secret(kind: ConnectionKind) -> bool:
    """Whether the kind signs in with clientId and clientSecret; the others send a public key along."""
    return kind in _SECRET_KINDS


def new_client_id() -> str:
    """190 bits: not guessable, though not a secret."""
    return random_credential(32)


def new_client_secret() -> str:
    """285 bits, which is why its plain SHA-256 may recognise it."""
    return random_credential(48)


def new_public_key() -> str:
    """An Analytics Key or writeKey; letters and digits only, within the [A-Za-z0-9_-] that a writeKey may have."""
    return random_credential(24)


def shown_keys(keys: ConnectionKeys, *, api_url: str) -> dict[str, str]:
    """What Show Keys and Show Tracking Script show; `api_url` is the base of the api listener."""
    connection = keys.connection
    match connection.kind:
        case ConnectionKind.EVENT_HANDLER | ConnectionKind.MACHINE_TO_MACHINE:
            return {"clientId": connection.client_id or "", "clientSecret": keys.client_secret or ""}
        case ConnectionKind.TRACKING_SCRIPT:
            key = connection.public_key or ""
            return {"analyticsKey": key, "trackingScript": tracking_script(key, api_url)}
        case ConnectionKind.CUSTOM_EVENTS:
            return {"writeKey": connection.public_key or ""}
    assert_never(connection.kind)
