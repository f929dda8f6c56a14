"""A deadline so many days after the start lasts until the end of that day; those written before keep their instant.

And a table of companies' former names, for lists by name that are walked while companies are renamed.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "company_renames",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_company_renames_company_id_companies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_renames")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_company_renames_company_id"), "company_renames", ["company_id"], unique=False)
    for name in ("milestones", "assigned_milestones"):
        table = sa.table(name, sa.column("id", sa.Uuid), sa.column("definition", sa.Text))
        after_days = sa.select(table.c.id, table.c.definition).where(table.c.definition.contains('"after_days"'))
        for row_id, definition in op.get_bind().execute(after_days).all():
            told = json.loads(definition)
            deadline = told.get("deadline")
            if deadline and deadline["kind"] == "after_days":
                deadline.setdefault("at", "instant")
                kept = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
                op.execute(sa.update(table).where(table.c.id == row_id).values(definition=kept))
