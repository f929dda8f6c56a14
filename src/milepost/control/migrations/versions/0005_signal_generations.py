"""Generations of signals: the one that a backfill is filling, and the highest that was ever begun."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("signals", sa.Column("last_generation", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("signals", sa.Column("building", sa.JSON(none_as_null=True), nullable=True))
