"""Answers of the control plane to the stages, each in a transaction of its own: companies, plans, definitions.

The stages say what they need as protocols (detect/company.py, judge/ports.py); these classes are what they get.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from milepost.control.pace import MOST_COMPANIES, MOST_COPIES, companies_at_once
from milepost.control.repos.assigned import companies_with_plans, list_assigned_milestones, list_assigned_outcomes
from milepost.control.repos.audit import audit_since
from milepost.control.repos.auto_assign import assign_missing, copies_of_new_companies
from milepost.control.repos.bases import bases
from milepost.control.repos.company_keys import create_companies, find_companies
from milepost.control.repos.generations import list_twins
from milepost.control.repos.identities import read_identities
from milepost.control.repos.plan_changes import deeds_since
from milepost.control.repos.rejudgings import count_waiting, owed_among, owed_rejudgings, settle_rejudgings
from milepost.control.repos.settings import read_settings
from milepost.control.repos.signals import list_signals
from milepost.control.repos.transitions import record_progress, record_transitions, recorded_of
from milepost.control.repos.unmatched import make_companies, unmatched_among
from milepost.control.revisions import Scope, raise_revision, read_revision
from milepost.control.session import Database
from milepost.domain.basis import Basis
from milepost.domain.calendar import Calendar
from milepost.domain.company import Standing
from milepost.domain.history import Recorded
from milepost.domain.identities import Identities
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.outcome import AssignedOutcome
from milepost.domain.plan import News, Owed, Waiting
from milepost.domain.signal import Signal
from milepost.kit.clock import Clock

_MOVE_NUMBERS = ("metric", "signal", "company", "settings", "user_data")
"""What the audit log calls that whose change may move a metric's value."""

_BY_THE_THOUSAND = ("import",)
"""What is done to companies in masses, and is never why a state changed (judge/causes.py): not worth reading."""


class CompanyDirectory:
    """Companies by key (detect/company.py)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def companies(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        """Look up; create what is unknown: companies with the plans that new ones get, if the settings allow it.

        Then what was held for these keys before they did becomes companies too; else it is held, unmatched.
        """
        with self._database.read() as session:
            found = find_companies(session, keys)
            creates = read_settings(session).creates_companies
            held = unmatched_among(session, found.values()) if creates else []
            if len(found) == len(set(keys)) and not held:
                return found
            size = companies_at_once(copies_of_new_companies(session)) if creates else MOST_COMPANIES
        made: dict[tuple[str, str], UUID] = {}
        unknown = [key for key in dict.fromkeys(keys) if key not in found]
        for start in range(0, max(len(unknown), len(held)), size):
            part = slice(start, start + size)
            made |= self._make(unknown[part], held[part], creates=creates)
        return found | made

    def _make(
        self, unknown: Sequence[tuple[str, str]], held: Sequence[UUID], *, creates: bool
    ) -> dict[tuple[str, str], UUID]:
        """A part of them, with their plans: people may write between two parts."""
        with self._database.write() as session:
            now_ms = self._clock()
            if not creates:
                raise_revision(session, Scope.IDENTITIES)
                return create_companies(session, unknown, now_ms, Standing.UNMATCHED)
            made = create_companies(session, unknown, now_ms)
            make_companies(session, unmatched_among(session, held), now_ms=now_ms)
            assign_missing(session, now_ms)
            return made


class DefinitionSource:
    """The signals in force and what metrics rest on, read anew only when their revision has risen. For one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revision = -1
        self._signals: Mapping[UUID, Signal] = {}
        self._twins: Sequence[Signal] = ()
        self._bases: Mapping[UUID, Basis] = {}
        self._calendar = Calendar()

    def refresh(self) -> bool:
        """Whether anything has changed since the last call; the first one says yes."""
        with self._database.read() as session:
            revision = read_revision(session, Scope.DEFINITIONS)
            if revision == self._revision:
                return False
            self._signals = {signal.id: signal for signal in list_signals(session)}
            self._twins = list_twins(session)
            self._bases = bases(session)
            self._calendar = read_settings(session).calendar
            self._revision = revision
            return True

    def have_numbers_changed(self) -> bool:
        """Refresh, and whether what states rest on is another: not so if only plans, names or companies changed.

        Deadlines rest on the calendar, also where there is no metric.
        """
        before = self._bases, self._calendar
        return self.refresh() and (self._bases, self._calendar) != before

    def signals(self) -> Mapping[UUID, Signal]:
        """By id, disabled ones included, as of the last refresh."""
        return self._signals

    def twins(self) -> Sequence[Signal]:
        """Signals in the generation that a backfill is filling: what they emit is stored, and not read yet."""
        return self._twins

    def bases(self) -> Mapping[UUID, Basis]:
        """What each metric rests on, by its id, as of the last refresh."""
        return self._bases

    def calendar(self) -> Calendar:
        """The account's, as of the last refresh."""
        return self._calendar


class IdentitySource:
    """Which companies are one, read anew only when the revision has risen. For any number of threads.

    What a call gives has every change that was committed before it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._revision = -1
        self._identities = Identities()

    def __call__(self) -> Identities:
        """As of now."""
        with self._lock, self._database.read() as session:
            revision = read_revision(session, Scope.IDENTITIES)
            if revision != self._revision:
                self._identities = read_identities(session)
                self._revision = revision
            return self._identities


class Rejudgings:
    """Companies that must be judged again (judge/ports.py)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def owed(self, most: int, *, urgent_only: bool = False) -> Sequence[Owed]:
        """See the port."""
        with self._database.read() as session:
            return owed_rejudgings(session, now_ms=self._clock(), most=most, urgent_only=urgent_only)

    def among(self, company_ids: Collection[UUID]) -> Sequence[Owed]:
        """See the port."""
        with self._database.read() as session:
            return owed_among(session, company_ids, now_ms=self._clock())

    def settle(self, judged: Collection[Owed]) -> None:
        """See the port."""
        with self._database.write() as session:
            settle_rejudgings(session, judged)

    def waiting(self) -> Waiting:
        """See the port."""
        with self._database.read() as session:
            return count_waiting(session, now_ms=self._clock())


class JudgedPlans:
    """What is on companies' plans, and the record of how it fared (judge/ports.py)."""

    def __init__(self, database: Database, definitions: DefinitionSource) -> None:
        self._database = database
        self._definitions = definitions

    def milestones(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedMilestone]:
        """See the port."""
        with self._database.read() as session:
            return list_assigned_milestones(session, company_ids)

    def outcomes(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedOutcome]:
        """See the port."""
        with self._database.read() as session:
            return list_assigned_outcomes(session, company_ids)

    def companies(self) -> Collection[UUID]:
        """See the port."""
        with self._database.read() as session:
            return companies_with_plans(session)

    def bases(self) -> Mapping[UUID, Basis]:
        """See the port."""
        return self._definitions.bases()

    def calendar(self) -> Calendar:
        """See the port."""
        return self._definitions.calendar()

    def news(self, since_ms: int, company_ids: Collection[UUID] | None) -> News:
        """See the port; changes of definitions alone explain no state, since companies have copies."""
        with self._database.read() as session:
            others = audit_since(session, since_ms, _MOVE_NUMBERS, but_actions=_BY_THE_THOUSAND)
            return News(deeds_since(session, since_ms, company_ids), others)

    def recorded(self, copy_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Recorded]]:
        """See the port."""
        with self._database.read() as session:
            return recorded_of(session, copy_ids)

    def record(self, transitions: Sequence[Transition], progress: Mapping[UUID, float]) -> None:
        """See the port. What breaks off between two pieces is judged again, and then records what is missing."""
        left = dict(progress)
        for start in range(0, len(transitions), MOST_COPIES):
            piece = transitions[start : start + MOST_COPIES]
            shares = {one.subject_id: left.pop(one.subject_id) for one in piece if one.subject_id in left}
            with self._database.write() as session:
                record_transitions(session, piece)
                record_progress(session, shares)
        rest = list(left.items())
        for start in range(0, len(rest), MOST_COPIES):
            with self._database.write() as session:
                record_progress(session, dict(rest[start : start + MOST_COPIES]))


class ForeseenPlans(JudgedPlans):
    """The same plans, for judging what is not so yet: nothing is recorded."""

    def record(self, transitions: Sequence[Transition], progress: Mapping[UUID, float]) -> None:
        """Nothing."""
