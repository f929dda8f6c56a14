"""Companies and their keys: what people do one by one (the reactor's bulk way is `company_keys`).

Takes a session and gives domain types; refuses a key that names another company. Writes raise `definitions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, delete, exists, func, select, tuple_
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.identities import SHOWN
from milepost.control.repos.key_spaces import ensure_key_spaces
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyKeyRow, CompanyRow
from milepost.domain.company import Company, CompanyKey
from milepost.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7

MAX_KEY_LENGTH = 512


class CompanyDraft(BaseModel):
    """A company as a person adds it; keys may come later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    keys: tuple[CompanyKey, ...] = Field(default=(), max_length=100)
    attributes: dict[str, str] = {}


def create_company(session: Session, draft: CompanyDraft, *, now_ms: int) -> Company:
    """Add a company by hand; ConflictError when one of its keys names another."""
    row = CompanyRow(
        id=uuid7(now_ms),
        name=draft.name,
        is_auto_created=False,
        awaits_plan=True,
        attributes=draft.attributes,
        created_at_ms=now_ms,
    )
    session.add(row)
    session.flush()
    for place, key in enumerate(dict.fromkeys(draft.keys)):
        _add_key(session, row.id, key, path=f"keys[{place}]", now_ms=now_ms)
    raise_revision(session, Scope.DEFINITIONS)
    return get_company(session, row.id)


def get_company(session: Session, company_id: UUID) -> Company:
    """One company; NotFoundError."""
    return _to_companies(session, [_row(session, company_id)])[0]


def list_companies(
    session: Session, *, search: str | None = None, after: tuple[str, UUID] | None = None, limit: int
) -> tuple[Company, ...]:
    """Companies by name, then id; from the one after `after`. `search` is text in the name or in a key's value."""
    query = select(CompanyRow).where(SHOWN).order_by(CompanyRow.name, CompanyRow.id).limit(limit)
    if search:
        query = _matching(query, search)
    if after:
        query = query.where(tuple_(CompanyRow.name, CompanyRow.id) > after)
    return _to_companies(session, session.scalars(query).all())


def find_company_by_key(session: Session, key: CompanyKey) -> Company | None:
    """The one company that the key names."""
    row = session.get(CompanyKeyRow, (key.key_space, key.value))
    return get_company(session, row.company_id) if row else None


def update_company(
    session: Session, company_id: UUID, *, name: str | None = None, attributes: dict[str, str] | None = None
) -> Company:
    """Change what is given; from then on a person has vouched for the company."""
    row = _row(session, company_id)
    if name is not None:
        row.name = name
    if attributes is not None:
        row.attributes = attributes
    row.is_auto_created = False
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return get_company(session, company_id)


def add_company_key(session: Session, company_id: UUID, key: CompanyKey, *, now_ms: int) -> Company:
    """Let a key name the company too; ConflictError when it names another."""
    row = _row(session, company_id)
    _add_key(session, company_id, key, path="", now_ms=now_ms)
    row.is_auto_created = False
    raise_revision(session, Scope.DEFINITIONS)
    return get_company(session, company_id)


def remove_company_key(session: Session, company_id: UUID, key: CompanyKey) -> Company:
    """Take a key away; the next event with it makes a new company."""
    _row(session, company_id)
    of_company = (
        CompanyKeyRow.company_id == company_id,
        CompanyKeyRow.key_space == key.key_space,
        CompanyKeyRow.value == key.value,
    )
    if session.scalar(select(CompanyKeyRow.value).where(*of_company)) is None:
        raise NotFoundError(f"The company has no key {key.value!r} in {key.key_space}.")
    session.execute(delete(CompanyKeyRow).where(*of_company))
    raise_revision(session, Scope.DEFINITIONS)
    return get_company(session, company_id)


def check_companies_exist(session: Session, company_ids: Collection[UUID]) -> None:
    """InvalidInputError that names each id without a company that is shown."""
    known: set[UUID] = set()
    for chunk in chunks(company_ids):
        known.update(session.scalars(select(CompanyRow.id).where(CompanyRow.id.in_(chunk), SHOWN)))
    faults = tuple(
        Fault(path=f"company_ids[{place}]", reason=f"no company has the id {company_id}")
        for place, company_id in enumerate(company_ids)
        if company_id not in known
    )
    if faults:
        raise InvalidInputError("Some of these companies do not exist.", faults=faults[:20])


def count_companies(session: Session) -> int:
    """How many are shown."""
    return session.scalar(select(func.count()).select_from(CompanyRow).where(SHOWN)) or 0


def _row(session: Session, company_id: UUID) -> CompanyRow:
    row = session.get(CompanyRow, company_id)
    if row is None:
        raise NotFoundError(f"No company has the id {company_id}.")
    return row


def _matching(query: Select[CompanyRow], search: str) -> Select[CompanyRow]:
    by_key = exists().where(
        CompanyKeyRow.company_id == CompanyRow.id, CompanyKeyRow.value.icontains(search, autoescape=True)
    )
    return query.where(CompanyRow.name.icontains(search, autoescape=True) | by_key)


def _add_key(session: Session, company_id: UUID, key: CompanyKey, *, path: str, now_ms: int) -> None:
    checks = (("key_space", key.key_space, 120), ("value", key.value, MAX_KEY_LENGTH))
    faults = tuple(
        Fault(path=f"{path}.{name}".lstrip("."), reason=f"must be 1 to {most} characters long, without outer blanks")
        for name, text, most in checks
        if not text or len(text) > most or text != text.strip()
    )
    if faults:
        raise InvalidInputError("The key is not valid.", faults=faults)
    holder = session.get(CompanyKeyRow, (key.key_space, key.value))
    if holder is None:
        ensure_key_spaces(session, {key.key_space}, now_ms=now_ms)
        session.add(CompanyKeyRow(key_space=key.key_space, value=key.value, company_id=company_id))
        session.flush()
    elif holder.company_id != company_id:
        name = _row(session, holder.company_id).name
        raise ConflictError(f"The key {key.value!r} in {key.key_space} already names the company {name!r}.")


def _to_companies(session: Session, rows: Iterable[CompanyRow]) -> tuple[Company, ...]:
    companies = tuple(rows)
    keys: dict[UUID, list[CompanyKey]] = defaultdict(list)
    for chunk in chunks([row.id for row in companies]):
        of_chunk = select(CompanyKeyRow).where(CompanyKeyRow.company_id.in_(chunk))
        for key in session.scalars(of_chunk.order_by(CompanyKeyRow.key_space, CompanyKeyRow.value)):
            keys[key.company_id].append(CompanyKey(key_space=key.key_space, value=key.value))
    return tuple(
        Company(
            id=row.id,
            name=row.name,
            is_auto_created=row.is_auto_created,
            keys=tuple(keys[row.id]),
            attributes=row.attributes,
            created_at=to_datetime(row.created_at_ms),
        )
        for row in companies
    )
