"""Timelines are read by when their entries were recorded."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.drop_index(op.f("ix_transitions_company_id_at_ms_id"), "transitions")
    columns = ["company_id", "recorded_at_ms", "at_ms", "id"]
    op.create_index(op.f(f"ix_transitions_{'_'.join(columns)}"), "transitions", columns, unique=False)
