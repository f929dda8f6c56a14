"""People who sign in: takes a session, gives domain types, refuses weak passwords and the last admin's leaving."""

from __future__ import annotations

import re
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from milepost.control.account_rows import PersonRow, SessionRow
from milepost.domain.account import Person, Role
from milepost.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from milepost.kit.clock import to_datetime
from milepost.kit.crypto import random_credential
from milepost.kit.ids import uuid7
from milepost.kit.passwords import PasswordHash

MIN_PASSWORD_LENGTH = 8
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class PersonDraft(BaseModel):
    """Someone who is to sign in; the email is kept in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: str = Field(max_length=254)
    password: SecretStr = Field(min_length=MIN_PASSWORD_LENGTH, max_length=1024)
    role: Role = Role.VIEWER

    @field_validator("email")
    @classmethod
    def _is_an_address(cls, email: str) -> str:
        if not _EMAIL.fullmatch(email.strip()):
            raise ValueError(f"{email!r} is not an email address")
        return email.strip().lower()


def draft_first_admin(email: str, password: str | None) -> PersonDraft:
    """Someone for a folder where nobody can sign in yet; without a password, one is made up."""
    chosen = password or random_credential(20)
    try:
        return PersonDraft(email=email, password=SecretStr(chosen), role=Role.ADMIN)
    except ValidationError as error:
        reasons = tuple(Fault(path=str(one["loc"][0]), reason=one["msg"]) for one in error.errors(include_input=False))
        named = "; ".join(f"{fault.path}: {fault.reason}" for fault in reasons)
        raise InvalidInputError(f"The first admin cannot be made: {named}", faults=reasons) from None


def has_people(session: Session) -> bool:
    """Whether anybody can sign in."""
    return session.scalar(select(PersonRow.id).limit(1)) is not None


def create_person(session: Session, draft: PersonDraft, password_hash: PasswordHash, *, now_ms: int) -> Person:
    """Add a person; the hash is made before the transaction. ConflictError when the email is taken."""
    if session.scalar(select(PersonRow.id).where(PersonRow.email == draft.email)) is not None:
        raise ConflictError(f"Someone with the email {draft.email} is there already.")
    row = PersonRow(
        id=uuid7(now_ms),
        email=draft.email,
        password_hash=password_hash,
        role=draft.role.value,
        created_at_ms=now_ms,
    )
    session.add(row)
    session.flush()
    return _to_person(row)


def list_people(session: Session) -> tuple[Person, ...]:
    """Everyone, by email."""
    return tuple(_to_person(row) for row in session.scalars(select(PersonRow).order_by(PersonRow.email)))


def get_person(session: Session, person_id: UUID) -> Person:
    """One person; NotFoundError."""
    return _to_person(_row(session, person_id))


def find_password_hash(session: Session, email: str) -> tuple[UUID, str] | None:
    """The person of an email and their hash, for sign-in."""
    row = session.scalar(select(PersonRow).where(PersonRow.email == email.strip().lower()))
    return (row.id, row.password_hash) if row else None


def change_role(session: Session, person_id: UUID, role: Role) -> Person:
    """Give another role; ConflictError when no admin would be left."""
    row = _row(session, person_id)
    if role is not Role.ADMIN:
        _check_not_the_last_admin(session, row)
    row.role = role.value
    session.flush()
    return _to_person(row)


def change_password(session: Session, person_id: UUID, password_hash: PasswordHash) -> Person:
    """Set another password, hashed before the transaction, and end every session of the person."""
    row = _row(session, person_id)
    row.password_hash = password_hash
    session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))
    session.flush()
    return _to_person(row)


def delete_person(session: Session, person_id: UUID) -> Person:
    """Remove a person and their sessions; ConflictError when no admin would be left."""
    row = _row(session, person_id)
    _check_not_the_last_admin(session, row)
    session.execute(delete(PersonRow).where(PersonRow.id == person_id))
    return _to_person(row)


def _row(session: Session, person_id: UUID) -> PersonRow:
    row = session.get(PersonRow, person_id)
    if row is None:
        raise NotFoundError(f"No person has the id {person_id}.")
    return row


def _check_not_the_last_admin(session: Session, row: PersonRow) -> None:
    admins = session.scalar(select(func.count()).where(PersonRow.role == Role.ADMIN.value)) or 0
    if row.role == Role.ADMIN.value and admins <= 1:
        raise ConflictError("This is the only admin; make someone else an admin first.")


def _to_person(row: PersonRow) -> Person:
    return Person(id=row.id, email=row.email, role=Role(row.role), created_at=to_datetime(row.created_at_ms))
