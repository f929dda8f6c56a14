"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from milepost.control.repos import people, sessions
from milepost.control.repos.people import MIN_PASSWORD_LENGTH
from milepost.domain.account import Role
from milepost.domain.errors import ForbiddenError
from milepost.kit.passwords import hash_password
from milepost.web.auth import SESSION_COOKIE, Caller, Viewer, refuse_other_sites
from milepost.web.changes import change
from milepost.web.deps import Deps, WebDeps

router = APIRouter(tags=["session"])


class SignIn(BaseModel):
    """Email and password."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=254)
    password: SecretStr = Field(max_length=1024)


class NewPassword(BaseModel):
    """Changing one's own password."""

    model_config = ConfigDict(extra="forbid")

    current_password: SecretStr = Field(max_length=1024)
    new_password: SecretStr = Field(min_length=MIN_PASSWORD_LENGTH, max_length=1024)


class Me(BaseModel):
    """Who is calling: a person by email, or a machine by its connection."""

    kind: Literal["person", "machine"]
    name: str
    role: Role


@router.post("/session")
def sign_in(body: SignIn, request: Request, response: Response, deps: Deps) -> Me:
    """Sign in; the answer sets the session cookie, which lasts seven days."""
    refuse_other_sites(request)
    person_id = deps.sign_in.check(body.email, body.password.get_secret_value())
    with deps.database.write() as session:
        token = sessions.start_session(session, person_id, now_ms=deps.clock())
        person = people.get_person(session, person_id)
    _set_cookie(response, deps, token)
    return _me(Caller(name=person.email, role=person.role, person=person))


@router.get("/session")
def read_session(caller: Viewer) -> Me:
    """Who is signed in; 401 when nobody is."""
    return _me(caller)


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, deps: Deps) -> None:
    """Sign out; also fine when nobody is signed in."""
    refuse_other_sites(request)
    token = request.cookies.get(SESSION_COOKIE)
    if token is not None:
        with deps.database.write() as session:
            sessions.end_session(session, token)
    response.delete_cookie(SESSION_COOKIE, secure=deps.is_tls, httponly=True, samesite="lax")


@router.get("/me")
def read_me(caller: Viewer) -> Me:
    """Who is calling, and with which role."""
    return _me(caller)


@router.put("/me/password", status_code=204)
def change_my_password(body: NewPassword, response: Response, caller: Viewer, deps: Deps) -> None:
    """Change one's own password; every other session of the person ends."""
    if caller.person is None:
        raise ForbiddenError("A machine has no password; rotate its connection's secret.")
    person_id = caller.person.id
    deps.sign_in.check(caller.person.email, body.current_password.get_secret_value())
    password_hash = hash_password(body.new_password.get_secret_value())
    with change(deps, caller) as work:
        people.change_password(work.session, person_id, password_hash)
        work.record("change_password", "user", person_id)
        token = sessions.start_session(work.session, person_id, now_ms=work.now_ms)
    _set_cookie(response, deps, token)


def _set_cookie(response: Response, deps: WebDeps, token: str) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=sessions.LIFETIME_SECONDS,
        httponly=True,
        secure=deps.is_tls,
        samesite="lax",
        path="/",
    )


def _me(caller: Caller) -> Me:
    return Me(kind="person" if caller.person else "machine", name=caller.name, role=caller.role)
