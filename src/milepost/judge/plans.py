"""The judge's view of the control plane: reads what is assigned, writes what was judged, through its repositories.

Keeps metrics and signals at hand until a definition changes; UnavailableError when the database does not answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from milepost.control.repos.assigned import list_assigned_milestones, list_assigned_outcomes
from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.signals import list_signals
from milepost.control.repos.transitions import record_progress, record_transitions
from milepost.control.revisions import Scope, read_revision
from milepost.control.session import Database
from milepost.domain.metric import Metric
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.outcome import AssignedOutcome
from milepost.domain.signal import Signal


class ControlPlans:
    """See `ports.Plans`; for one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revision = -1
        self._definitions: tuple[Mapping[UUID, Metric], Mapping[UUID, Signal]] = ({}, {})

    def assigned(
        self, company_ids: Collection[UUID] | None
    ) -> tuple[Sequence[AssignedMilestone], Sequence[AssignedOutcome]]:
        """See `ports.Plans`; both are of one state of the database."""
        with self._database.read() as session:
            return list_assigned_milestones(session, company_ids), list_assigned_outcomes(session, company_ids)

    def definitions(self) -> tuple[Mapping[UUID, Metric], Mapping[UUID, Signal]]:
        """See `ports.Plans`; read again only after a change."""
        with self._database.read() as session:
            revision = read_revision(session, Scope.DEFINITIONS)
            if revision != self._revision:
                self._definitions = (
                    {metric.id: metric for metric in list_metrics(session)},
                    {signal.id: signal for signal in list_signals(session)},
                )
                self._revision = revision
        return self._definitions

    def record(self, transitions: Sequence[Transition], progress: Mapping[UUID, float]) -> None:
        """See `ports.Plans`."""
        with self._database.write() as session:
            record_transitions(session, transitions)
            record_progress(session, progress)
