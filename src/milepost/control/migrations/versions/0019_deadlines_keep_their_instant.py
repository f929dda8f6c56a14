"""A deadline so many days after the start lasts until the end of that day; those written before keep their instant."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"


def upgrade() -> None:
    for name in ("milestones", "assigned_milestones"):
        table = sa.table(name, sa.column("id", sa.Uuid), sa.column("definition", sa.Text))
        after_days = sa.select(table.c.id, table.c.definition).where(table.c.definition.contains('"after_days"'))
        for row_id, definition in op.get_bind().execute(after_days).all():
            told = json.loads(definition)
            deadline = told.get("deadline")
            if deadline and deadline["kind"] == "after_days":
                deadline.setdefault("at", "instant")
                kept = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
                op.execute(sa.update(table).where(table.c.id == row_id).values(definition=kept))
