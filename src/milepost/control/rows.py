"""The tables of the control plane, in types that SQLite and PostgreSQL share.

Times are Unix milliseconds. `definition` is a domain type as JSON text: definitions are read whole, never
queried inside, and equal copies are equal text, which lets readers parse each only once.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Row(DeclarativeBase):
    """Base of every table; constraint names are fixed so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid,
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON,
    }


class RevisionRow(Row):
    """A counter per scope that rises with every change, so that other processes notice."""

    __tablename__ = "revisions"

    scope: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class ConnectionRow(Row):
    __tablename__ = "connections"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    is_enabled: Mapped[bool]
    client_id: Mapped[str | None] = mapped_column(unique=True)
    public_key: Mapped[str | None] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    allowed_origins: Mapped[list[str]]
    events_per_second: Mapped[float | None]
    burst: Mapped[int | None]
    track_event_key: Mapped[str] = mapped_column(server_default="name")
    delivery_id: Mapped[str] = mapped_column(server_default="auto")
    doubtful_dates: Mapped[str] = mapped_column(server_default="flag")
    created_at_ms: Mapped[int]


class ConnectionSecretRow(Row):
    """A client secret, sealed; without `valid_until_ms` it is the current one."""

    __tablename__ = "connection_secrets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey(ConnectionRow.id), index=True)
    sealed: Mapped[bytes]
    created_at_ms: Mapped[int]
    valid_until_ms: Mapped[int | None]


class KeySpaceRow(Row):
    __tablename__ = "key_spaces"

    name: Mapped[str] = mapped_column(primary_key=True)
    created_at_ms: Mapped[int]


class CompanyRow(Row):
    """A company, or what is held for a key that names none (`standing`, see domain/company.py).

    `awaits_plan`: the definitions that go to every new company have not been copied to this one yet.
    `merged_into`: the company that a person combined this one into. `primary_id` follows from it: the end of
    that chain, NULL for a company that is its own. `given_attributes`: those that it has from its members.
    `sort_name` and `search_text` are the name, and the name and the keys, folded (domain/company.py).
    """

    __tablename__ = "companies"
    __table_args__ = tuple(
        Index(None, "standing", "merged_into", name, "id") for name in ("sort_name", "created_at_ms")
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    sort_name: Mapped[str]
    search_text: Mapped[str]
    is_auto_created: Mapped[bool]
    awaits_plan: Mapped[bool] = mapped_column(index=True)
    attributes: Mapped[dict[str, Any]]
    created_at_ms: Mapped[int]
    standing: Mapped[str] = mapped_column(server_default="active")
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"), index=True)
    primary_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"), index=True)
    given_attributes: Mapped[dict[str, Any] | None]


class RejudgingRow(Row):
    """A company whose states must be judged again, one row however much was changed; see repos/rejudgings.py.

    `mark` is another with each change, so that a judging settles only what it has seen.
    """

    __tablename__ = "rejudgings"
    __table_args__ = (Index(None, "is_urgent", "due_ms", "company_id"),)

    company_id: Mapped[UUID] = mapped_column(primary_key=True)
    mark: Mapped[UUID]
    from_scratch: Mapped[bool]
    is_urgent: Mapped[bool]
    since_ms: Mapped[int]
    due_ms: Mapped[int]


class CompanyKeyRow(Row):
    """Its primary key is the rule that (key space, value) names exactly one company."""

    __tablename__ = "company_keys"

    key_space: Mapped[str] = mapped_column(ForeignKey(KeySpaceRow.name), primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey(CompanyRow.id), index=True)


class SignalRow(Row):
    """The revision in force. `building` is the generation that a backfill fills beside it, see repos/generations.py."""

    __tablename__ = "signals"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey(ConnectionRow.id), index=True)
    definition: Mapped[str]
    slots: Mapped[dict[str, Any]]
    revision: Mapped[int]
    generation: Mapped[int]
    last_generation: Mapped[int] = mapped_column(server_default="0")
    building: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at_ms: Mapped[int]


class SignalRevisionRow(Row):
    """Every revision there was, the one in force included.

    They outlive their signal: what it emitted, and the events that it read, are still there to be found.
    """

    __tablename__ = "signal_revisions"

    signal_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    generation: Mapped[int]
    definition: Mapped[str]
    slots: Mapped[dict[str, Any]]
    created_at_ms: Mapped[int]


class MetricRow(Row):
    __tablename__ = "metrics"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    signal_id: Mapped[UUID | None] = mapped_column(ForeignKey(SignalRow.id), index=True)
    definition: Mapped[str]
    created_at_ms: Mapped[int]
    revision: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012  # counted up by every update


class MilestoneRow(Row):
    __tablename__ = "milestones"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    definition: Mapped[str]
    assigns_new_companies: Mapped[bool]
    new_companies_filter: Mapped[str | None]
    created_at_ms: Mapped[int]
    revision: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012  # counted up by every update


class OutcomeRow(Row):
    __tablename__ = "outcomes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    definition: Mapped[str]
    assigns_new_companies: Mapped[bool]
    new_companies_filter: Mapped[str | None]
    created_at_ms: Mapped[int]
    revision: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012  # counted up by every update


class AssignedOutcomeRow(Row):
    __tablename__ = "assigned_outcomes"
    __table_args__ = (
        UniqueConstraint("company_id", "outcome_id"),
        Index(None, "outcome_id", "state", "is_edited", "company_id"),  # counts are read from it alone
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome_id: Mapped[UUID] = mapped_column(ForeignKey(OutcomeRow.id))
    company_id: Mapped[UUID] = mapped_column(ForeignKey(CompanyRow.id))
    definition: Mapped[str]
    is_edited: Mapped[bool] = mapped_column(server_default=false())
    assigned_at_ms: Mapped[int]
    state: Mapped[str]
    state_at_ms: Mapped[int]
    progress: Mapped[float]


class AssignedMilestoneRow(Row):
    """The copy of a definition on one company; `outcome_id` is the assigned outcome that brought it, if one did."""

    __tablename__ = "assigned_milestones"
    __table_args__ = (
        UniqueConstraint("company_id", "milestone_id"),
        Index(None, "milestone_id", "state", "is_edited", "company_id"),  # counts are read from it alone
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    milestone_id: Mapped[UUID] = mapped_column(ForeignKey(MilestoneRow.id))
    company_id: Mapped[UUID] = mapped_column(ForeignKey(CompanyRow.id))
    outcome_id: Mapped[UUID | None] = mapped_column(ForeignKey(AssignedOutcomeRow.id, ondelete="SET NULL"), index=True)
    definition: Mapped[str]
    is_edited: Mapped[bool] = mapped_column(server_default=false())
    assigned_at_ms: Mapped[int]
    state: Mapped[str]
    state_at_ms: Mapped[int]


class TransitionRow(Row):
    """A change of state, kept for ever: also after its subject is unassigned."""

    __tablename__ = "transitions"
    __table_args__ = (Index(None, "company_id", "recorded_at_ms", "at_ms", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey(CompanyRow.id))
    subject: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    at_ms: Mapped[int]
    recorded_at_ms: Mapped[int]
    reason: Mapped[str]
    value: Mapped[float | None]
    cause: Mapped[str] = mapped_column(server_default="")
    is_correction: Mapped[bool] = mapped_column(server_default=false())
    is_late: Mapped[bool] = mapped_column(server_default=false())
    until_ms: Mapped[int | None]


class AuditRow(Row):
    """Ordered by id, a UUIDv7."""

    __tablename__ = "audit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at_ms: Mapped[int]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[str] = mapped_column(index=True)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
