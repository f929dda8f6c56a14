"""Which data folder the database belongs to, what its keys sealed, and how often it was noted elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "folder",
        sa.Column("only_row", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("secrets_proof", sa.LargeBinary(), nullable=False),
        sa.Column("tokens_proof", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_folder")),
    )
