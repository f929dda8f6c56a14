"""What was done to companies' plans: noted in bulk with the change itself, read as part of their timelines."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Table, insert, literal, select, tuple_
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.plan_rows import PlanChangeRow
from milepost.control.repos.rejudgings import owe_rejudging_for
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow
from milepost.domain.plan import ChangeKind, Deed, PlanChange, Subject
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7

MILEPOST: Final = "Milepost"
"""Who acts where no person or machine does."""

EVENT_IS_READABLE_MS: Final = 1_000
"""Long enough for the batch that made a company to be in the store, mostly."""


_TABLE: Final = cast("Table", PlanChangeRow.__table__)
"""Without the mapping, which costs as much again for each row."""


class Place(NamedTuple):
    """Where an entry stands in a timeline: by when it was recorded, then by when it happened, in Unix ms."""

    recorded_at_ms: int
    at_ms: int
    id: UUID


class Act(NamedTuple):
    """Who does something, and when."""

    actor: str
    now_ms: int


class Noted(NamedTuple):
    """A copy that something is done to, and its name."""

    subject: Subject
    subject_id: UUID
    company_id: UUID
    definition_id: UUID
    name: str


def noted(copy: AssignedMilestoneRow | AssignedOutcomeRow, name: str) -> Noted:
    """This copy, under this name."""
    if isinstance(copy, AssignedMilestoneRow):
        return Noted("milestone", copy.id, copy.company_id, copy.milestone_id, name)
    return Noted("outcome", copy.id, copy.company_id, copy.outcome_id, name)


def note_changes(session: Session, kind: ChangeKind, copies: Iterable[Noted], act: Act, *, detail: str = "") -> None:
    """Keep that this was done to these copies, each of another company, and have the judge look at these.

    What Milepost gives to a company that an event has just made is judged with that event, which is not readable yet;
    only where nothing comes of the event, a little later. What a person does to a few companies comes first.
    """
    rows: list[dict[str, Any]] = [
        {
            **copy._asdict(),
            "id": uuid7(act.now_ms),
            "at_ms": act.now_ms,
            "kind": kind.value,
            "detail": detail,
            "actor": act.actor,
        }
        for copy in copies
    ]
    if rows:
        session.execute(insert(_TABLE), rows)
        _owe_rejudging(session, [row["id"] for row in rows], act)


def note_assigned(
    session: Session,
    table: type[AssignedMilestoneRow | AssignedOutcomeRow],
    copy_ids: Collection[UUID],
    name: str,
    act: Act,
) -> None:
    """The same for copies of one definition that were just added, those of them that are there.

    A change has its copy's id: nothing is made or read for each of many copies, and two statements do it.
    """
    is_milestone = table is AssignedMilestoneRow
    definition_id = AssignedMilestoneRow.milestone_id if is_milestone else AssignedOutcomeRow.outcome_id
    values: dict[str, Any] = {
        "id": table.id,
        "company_id": table.company_id,
        "at_ms": literal(act.now_ms),
        "kind": literal(ChangeKind.ASSIGNED.value),
        "subject": literal("milestone" if is_milestone else "outcome"),
        "subject_id": table.id,
        "definition_id": definition_id,
        "name": literal(name),
        "detail": literal(""),
        "actor": literal(act.actor),
    }
    for chunk in chunks(copy_ids):
        added = select(*(value.label(column) for column, value in values.items())).where(table.id.in_(chunk))
        session.execute(insert(_TABLE).from_select(list(values), added))
        _owe_rejudging(session, chunk, act)


def _owe_rejudging(session: Session, change_ids: Collection[UUID], act: Act) -> None:
    """These changes, each of another company, are why it must be judged again."""
    due_ms = act.now_ms + (EVENT_IS_READABLE_MS if act.actor == MILEPOST else 0)
    is_urgent = act.actor != MILEPOST and len(change_ids) <= _URGENT_COMPANIES
    for chunk in chunks(change_ids):
        marks = select(PlanChangeRow.company_id, PlanChangeRow.id).where(PlanChangeRow.id.in_(chunk))
        owe_rejudging_for(session, marks, now_ms=due_ms, from_scratch=False, is_urgent=is_urgent)


_URGENT_COMPANIES: Final = 20
"""What a person does to more companies than this at once is work in bulk, and takes its turn."""

_FEW_COMPANIES: Final = 1_000


def page_plan_changes(
    session: Session, company_id: UUID, *, before: Place | None = None, limit: int
) -> tuple[PlanChange, ...]:
    """Newest first; `before` is the place of the last seen."""
    query = (
        select(PlanChangeRow)
        .where(PlanChangeRow.company_id == company_id)
        .order_by(PlanChangeRow.at_ms.desc(), PlanChangeRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(PlanChangeRow.at_ms, PlanChangeRow.at_ms, PlanChangeRow.id) < before)
    return tuple(_to_change(row) for row in session.scalars(query))


def deeds_since(session: Session, since_ms: int, company_ids: Collection[UUID] | None = None) -> tuple[Deed, ...]:
    """All that was done from this instant on, oldest first: to plans of these companies at least, or of all."""
    row = PlanChangeRow
    query = select(row.id, row.company_id, row.subject_id, row.kind, row.actor).where(
        row.id >= UUID(int=since_ms << 80)
    )
    if company_ids is not None and len(company_ids) <= _FEW_COMPANIES:
        query = query.where(row.company_id.in_(company_ids))
    return tuple(
        Deed(deed_id, company_id, subject_id, ChangeKind(kind), actor)
        for deed_id, company_id, subject_id, kind, actor in session.execute(query.order_by(row.id))
    )


def _to_change(row: PlanChangeRow) -> PlanChange:
    return PlanChange(
        id=row.id,
        company_id=row.company_id,
        at=to_datetime(row.at_ms),
        kind=ChangeKind(row.kind),
        subject="milestone" if row.subject == "milestone" else "outcome",
        subject_id=row.subject_id,
        definition_id=row.definition_id,
        name=row.name,
        detail=row.detail,
        actor=row.actor,
    )
