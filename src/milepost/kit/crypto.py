"""Secrets: key files, sealing at rest, random credentials, and the bearer tokens of /getToken.

Gives bytes and strings; refuses with OperatorError (our keys) or UnauthenticatedError (a caller's token).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import string
from pathlib import Path
from typing import NamedTuple

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwt.utils import base64url_decode, base64url_encode

from milepost.domain.errors import OperatorError, UnauthenticatedError

KEY_BYTES = 32
_NONCE_BYTES = 12
_ALPHANUMERIC = string.ascii_letters + string.digits
_ALGORITHM = "HS256"


class TokenClaims(NamedTuple):
    """What a bearer token says: whose it is (16 bytes), of which connection kind, and what it opens."""

    connection_id: bytes
    kind: str
    scopes: tuple[str, ...]
    issued_at_ms: int
    expires_at_ms: int


def load_key(path: Path) -> bytes:
    """The 32 random bytes kept at `path`; made on first use, readable by its owner only.

    Safe when several processes start at once: the file appears whole or not at all, and all read the same one.
    OperatorError when the file is there but holds anything else.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, secrets.token_bytes(KEY_BYTES))
    return read_key(path)


def read_key(path: Path) -> bytes:
    """The same for who must not make it: OperatorError when it is missing, too."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"The key file {path} cannot be read: {error.strerror}. Restore it.") from error
    if len(key) != KEY_BYTES:
        raise OperatorError(f"The key file {path} is damaged: it holds {len(key)} bytes, not {KEY_BYTES}. Restore it.")
    return key


def _write_once(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first; its key is the key
    finally:
        draft.unlink()


def seal(plain: bytes, key: bytes, *, bound_to: bytes) -> bytes:
    """Encrypt with AES-256-GCM; `bound_to` names the owner, so that a sealed value moved elsewhere does not open."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def unseal(sealed: bytes, key: bytes, *, bound_to: bytes) -> bytes:
    """The inverse of `seal`; OperatorError when the key is another one or the bytes were altered."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except InvalidTag as error:
        raise OperatorError(
            "A stored secret does not open with keys/secrets.key: restore the key file that belongs to this database."
        ) from error


def sha256(secret: str) -> bytes:
    """What we keep of a secret that only needs to be recognised."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def matches_sha256(secret: str, expected: bytes) -> bool:
    """Whether the secret has that SHA-256, in constant time."""
    return hmac.compare_digest(sha256(secret), expected)


def random_credential(length: int) -> str:
    """A random string of ASCII letters and digits: 5.95 bits each, so 22 hold 128 bits and 43 hold 256."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


def issue_token(
    connection_id: bytes, scopes: tuple[str, ...], now_ms: int, lifetime_seconds: int, key: bytes, *, kind: str
) -> str:
    """A signed bearer token (JWT, HS256) for the connection; `scopes` in the order they are shown."""
    issued_at = now_ms // 1000
    claims = {
        "sub": connection_id.hex(),
        "kind": kind,
        "scope": " ".join(scopes),
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def _require_own_spelling(token: str) -> None:
    """ValueError for a signature that is not written as base64url is: without padding or stray characters and bits."""
    signature = token.rpartition(".")[2].encode()
    if base64url_encode(base64url_decode(signature)) != signature:
        raise ValueError("another spelling")


def read_token(token: str, key: bytes, now_ms: int) -> TokenClaims:
    """The claims of a token that we signed and that has not expired; UnauthenticatedError otherwise.

    Of the spellings that base64url readers take for the same signature, only our own is the token.
    """
    try:
        _require_own_spelling(token)
        # The clock is an argument, so expiry is judged below and not by PyJWT's own look at the time.
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "require": ["sub", "kind", "scope", "iat", "exp"],
            },
        )
        read = TokenClaims(
            connection_id=bytes.fromhex(claims["sub"]),
            kind=str(claims["kind"]),
            scopes=tuple(str(claims["scope"]).split()),
            issued_at_ms=int(claims["iat"]) * 1000,
            expires_at_ms=int(claims["exp"]) * 1000,
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise UnauthenticatedError("The access token is not valid; get one from POST /getToken.") from error
    if now_ms >= read.expires_at_ms:
        raise UnauthenticatedError("The access token has expired; get a new one from POST /getToken.")
    return read
