"""Revisions of a signal stay when it is deleted: they say where payloads of then hold companies' keys."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("signal_revisions") as table:
        table.drop_constraint("fk_signal_revisions_signal_id", type_="foreignkey")
