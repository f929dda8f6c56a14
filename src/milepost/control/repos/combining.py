"""Combining duplicates into a primary, undoing it, and setting companies aside: what a person may do, and what follows.

Takes a session and gives domain types; refuses what is combined already, naming where it went.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.companies import company_row, rows_of, shown_row, to_companies
from milepost.control.repos.merging import descendants, merge, own_attributes, split
from milepost.control.repos.milestones import parse_milestone
from milepost.control.repos.outcomes import parse_outcome
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.control.repos.unmatched import keyless_among, make_companies
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, CompanyRow
from milepost.domain.combination import AttributeMeeting, PlanMeeting
from milepost.domain.company import Company, Standing, given_attributes
from milepost.domain.errors import ConflictError, Fault, InvalidInputError


def check_combination(session: Session, primary_id: UUID, company_ids: Collection[UUID]) -> list[UUID]:
    """The ids to combine into the primary, each once.

    InvalidInputError where one is no company, or the primary itself; ConflictError where the primary, or one of
    them, is part of another company already, which is named.
    """
    return [row.id for row in _joining(session, shown_row(session, primary_id), company_ids)]


def combine(
    session: Session, primary_id: UUID, company_ids: Collection[UUID], *, actor: str, now_ms: int
) -> list[UUID]:
    """Let the primary be all of these companies; gives their ids. Errors as of `check_combination`."""
    concerned = select(CompanyRow.id).where(CompanyRow.id.in_({primary_id, *company_ids}))
    session.execute(concerned.order_by(CompanyRow.id).with_for_update())  # else two at once could make a circle
    primary = shown_row(session, primary_id)
    joining = _joining(session, primary, company_ids)
    merge(session, primary, joining, actor=actor, now_ms=now_ms)
    return [row.id for row in joining]


def separate(
    session: Session, primary_id: UUID, company_ids: Collection[UUID], *, actor: str, now_ms: int
) -> list[UUID]:
    """Let these be companies of their own again, as they were; gives their ids. InvalidInputError if one is no part.

    What was held for a key that has been taken away meanwhile becomes a company: without a key, no list would show it
    among the unmatched ones. Call `assign_missing` after it, in the same transaction.
    """
    leaving = _leaving(session, primary_id, company_ids)
    ids = [row.id for row in leaving]
    split(session, leaving, actor=actor, now_ms=now_ms)
    make_companies(session, keyless_among(session, ids), now_ms=now_ms)
    return ids


def check_separation(session: Session, primary_id: UUID, company_ids: Collection[UUID]) -> list[UUID]:
    """The ids to separate, each once; errors as of `separate`."""
    return [row.id for row in _leaving(session, primary_id, company_ids)]


def _leaving(session: Session, primary_id: UUID, company_ids: Collection[UUID]) -> list[CompanyRow]:
    below = {row.id: row for row in descendants(session, [company_row(session, primary_id).id])[primary_id]}
    leaving = list(dict.fromkeys(company_ids))
    faults = [
        Fault(path=f"company_ids[{place}]", reason=f"{company_id} is not combined into this company")
        for place, company_id in enumerate(leaving)
        if company_id not in below
    ]
    if faults:
        raise InvalidInputError("Some of these are not part of the company.", faults=tuple(faults[:20]))
    return [below[company_id] for company_id in leaving]


def set_aside(session: Session, company_id: UUID, *, now_ms: int) -> Company:
    """Show the company no more, with what is combined into it; its keys become unmatched until it is restored."""
    row = shown_row(session, company_id)
    return _stand(session, row, Standing.SET_ASIDE, now_ms)


def restore(session: Session, company_id: UUID, *, now_ms: int) -> Company:
    """Show a company again that was set aside, with all that came for it meanwhile; ConflictError if it was not."""
    row = company_row(session, company_id)
    if row.primary_id is not None or row.standing != Standing.SET_ASIDE:
        raise ConflictError(f"The company {row.name!r} is not set aside.")
    return _stand(session, row, Standing.ACTIVE, now_ms)


def attribute_meetings(session: Session, primary_id: UUID, company_ids: Collection[UUID]) -> list[AttributeMeeting]:
    """What would come of each attribute."""
    primary = company_row(session, primary_id)
    own = own_attributes(primary)
    direct = CompanyRow.merged_into == primary_id
    members = session.scalars(select(CompanyRow).where(direct | CompanyRow.id.in_(company_ids)).order_by(CompanyRow.id))
    rows = [primary, *members]
    offers = {row.id: own if row is primary else row.attributes for row in rows}
    result = own | given_attributes(own, (offers[row.id] for row in rows[1:]))
    return [
        AttributeMeeting(
            name=name,
            value=value,
            company_id=next(row.id for row in rows if offers[row.id].get(name) == value),
            others={row.id: offers[row.id][name] for row in rows if offers[row.id].get(name, value) != value},
        )
        for name, value in sorted(result.items())
    ]


def plan_meetings(session: Session, primary_id: UUID, company_ids: Collection[UUID]) -> list[PlanMeeting]:
    """Which milestones and outcomes are on whose plan; results are not known yet."""
    found: dict[tuple[str, UUID], PlanMeeting] = {}
    on_plans = _on_plans(session, [primary_id, *company_ids])
    for company_id in (primary_id, *company_ids):
        for kind, definition_id, name, assigned_id, state in on_plans[company_id]:
            meeting = found.get((kind, definition_id)) or PlanMeeting(kind=kind, definition_id=definition_id, name=name)
            if company_id == primary_id:
                changes = {"assigned_id": assigned_id, "state": state, "resulting_state": state}
            else:
                changes = {"states": {**meeting.states, company_id: state}}
            found[kind, definition_id] = meeting.model_copy(update=changes)
    return list(found.values())


_OnPlan = tuple[str, UUID, str, UUID, str]
"""A kind, the definition, its name, the copy, and its state."""


def _on_plans(session: Session, company_ids: Collection[UUID]) -> Mapping[UUID, Sequence[_OnPlan]]:
    """Of each company its outcomes, and then its milestones."""
    found: dict[UUID, list[_OnPlan]] = defaultdict(list)
    outcome, copy = AssignedOutcomeRow, AssignedMilestoneRow
    for chunk in chunks(company_ids):
        for row in session.scalars(select(outcome).where(outcome.company_id.in_(chunk)).order_by(outcome.id)):
            name = parse_outcome(row.definition).name
            found[row.company_id].append(("outcome", row.outcome_id, name, row.id, row.state))
        for one in session.scalars(select(copy).where(copy.company_id.in_(chunk)).order_by(copy.id)):
            name = parse_milestone(one.definition).name
            found[one.company_id].append(("milestone", one.milestone_id, name, one.id, one.state))
    return found


def _joining(session: Session, primary: CompanyRow, company_ids: Collection[UUID]) -> Sequence[CompanyRow]:
    rows: list[CompanyRow] = []
    faults: list[Fault] = []
    conflicts: list[Fault] = []
    found = rows_of(session, set(company_ids))
    for place, company_id in enumerate(dict.fromkeys(company_ids)):
        row, path = found.get(company_id), f"company_ids[{place}]"
        if row is None:
            faults.append(Fault(path=path, reason=f"no company has the id {company_id}"))
        elif row is primary:
            faults.append(Fault(path=path, reason="is the primary itself"))
        elif row.primary_id is not None:
            into = session.get_one(CompanyRow, row.primary_id)
            conflicts.append(
                Fault(path=path, reason=f"{row.name!r} is combined into {into.name!r} ({into.id}) already")
            )
        else:
            rows.append(row)
    if faults:
        raise InvalidInputError("These companies cannot be combined.", faults=tuple(faults[:20]))
    if conflicts:
        reasons = "; ".join(fault.reason for fault in conflicts[:3])
        raise ConflictError(f"These companies cannot be combined: {reasons}.", faults=tuple(conflicts[:20]))
    return rows


def _stand(session: Session, row: CompanyRow, standing: Standing, now_ms: int) -> Company:
    row.standing = standing.value
    session.flush()
    raise_revision(session, Scope.IDENTITIES)
    owe_rejudging(session, [row.id], now_ms=now_ms)
    return to_companies(session, [row])[0]
