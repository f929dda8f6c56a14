"""What companies get without being named: what goes to every new one, and to each that comes to fit a filter.

Who fitted before is left alone, so what a person takes off a company's plan stays off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.plan_rows import PlanTemplateRow
from milepost.control.repos.company_filter import all_company_ids, fitting_companies
from milepost.control.repos.milestones import milestone_row
from milepost.control.repos.outcomes import outcome_row
from milepost.control.repos.plan_changes import MILEPOST, Act
from milepost.control.repos.plans import Definition, assign_milestone, assign_outcome, copies_each, copy_definition
from milepost.control.rows import CompanyRow, MilestoneRow, OutcomeRow
from milepost.domain.company_filter import CompanyFilter


def assign_milestone_to_all(session: Session, milestone_id: UUID, *, new_companies_too: bool, now_ms: int) -> int:
    """Copy it to every company that is shown, and say whether each new company gets it as well."""
    give_to_new_companies(session, milestone_row(session, milestone_id), is_given=new_companies_too)
    return assign_milestone(session, milestone_id, all_company_ids(session), now_ms=now_ms)


def assign_outcome_to_all(session: Session, outcome_id: UUID, *, new_companies_too: bool, now_ms: int) -> int:
    """Put it on every company's plan, and say whether each new company gets it as well."""
    give_to_new_companies(session, outcome_row(session, outcome_id), is_given=new_companies_too)
    return assign_outcome(session, outcome_id, all_company_ids(session), now_ms=now_ms)


def give_to_new_companies(
    session: Session, row: Definition, *, is_given: bool, fitting: CompanyFilter | None = None
) -> None:
    """Say whether each new company gets it, or each that fits a filter when it is made or comes to fit it later."""
    row.assigns_new_companies = is_given
    row.new_companies_filter = fitting.model_dump_json() if is_given and fitting is not None else None
    session.flush()


def assign_missing(session: Session, now_ms: int) -> int:
    """Give companies made since the last call what every new company gets; gives how many companies that were.

    Call it in the transaction that made them. A company is looked at once.
    """
    waiting = session.scalars(select(CompanyRow.id).where(CompanyRow.awaits_plan)).all()
    if not waiting:
        return 0
    for row in _given(session):
        fitting: Sequence[UUID] = waiting
        if row.new_companies_filter is not None:
            fitting = fitting_companies(session, _filter_of(row.new_companies_filter), waiting)
        copy_definition(session, row, fitting, Act(MILEPOST, now_ms))
    for chunk in chunks(waiting):
        session.execute(update(CompanyRow).where(CompanyRow.id.in_(chunk)).values(awaits_plan=False))
    return len(waiting)


def copies_of_new_companies(session: Session) -> int:
    """How many copies a new company gets at most, and one at least."""
    return max(1, sum(copies_each(session, row) for row in _given(session)))


@contextmanager
def assigning_what_comes_to_fit(session: Session, company_ids: Collection[UUID], now_ms: int) -> Iterator[None]:
    """Around a change of what these companies are called, their keys or attributes."""
    given = [
        (row, _filter_of(row.new_companies_filter)) for row in _given(session) if row.new_companies_filter is not None
    ]
    fitted = [set(fitting_companies(session, wanted, company_ids)) for _, wanted in given]
    yield
    for (row, wanted), before in zip(given, fitted, strict=True):
        fitting = fitting_companies(session, wanted, company_ids)
        copy_definition(session, row, [one for one in fitting if one not in before], Act(MILEPOST, now_ms))


def _given(session: Session) -> list[Definition]:
    return [
        *session.scalars(select(PlanTemplateRow).where(PlanTemplateRow.assigns_new_companies)),
        *session.scalars(select(OutcomeRow).where(OutcomeRow.assigns_new_companies)),
        *session.scalars(select(MilestoneRow).where(MilestoneRow.assigns_new_companies)),
    ]


def _filter_of(json: str) -> CompanyFilter:
    return CompanyFilter.model_validate_json(json)
