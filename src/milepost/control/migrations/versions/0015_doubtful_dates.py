"""What becomes of events of a connection whose dates are implausible: `flag` or `refuse`."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("connections", sa.Column("doubtful_dates", sa.Text(), server_default="flag", nullable=False))
