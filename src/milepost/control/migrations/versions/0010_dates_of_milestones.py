"""Starts and deadlines of milestones lie in the years 1900 to 2299; what lies beyond goes to the nearest instant."""

import json
from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

from milepost.domain.instant import AFTER_LATEST, EARLIEST

revision = "0010"
down_revision = "0009"

_LATEST = AFTER_LATEST - timedelta(milliseconds=1)


def upgrade() -> None:
    for name in ("milestones", "assigned_milestones"):
        table = sa.table(name, sa.column("id", sa.Uuid), sa.column("definition", sa.Text))
        dated = sa.select(table.c.id, table.c.definition).where(table.c.definition.contains('"date"'))
        for row_id, definition in op.get_bind().execute(dated).all():
            bounded = _bounded(definition)
            if bounded is not None:
                op.execute(sa.update(table).where(table.c.id == row_id).values(definition=bounded))


def _bounded(definition: str) -> str | None:
    """The definition with its dates within the years; None if they are."""
    told = json.loads(definition)
    has_moved = False
    for part in (told.get("start"), told.get("deadline")):
        if part and part["kind"] == "date":
            at = datetime.fromisoformat(part["at"])
            within = min(max(at, EARLIEST), _LATEST)
            if within != at:
                part["at"] = within.isoformat().replace("+00:00", "Z")
                has_moved = True
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) if has_moved else None
