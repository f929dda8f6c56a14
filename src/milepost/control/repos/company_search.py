"""Companies in lists: found by text, key space, attribute and standing, in the order of names or of creation.

Takes a session and a filter; gives rows. One scan of short folded texts answers a search.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from milepost.control.bulk import chunks
from milepost.control.repos.former_names import note_renames
from milepost.control.rows import CompanyKeyRow, CompanyRow
from milepost.domain.company import Standing, folded, search_text


class CompanySort(StrEnum):
    """What a list of companies is ordered by; the same names and instants by id."""

    NAME = "name"
    CREATED = "created"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySearch:
    """Which companies: those to which all that is given applies, what is combined into them included.

    `search` is text in a name or a key, whatever its case. `attribute` is a name and its value, or a name alone for
    companies that have it.
    """

    search: str | None = None
    key_space: str | None = None
    attribute: tuple[str, str | None] | None = None
    is_auto_created: bool | None = None
    standing: Standing = Standing.ACTIVE


def matching(wanted: CompanySearch) -> ColumnElement[bool]:
    """The condition on rows of companies."""
    conditions: list[ColumnElement[bool]] = [
        CompanyRow.standing == wanted.standing.value,
        CompanyRow.merged_into.is_(None),
    ]
    if wanted.search:
        primary = select(func.coalesce(CompanyRow.primary_id, CompanyRow.id))
        found = primary.where(CompanyRow.search_text.contains(folded(wanted.search), autoescape=True))
        conditions.append(CompanyRow.id.in_(found))
    if wanted.key_space is not None:
        conditions.append(_has_key(wanted.key_space))
    if wanted.attribute is not None:
        name, value = wanted.attribute
        attribute = CompanyRow.attributes[name].as_string()
        conditions.append(attribute.is_not(None) if value is None else attribute == value)
    if wanted.is_auto_created is not None:
        conditions.append(CompanyRow.is_auto_created.is_(wanted.is_auto_created))
    return and_(*conditions)


def _has_key(key_space: str) -> ColumnElement[bool]:
    """Of its own, which an index tells, or of one of the few that are combined into it."""
    member = aliased(CompanyRow)
    of_space = CompanyKeyRow.key_space == key_space
    own = exists().where(CompanyKeyRow.company_id == CompanyRow.id, of_space)
    of_member = select(member.primary_id).join(CompanyKeyRow, CompanyKeyRow.company_id == member.id)
    return own | CompanyRow.id.in_(of_member.where(member.primary_id.is_not(None), of_space))


def by_creation(query: Select[CompanyRow], *, descending: bool, after: tuple[int, UUID] | None) -> Select[CompanyRow]:
    """The rows in the order of their creation, from the one after this (Unix ms, id)."""
    column = CompanyRow.created_at_ms
    if after is not None:
        place = tuple_(column, CompanyRow.id)
        query = query.where(place < after if descending else place > after)
    return query.order_by(*((one.desc() if descending else one.asc()) for one in (column, CompanyRow.id)))


def refresh_search(session: Session, company_ids: Collection[UUID]) -> None:
    """Bring what these companies are found by up to date with their names and keys; after every change of either."""
    values: dict[UUID, list[str]] = defaultdict(list)
    for chunk in chunks(company_ids):
        keys = select(CompanyKeyRow.company_id, CompanyKeyRow.value).where(CompanyKeyRow.company_id.in_(chunk))
        for company_id, value in session.execute(keys):
            values[company_id].append(value)
        columns = (CompanyRow.id, CompanyRow.name, CompanyRow.sort_name)
        names = session.execute(select(*columns).where(CompanyRow.id.in_(chunk))).all()
        note_renames(session, {one: before for one, name, before in names if before != folded(name)})
        texts = [
            {"id": one, "sort_name": folded(name), "search_text": search_text(name, sorted(values[one]))}
            for one, name, _ in names
        ]
        if texts:
            session.execute(update(CompanyRow), texts)
