"""Where a connection's webhooks have the id of their delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("connections", sa.Column("delivery_id", sa.Text(), nullable=False, server_default="auto"))
