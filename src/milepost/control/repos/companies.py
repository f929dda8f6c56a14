"""Companies and their keys: what people do one by one (the reactor's bulk way is `company_keys`).

Takes a session and gives domain types; refuses a key that names another company, and changes of a company that is
not shown. Writes raise `definitions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.company_names import why_not_shown
from milepost.control.repos.company_search import CompanySearch, by_creation, matching, refresh_search
from milepost.control.repos.former_names import NamePlace, latest_rename, page_by_name_at
from milepost.control.repos.identities import SHOWN
from milepost.control.repos.key_spaces import ensure_key_spaces
from milepost.control.repos.merging import descendants, merge
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyKeyRow, CompanyRow
from milepost.domain.company import (
    MOST_ATTRIBUTES,
    MOST_KEYS_AT_ONCE,
    CombinedCompany,
    Company,
    CompanyChange,
    CompanyKey,
    CompanyName,
    Standing,
    attribute_faults,
    folded,
    key_faults,
    search_text,
)
from milepost.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7


class CompanyDraft(BaseModel):
    """A company as a person adds it; keys may come later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: CompanyName
    keys: tuple[CompanyKey, ...] = Field(default=(), max_length=MOST_KEYS_AT_ONCE)
    attributes: dict[str, str] = {}


def create_company(session: Session, draft: CompanyDraft, *, now_ms: int, actor: str = "") -> Company:
    """Add a company by hand, with what was held for its keys; ConflictError when one of them names another."""
    _check(attribute_faults(draft.attributes))
    row = CompanyRow(
        id=uuid7(now_ms),
        name=draft.name,
        sort_name=folded(draft.name),
        search_text=search_text(draft.name, ()),
        is_auto_created=False,
        awaits_plan=True,
        attributes=draft.attributes,
        created_at_ms=now_ms,
        standing=Standing.ACTIVE.value,
    )
    session.add(row)
    session.flush()
    for place, key in enumerate(dict.fromkeys(draft.keys)):
        _add_key(session, row, key, path=f"keys[{place}]", actor=actor, now_ms=now_ms)
    refresh_search(session, [row.id])
    raise_revision(session, Scope.DEFINITIONS)
    return get_company(session, row.id)


def get_company(session: Session, company_id: UUID) -> Company:
    """One company, also one that is combined or set aside; NotFoundError."""
    return to_companies(session, [company_row(session, company_id)])[0]


def list_companies(
    session: Session, wanted: CompanySearch | None = None, *, after: NamePlace | None = None, limit: int
) -> tuple[Company, ...]:
    """Companies by their names now, from the one after this folded name and id."""
    mark = latest_rename(session)
    return tuple(one for one, _ in list_companies_by_name(session, wanted, mark=mark, after=after, limit=limit))


def list_companies_by_name(
    session: Session,
    wanted: CompanySearch | None = None,
    *,
    mark: int,
    descending: bool = False,
    after: NamePlace | None = None,
    limit: int,
) -> list[tuple[Company, NamePlace]]:
    """Companies, as they are now, in the order of their names as of the mark (`former_names`); each with its place."""
    query = select(CompanyRow).where(matching(wanted or CompanySearch()))
    found = page_by_name_at(session, query, mark=mark, descending=descending, after=after, limit=limit)
    shown = to_companies(session, [row for row, _ in found])
    return [(company, place) for company, (_, place) in zip(shown, found, strict=True)]


def list_companies_by_creation(
    session: Session,
    wanted: CompanySearch | None = None,
    *,
    descending: bool = False,
    after: tuple[int, UUID] | None = None,
    limit: int,
) -> tuple[Company, ...]:
    """Companies in the order of their creation, from the one after this (Unix ms, id)."""
    query = select(CompanyRow).where(matching(wanted or CompanySearch())).limit(limit)
    return to_companies(session, session.scalars(by_creation(query, descending=descending, after=after)).all())


def find_company_by_key(session: Session, key: CompanyKey) -> Company | None:
    """The one company that the key names, if it is shown."""
    holder = session.get(CompanyKeyRow, (key.key_space, key.value))
    if holder is None:
        return None
    row = session.get_one(CompanyRow, holder.company_id)
    primary = row if row.primary_id is None else session.get_one(CompanyRow, row.primary_id)
    return to_companies(session, [primary])[0] if primary.standing == Standing.ACTIVE else None


def update_company(session: Session, company_id: UUID, change: CompanyChange) -> Company:
    """Change what is given; from then on a person has vouched for the company."""
    row = shown_row(session, company_id)
    attributes = change.attributes_after(row.attributes)
    faults = attribute_faults(attributes)
    if len(row.attributes) >= len(attributes) > MOST_ATTRIBUTES:  # a combined company may have more, and lose some
        faults = [fault for fault in faults if fault.path != "attributes"]
    _check(faults)
    row.name = change.name or row.name
    row.attributes = attributes
    row.is_auto_created = False
    session.flush()
    refresh_search(session, [company_id])
    raise_revision(session, Scope.DEFINITIONS)
    return get_company(session, company_id)


def add_company_key(session: Session, company_id: UUID, key: CompanyKey, *, now_ms: int, actor: str = "") -> Company:
    """Let a key name the company too, with what was held for it; ConflictError when it names another."""
    row = shown_row(session, company_id)
    _add_key(session, row, key, path="", actor=actor, now_ms=now_ms)
    row.is_auto_created = False
    session.flush()
    refresh_search(session, [company_id])
    raise_revision(session, Scope.DEFINITIONS)
    return get_company(session, company_id)


def remove_company_key(session: Session, company_id: UUID, key: CompanyKey) -> Company:
    """Take a key away; the next event with it makes a new company."""
    shown_row(session, company_id)
    ids = [company_id, *(row.id for row in descendants(session, [company_id])[company_id])]
    of_company = (
        CompanyKeyRow.company_id.in_(ids),
        CompanyKeyRow.key_space == key.key_space,
        CompanyKeyRow.value == key.value,
    )
    holder = session.scalar(select(CompanyKeyRow.company_id).where(*of_company))
    if holder is None:
        raise NotFoundError(f"The company has no key {key.value!r} in {key.key_space}.")
    session.execute(delete(CompanyKeyRow).where(*of_company))
    refresh_search(session, [holder])
    raise_revision(session, Scope.DEFINITIONS)
    return get_company(session, company_id)


def check_companies_exist(session: Session, company_ids: Collection[UUID]) -> None:
    """InvalidInputError that says of each id without a company that is shown why there is none."""
    known: set[UUID] = set()
    for chunk in chunks(company_ids):
        known.update(session.scalars(select(CompanyRow.id).where(CompanyRow.id.in_(chunk), SHOWN)))
    missing = [(place, company_id) for place, company_id in enumerate(company_ids) if company_id not in known]
    if missing:
        faults = tuple(
            Fault(path=f"company_ids[{place}]", reason=why_not_shown(session, company_id))
            for place, company_id in missing[:20]
        )
        raise InvalidInputError("Some of these are not companies that are shown.", faults=faults)


def count_companies(session: Session) -> int:
    """How many are shown."""
    return session.scalar(select(func.count()).select_from(CompanyRow).where(SHOWN)) or 0


def company_row(session: Session, company_id: UUID) -> CompanyRow:
    """The row itself, for the repos of what belongs to it; NotFoundError, also for what an unmatched key holds."""
    row = session.get(CompanyRow, company_id)
    if row is None or (row.standing == Standing.UNMATCHED and row.merged_into is None):
        raise NotFoundError(f"No company has the id {company_id}.")
    return row


def shown_row(session: Session, company_id: UUID) -> CompanyRow:
    """The row of a company that is shown; ConflictError says what became of one that is not."""
    row = company_row(session, company_id)
    if row.primary_id is not None:
        primary = session.get_one(CompanyRow, row.primary_id)
        raise ConflictError(
            f"The company {row.name!r} is combined into {primary.name!r} ({primary.id}). Turn to that one, or"
            " separate them first."
        )
    if row.standing == Standing.SET_ASIDE:
        raise ConflictError(f"The company {row.name!r} is set aside. Restore it first.")
    return row


def known_rows(session: Session, company_ids: Iterable[UUID]) -> list[CompanyRow]:
    """The rows of these, what unmatched keys hold included; NotFoundError."""
    ids = list(company_ids)
    found = rows_of(session, ids)
    missing = next((one for one in ids if one not in found), None)
    if missing is not None:
        raise NotFoundError(f"No company has the id {missing}.")
    return [found[company_id] for company_id in ids]


def rows_of(session: Session, company_ids: Collection[UUID]) -> dict[UUID, CompanyRow]:
    """The rows of those that there are, by their ids."""
    some = (select(CompanyRow).where(CompanyRow.id.in_(chunk)) for chunk in chunks(company_ids))
    return {row.id: row for query in some for row in session.scalars(query)}


def to_companies(session: Session, rows: Sequence[CompanyRow]) -> tuple[Company, ...]:
    """The companies of rows, each with the keys of all that is part of it."""
    below = descendants(session, [row.id for row in rows])
    keys = _keys(session, {one.id for row in rows for one in (row, *below[row.id])})
    return tuple(
        Company(
            id=row.id,
            name=row.name,
            is_auto_created=row.is_auto_created,
            keys=tuple(sorted((key for one in (row, *below[row.id]) for key in keys[one.id]), key=in_order)),
            attributes=row.attributes,
            created_at=to_datetime(row.created_at_ms),
            standing=Standing(row.standing),
            merged_into=row.merged_into,
            combined=tuple(_combined(below[row.id])),
        )
        for row in rows
    )


def _combined(rows: Iterable[CompanyRow]) -> Iterable[CombinedCompany]:
    for row in rows:
        assert row.merged_into is not None
        yield CombinedCompany(id=row.id, name=row.name, standing=Standing(row.standing), merged_into=row.merged_into)


def _keys(session: Session, company_ids: Collection[UUID]) -> dict[UUID, list[CompanyKey]]:
    keys: dict[UUID, list[CompanyKey]] = defaultdict(list)
    for chunk in chunks(company_ids):
        found = select(CompanyKeyRow.company_id, CompanyKeyRow.key_space, CompanyKeyRow.value)
        for company_id, key_space, value in session.execute(found.where(CompanyKeyRow.company_id.in_(chunk))):
            keys[company_id].append(CompanyKey(key_space=key_space, value=value))
    return keys


def in_order(key: CompanyKey) -> tuple[str, str]:
    """By which a company's keys are sorted."""
    return key.key_space, key.value


def _add_key(session: Session, row: CompanyRow, key: CompanyKey, *, path: str, actor: str, now_ms: int) -> None:
    _check(key_faults(key, path), "The key is not valid.")
    found = session.get(CompanyKeyRow, (key.key_space, key.value))
    if found is None:
        ensure_key_spaces(session, {key.key_space}, now_ms=now_ms)
        session.add(CompanyKeyRow(key_space=key.key_space, value=key.value, company_id=row.id))
        session.flush()
        return
    holder = session.get_one(CompanyRow, found.company_id)
    if row.id in (holder.id, holder.primary_id):
        return
    if holder.standing == Standing.UNMATCHED and holder.merged_into is None:
        merge(session, row, [holder], actor=actor, now_ms=now_ms)
        return
    named = holder if holder.primary_id is None else session.get_one(CompanyRow, holder.primary_id)
    aside = ", which is set aside" if named.standing == Standing.SET_ASIDE else ""
    raise ConflictError(f"The key {key.value!r} in {key.key_space} already names the company {named.name!r}{aside}.")


def _check(faults: Sequence[Fault], message: str = "The company is not valid.") -> None:
    if faults:
        raise InvalidInputError(message, faults=tuple(faults[:20]))
