"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_account()
    _create_audit_and_revisions()
    _create_connections()
    _create_companies()
    _create_signals_and_metrics()
    _create_definitions_of_success()
    _create_plans()
    _create_assigned_milestones()
    _create_transitions()
    _insert_what_is_always_there()


def _create_account() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at_ms"), "sessions", ["expires_at_ms"], unique=False)
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)
    op.create_table(
        "settings",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
    )


def _create_audit_and_revisions() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject_id"), "audit", ["subject_id"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_revisions")),
    )


def _create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("allowed_origins", sa.JSON(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("client_id", name=op.f("uq_connections_client_id")),
        sa.UniqueConstraint("public_key", name=op.f("uq_connections_public_key")),
    )
    op.create_table(
        "connection_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_connection_secrets_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_secrets")),
    )
    op.create_index(op.f("ix_connection_secrets_connection_id"), "connection_secrets", ["connection_id"], unique=False)


def _create_companies() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_auto_created", sa.Boolean(), nullable=False),
        sa.Column("awaits_plan", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
    )
    op.create_index(op.f("ix_companies_awaits_plan"), "companies", ["awaits_plan"], unique=False)
    op.create_index(op.f("ix_companies_name_id"), "companies", ["name", "id"], unique=False)
    op.create_table(
        "key_spaces",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_key_spaces")),
    )
    op.create_table(
        "company_keys",
        sa.Column("key_space", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_company_keys_company_id")),
        sa.ForeignKeyConstraint(["key_space"], ["key_spaces.name"], name=op.f("fk_company_keys_key_space")),
        sa.PrimaryKeyConstraint("key_space", "value", name=op.f("pk_company_keys")),
    )
    op.create_index(op.f("ix_company_keys_company_id"), "company_keys", ["company_id"], unique=False)


def _create_signals_and_metrics() -> None:
    op.create_table(
        "signals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("slots", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_signals_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
    )
    op.create_index(op.f("ix_signals_connection_id"), "signals", ["connection_id"], unique=False)
    op.create_table(
        "signal_revisions",
        sa.Column("signal_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("slots", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signals.id"], name=op.f("fk_signal_revisions_signal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("signal_id", "revision", name=op.f("pk_signal_revisions")),
    )
    op.create_table(
        "metrics",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signal_id", sa.Uuid(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["signal_id"], ["signals.id"], name=op.f("fk_metrics_signal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metrics")),
    )
    op.create_index(op.f("ix_metrics_signal_id"), "metrics", ["signal_id"], unique=False)


def _create_definitions_of_success() -> None:
    op.create_table(
        "milestones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("assigns_new_companies", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestones")),
    )
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("assigns_new_companies", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
    )


def _create_plans() -> None:
    op.create_table(
        "assigned_outcomes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("outcome_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("assigned_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_assigned_outcomes_company_id")),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcomes.id"], name=op.f("fk_assigned_outcomes_outcome_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assigned_outcomes")),
        sa.UniqueConstraint("company_id", "outcome_id", name=op.f("uq_assigned_outcomes_company_id_outcome_id")),
    )
    op.create_index(op.f("ix_assigned_outcomes_outcome_id"), "assigned_outcomes", ["outcome_id"], unique=False)


def _create_assigned_milestones() -> None:
    op.create_table(
        "assigned_milestones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("outcome_id", sa.Uuid(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("assigned_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_assigned_milestones_company_id")),
        sa.ForeignKeyConstraint(["milestone_id"], ["milestones.id"], name=op.f("fk_assigned_milestones_milestone_id")),
        sa.ForeignKeyConstraint(
            ["outcome_id"],
            ["assigned_outcomes.id"],
            name=op.f("fk_assigned_milestones_outcome_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assigned_milestones")),
        sa.UniqueConstraint("company_id", "milestone_id", name=op.f("uq_assigned_milestones_company_id_milestone_id")),
    )
    op.create_index(op.f("ix_assigned_milestones_milestone_id"), "assigned_milestones", ["milestone_id"], unique=False)
    op.create_index(op.f("ix_assigned_milestones_outcome_id"), "assigned_milestones", ["outcome_id"], unique=False)
    op.create_table(
        "ticks",
        sa.Column("assigned_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.BigInteger(), nullable=False),
        sa.Column("ticked_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assigned_id"], ["assigned_milestones.id"], name=op.f("fk_ticks_assigned_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assigned_id", "action", name=op.f("pk_ticks")),
    )


def _create_transitions() -> None:
    op.create_table(
        "transitions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_transitions_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transitions")),
    )
    op.create_index(
        op.f("ix_transitions_company_id_at_ms_id"), "transitions", ["company_id", "at_ms", "id"], unique=False
    )
    op.create_index(op.f("ix_transitions_subject_id"), "transitions", ["subject_id"], unique=False)


def _insert_what_is_always_there() -> None:
    revisions = sa.table("revisions", sa.column("scope", sa.Text), sa.column("value", sa.BigInteger))
    op.bulk_insert(revisions, [{"scope": "connections", "value": 0}, {"scope": "definitions", "value": 0}])
    key_spaces = sa.table("key_spaces", sa.column("name", sa.Text), sa.column("created_at_ms", sa.BigInteger))
    op.bulk_insert(key_spaces, [{"name": "CompanyID", "created_at_ms": 0}])
