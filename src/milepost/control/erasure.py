"""Everything that the control plane has of a company: found by who refers to whom, then exported, deleted or renamed.

Takes a session and ids. A table that is added later is covered if its column `company_id`, or a foreign key, says so;
one with `company_id` also where its `subject_id` is a company, as on the timelines of those that it was combined with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, delete, select, update
from sqlalchemy.orm import Session

from milepost.control import plan_rows  # noqa: F401  # its tables are among those that are searched
from milepost.control.bulk import chunks
from milepost.control.repos.former_names import forget_former_names
from milepost.control.repos.merging import rename_on_timelines
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyKeyRow, CompanyRow, Row
from milepost.domain.company import CompanyKey, folded, search_text
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.privacy import Known


def company_with_members(session: Session, company_id: UUID) -> tuple[UUID, ...]:
    """The company and all that were combined into it; NotFoundError, and ConflictError for one that is a part."""
    row = session.get(CompanyRow, company_id)
    if row is None:
        raise NotFoundError(f"No company has the id {company_id}.")
    if row.primary_id is not None:
        raise ConflictError(f"The company was combined into {row.primary_id}: ask for that, or separate them first.")
    members = [company_id]
    fresh: Collection[UUID] = members
    while fresh := session.scalars(select(CompanyRow.id).where(CompanyRow.merged_into.in_(fresh))).all():
        members += fresh
    return tuple(members)


def what_is_known(session: Session, company_ids: Collection[UUID]) -> Known:
    """The companies' keys and names, and which values of those keys name other companies too."""
    keys = session.execute(
        select(CompanyKeyRow.key_space, CompanyKeyRow.value).where(CompanyKeyRow.company_id.in_(company_ids))
    ).all()
    names = session.scalars(select(CompanyRow.name).where(CompanyRow.id.in_(company_ids))).all()
    of_others = select(CompanyKeyRow.value).where(
        CompanyKeyRow.value.in_([value for _, value in keys]), CompanyKeyRow.company_id.not_in(company_ids)
    )
    return Known(
        company_ids=tuple(company_ids),
        keys=tuple(CompanyKey(key_space=space, value=value) for space, value in keys),
        names=tuple(names),
        shared_values=tuple(session.scalars(of_others.distinct())),
    )


def records_of(session: Session, company_ids: Collection[UUID]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row about the companies: the name of its table, and its columns."""
    seen: set[tuple[Any, ...]] = set()  # a row may be about them by two columns
    for table, column, values in _places(session, company_ids):
        for chunk in chunks(values):
            for row in session.execute(select(table).where(column.in_(chunk))).mappings():
                key = (table.name, *(row[part] for part in table.primary_key))
                if key not in seen:
                    seen.add(key)
                    yield table.name, dict(row)


def count_records(session: Session, company_ids: Collection[UUID]) -> dict[str, int]:
    """How many rows each table has about them."""
    found: dict[str, set[tuple[Any, ...]]] = {}  # a row may be about them by two columns
    for table, column, values in _places(session, company_ids):
        for chunk in chunks(values):
            keys = session.execute(select(*table.primary_key).where(column.in_(chunk)))
            found.setdefault(table.name, set()).update(tuple(key) for key in keys)
    return {name: len(keys) for name, keys in found.items() if keys}


def delete_companies(session: Session, company_ids: Collection[UUID]) -> None:
    """Delete every row about them; the next event with one of their keys makes a new company."""
    for table, column, values in reversed(_places(session, company_ids)):
        for chunk in chunks(values):
            session.execute(delete(table).where(column.in_(chunk)))
    _raise_both(session)


def rename_companies(session: Session, known: Known) -> None:
    """Put pseudonyms in the place of names and keys, and take the attributes away; plans and states stay."""
    for key in known.keys:
        of_key = (CompanyKeyRow.key_space == key.key_space, CompanyKeyRow.value == key.value)
        if pseudonym := known.pseudonyms.get(key.value):
            session.execute(update(CompanyKeyRow).where(*of_key).values(value=pseudonym))
    forget_former_names(session, known.company_ids)
    names = pseudonymous_names(known.company_ids)
    for company_id, name in names.items():
        values = session.scalars(select(CompanyKeyRow.value).where(CompanyKeyRow.company_id == company_id)).all()
        renamed: dict[str, Any] = {
            "name": name,
            "sort_name": folded(name),
            "search_text": search_text(name, sorted(values)),
            "attributes": {},
            "given_attributes": None,
        }
        session.execute(update(CompanyRow).where(CompanyRow.id == company_id).values(renamed))
    rename_on_timelines(session, names)
    _raise_both(session)


def pseudonymous_names(company_ids: Collection[UUID]) -> dict[UUID, str]:
    """What companies are called once they are anonymised."""
    return {company_id: f"Anonymous {company_id.hex[-8:]}" for company_id in company_ids}


def _raise_both(session: Session) -> None:
    for scope in (Scope.DEFINITIONS, Scope.IDENTITIES):
        raise_revision(session, scope)


Place = tuple[Table, Column[Any], Collection[Any]]
"""Rows of a table that have one of these values in a column."""


def _places(session: Session, company_ids: Collection[UUID]) -> list[Place]:
    """Where rows about them are, those that others refer to first."""
    companies = CompanyRow.__table__
    assert isinstance(companies, Table)
    places: list[Place] = [(companies, companies.c.id, list(company_ids))]
    owned: Mapping[Table, list[Any]] = {companies: list(company_ids)}
    for table in Row.metadata.sorted_tables:
        if table is companies:
            continue
        found = _own_places(table, owned)
        places += found
        if found and "id" in table.c:
            ids = [
                row_id
                for _, column, values in found
                for chunk in chunks(values)
                for row_id in session.scalars(select(table.c.id).where(column.in_(chunk)))
            ]
            owned = {**owned, table: list(dict.fromkeys(ids))}
    return places


def _own_places(table: Table, owned: Mapping[Table, list[Any]]) -> list[Place]:
    """By `company_id`, and then by `subject_id` too; else by what it belongs to, and goes away with."""
    companies = CompanyRow.__table__
    assert isinstance(companies, Table)
    if "company_id" in table.c:
        return [(table, table.c[name], owned[companies]) for name in ("company_id", "subject_id") if name in table.c]
    return [
        (table, column, owned[key.column.table])
        for column in table.c
        for key in column.foreign_keys
        if key.column.table in owned
    ]
