"""`POST /getToken` of seed 000, and the recognition of its tokens on every request."""

from __future__ import annotations

import orjson

from milepost.domain.connection import EVENT_HANDLER_SCOPE, ConnectionKind, KnownConnection, KnownSecret
from milepost.domain.errors import Fault, InvalidInputError, MilepostError, UnauthenticatedError
from milepost.kit.crypto import issue_token, matches_sha256, read_token
from milepost.kit.jsonio import strict_loads
from milepost.receive.dialects.events import require_json
from milepost.receive.door import Answer, Book, Request
from milepost.receive.refusals import JSON_HEADERS, refuse

TOKEN_SECONDS = 86400
_MOST_CACHED = 10_000
_NOBODYS = (KnownSecret(sha256=bytes(32), valid_until_ms=0),)
"""Compared with when the client id is unknown, so that time tells nothing; it never opens."""


class TokenDoor:
    """Issues tokens for client credentials; see the module."""

    name = "getToken"

    def __init__(self, tokens_key: bytes) -> None:
        self._key = tokens_key

    def knock(self, request: Request, book: Book) -> None:
        """See receive/door.py; the credentials stand in the body."""
        require_json(request)

    def read(self, request: Request, book: Book) -> Answer:
        """200 {accessToken, scope, expiresIn, tokenType} (seed 000, lines 104-115), or raises what is wrong."""
        require_json(request)
        client_id, client_secret = _credentials(request.body)
        connection = _opened_by(book.by_client_id.get(client_id), client_secret, request.received_at_ms)
        if connection is None:
            raise UnauthenticatedError("The clientId and clientSecret do not belong to an enabled connection.")
        scopes = connection.scopes
        if connection.kind is ConnectionKind.EVENT_HANDLER:
            scopes = tuple(EVENT_HANDLER_SCOPE.split())
        token = issue_token(
            connection.id, scopes, request.received_at_ms, TOKEN_SECONDS, self._key, kind=connection.kind
        )
        body = {"accessToken": token, "scope": " ".join(scopes), "expiresIn": TOKEN_SECONDS, "tokenType": "Bearer"}
        return Answer(status=200, body=orjson.dumps(body), headers=(*JSON_HEADERS, ("cache-control", "no-store")))

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)


class TokenCache:
    """Reads tokens, remembering the good ones: checking a signature costs as much as all else that accept does."""

    def __init__(self, tokens_key: bytes) -> None:
        self._key = tokens_key
        self._known: dict[str, tuple[bytes, int]] = {}

    def connection_id(self, token: str, now_ms: int) -> bytes:
        """The connection that the token was issued to; UnauthenticatedError if it is forged or has expired."""
        known = self._known.get(token)
        if known is None:
            claims = read_token(token, self._key, now_ms)
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            known = self._known[token] = (claims.connection_id, claims.expires_at_ms)
        if now_ms >= known[1]:
            raise UnauthenticatedError("The access token has expired; POST /getToken gives a new one.")
        return known[0]


def _credentials(body: bytes) -> tuple[str, str]:
    document = strict_loads(body)
    if not isinstance(document, dict):
        raise InvalidInputError("The body must be a JSON object with clientId and clientSecret.")
    faults = tuple(
        Fault(path=member, reason="must be a non-empty string")
        for member in ("clientId", "clientSecret")
        if not isinstance(document.get(member), str) or not document[member]
    )
    if faults:
        raise InvalidInputError("clientId and clientSecret must be non-empty strings.", faults=faults)
    return document["clientId"], document["clientSecret"]


def _opened_by(connection: KnownConnection | None, client_secret: str, now_ms: int) -> KnownConnection | None:
    """The connection if the secret is one of its valid ones; as long in coming for any input."""
    matches = False
    for secret in connection.secrets if connection else _NOBODYS:
        is_valid = secret.valid_until_ms is None or now_ms < secret.valid_until_ms
        matches |= matches_sha256(client_secret, secret.sha256) and is_valid
    return connection if connection and connection.is_enabled and matches else None
