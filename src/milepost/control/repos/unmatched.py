"""What is held for keys that no company has: each key's holding is a company row that is not shown.

Takes a session and gives domain types; refuses to assign, or make companies of, what is not held.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from milepost.control.bulk import chunks
from milepost.control.repos.companies import shown_row
from milepost.control.repos.merging import merge
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyKeyRow, CompanyRow
from milepost.domain.company import CompanyKey, Standing, folded
from milepost.domain.errors import Fault, InvalidInputError

UNMATCHED: ColumnElement[bool] = and_(CompanyRow.standing == Standing.UNMATCHED.value, CompanyRow.merged_into.is_(None))
"""Rows that hold what came for a key, and that nobody has given to a company."""

_ASIDE = select(CompanyRow.id).where(CompanyRow.standing == Standing.SET_ASIDE.value, CompanyRow.merged_into.is_(None))


class HeldKey(CompanyKey):
    """A key that names no company, or one that is set aside (`set_aside` is its name), or is combined into such a one.

    `id` is what to assign or make a company of; where a company is set aside, the one to restore. `holder_id` is the
    row with what came for the key: that itself, or what is combined into it.
    """

    id: UUID
    holder_id: UUID
    set_aside: str | None
    first_seen_ms: int


class Holding(BaseModel):
    """What becomes of a holding: unmatched, a company, or part of one."""

    name: str
    standing: Standing
    merged_into: UUID | None = None


Matched = dict[UUID, tuple[Holding, Holding]]
"""Each holding before and after."""


class SomeKeys(BaseModel):
    """These holdings, by their ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: tuple[UUID, ...] = Field(min_length=1, max_length=10_000)


class AllKeys(BaseModel):
    """All unmatched keys, or those of a key space, or those that have a text in them; never companies set aside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: Literal[True]
    key_space: str | None = None
    search: str | None = None


Selection = Annotated[SomeKeys | AllKeys, Field(description="Either `ids`, or `all` with a filter.")]


def page_unmatched(
    session: Session,
    *,
    key_space: str | None = None,
    search: str | None = None,
    after: tuple[UUID, str, str] | None = None,
    limit: int,
) -> list[HeldKey]:
    """Those first seen latest first, the keys of a company together; `after`: (id, key space, value) of the last."""
    primary = aliased(CompanyRow)
    place = (primary.id, CompanyKeyRow.key_space, CompanyKeyRow.value)
    held = or_(UNMATCHED, CompanyRow.id.in_(_ASIDE), CompanyRow.primary_id.in_(_ASIDE))
    query = select(CompanyRow, primary, CompanyKeyRow).join(CompanyKeyRow, CompanyKeyRow.company_id == CompanyRow.id)
    query = query.join(primary, primary.id == func.coalesce(CompanyRow.primary_id, CompanyRow.id))
    query = query.where(held, *_filter(key_space, search))
    if after is not None:
        query = query.where(tuple_(*place) < after)
    rows = session.execute(query.order_by(*(column.desc() for column in place)).limit(limit)).all()
    return [
        HeldKey(
            id=whole.id,
            holder_id=row.id,
            key_space=key.key_space,
            value=key.value,
            set_aside=None if whole.standing == Standing.UNMATCHED else whole.name,
            first_seen_ms=row.created_at_ms,
        )
        for row, whole, key in rows
    ]


def unmatched_among(session: Session, company_ids: Collection[UUID]) -> list[UUID]:
    """Those of the ids that are holdings."""
    found: list[UUID] = []
    for chunk in chunks(company_ids):
        found += session.scalars(select(CompanyRow.id).where(CompanyRow.id.in_(chunk), UNMATCHED))
    return found


def keyless_among(session: Session, company_ids: Collection[UUID]) -> list[UUID]:
    """Those of the ids that are holdings whose key was taken away while they were part of a company."""
    has_key = exists().where(CompanyKeyRow.company_id == CompanyRow.id)
    found: list[UUID] = []
    for chunk in chunks(company_ids):
        found += session.scalars(select(CompanyRow.id).where(CompanyRow.id.in_(chunk), UNMATCHED, ~has_key))
    return found


def assign_unmatched(
    session: Session, company_id: UUID, wanted: SomeKeys | AllKeys, *, actor: str, now_ms: int
) -> Matched:
    """Let all that these keys hold be the company's, with what comes for them later."""
    company, holdings = shown_row(session, company_id), _selected(session, wanted)
    before = {row.id: Holding(name=row.name, standing=Standing(row.standing)) for row in holdings}
    merge(session, company, holdings, actor=actor, now_ms=now_ms)
    return {one: (held, held.model_copy(update={"merged_into": company_id})) for one, held in before.items()}


def make_companies_of(session: Session, wanted: SomeKeys | AllKeys, *, now_ms: int) -> Matched:
    """See `make_companies`."""
    holdings = _selected(session, wanted)
    before = {row.id: Holding(name=row.name, standing=Standing(row.standing)) for row in holdings}
    make_companies(session, before.keys(), now_ms=now_ms)
    return {one: (held, held.model_copy(update={"standing": Standing.ACTIVE})) for one, held in before.items()}


def make_companies(session: Session, holdings: Collection[UUID], *, now_ms: int) -> None:
    """Make companies of holdings, with all that they hold; call `assign_missing` after it in the same transaction.

    Those that were companies before have the plan that they had.
    """
    if not holdings:
        return
    for chunk in chunks(holdings):
        these = update(CompanyRow).where(CompanyRow.id.in_(chunk))
        session.execute(these.where(CompanyRow.standing == Standing.UNMATCHED.value).values(awaits_plan=True))
        session.execute(these.values(standing=Standing.ACTIVE.value))
    raise_revision(session, Scope.IDENTITIES)
    owe_rejudging(session, holdings, now_ms=now_ms)


def still_held(session: Session, holdings: Collection[UUID]) -> list[UUID]:
    """Those of these holdings, and of companies set aside, that are nobody's yet."""
    held: set[UUID] = set()
    for chunk in chunks(holdings):
        query = select(CompanyRow.id).where(CompanyRow.id.in_(chunk), or_(UNMATCHED, CompanyRow.id.in_(_ASIDE)))
        held.update(session.scalars(query))
    return [one for one in holdings if one in held]


def selected_ids(session: Session, wanted: SomeKeys | AllKeys) -> list[UUID]:
    """The holdings that are meant; InvalidInputError where one is none."""
    return [row.id for row in _selected(session, wanted)]


def _selected(session: Session, wanted: SomeKeys | AllKeys) -> Sequence[CompanyRow]:
    if isinstance(wanted, AllKeys):
        with_key = select(CompanyKeyRow.company_id).where(*_filter(wanted.key_space, None))
        query = select(CompanyRow).where(UNMATCHED, CompanyRow.id.in_(with_key), *_filter(None, wanted.search))
        return session.scalars(query.order_by(CompanyRow.id)).all()
    rows: dict[UUID, CompanyRow] = {}
    for chunk in chunks(wanted.ids):
        held = or_(UNMATCHED, CompanyRow.id.in_(_ASIDE))
        rows |= {row.id: row for row in session.scalars(select(CompanyRow).where(CompanyRow.id.in_(chunk), held))}
    faults = [
        Fault(path=f"ids[{place}]", reason=f"{one} holds no unmatched key")
        for place, one in enumerate(wanted.ids)
        if one not in rows
    ]
    if faults:
        raise InvalidInputError("Some of these are not unmatched.", faults=tuple(faults[:20]))
    return list(rows.values())


def _filter(key_space: str | None, search: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if key_space is not None:
        conditions.append(CompanyKeyRow.key_space == key_space)
    if search:
        conditions.append(CompanyRow.search_text.contains(folded(search), autoescape=True))
    return conditions
