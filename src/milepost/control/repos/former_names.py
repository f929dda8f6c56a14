"""Companies' names as they were when somebody began to walk through a list by name: nobody comes twice or is skipped.

Takes a mark, the number of the last renaming before the walk; gives names as of then. Keeps so many renamings, and
no more: a walk that goes on for longer than those sees later ones by the names of now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Subquery, delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.name_rows import CompanyRenameRow
from milepost.control.rows import CompanyRow

MOST_RENAMES: Final = 300_000

NamePlace = tuple[str, UUID]
"""A folded name, and the id for those of the same name."""


def latest_rename(session: Session) -> int:
    """The mark of a walk that begins now."""
    return session.scalar(select(func.max(CompanyRenameRow.id))) or 0


def note_renames(session: Session, names: Mapping[UUID, str]) -> None:
    """These companies get another `sort_name` than this one."""
    if not names:
        return
    rows = [{"company_id": company_id, "sort_name": name} for company_id, name in names.items()]
    session.execute(insert(CompanyRenameRow), rows)
    session.execute(delete(CompanyRenameRow).where(CompanyRenameRow.id <= latest_rename(session) - MOST_RENAMES))


def forget_former_names(session: Session, company_ids: Collection[UUID]) -> None:
    """For companies of which nobody may know what they were called."""
    for chunk in chunks(company_ids):
        session.execute(delete(CompanyRenameRow).where(CompanyRenameRow.company_id.in_(chunk)))


def names_at(session: Session, mark: int) -> dict[UUID, str]:
    """The folded names, as of the mark, of those that were renamed since."""
    renamed = _renamed(mark)
    return {row.company_id: row.sort_name for row in session.execute(select(renamed))}


def page_by_name_at(
    session: Session,
    query: Select[CompanyRow],
    *,
    mark: int,
    descending: bool,
    after: NamePlace | None,
    limit: int,
) -> list[tuple[CompanyRow, NamePlace]]:
    """The rows by their names as of the mark, from the one after this; each with its place."""
    renamed = _renamed(mark)
    still = query.where(CompanyRow.id.not_in(select(renamed.c.company_id)))
    found = [
        (row, (row.sort_name, row.id))
        for row in session.scalars(_in_order(still, CompanyRow.sort_name, descending, after).limit(limit))
    ]
    then = query.join(renamed, renamed.c.company_id == CompanyRow.id).add_columns(renamed.c.sort_name)
    ordered = _in_order(then, renamed.c.sort_name, descending, after).limit(limit)
    found += [(row, (name, row.id)) for row, name in session.execute(ordered)]
    return sorted(found, key=lambda one: one[1], reverse=descending)[:limit]


def _renamed(mark: int) -> Subquery:
    first = (
        select(func.min(CompanyRenameRow.id)).where(CompanyRenameRow.id > mark).group_by(CompanyRenameRow.company_id)
    )
    columns = (CompanyRenameRow.company_id, CompanyRenameRow.sort_name)
    return select(*columns).where(CompanyRenameRow.id.in_(first)).subquery()


def _in_order(query: Select[Any], name: Any, descending: bool, after: NamePlace | None) -> Select[Any]:
    place = tuple_(name, CompanyRow.id)
    if after is not None:
        query = query.where(place < after if descending else place > after)
    return query.order_by(*(one.desc() if descending else one.asc() for one in (name, CompanyRow.id)))
