"""What the console API asks of the store, told as protocols; the wiring says who answers.

Both are called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from milepost.domain.event import EventId
from milepost.domain.event_log import EmissionRecord, EventQuery, EventRecord
from milepost.domain.metric import MetricDraft
from milepost.domain.signal import Signal


class EventLog(Protocol):
    """The permanent log of events; an event appears once the reactor has processed it."""

    def find(self, query: EventQuery) -> Sequence[EventRecord]:
        """Newest first: by time of arrival, then request id, then place in the request; up to `query.limit`."""

    def get(self, event_id: EventId) -> EventRecord | None:
        """One event."""

    def of_request(self, request_id: UUID) -> Sequence[EventRecord]:
        """The events of a request in their order; none while it is unknown or not processed yet."""

    def emissions(self, event_id: EventId) -> Sequence[EmissionRecord]:
        """What the event emitted in the signals' generations in force."""


class MetricValues(Protocol):
    """Metric values at an instant."""

    def values(
        self, metric: MetricDraft, signal: Signal, as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> Mapping[UUID, float]:
        """The value of exactly the companies asked for; with None, of all that have an emission in the window."""
