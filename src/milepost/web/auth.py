"""Who is calling, and whether they may: a person by session cookie, or a machine by bearer token.

Gives a Caller; refuses with UnauthenticatedError (who?), or ForbiddenError (known, but not for this).

Cross-site writes: the cookie is SameSite=Lax, and beyond that a write by cookie is refused when the browser says,
by Sec-Fetch-Site or else Origin, that another site made it. Programs send neither header and need none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request

from milepost.control.connection_options import ADMIN_SCOPE, READ_SCOPE, WRITE_SCOPE
from milepost.control.repos.connections import get_connection
from milepost.control.repos.sessions import find_session
from milepost.domain.account import Person, Role
from milepost.domain.connection import COMMAND_LINE, ConnectionKind
from milepost.domain.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from milepost.kit.crypto import TokenClaims, read_token
from milepost.web.deps import Deps, WebDeps

SESSION_COOKIE = "milepost_session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ROLE_OF_SCOPE = ((ADMIN_SCOPE, Role.ADMIN), (WRITE_SCOPE, Role.EDITOR), (READ_SCOPE, Role.VIEWER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is calling. `name` is what the audit log says; `person` is None for a machine."""

    name: str
    role: Role
    person: Person | None


def identify(request: Request, deps: Deps) -> Caller:
    """The caller; a bearer token goes before a cookie, so that a program never acts as whoever is signed in."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _machine(authorization, deps)
    token = request.cookies.get(SESSION_COOKIE)
    if token is None:
        raise UnauthenticatedError("Sign in with POST /api/session, or send a machine-to-machine bearer token.")
    refuse_other_sites(request)
    with deps.database.read() as session:
        person = find_session(session, token, now_ms=deps.clock())
    if person is None:
        raise UnauthenticatedError("The session has ended; sign in again.")
    return Caller(name=person.email, role=person.role, person=person)


def refuse_other_sites(request: Request) -> None:
    """ForbiddenError for a write that a browser makes on behalf of another site."""
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_ours = site in ("same-origin", "none")
    else:
        is_ours = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not is_ours:
        raise ForbiddenError("Another site made this request; only the console itself may write with its cookie.")


def require(role: Role) -> Callable[[Caller], Caller]:
    """A dependency that lets callers of at least this role pass."""

    def check(caller: Annotated[Caller, Depends(identify)]) -> Caller:
        if not caller.role.includes(role):
            raise ForbiddenError(
                f"This needs the role {role.value}, and {caller.name} has the role {caller.role.value}."
            )
        return caller

    return check


def check_still(role: Role, request: Request, deps: WebDeps) -> None:
    """For an answer that goes on for long: raise as soon as the same request would be refused now."""
    require(role)(identify(request, deps))


Viewer = Annotated[Caller, Depends(require(Role.VIEWER))]
Editor = Annotated[Caller, Depends(require(Role.EDITOR))]
Admin = Annotated[Caller, Depends(require(Role.ADMIN))]


def _machine(authorization: str, deps: WebDeps) -> Caller:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("The Authorization header must be: Bearer <access token>.")
    claims = read_token(token.strip(), deps.tokens_key, deps.clock())
    if claims.kind == COMMAND_LINE:
        return Caller(name="command line", role=Role.ADMIN, person=None)
    if claims.kind != ConnectionKind.MACHINE_TO_MACHINE:
        raise ForbiddenError("Only tokens of machine-to-machine connections open this API; this one is for events.")
    with deps.database.read() as session:
        try:
            connection = get_connection(session, UUID(bytes=claims.connection_id))
        except (NotFoundError, ValueError):
            raise UnauthenticatedError("The access token is of a connection that does not exist.") from None
    if not connection.is_enabled:
        raise UnauthenticatedError("The connection of this access token is disabled.")
    role = _role(claims, connection.scopes)
    return Caller(name=f"{connection.name} ({connection.id})", role=role, person=None)


def _role(claims: TokenClaims, scopes_now: tuple[str, ...]) -> Role:
    """By the strongest scope that the token was issued with and the connection still has."""
    for scope, role in _ROLE_OF_SCOPE:
        if scope in claims.scopes and scope in scopes_now:
            return role
    raise ForbiddenError("The access token has none of the scopes read:api, write:api, admin:api.")
