"""People who may sign in; for admins."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from milepost.control.repos import people
from milepost.control.repos.people import MIN_PASSWORD_LENGTH, PersonDraft
from milepost.domain.account import Person, Role
from milepost.kit.passwords import hash_password
from milepost.web.auth import Admin
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of

router = APIRouter(prefix="/users", tags=["users"])


class PersonChange(BaseModel):
    """What is given changes; a new password ends the person's sessions."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    password: SecretStr | None = Field(default=None, min_length=MIN_PASSWORD_LENGTH, max_length=1024)


@router.get("")
def list_users(_: Admin, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[Person]:
    """Everyone, by email."""
    with deps.database.read() as session:
        return some_of(people.list_people(session), cursor, limit, lambda one: (one.email,))


@router.post("", status_code=201)
def add_user(draft: PersonDraft, caller: Admin, deps: Deps) -> Person:
    """Add a person with a first password."""
    password_hash = hash_password(draft.password.get_secret_value())
    with change(deps, caller) as work:
        person = people.create_person(work.session, draft, password_hash, now_ms=work.now_ms)
        work.record("create", "user", person.id, after=person)
    return person


@router.patch("/{user_id}")
def change_user(user_id: UUID, body: PersonChange, caller: Admin, deps: Deps) -> Person:
    """Give another role or a new password."""
    password_hash = hash_password(body.password.get_secret_value()) if body.password else None
    with change(deps, caller) as work:
        before = after = people.get_person(work.session, user_id)
        if body.role is not None:
            after = people.change_role(work.session, user_id, body.role)
        if password_hash is not None:
            after = people.change_password(work.session, user_id, password_hash)
        work.record("update" if password_hash is None else "set_password", "user", user_id, before=before, after=after)
    return after


@router.delete("/{user_id}", status_code=204)
def remove_user(user_id: UUID, caller: Admin, deps: Deps) -> None:
    """Remove a person; their sessions end."""
    with change(deps, caller) as work:
        work.record("delete", "user", user_id, before=people.delete_person(work.session, user_id))
