"""Lets company rows become part of another, and be their own again: the one place that writes who is part of whom.

Nothing of a row is rewritten but these pointers and the attributes that its primary lacked, so undoing it brings
back what was. Raises `identities`, and owes the judge all companies concerned. Only here timelines name companies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyRow, TransitionRow
from milepost.domain.company import given_attributes
from milepost.domain.errors import ConflictError
from milepost.kit.ids import uuid7


class _Meeting(NamedTuple):
    """What both companies' timelines will say."""

    primary: CompanyRow
    member: CompanyRow
    from_state: str
    to_state: str
    actor: str


MOST_COMBINED: Final = 10_000
_COMPANY: Final = "company"
SEPARATE = "separate"
COMBINED = "combined"
_HAPPENED: Final = {COMBINED: "combined into", SEPARATE: "separated from"}


def merge(session: Session, primary: CompanyRow, members: Sequence[CompanyRow], *, actor: str, now_ms: int) -> None:
    """Make rows that are their own part of the primary, which is its own too; what is part of them comes along.

    ConflictError when it would be of more than `MOST_COMBINED`: every question about it names them all.
    """
    below = descendants(session, [primary.id, *(member.id for member in members)])
    if sum(map(len, below.values())) + len(members) > MOST_COMBINED:
        raise ConflictError(f"More than {MOST_COMBINED} companies or keys would be combined into {primary.name!r}.")
    for member in members:
        member.merged_into = primary.id
    session.flush()
    for chunk in chunks([member.id for member in members]):
        joining = or_(CompanyRow.id.in_(chunk), CompanyRow.primary_id.in_(chunk))
        session.execute(update(CompanyRow).where(joining).values(primary_id=primary.id))
    _receive(session, primary)
    _changed(session, [primary.id, *(member.id for member in members)], now_ms)
    _note(session, [_Meeting(primary, member, SEPARATE, COMBINED, actor) for member in members], now_ms)


def split(session: Session, members: Sequence[CompanyRow], *, actor: str, now_ms: int) -> None:
    """Make rows that were merged their own again, with what had been part of them."""
    partings: list[_Meeting] = []
    parents: dict[UUID, CompanyRow] = {}
    for member in members:
        parent = session.get_one(CompanyRow, member.merged_into)
        parents[parent.id] = parent
        primary = session.get_one(CompanyRow, member.primary_id)
        partings.append(_Meeting(primary, member, COMBINED, SEPARATE, actor))
        member.merged_into = None
    session.flush()
    below = descendants(session, [member.id for member in members])  # of all at once: each would read the whole company
    for member in members:
        member.primary_id = None
        for chunk in chunks([row.id for row in below[member.id]]):
            session.execute(update(CompanyRow).where(CompanyRow.id.in_(chunk)).values(primary_id=member.id))
    for parent in parents.values():
        _receive(session, parent)
    concerned = {row.id for parting in partings for row in (parting.primary, parting.member)}
    _changed(session, sorted(concerned), now_ms)
    _note(session, partings, now_ms)


def descendants(session: Session, company_ids: Iterable[UUID]) -> dict[UUID, list[CompanyRow]]:
    """All rows that are part of each of these, those combined into it first."""
    ids = tuple(company_ids)
    below: dict[UUID, list[CompanyRow]] = defaultdict(list)
    for chunk in chunks(ids):
        asked = select(CompanyRow.primary_id).where(CompanyRow.id.in_(chunk), CompanyRow.primary_id.is_not(None))
        of_chunk = or_(CompanyRow.primary_id.in_(chunk), CompanyRow.primary_id.in_(asked))
        for row in session.scalars(select(CompanyRow).where(of_chunk).order_by(CompanyRow.id)):
            if row.merged_into is not None:
                below[row.merged_into].append(row)
    found: dict[UUID, list[CompanyRow]] = {}
    for company_id in ids:
        found[company_id] = list(below.get(company_id, ()))
        for row in found[company_id]:  # grows while it is walked, level by level
            found[company_id] += below.get(row.id, ())
    return found


def rename_on_timelines(session: Session, names: Mapping[UUID, str]) -> None:
    """Call these companies by these names on every timeline, as if they had had no others."""
    lines = list(_called_otherwise(session, names))
    if lines:
        session.execute(update(TransitionRow), lines)


def count_called_otherwise(session: Session, names: Mapping[UUID, str]) -> int:
    """How many lines of timelines call one of these companies by another name."""
    return sum(1 for _ in _called_otherwise(session, names))


def _called_otherwise(session: Session, names: Mapping[UUID, str]) -> Iterator[dict[str, Any]]:
    """Such lines as they should be: id, name and reason."""
    lines: dict[UUID, TransitionRow] = {}
    for chunk in chunks(names):
        concerned = or_(TransitionRow.company_id.in_(chunk), TransitionRow.subject_id.in_(chunk))
        for row in session.scalars(select(TransitionRow).where(TransitionRow.subject == _COMPANY, concerned)):
            lines[row.id] = row
    for row in lines.values():
        name, reason = names.get(row.subject_id, row.name), _renamed_reason(row, names)
        if (name, reason) != (row.name, row.reason):
            yield {"id": row.id, "name": name, "reason": reason}


def _renamed_reason(row: TransitionRow, names: Mapping[UUID, str]) -> str:
    """A line holds the other company's name of then beside the reason; what else the reason quotes is its own."""
    quoted, _, actor = row.reason[1:].rpartition("” by ")
    between = f"” {_HAPPENED[row.to_state]} “"
    other_joined = quoted.startswith(f"{row.name}{between}")
    own = quoted.removeprefix(f"{row.name}{between}") if other_joined else quoted.removesuffix(f"{between}{row.name}")
    pair = (names.get(row.subject_id, row.name), names.get(row.company_id, own))
    member, primary = pair if other_joined else reversed(pair)
    return _reason(member, row.to_state, primary, actor)


def _reason(member: str, to_state: str, primary: str, actor: str) -> str:
    return f"“{member}” {_HAPPENED[to_state]} “{primary}” by {actor}"


def _receive(session: Session, row: CompanyRow | None) -> None:
    """Give the row, and all that it is part of, the attributes that it lacks and its members have.

    What a person changed or took away meanwhile stays so.
    """
    while row is not None:
        before = row.given_attributes or {}
        own = own_attributes(row)
        members = select(CompanyRow.attributes).where(CompanyRow.merged_into == row.id).order_by(CompanyRow.id)
        offered = given_attributes(own, session.scalars(members))
        declined = {name for name in before if name not in row.attributes}
        row.attributes = own | {name: value for name, value in offered.items() if name not in declined}
        row.given_attributes = offered or None
        session.flush()
        row = None if row.merged_into is None else session.get_one(CompanyRow, row.merged_into)


def own_attributes(row: CompanyRow) -> dict[str, str]:
    """The attributes that it does not have from its members."""
    given = row.given_attributes or {}
    return {name: value for name, value in row.attributes.items() if given.get(name) != value}


def _changed(session: Session, company_ids: Sequence[UUID], now_ms: int) -> None:
    raise_revision(session, Scope.IDENTITIES)
    owe_rejudging(session, company_ids, now_ms=now_ms)


def _note(session: Session, meetings: Sequence[_Meeting], now_ms: int) -> None:
    """A line on the timelines of both companies, each of which names the other."""
    entries = [
        {
            "id": uuid7(now_ms),
            "company_id": whose.id,
            "subject": _COMPANY,
            "subject_id": other.id,
            "name": other.name,
            "from_state": one.from_state,
            "to_state": one.to_state,
            "at_ms": now_ms,
            "recorded_at_ms": now_ms,
            "reason": _reason(one.member.name, one.to_state, one.primary.name, one.actor),
            "value": None,
        }
        for one in meetings
        for whose, other in ((one.primary, one.member), (one.member, one.primary))
    ]
    if entries:
        session.execute(insert(TransitionRow), entries)
