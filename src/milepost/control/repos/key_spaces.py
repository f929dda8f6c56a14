"""Key spaces: the MetaKey that every account has, and one AltKey per source system."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from milepost.control.bulk import insert_new
from milepost.control.repos.identities import HIDDEN
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyKeyRow, CompanyRow, KeySpaceRow
from milepost.domain.company import META_KEY
from milepost.domain.errors import ConflictError


class KeySpace(BaseModel):
    """A key space and how many keys companies have in it."""

    model_config = ConfigDict(frozen=True)

    name: str
    is_meta_key: bool
    keys: int


def list_key_spaces(session: Session) -> tuple[KeySpace, ...]:
    """The MetaKey first, then by name."""
    matched = CompanyKeyRow.company_id.not_in(select(CompanyRow.id).where(HIDDEN))
    counts = (
        select(KeySpaceRow.name, func.count(CompanyKeyRow.value))
        .outerjoin(CompanyKeyRow, (CompanyKeyRow.key_space == KeySpaceRow.name) & matched)
        .group_by(KeySpaceRow.name)
        .order_by(KeySpaceRow.name != META_KEY, KeySpaceRow.name)
    )
    return tuple(KeySpace(name=name, is_meta_key=name == META_KEY, keys=keys) for name, keys in session.execute(counts))


def create_key_space(session: Session, name: str, *, now_ms: int) -> KeySpace:
    """Add an AltKey; ConflictError when its name is taken."""
    if session.get(KeySpaceRow, name) is not None:
        raise ConflictError(f"A key space is already named {name!r}.")
    session.add(KeySpaceRow(name=name, created_at_ms=now_ms))
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return KeySpace(name=name, is_meta_key=False, keys=0)


def ensure_key_spaces(session: Session, names: Collection[str], *, now_ms: int) -> None:
    """Add those that are missing, as signals and events bring them up."""
    insert_new(session, KeySpaceRow, [{"name": name, "created_at_ms": now_ms} for name in sorted(names)])
