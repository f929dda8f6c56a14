"""Plan templates, edited copies, who gets what is assigned to new companies, and what was done to companies' plans."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_COPIES = (("milestone", "assigned_milestones", "milestones"), ("outcome", "assigned_outcomes", "outcomes"))


def upgrade() -> None:
    for table in ("milestones", "outcomes"):
        op.add_column(table, sa.Column("new_companies_filter", sa.Text(), nullable=True))
    for table in ("assigned_milestones", "assigned_outcomes"):
        op.add_column(table, sa.Column("is_edited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("transitions", sa.Column("cause", sa.Text(), nullable=False, server_default=""))
    for name in ("is_correction", "is_late"):
        op.add_column("transitions", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("rejudgings", sa.Column("from_scratch", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "plan_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("assigns_new_companies", sa.Boolean(), nullable=False),
        sa.Column("new_companies_filter", sa.Text(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_templates")),
    )
    changes = op.create_table(
        "plan_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_plan_changes_company_id_companies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_changes")),
    )
    op.create_index(op.f("ix_plan_changes_company_id_at_ms_id"), "plan_changes", ["company_id", "at_ms", "id"])
    op.create_index(op.f("ix_plan_changes_definition_id_kind"), "plan_changes", ["definition_id", "kind"])
    op.create_index(op.f("ix_plan_changes_subject_id"), "plan_changes", ["subject_id"])
    for subject, copies, definitions in _COPIES:
        _remember_assignments(changes, subject, copies, definitions)


def _remember_assignments(changes: sa.Table, subject: str, copies: str, definitions: str) -> None:
    """What is on plans was assigned once, and what is not as its definition may be as a person wants it: it is kept."""
    definition_id, bind = f"{subject}_id", op.get_bind()
    copy = sa.table(
        copies,
        *(sa.column(name, sa.Uuid()) for name in ("id", "company_id", definition_id)),
        sa.column("definition", sa.Text()),
        sa.column("assigned_at_ms", sa.BigInteger()),
        sa.column("is_edited", sa.Boolean()),
    )
    definition = sa.table(definitions, sa.column("id", sa.Uuid()), sa.column("definition", sa.Text()))
    now = sa.select(definition.c.definition).where(definition.c.id == copy.c[definition_id]).scalar_subquery()
    bind.execute(sa.update(copy).where(copy.c.definition != now).values(is_edited=True))
    assigned = [
        {
            "id": row.id,
            "company_id": row.company_id,
            "at_ms": row.assigned_at_ms,
            "kind": "assigned",
            "subject": subject,
            "subject_id": row.id,
            "definition_id": getattr(row, definition_id),
            "name": json.loads(row.definition)["name"],
            "detail": "",
            "actor": "Milepost",
        }
        for row in bind.execute(sa.select(copy))
    ]
    if assigned:
        bind.execute(sa.insert(changes), assigned)
