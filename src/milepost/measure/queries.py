"""What metrics are, and when they crossed a threshold: reads the store's signals, writes nothing.

Takes definitions and instants in Unix milliseconds; gives numbers per company; refuses metrics that do not fit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.metric import MetricDraft
from milepost.domain.signal import Signal
from milepost.measure.aggregations import AGGREGATIONS, column_of
from milepost.measure.statements import ANY_LATER, SERIES, crossings, first_crossing, steps_sql, values_sql
from milepost.measure.windows import window_sql
from milepost.store.client import Queries

ASKS_PER_QUERY = 500
"""Bounds a query's memory: 500 companies of 4,000 emissions each are two million rows to put in order."""


class MetricReader:
    """Reads metrics through a store client, or a pool; as that, it is for one thread at a time, or many.

    Only emissions of the signal's generation in force count. A metric that does not fit its signal is an
    InvalidInputError; errors of the store come through as they are.
    """

    def __init__(self, client: Queries) -> None:
        self._client = client

    def values(
        self, metric: MetricDraft, signal: Signal, as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> dict[UUID, float]:
        """The value at an instant: of exactly the companies asked for, or of all with an emission in the window."""
        empty = metric.aggregation.empty
        if company_ids is None:
            return self._values_of_all(metric, signal, as_of_ms)
        found = self._values(metric, signal, as_of_ms, {"companies": list(company_ids)})
        return dict.fromkeys(company_ids, empty) | found

    def _values_of_all(self, metric: MetricDraft, signal: Signal, as_of_ms: int) -> dict[UUID, float]:
        """Without a look at dates, if none is later; asked again afterwards, since one may have come in between."""
        if not self._has_later(signal, as_of_ms):
            found = self._values(metric, signal, as_of_ms, {}, is_open=True)
            if not self._has_later(signal, as_of_ms):
                return found
        return self._values(metric, signal, as_of_ms, {})

    def _values(
        self,
        metric: MetricDraft,
        signal: Signal,
        as_of_ms: int,
        companies: Mapping[str, object],
        *,
        is_open: bool = False,
    ) -> dict[UUID, float]:
        window = window_sql(metric.window)
        aggregation, column = AGGREGATIONS[metric.aggregation], column_of(metric, signal)
        sql = values_sql(aggregation, window, column, of_all=not companies, is_open=is_open)
        at = {"as_of": as_of_ms, "empty": metric.aggregation.empty}
        return {row[0]: row[1] for row in self._rows(sql, signal, {**at, **companies, **window.parameters})}

    def _has_later(self, signal: Signal, as_of_ms: int) -> bool:
        return bool(self._rows(ANY_LATER, signal, {"as_of": as_of_ms}))

    def series(
        self, metric: MetricDraft, signal: Signal, ends_ms: Sequence[int], company_ids: Sequence[UUID]
    ) -> dict[UUID, list[float]]:
        """The value at each of these rising instants, for each company (see `windows.period_ends`)."""
        bounds = [ends_ms[0] - 1, *ends_ms]
        asks = [Ask(company_id, ends_ms[0]) for company_id in company_ids]
        found: list[dict[int, float]] = [{} for _ in asks]
        for ask, bound, value in self._ask(metric, signal, asks, SERIES, {"bounds": bounds, "last": ends_ms[-1]}):
            found[ask][bound] = value
        return {
            company: _carried_forward(bounds[:-1], values) for company, values in zip(company_ids, found, strict=True)
        }

    def first_crossings(
        self, metric: MetricDraft, signal: Signal, threshold: Threshold, asks: Sequence[Ask]
    ) -> list[Crossing | None]:
        """For each ask the first instant, `since_ms` or later, at which the threshold holds; None if there is none.

        The instant may lie ahead of any clock: what is known now (emissions that will lapse, or dated in the
        future) makes it hold then, unless new events come in between.
        """
        found: list[Crossing | None] = [None] * len(asks)
        question = first_crossing(threshold.operator)
        for ask, at_ms, value in self._ask(metric, signal, asks, question, {"target": threshold.target}):
            found[ask] = Crossing(at_ms, value)
        return found

    def crossings(
        self, metric: MetricDraft, signal: Signal, threshold: Threshold, asks: Sequence[Ask]
    ) -> list[list[Crossing]]:
        """For each ask every instant at which the threshold begins or ceases to hold, in order.

        It counts as not holding before `since_ms`, so the first crossing, if any, is one that holds. Instants
        may lie ahead, as with `first_crossings`.
        """
        found: list[list[Crossing]] = [[] for _ in asks]
        question = crossings(threshold.operator)
        for ask, at_ms, value, holds in self._ask(metric, signal, asks, question, {"target": threshold.target}):
            found[ask].append(Crossing(at_ms, value, bool(holds)))
        return found

    def _ask(
        self, metric: MetricDraft, signal: Signal, asks: Sequence[Ask], question: str, parameters: Mapping[str, object]
    ) -> Iterator[Sequence[Any]]:
        window = window_sql(metric.window)
        sql = steps_sql(AGGREGATIONS[metric.aggregation], window, column_of(metric, signal), question)
        for first in range(0, len(asks), ASKS_PER_QUERY):
            some = asks[first : first + ASKS_PER_QUERY]
            of_these = {"companies": [ask.company_id for ask in some], "sinces": [ask.since_ms for ask in some]}
            for ask, *answer in self._rows(sql, signal, {**of_these, **window.parameters, **parameters}):
                yield first + ask, *answer

    def _rows(self, sql: str, signal: Signal, parameters: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        of_signal = {"signal": signal.id, "generation": signal.generation}
        rows: Sequence[Sequence[Any]] = self._client.query(sql, parameters={**of_signal, **parameters}).result_rows
        return rows


def _carried_forward(bounds: Sequence[int], values: Mapping[int, float]) -> list[float]:
    """A value for each bound: its own, or else the one before; the first has its own."""
    series: list[float] = []
    for bound in bounds:
        series.append(values[bound] if bound in values else series[-1])
    return series
