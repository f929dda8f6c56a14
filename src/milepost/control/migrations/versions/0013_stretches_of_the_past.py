"""A transition may tell of a stretch of the past alone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("transitions", sa.Column("until_ms", sa.BigInteger(), nullable=True))
