"""What metrics are, and when they crossed a threshold: reads the store's signals, writes nothing.

Takes what metrics rest on, and instants in Unix milliseconds; gives numbers per company; refuses what does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from milepost.domain.basis import Basis, Leaf
from milepost.domain.calendar import Calendar, Period
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.identities import Identities
from milepost.measure.aggregations import AGGREGATIONS
from milepost.measure.columns import column_of, group_column_of
from milepost.measure.many import ManyValues, values_of_many
from milepost.measure.reads import Read, asks_per_query, constants_of, of_signal
from milepost.measure.statements import (
    ACTIVE_DAYS,
    ANY_LATER,
    COMPANIES,
    SERIES,
    LeafSql,
    crossings,
    first_crossing,
    groups_sql,
    joint_values_sql,
    steps_sql,
    values_sql,
)
from milepost.measure.windows import begins_after_ms, ends_of, window_sql
from milepost.store.client import Queries, answering

PARTS_PER_QUERY = 5_000
"""Bounds a query's text: ids are read with it."""

Values = dict[UUID, float | None]


class MetricReader:
    """Reads metrics through a store client, or a pool; as that, it is for one thread at a time, or many.

    Only emissions of the signals' generations in force count. Companies that were combined are read as one, by
    their primary's id, and hidden ones are not among all; `identities` says which. A metric that does not fit its
    signal is an InvalidInputError, one that the store cannot evaluate an UnanswerableError, and a store that is away an
    UnavailableError. None stands for no value.
    """

    def __init__(self, client: Queries, identities: Callable[[], Identities] = Identities) -> None:
        self._client = client
        self._identities = identities

    def values(self, basis: Basis, as_of_ms: int, company_ids: Collection[UUID] | None = None) -> Values:
        """The value at an instant: of exactly the companies asked for, or of all with an emission in a window."""
        identities = self._identities()
        found = [self._of_leaf(leaf, basis.calendar, as_of_ms, company_ids, identities) for leaf in basis.leaves]
        asked = found[0].keys() if basis.aggregate else {company for values in found for company in values}
        empties = [leaf.metric.aggregation.empty for leaf in basis.leaves]
        return {
            company: basis.value_of([values.get(company, empty) for values, empty in zip(found, empties, strict=True)])
            for company in (asked if company_ids is None else company_ids)
        }

    def values_of_many(
        self, bases: Mapping[UUID, Basis], as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> ManyValues:
        """The same of many metrics, by their ids, in one pass; of one that has no values it says why."""
        return values_of_many(bases, as_of_ms, company_ids, identities=self._identities(), run=self._rows)

    def groups(
        self, basis: Basis, by: str, as_of_ms: int, company_id: UUID | None, most: int
    ) -> list[tuple[float | str | None, float | None]]:
        """The value at an instant for each value of the field `by`, largest first: of one company, or of all as one.

        For aggregates only; None as a group is of emissions without a value in the field.
        """
        (leaf,) = basis.leaves
        companies = self._grouped(leaf, company_id)
        begins_after = begins_after_ms(leaf.metric.window, as_of_ms, basis.calendar)
        sql = groups_sql(
            AGGREGATIONS[leaf.metric.aggregation],
            column_of(leaf),
            group_column_of(leaf, by),
            has_beginning=begins_after is not None,
            of_all=companies is None,
        )
        window = {"as_of": as_of_ms, "begins_after": begins_after or 0}
        rows = self._rows(sql, {**of_signal(leaf), **window, "companies": list(companies or ()), "most": most})
        return [(group, value) for group, value in rows]

    def _grouped(self, leaf: Leaf, company_id: UUID | None) -> Collection[UUID] | None:
        """The store's companies whose emissions are grouped; None for all, where it has none that is hidden.

        Those shown are listed rather than those hidden, of which an account that matches no keys has very many.
        """
        identities = self._identities()
        if company_id is not None:
            return identities.members(company_id)
        found = {row[0] for row in self._rows(COMPANIES, of_signal(leaf))} if identities.hidden else set()
        return found - identities.hidden if found & identities.hidden else None

    def series(
        self, basis: Basis, ends_ms: Sequence[int], company_ids: Sequence[UUID]
    ) -> dict[UUID, list[float | None]]:
        """The value at each of these rising instants, for each company (see `domain.calendar.Calendar.periods`)."""
        bounds = [ends_ms[0] - 1, *ends_ms]
        asks = [Ask(company_id, ends_ms[0]) for company_id in company_ids]
        last_ms = ends_ms[-1]
        read = Read(latest_ms=last_ms)
        found: list[dict[int, float]] = [{} for _ in asks]
        for ask, bound, value in self._ask(basis, asks, SERIES, {"bounds": bounds, "last": last_ms}, read):
            found[ask][bound] = value
        return {
            company: _carried_forward(bounds[:-1], values) for company, values in zip(company_ids, found, strict=True)
        }

    def first_crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[Crossing | None]:
        """For each ask the first instant, `since_ms` or later, at which the threshold holds; None if there is none.

        The instant may lie ahead of any clock: what is known now (emissions that will lapse, or dated in the
        future) makes it hold then, unless new events come in between.
        """
        found: list[Crossing | None] = [None] * len(asks)
        question = first_crossing(threshold.operator)
        for ask, at_ms, value in self._compare(basis, asks, question, threshold.target):
            found[ask] = Crossing(at_ms, value)
        return found

    def crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[list[Crossing]]:
        """For each ask every instant at which the threshold begins or ceases to hold, in order.

        It counts as not holding before `since_ms`, so the first crossing, if any, is one that holds. Instants
        may lie ahead, as with `first_crossings`.
        """
        found: list[list[Crossing]] = [[] for _ in asks]
        question = crossings(threshold.operator)
        for ask, at_ms, value, holds in self._compare(basis, asks, question, threshold.target):
            found[ask].append(Crossing(at_ms, _none_if_nan(value), bool(holds)))
        return found

    def _compare(self, basis: Basis, asks: Sequence[Ask], question: str, target: float) -> Iterator[Sequence[Any]]:
        read = Read(target=target if basis.aggregate else None)
        return self._ask(basis, asks, question, {"target": target}, read)

    def _of_leaf(
        self,
        leaf: Leaf,
        calendar: Calendar,
        as_of_ms: int,
        company_ids: Collection[UUID] | None,
        identities: Identities,
    ) -> Values:
        if company_ids is not None:
            parts = identities.parts(company_ids)
            if len(parts) > len(company_ids):
                return self._joint_values(leaf, calendar, as_of_ms, parts)
            return self._values(leaf, calendar, as_of_ms, {"companies": list(company_ids)})
        # The store's order serves everyone alone; the few that were combined are asked about once more, as one.
        everyone = self._of_everyone(leaf, calendar, as_of_ms)
        if identities.combined:
            everyone = {one: value for one, value in everyone.items() if one not in identities.primary_of}
            for parts in _pieces(identities):
                everyone |= self._joint_values(leaf, calendar, as_of_ms, parts)
        return {one: value for one, value in everyone.items() if one not in identities.hidden}

    def _of_everyone(self, leaf: Leaf, calendar: Calendar, as_of_ms: int) -> Values:
        # Without a look at dates, if none is later; asked again afterwards, since one may have come in between.
        if not self._has_later(leaf, as_of_ms):
            found = self._values(leaf, calendar, as_of_ms, {}, is_open=True)
            if not self._has_later(leaf, as_of_ms):
                return found
        return self._values(leaf, calendar, as_of_ms, {})

    def _values(
        self,
        leaf: Leaf,
        calendar: Calendar,
        as_of_ms: int,
        companies: Mapping[str, object],
        *,
        is_open: bool = False,
    ) -> Values:
        begins_after = begins_after_ms(leaf.metric.window, as_of_ms, calendar)
        sql = values_sql(
            AGGREGATIONS[leaf.metric.aggregation],
            column_of(leaf),
            has_beginning=begins_after is not None,
            of_all=not companies,
            is_open=is_open,
        )
        window = {"as_of": as_of_ms, "begins_after": begins_after or 0}
        return {row[0]: row[1] for row in self._rows(sql, {**of_signal(leaf), **window, **companies})}

    def _joint_values(
        self, leaf: Leaf, calendar: Calendar, as_of_ms: int, parts: Sequence[tuple[UUID, UUID]]
    ) -> Values:
        begins_after = begins_after_ms(leaf.metric.window, as_of_ms, calendar)
        aggregation = AGGREGATIONS[leaf.metric.aggregation]
        sql = joint_values_sql(aggregation, column_of(leaf), has_beginning=begins_after is not None)
        window = {"as_of": as_of_ms, "begins_after": begins_after or 0}
        who = {"parts": [part for part, _ in parts], "wholes": [whole for _, whole in parts]}
        return {row[0]: row[1] for row in self._rows(sql, {**of_signal(leaf), **window, **who})}

    def _has_later(self, leaf: Leaf, as_of_ms: int) -> bool:
        return bool(self._rows(ANY_LATER, {**of_signal(leaf), "as_of": as_of_ms}))

    def _ask(
        self,
        basis: Basis,
        asks: Sequence[Ask],
        question: str,
        parameters: Mapping[str, object],
        read: Read,
    ) -> Iterator[Sequence[Any]]:
        leaves = [
            LeafSql(AGGREGATIONS[leaf.metric.aggregation], window_sql(leaf.metric.window), column_of(leaf))
            for leaf in basis.leaves
        ]
        identities = self._identities()
        most = asks_per_query(basis, read)
        for first in range(0, len(asks), most):
            some = asks[first : first + most]
            parts = [(place, part) for place, ask in enumerate(some) for part in identities.members(ask.company_id)]
            companies = [part for _, part in parts]
            sql = steps_sql(leaves, basis.arithmetic, question, is_joint=len(parts) > len(some))
            of_these = {
                "places": [place for place, _ in parts],
                "companies": companies,
                "sinces": [some[place].since_ms for place, _ in parts],
            }
            constants = self._constants(basis, companies, read)
            for ask, *answer in self._rows(sql, {**constants, **of_these, **parameters}):
                yield first + ask, *answer

    def _constants(self, basis: Basis, companies: Sequence[UUID], read: Read) -> dict[str, object]:
        """What the steps of all leaves read as constants; those of one signal and period look at its days once."""

        @cache
        def ends(signal_id: UUID, generation: int, period: Period) -> list[int]:
            parameters = {"signal": signal_id, "generation": generation, "companies": companies}
            return ends_of(period, (row[0] for row in self._rows(ACTIVE_DAYS, parameters)), basis.calendar) or [0]

        return {
            f"{name}_{place}": value
            for place, leaf in enumerate(basis.leaves)
            for name, value in constants_of(leaf, read, ends).items()
        }

    def _rows(self, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        with answering(self._client):
            rows: Sequence[Sequence[Any]] = self._client.query(sql, parameters=parameters).result_rows
        return rows


def _pieces(identities: Identities) -> Iterator[list[tuple[UUID, UUID]]]:
    """The parts of all companies that were combined, those of one company together."""
    piece: list[tuple[UUID, UUID]] = []
    for company_id in identities.combined:
        if len(piece) >= PARTS_PER_QUERY:
            yield piece
            piece = []
        piece += identities.parts([company_id])
    yield piece


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value


def _carried_forward(bounds: Sequence[int], values: Mapping[int, float]) -> list[float | None]:
    """A value for each bound: its own, or else the one before; the first has its own."""
    series: list[float | None] = []
    for bound in bounds:
        series.append(_none_if_nan(values[bound]) if bound in values else series[-1])
    return series
