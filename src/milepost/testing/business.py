"""A small believable business in a control database: purchases of a shop, and what its owner watches.

Takes a session and gives what it made; for tests, and for trying things out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from milepost.control.migrate import open_migrated
from milepost.control.repos import connections, metrics, milestones, outcomes, signals
from milepost.control.session import Database, sqlite_url
from milepost.domain.connection import Connection, ConnectionKind
from milepost.domain.criterion import FieldType
from milepost.domain.metric import Aggregation, Metric, MetricDraft
from milepost.domain.milestone import AutomaticAction, Comparison, ManualAction, Milestone, MilestoneDraft
from milepost.domain.outcome import Outcome, OutcomeDraft, WeightedMilestone
from milepost.domain.signal import CompanyMapping, Signal, SignalDraft, SignalField

SECRETS_KEY = bytes(range(32))
NOW_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """A shop: its purchases as a signal, their number as a metric, five of them as a milestone of one outcome."""

    connection: Connection
    signal: Signal
    metric: Metric
    milestone: Milestone
    outcome: Outcome


def make_control_database(folder: Path) -> Database:
    """A migrated database in the folder."""
    return open_migrated(sqlite_url(folder / "control.sqlite"))


def purchase_draft(connection_id: UUID) -> SignalDraft:
    """Purchases: who bought, for how many dollars."""
    return SignalDraft(
        name="Purchases",
        connection_id=connection_id,
        event_key="purchase",
        fields=(
            SignalField(name="customer", path=("customer",), type=FieldType.TEXT),
            SignalField(name="dollars", path=("dollars",), type=FieldType.NUMBER),
        ),
        company=CompanyMapping(field="customer", key_space="CustomerNumber"),
    )


def milestone_draft(metric_id: UUID) -> MilestoneDraft:
    """Five purchases, and a call that does not decide about achievement."""
    five = AutomaticAction(name="Buys five times", metric_id=metric_id, operator=Comparison.AT_LEAST, value=5)
    return MilestoneDraft(
        name="5 purchases", actions=(five, ManualAction(name="Call to say thanks", affects_achievement=False))
    )


def add_connection(session: Session, kind: ConnectionKind = ConnectionKind.EVENT_HANDLER) -> Connection:
    """A connection named Shop."""
    draft = connections.ConnectionDraft(name="Shop", kind=kind)
    return connections.create_connection(session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY).connection


def add_business(session: Session) -> Business:
    """The whole shop; no companies yet."""
    connection = add_connection(session)
    signal = signals.create_signal(session, purchase_draft(connection.id), now_ms=NOW_MS)
    count = MetricDraft(name="Number of purchases", signal_id=signal.id, aggregation=Aggregation.COUNT)
    metric = metrics.create_metric(session, count, now_ms=NOW_MS)
    milestone = milestones.create_milestone(session, milestone_draft(metric.id), now_ms=NOW_MS)
    loyal = OutcomeDraft(name="A loyal customer", milestones=(WeightedMilestone(milestone_id=milestone.id),))
    outcome = outcomes.create_outcome(session, loyal, now_ms=NOW_MS)
    return Business(connection=connection, signal=signal, metric=metric, milestone=milestone, outcome=outcome)
