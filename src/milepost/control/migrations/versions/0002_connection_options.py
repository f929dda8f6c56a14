"""A connection's rate limit, and what names its tracks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("connections", sa.Column("events_per_second", sa.Double(), nullable=True))
    op.add_column("connections", sa.Column("burst", sa.BigInteger(), nullable=True))
    op.add_column("connections", sa.Column("track_event_key", sa.Text(), nullable=False, server_default="name"))
