"""What the judge needs of others: the control plane's plans, and answers about metrics.

Both are told as protocols, since stages do not import each other and rules are tried without a database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.calendar import Calendar
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.history import Recorded
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.outcome import AssignedOutcome
from milepost.domain.plan import News, Owed, Waiting


class Plans(Protocol):
    """The control plane (`control.directory.JudgedPlans`): what is assigned, by what it is judged, how it fared.

    Companies that do not exist or are not shown, or have nothing assigned, give nothing. `company_ids` of None: all.
    """

    def milestones(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedMilestone]:
        """The copies on these companies, with their ticks and present states."""

    def outcomes(self, company_ids: Collection[UUID] | None) -> Sequence[AssignedOutcome]:
        """The outcomes on these companies' plans, with their present states."""

    def companies(self) -> Collection[UUID]:
        """The companies that have anything assigned."""

    def bases(self) -> Mapping[UUID, Basis]:
        """What every metric in force rests on, by its id; asked once a judging, so keep it at hand."""

    def calendar(self) -> Calendar:
        """The account's, whose dates reasons tell; kept at hand like the bases."""

    def news(self, since_ms: int, company_ids: Collection[UUID] | None) -> News:
        """What people have done from this instant on, oldest first, to plans of these companies at least, or of all.

        Asked for when a change wants its cause, so it should cost no more than there is of it.
        """

    def recorded(self, copy_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Recorded]]:
        """The changes of state on record of these milestones and outcomes, as they were recorded one after another."""

    def record(self, transitions: Sequence[Transition], progress: Mapping[UUID, float]) -> None:
        """Keep the transitions, set their subjects' states, and assigned outcomes' progress; in order, in short pieces.

        A transition whose subject has meanwhile left `from_state`, or is gone, has no effect. Where `from_state` is
        `to_state`, the instant since when was corrected. One that alters the past is a line in the audit log.
        """


class Rejudgings(Protocol):
    """Companies that must be judged again (`control.directory.Rejudgings`), each once, kept until it has been."""

    def owed(self, most: int, *, urgent_only: bool = False) -> Sequence[Owed]:
        """Up to so many: first what a person waits for, then those that have waited longest."""

    def among(self, company_ids: Collection[UUID]) -> Sequence[Owed]:
        """Those of these companies that must be judged again."""

    def settle(self, judged: Collection[Owed]) -> None:
        """These have been judged since they were given; what was done to one in between stays owed."""

    def waiting(self) -> Waiting:
        """How many there are, and since when the first of them waits."""


class JudgingJob(Protocol):
    """Where people see how far a judging of all companies is (`control.judging_job.JudgingJobs`)."""

    def progress(self, done: int, total: int) -> None:
        """So many of the companies have been judged; the first call begins it."""

    def end(self) -> None:
        """All have been."""


class Measures(Protocol):
    """The measure stage's answers (`measure.queries.MetricReader`); InvalidInputError if a metric fits no signal."""

    def first_crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[Crossing | None]:
        """For each ask the first instant from `since_ms` on, maybe ahead of now, at which the threshold holds."""

    def crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[list[Crossing]]:
        """For each ask every instant, also ahead of now, at which it begins or ceases to hold; the first one holds."""
