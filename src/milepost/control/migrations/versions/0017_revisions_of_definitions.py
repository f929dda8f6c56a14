"""Metrics, milestones, outcomes and plan templates count their revisions, as signals do."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0013"


def upgrade() -> None:
    for table in ("metrics", "milestones", "outcomes", "plan_templates"):
        op.add_column(table, sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"))
