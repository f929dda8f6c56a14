"""A company that must be judged again is one row, however much was done to it; what a person waits for comes first.

States of copies are counted from an index alone.
"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0017"


def upgrade() -> None:
    old = sa.table(
        "rejudgings",
        sa.column("id", sa.Uuid()),
        sa.column("company_id", sa.Uuid()),
        sa.column("from_scratch", sa.Boolean()),
    )
    owed: dict[UUID, dict[str, object]] = {}
    for entry in op.get_bind().execute(sa.select(old).order_by(old.c.id)):
        due_ms = entry.id.int >> 80  # the ids began with their time
        row = owed.setdefault(
            entry.company_id,
            {
                "company_id": entry.company_id,
                "is_urgent": False,
                "from_scratch": False,
                "since_ms": due_ms,
                "due_ms": due_ms,
            },
        )
        row |= {"mark": entry.id, "from_scratch": row["from_scratch"] or entry.from_scratch}
    op.drop_table("rejudgings")
    owing = op.create_table(
        "rejudgings",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.Uuid(), nullable=False),
        sa.Column("from_scratch", sa.Boolean(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_rejudgings")),
    )
    columns = ["is_urgent", "due_ms", "company_id"]
    op.create_index(op.f(f"ix_rejudgings_{'_'.join(columns)}"), "rejudgings", columns, unique=False)
    if owed:
        op.bulk_insert(owing, list(owed.values()))
    for table, definition in (("assigned_milestones", "milestone_id"), ("assigned_outcomes", "outcome_id")):
        op.drop_index(op.f(f"ix_{table}_{definition}"), table)
        counted = [definition, "state", "is_edited", "company_id"]
        op.create_index(op.f(f"ix_{table}_{'_'.join(counted)}"), table, counted, unique=False)
