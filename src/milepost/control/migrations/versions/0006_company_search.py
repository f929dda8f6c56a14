"""What companies are searched and sorted by, and what a combined company gave to its primary."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from milepost.domain.company import folded, search_text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("companies", sa.Column("given_attributes", sa.JSON(none_as_null=True), nullable=True))
    for name in ("sort_name", "search_text"):
        op.add_column("companies", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    _fill()
    op.drop_index(op.f("ix_companies_name_id"), "companies")
    op.drop_index(op.f("ix_companies_standing"), "companies")
    for name in ("sort_name", "created_at_ms"):
        columns = ["standing", "merged_into", name, "id"]
        op.create_index(op.f(f"ix_companies_{'_'.join(columns)}"), "companies", columns, unique=False)


def _fill() -> None:
    names = ("id", "name", "sort_name", "search_text")
    companies = sa.table("companies", *(sa.column(name, sa.Text) for name in names))
    keys = sa.table("company_keys", sa.column("company_id", sa.Text), sa.column("value", sa.Text))
    values: dict[str, list[str]] = defaultdict(list)
    for company_id, value in op.get_bind().execute(sa.select(keys.c.company_id, keys.c.value)):
        values[company_id].append(value)
    for company_id, name in op.get_bind().execute(sa.select(companies.c.id, companies.c.name)).all():
        of_company = {"sort_name": folded(name), "search_text": search_text(name, sorted(values[company_id]))}
        op.execute(sa.update(companies).where(companies.c.id == company_id).values(of_company))
