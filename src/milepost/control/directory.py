"""Answers of the control plane to the stages, each in a transaction of its own: companies, definitions.

The stages say what they need as protocols (detect/company.py); these classes are what they get.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from milepost.control.repos.company_keys import create_companies, find_companies
from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.plans import assign_missing
from milepost.control.repos.signals import list_signals
from milepost.control.revisions import Scope, read_revision
from milepost.control.session import Database
from milepost.domain.metric import Metric
from milepost.domain.signal import Signal
from milepost.kit.clock import Clock


class CompanyDirectory:
    """Companies by key (detect/company.py)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def companies(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        """Look up, and create what is unknown together with the plans that new companies get."""
        with self._database.read() as session:
            found = find_companies(session, keys)
        if len(found) == len(set(keys)):
            return found
        with self._database.write() as session:
            now_ms = self._clock()
            found |= create_companies(session, keys, now_ms)
            assign_missing(session, now_ms)
            return found


class DefinitionSource:
    """The signals and metrics in force, read anew only when their revision has risen. For one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revision = -1
        self._signals: Mapping[UUID, Signal] = {}
        self._metrics: Mapping[UUID, Metric] = {}

    def refresh(self) -> bool:
        """Whether anything has changed since the last call; the first one says yes."""
        with self._database.read() as session:
            revision = read_revision(session, Scope.DEFINITIONS)
            if revision == self._revision:
                return False
            self._signals = {signal.id: signal for signal in list_signals(session)}
            self._metrics = {metric.id: metric for metric in list_metrics(session)}
            self._revision = revision
            return True

    def signals(self) -> Mapping[UUID, Signal]:
        """By id, disabled ones included, as of the last refresh."""
        return self._signals

    def metrics(self) -> Mapping[UUID, Metric]:
        """By id, as of the last refresh."""
        return self._metrics
