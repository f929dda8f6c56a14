"""Plan templates: several outcomes, and milestones beside them, that are assigned at once."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from milepost.control.repos import plan_templates
from milepost.domain.plan import PlanTemplate, PlanTemplateDraft
from milepost.web.auth import Editor, Viewer
from milepost.web.bulk import BEGUN, AskedByEditor, Begun
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of
from milepost.web.routes.assignment import Assigned, AssignTo, assign_to
from milepost.web.versions import Versioned

router = APIRouter(prefix="/outcomes/templates", tags=["plan templates"])


@router.get("")
def list_plan_templates(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[PlanTemplate]:
    """All templates, oldest first."""
    with deps.database.read() as session:
        return some_of(plan_templates.list_plan_templates(session), cursor, limit, lambda one: (one.id,))


@router.post("", status_code=201)
def add_plan_template(draft: PlanTemplateDraft, caller: Editor, deps: Deps, version: Versioned) -> PlanTemplate:
    """Add a template."""
    with change(deps, caller) as work:
        template = plan_templates.create_plan_template(work.session, draft, now_ms=work.now_ms)
        work.record("create", "plan_template", template.id, after=template)
    return version.tagged(template)


@router.get("/{template_id}")
def read_plan_template(template_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> PlanTemplate:
    """One template."""
    with deps.database.read() as session:
        return version.tagged(plan_templates.get_plan_template(session, template_id))


@router.put("/{template_id}")
def replace_plan_template(
    template_id: UUID, draft: PlanTemplateDraft, caller: Editor, deps: Deps, version: Versioned
) -> PlanTemplate:
    """Change the template; companies keep the plans they have."""
    with change(deps, caller) as work:
        before = plan_templates.get_plan_template(work.session, template_id)
        version.require(before, draft)
        after = plan_templates.update_plan_template(work.session, template_id, draft)
        work.record("update", "plan_template", template_id, before=before, after=after)
    return version.tagged(after)


@router.delete("/{template_id}", status_code=204)
def remove_plan_template(template_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> None:
    """Take a template away; companies keep what it gave them."""
    with change(deps, caller) as work:
        version.require(plan_templates.get_plan_template(work.session, template_id))
        before = plan_templates.delete_plan_template(work.session, template_id)
        work.record("delete", "plan_template", template_id, before=before)


@router.post("/{template_id}/assign", responses=BEGUN)
def assign(template_id: UUID, body: AssignTo, asking: AskedByEditor) -> Assigned | Begun:
    """Put all its outcomes and milestones on companies' plans; who has some already gets the others."""
    return assign_to(asking, body, "plan_template", template_id)
