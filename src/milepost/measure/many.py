"""The values of many metrics at one instant: one statement for all, in which each signal and window is read once.

Takes what metrics rest on; gives the numbers that `queries.MetricReader.values` gives of each, or why there are none: a
metric that cannot be evaluated keeps back no other. A store that is away is an UnavailableError.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from milepost.domain.basis import Basis, Leaf
from milepost.domain.errors import InvalidInputError
from milepost.domain.identities import Identities
from milepost.domain.unjudged import OF_THE_DATA
from milepost.measure.aggregations import AGGREGATIONS
from milepost.measure.columns import column_of
from milepost.measure.statements import many_values_sql
from milepost.measure.windows import begins_after_ms

_GROUPS_PER_QUERY: Final = 40
"""Bounds a statement's text, and with `_LEAVES_PER_GROUP` what it keeps of each company."""
_LEAVES_PER_GROUP: Final = 50

_PARTS_PER_QUERY: Final = 5_000

_PATIENCE_SECONDS: Final = 20.0
"""After statements that failed have taken so long, the rest of what failed with them is not tried apart."""

Values = dict[UUID, float | None]


class ManyValues(NamedTuple):
    """By metric: the values, or why it has none, since it does not fit its signal or cannot be evaluated."""

    values: Mapping[UUID, Mapping[UUID, float | None]]
    failures: Mapping[UUID, Exception]


class _Emissions(NamedTuple):
    """Those of one signal, in one window."""

    signal: UUID
    generation: int
    begins_after_ms: int | None


class _Group(NamedTuple):
    of: _Emissions
    leaves: Sequence[Leaf]


Run = Callable[[str, dict[str, Any]], Sequence[Sequence[Any]]]
"""A statement and its parameters: the rows."""


def values_of_many(
    bases: Mapping[UUID, Basis],
    as_of_ms: int,
    company_ids: Collection[UUID] | None,
    *,
    identities: Identities,
    run: Run,
) -> ManyValues:
    """By metric; see `queries.MetricReader.values_of_many`."""
    failures: dict[UUID, Exception] = {}
    fitting = {metric_id: basis for metric_id, basis in bases.items() if _fits(metric_id, basis, as_of_ms, failures)}
    groups = list(_groups(fitting.values(), as_of_ms))
    found: dict[str, Values] = {leaf.meaning: {} for group in groups for leaf in group.leaves}
    failed: dict[str, Exception] = {}
    not_alone = identities.hidden | identities.primary_of.keys() | identities.combined.keys()
    for who, joint in _asked(company_ids, identities):
        asking = _Asking(as_of_ms, who, joint, run, failed)
        for first in range(0, len(groups), _GROUPS_PER_QUERY):
            for group, company_id, numbers in asking.rows(groups[first : first + _GROUPS_PER_QUERY]):
                if joint or company_ids is not None or company_id not in not_alone:
                    for leaf, number in zip(group.leaves, numbers, strict=True):
                        found[leaf.meaning][company_id] = number
    values: dict[UUID, Values] = {}
    for metric_id, basis in fitting.items():
        try:
            values[metric_id] = _computed(basis, found, failed, company_ids)
        except OF_THE_DATA as error:
            failures[metric_id] = error
    return ManyValues(values, failures)


class _Asking:
    """Asks about groups; where that fails, about either half, until those aggregates are found for which it does."""

    def __init__(
        self,
        as_of_ms: int,
        who: Mapping[str, list[UUID]],
        is_joint: bool,  # private, and of one caller
        run: Run,
        failed: dict[str, Exception],
    ) -> None:
        self._as_of_ms = as_of_ms
        self._who = who
        self._is_joint = is_joint
        self._run = run
        self._failed = failed
        self._patience_seconds = _PATIENCE_SECONDS

    def rows(self, groups: Sequence[_Group]) -> list[tuple[_Group, UUID, Sequence[float | None]]]:
        """The group, the company, and a number for each of the group's aggregates."""
        began = time.monotonic()
        try:
            rows = self._run(*_statement(groups, self._as_of_ms, self._who, is_joint=self._is_joint))
        except OF_THE_DATA as error:
            self._patience_seconds -= time.monotonic() - began
            halves = _halves(groups) if self._patience_seconds > 0 else ()
            if not halves:
                self._failed.update({leaf.meaning: error for group in groups for leaf in group.leaves})
            return [row for half in halves for row in self.rows(half)]
        return [(groups[place], company_id, numbers) for place, company_id, numbers in rows]


def _halves(groups: Sequence[_Group]) -> Sequence[Sequence[_Group]]:
    if len(groups) > 1:
        return groups[: len(groups) // 2], groups[len(groups) // 2 :]
    of, leaves = groups[0]
    if len(leaves) > 1:
        return [_Group(of, leaves[: len(leaves) // 2])], [_Group(of, leaves[len(leaves) // 2 :])]
    return ()


def _computed(
    basis: Basis, found: Mapping[str, Values], failed: Mapping[str, Exception], company_ids: Collection[UUID] | None
) -> Values:
    for leaf in basis.leaves:
        if leaf.meaning in failed:
            raise failed[leaf.meaning]
    of_leaves = [found[leaf.meaning] for leaf in basis.leaves]
    asked = dict.fromkeys(one for some in of_leaves for one in some) if company_ids is None else company_ids
    empties = [leaf.metric.aggregation.empty for leaf in basis.leaves]
    return {
        company: basis.value_of([some.get(company, empty) for some, empty in zip(of_leaves, empties, strict=True)])
        for company in asked
    }


def _asked(
    company_ids: Collection[UUID] | None, identities: Identities
) -> Iterator[tuple[Mapping[str, list[UUID]], bool]]:
    """The parameters that say who is asked about, and whether several of the store's companies are one there.

    Most companies are one each, in the store's own order; the few that were combined are asked about apart.
    """
    if company_ids is None:
        yield {}, False
    elif alone := [one for one in company_ids if one not in identities.combined]:
        yield {"companies": alone}, False
    shown = identities.combined if company_ids is None else [one for one in company_ids if one in identities.combined]
    some: list[tuple[UUID, UUID]] = []
    for one in shown:
        if company_ids is not None or one not in identities.hidden:
            some += identities.parts([one])  # those of one company stay together
        if len(some) >= _PARTS_PER_QUERY:
            yield _as_one(some), True
            some = []
    if some:
        yield _as_one(some), True


def _as_one(parts: Sequence[tuple[UUID, UUID]]) -> dict[str, list[UUID]]:
    return {"parts": [part for part, _ in parts], "wholes": [whole for _, whole in parts]}


def _statement(
    groups: Sequence[_Group], as_of_ms: int, who: Mapping[str, list[UUID]], *, is_joint: bool
) -> tuple[str, dict[str, Any]]:
    columns = [[(AGGREGATIONS[leaf.metric.aggregation], column_of(leaf)) for leaf in one.leaves] for one in groups]
    begins = [place for place, one in enumerate(groups) if one.of.begins_after_ms is not None]
    parameters: dict[str, Any] = {"as_of": as_of_ms, **who}
    for place, one in enumerate(groups):
        parameters |= {f"signal_{place}": one.of.signal, f"generation_{place}": one.of.generation}
        parameters[f"begins_after_{place}"] = one.of.begins_after_ms or 0
    return many_values_sql(columns, begins, of_all=not who, is_joint=is_joint), parameters


def _fits(metric_id: UUID, basis: Basis, as_of_ms: int, failures: dict[UUID, Exception]) -> bool:
    try:
        for leaf in basis.leaves:
            column_of(leaf)
            begins_after_ms(leaf.metric.window, as_of_ms, basis.calendar)
    except (InvalidInputError, *OF_THE_DATA) as error:
        failures[metric_id] = error
        return False
    return True


def _groups(bases: Collection[Basis], as_of_ms: int) -> Iterator[_Group]:
    leaves: dict[_Emissions, dict[str, Leaf]] = defaultdict(dict)
    for basis in bases:
        for leaf in basis.leaves:
            begins = begins_after_ms(leaf.metric.window, as_of_ms, basis.calendar)
            leaves[_Emissions(leaf.signal.id, leaf.signal.generation, begins)][leaf.meaning] = leaf
    for of, by_meaning in leaves.items():
        every = list(by_meaning.values())
        for first in range(0, len(every), _LEAVES_PER_GROUP):
            yield _Group(of, every[first : first + _LEAVES_PER_GROUP])
