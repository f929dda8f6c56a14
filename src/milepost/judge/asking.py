"""Asks the store about conditions so that one that cannot be evaluated holds up no other.

Takes a condition and companies; gives each company's crossings, or why there are none. A store that is away, and all
else that may pass, is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.errors import InvalidInputError
from milepost.domain.unjudged import OF_THE_DATA, reason_of
from milepost.judge.ports import Measures


class Question(NamedTuple):
    """What one query answers for any number of companies: the first crossing, or, with `wants_all`, every one."""

    metric_id: UUID
    fingerprint: str
    threshold: Threshold
    wants_all: bool


class Failure(NamedTuple):
    """Why a condition cannot be evaluated: of one company, or, `of_definition`, of any."""

    reason: str
    of_definition: bool


Crossings = tuple[Crossing, ...]
Told = Callable[[UUID, Exception], None]
"""Is told of a metric's errors other than of one that does not fit its signal."""


def ask(
    measures: Measures, question: Question, basis: Basis, asks: Sequence[Ask], told: Told
) -> list[Crossings | Failure]:
    """An answer for each ask. Where the question fails, three companies tell if it does so for all."""
    try:
        return list(_crossings(measures, question, basis, asks))
    except InvalidInputError as error:
        return [Failure(error.message, True)] * len(asks)
    except OF_THE_DATA as error:
        companies = list(dict.fromkeys(one.company_id for one in asks))
        if len(companies) == 1:
            told(question.metric_id, error)
            return [Failure(reason_of(error), False)] * len(asks)
        probes = {companies[0], companies[len(companies) // 2], companies[-1]}
        if all(_fails(measures, question, basis, company, asks) for company in probes):
            told(question.metric_id, error)
            return [Failure(reason_of(error), True)] * len(asks)
    half = set(companies[: len(companies) // 2])
    places: tuple[list[int], list[int]] = ([], [])
    for place, one in enumerate(asks):
        places[one.company_id in half].append(place)
    answers: dict[int, Crossings | Failure] = {}
    for some in places:
        answers.update(zip(some, ask(measures, question, basis, [asks[place] for place in some], told), strict=True))
    return [answers[place] for place in range(len(asks))]


def _crossings(measures: Measures, question: Question, basis: Basis, asks: Sequence[Ask]) -> Sequence[Crossings]:
    if question.wants_all:
        return [tuple(crossings) for crossings in measures.crossings(basis, question.threshold, asks)]
    first = measures.first_crossings(basis, question.threshold, asks)
    return [() if crossing is None else (crossing,) for crossing in first]


def _fails(measures: Measures, question: Question, basis: Basis, company: UUID, asks: Sequence[Ask]) -> bool:
    try:
        _crossings(measures, question, basis, [one for one in asks if one.company_id == company])
    except OF_THE_DATA:
        return True
    return False
