"""Which companies are one, which are hidden, and which must be judged from scratch."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("companies", sa.Column("standing", sa.Text(), nullable=False, server_default="active"))
    for name in ("merged_into", "primary_id"):
        reference = sa.ForeignKey("companies.id", name=op.f(f"fk_companies_{name}"))
        op.add_column("companies", sa.Column(name, sa.Uuid(), reference, nullable=True), inline_references=True)
    for name in ("standing", "merged_into", "primary_id"):
        op.create_index(op.f(f"ix_companies_{name}"), "companies", [name], unique=False)
    op.create_table(
        "rejudgings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejudgings")),
    )
    revisions = sa.table("revisions", sa.column("scope", sa.Text), sa.column("value", sa.BigInteger))
    op.bulk_insert(revisions, [{"scope": "identities", "value": 0}])
