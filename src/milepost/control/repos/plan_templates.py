"""Plan templates: takes a session, gives domain types, refuses unknown outcomes and milestones."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.checks import check_plan_template
from milepost.control.plan_rows import PlanTemplateRow
from milepost.domain.company_filter import CompanyFilter
from milepost.domain.errors import NotFoundError
from milepost.domain.plan import PlanTemplate, PlanTemplateDraft
from milepost.kit.ids import uuid7


def create_plan_template(session: Session, draft: PlanTemplateDraft, *, now_ms: int) -> PlanTemplate:
    """Add a template; no company has its plan yet."""
    check_plan_template(session, draft)
    row = PlanTemplateRow(
        id=uuid7(now_ms),
        definition=draft.model_dump_json(),
        assigns_new_companies=False,
        new_companies_filter=None,
        created_at_ms=now_ms,
    )
    session.add(row)
    session.flush()
    return to_plan_template(row)


def update_plan_template(session: Session, template_id: UUID, draft: PlanTemplateDraft) -> PlanTemplate:
    """Change the template; companies keep the plans they have."""
    row = plan_template_row(session, template_id)
    check_plan_template(session, draft)
    row.definition = draft.model_dump_json()
    session.flush()
    return to_plan_template(row)


def list_plan_templates(session: Session) -> tuple[PlanTemplate, ...]:
    """All of them, oldest first."""
    return tuple(to_plan_template(row) for row in session.scalars(select(PlanTemplateRow).order_by(PlanTemplateRow.id)))


def get_plan_template(session: Session, template_id: UUID) -> PlanTemplate:
    """One template; NotFoundError."""
    return to_plan_template(plan_template_row(session, template_id))


def delete_plan_template(session: Session, template_id: UUID) -> PlanTemplate:
    """Take a template away; companies keep what it gave them."""
    row = plan_template_row(session, template_id)
    session.delete(row)
    session.flush()
    return to_plan_template(row)


def plan_template_row(session: Session, template_id: UUID) -> PlanTemplateRow:
    """The row itself, for what assigns it; NotFoundError."""
    row = session.get(PlanTemplateRow, template_id)
    if row is None:
        raise NotFoundError(f"No plan template has the id {template_id}.")
    return row


def to_plan_template(row: PlanTemplateRow) -> PlanTemplate:
    """The row as what it stands for."""
    fitting = row.new_companies_filter
    return PlanTemplate(
        **dict(PlanTemplateDraft.model_validate_json(row.definition)),
        id=row.id,
        revision=row.revision,
        assigns_new_companies=row.assigns_new_companies,
        new_companies_filter=None if fitting is None else CompanyFilter.model_validate_json(fitting),
    )
