"""What the judge has set aside, since it cannot be judged as it is: conditions on metrics, and whole companies.

For the judge's thread; only `everything` is for any.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from uuid import UUID

from milepost.domain.milestone import AssignedMilestone
from milepost.domain.unjudged import Unjudged, reason_of
from milepost.judge.asking import Failure
from milepost.kit.clock import Clock, to_datetime


class Aside:
    """`told` hears of each company that is set aside whole, once."""

    def __init__(self, clock: Clock, told: Callable[[UUID, Exception], None]) -> None:
        self._clock = clock
        self._told = told
        self._companies: dict[UUID, Unjudged] = {}
        self._unanswered: dict[UUID, tuple[Unjudged, ...]] = {}

    @property
    def companies(self) -> Collection[UUID]:
        """Those set aside whole."""
        return self._companies.keys()

    def everything(self) -> list[Unjudged]:
        """All that is set aside; may be asked from any thread."""
        return [*self._companies.copy().values(), *chain.from_iterable(self._unanswered.copy().values())]

    def retain(self, company_ids: Collection[UUID]) -> None:
        """Only these have a plan now."""
        left = set(company_ids)
        for company_id in self._companies.keys() - left:
            del self._companies[company_id]
        for company_id in self._unanswered.keys() - left:
            del self._unanswered[company_id]

    def put(self, company_id: UUID, error: Exception) -> None:
        """The company's plan cannot be judged at all."""
        if company_id not in self._companies:
            since = to_datetime(self._clock())
            self._companies[company_id] = Unjudged(
                of="company", company_id=company_id, reason=reason_of(error), since=since
            )
            self._told(company_id, error)

    def take_back(self, company_ids: Iterable[UUID]) -> None:
        """These could be judged."""
        for company_id in company_ids:
            self._companies.pop(company_id, None)

    def note(
        self,
        company_ids: Iterable[UUID],
        milestones: Iterable[AssignedMilestone],
        failures: Mapping[UUID, tuple[UUID, Failure]],
    ) -> None:
        """Of these companies just this could not be evaluated; what could not before either is so since then."""
        found: dict[UUID, list[Unjudged]] = {}
        for one in milestones:
            if one.id in failures:
                metric_id, failure = failures[one.id]
                before = self._unanswered.get(one.company_id, ())
                since = next((it.since for it in before if it.milestone_id == one.milestone_id), None)
                unjudged = Unjudged(
                    of="metric" if failure.of_definition else "company",
                    company_id=one.company_id,
                    milestone_id=one.milestone_id,
                    metric_id=metric_id,
                    reason=failure.reason,
                    since=since or to_datetime(self._clock()),
                )
                found.setdefault(one.company_id, []).append(unjudged)
        for company_id in company_ids:
            if company_id in found:
                self._unanswered[company_id] = tuple(found[company_id])
            else:
                self._unanswered.pop(company_id, None)

    def has_unanswered(self, company_id: UUID) -> bool:
        """Whether a condition of the company could not be evaluated."""
        return company_id in self._unanswered
