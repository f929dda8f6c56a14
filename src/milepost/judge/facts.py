"""What happened on each company's milestones: asks as few questions as changes call for, and remembers the answers.

Takes assigned milestones and what was emitted since; gives the spans over which each action was done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.crossing import BEGINNING_MS, Ask, Crossing, Threshold
from milepost.domain.milestone import AssignedMilestone, AutomaticAction, ManualAction
from milepost.judge.asking import Failure, Question, Told, ask
from milepost.judge.causes import Touches
from milepost.judge.ports import Measures
from milepost.judge.rules import Facts, start_of
from milepost.judge.spans import Span, held
from milepost.kit.clock import Clock, to_datetime, to_unix_ms

RETRY_MS: Final = 600_000
"""After so long what could not be judged is tried again; when its plan or a metric changes, at once."""


NO_METRIC: Final = Failure("its metric is gone, or rests on what is gone or too large", of_definition=True)


class Answer(NamedTuple):
    """The crossings of one action on one company, from an instant on."""

    question: Question
    since_ms: int
    crossings: tuple[Crossing, ...]


class Asked(NamedTuple):
    """One action on one company, the instant from which it counts, and the one from which its answer is missing."""

    assigned: AssignedMilestone
    action: int
    since_ms: int
    ask_from_ms: int


class OutOfTimeError(Exception):
    """The time given to a judging is over; what was answered by then is remembered."""


class FactFinder:
    """Finds facts with one query per question, for however many companies.

    An emission alters no value before its event date. So an answer stays good while nothing was emitted up to its
    crossing, and otherwise is asked anew only from there on.
    """

    def __init__(
        self,
        measures: Measures,
        clock: Clock = lambda: 0,
        told: Told = lambda _metric_id, _error: None,
    ) -> None:
        """`told` hears of what cannot be evaluated, other than since a field is gone."""
        self._measures = measures
        self._clock = clock
        self._told = told
        self._failed: dict[Question | tuple[Question, UUID], tuple[Failure, int]] = {}
        self._answers: dict[UUID, dict[tuple[UUID, int], Answer]] = defaultdict(dict)
        self.rewritten: set[UUID] = set()
        """The assigned milestones whose past may be another than was known, until the judge has seen to them."""
        self.failures: dict[UUID, tuple[UUID, Failure]] = {}
        """Of assigned milestones of the last `find` that could not be evaluated: on which metric, and why."""
        self.is_over: Callable[[], bool] = lambda: False
        """Asked between two questions: whether to end here, with OutOfTimeError; the same `find` goes on from there."""

    def forget(self, company_ids: Iterable[UUID] | None) -> None:
        """Trust no answer about these companies, or any: emissions were taken away, or moved between companies."""
        self._failed.clear()
        if company_ids is None:
            self._answers.clear()
        else:
            for company_id in company_ids:
                self._answers.pop(company_id, None)

    def stale(self, touches: Touches, by_metric: Mapping[UUID, Basis]) -> set[UUID]:
        """The companies of which these emissions may alter a fact, and those that nobody has looked at yet.

        Most emissions alter none: what is achieved for good was so before them. This is a look into memory, while a
        judging reads plans.
        """
        found: set[UUID] = set()
        for (signal_id, company_id), touch in touches.items():
            answers = self._answers.get(company_id)
            if answers is None or any(
                _stale_from_ms(answer, touch.at_ms) is not None and signal_id in basis.signal_ids
                for answer in answers.values()
                if (basis := by_metric.get(answer.question.metric_id)) is not None
            ):
                found.add(company_id)
        return found

    def find(
        self,
        milestones: Sequence[AssignedMilestone],
        by_metric: Mapping[UUID, Basis],
        touches: Touches,
        company_ids: Iterable[UUID] | None = None,
    ) -> dict[UUID, Facts]:
        """The facts by assigned milestone; one that cannot be measured, its metric gone or unfit, is left out.

        `company_ids` are those whose milestones these are, also where they have none.
        """
        questions: dict[Question, list[Asked]] = defaultdict(list)
        same: dict[Question, Question] = {}
        self.failures.clear()
        for assigned in milestones:
            for index, action in enumerate(assigned.definition.actions):
                if isinstance(action, AutomaticAction):
                    missing = self._missing(assigned, index, by_metric.get(action.metric_id), touches)
                    if missing is not None:
                        question = same.setdefault(missing[0], missing[0])  # answers share it, of which there are many
                        questions[question].append(missing[1])
        for company_id in company_ids or ():
            self._answers[company_id]  # from now on it is known that there is nothing else to ask
        for question, some in questions.items():
            if self.is_over():
                raise OutOfTimeError
            self._ask(question, by_metric[question.metric_id], some)
        facts = {one.id: _facts(one, self._answers[one.company_id], by_metric) for one in milestones}
        return {assigned_id: spans for assigned_id, spans in facts.items() if spans is not None}

    def known(self, milestones: Sequence[AssignedMilestone], by_metric: Mapping[UUID, Basis]) -> dict[UUID, Facts]:
        """The facts that are known of these by now, without a question; may be called from any thread."""
        found: dict[UUID, Facts] = {}
        for assigned in milestones:
            answers = self._answers.get(assigned.company_id, {})
            actions = enumerate(assigned.definition.actions)
            automatic = [(index, action) for index, action in actions if isinstance(action, AutomaticAction)]
            if all(
                _is_of(answers.get((assigned.id, index)), assigned, action, by_metric) for index, action in automatic
            ):
                spans = _facts(assigned, answers, by_metric)
                if spans is not None:
                    found[assigned.id] = spans
        return found

    def _missing(
        self, assigned: AssignedMilestone, index: int, basis: Basis | None, touches: Touches
    ) -> tuple[Question, Asked] | None:
        """What must be asked about an automatic action; None where its answer is still good, or there can be none."""
        action, answers = assigned.definition.actions[index], self._answers[assigned.company_id]
        assert isinstance(action, AutomaticAction)
        if basis is None:
            answers.pop((assigned.id, index), None)
            self.failures[assigned.id] = (action.metric_id, NO_METRIC)
            return None
        question, since_ms = _question(assigned, action, basis)
        answer, ask_from_ms = answers.get((assigned.id, index)), since_ms
        if answer is not None and (answer.question, answer.since_ms) == (question, since_ms):
            touched = (touches.get((signal_id, assigned.company_id)) for signal_id in basis.signal_ids)
            stale_from_ms = _stale_from_ms(
                answer, min((touch.at_ms for touch in touched if touch is not None), default=None)
            )
            if stale_from_ms is None:
                return None
            ask_from_ms = stale_from_ms
        return question, Asked(assigned, index, since_ms, ask_from_ms)

    def _ask(self, question: Question, basis: Basis, some: Sequence[Asked]) -> None:
        asked_now: list[Asked] = []
        for asked in some:
            failure = self._known_failure(question, asked.assigned.company_id)
            if failure is None:
                asked_now.append(asked)
            else:
                self._fail(asked, question, failure)
        if not asked_now:
            return
        asks = [Ask(asked.assigned.company_id, asked.ask_from_ms) for asked in asked_now]
        answered = ask(self._measures, question, basis, asks, self._told)
        for asked, crossings in zip(asked_now, answered, strict=True):
            if isinstance(crossings, Failure):
                self._remember(question, asked.assigned.company_id, crossings)
                self._fail(asked, question, crossings)
            else:
                self._keep(asked, Answer(question, asked.since_ms, crossings))

    def _keep(self, asked: Asked, answer: Answer) -> None:
        key = (asked.assigned.id, asked.action)
        answers = self._answers[asked.assigned.company_id]
        # What latches shows another past by another state, or another instant since when.
        if not asked.assigned.definition.latches and answer != answers.get(key):
            self.rewritten.add(asked.assigned.id)
        answers[key] = answer

    def _fail(self, asked: Asked, question: Question, failure: Failure) -> None:
        self._answers[asked.assigned.company_id].pop((asked.assigned.id, asked.action), None)
        self.failures[asked.assigned.id] = (question.metric_id, failure)

    def _known_failure(self, question: Question, company_id: UUID) -> Failure | None:
        """What failed is asked again after a while, not with every event."""
        for key in (question, (question, company_id)):
            failure, until_ms = self._failed.get(key, (None, 0))
            if failure is not None and self._clock() < until_ms:
                return failure
            self._failed.pop(key, None)
        return None

    def _remember(self, question: Question, company_id: UUID, failure: Failure) -> None:
        key = question if failure.of_definition else (question, company_id)
        self._failed[key] = (failure, self._clock() + RETRY_MS)


def _question(assigned: AssignedMilestone, action: AutomaticAction, basis: Basis) -> tuple[Question, int]:
    """What is asked about an action, and the instant from which it counts."""
    threshold = Threshold(action.operator, action.value)
    wants_all = not assigned.definition.latches or action.held_for is not None
    question = Question(action.metric_id, basis.fingerprint, threshold, wants_all)
    return question, _counts_from_ms(assigned, basis, threshold)


def _is_of(
    answer: Answer | None, assigned: AssignedMilestone, action: AutomaticAction, by_metric: Mapping[UUID, Basis]
) -> bool:
    """Whether this answers what is asked about the action now."""
    basis = by_metric.get(action.metric_id)
    if basis is None or answer is None:
        return False
    return (answer.question, answer.since_ms) == _question(assigned, action, basis)


def _facts(
    assigned: AssignedMilestone, answers: Mapping[tuple[UUID, int], Answer], by_metric: Mapping[UUID, Basis]
) -> Facts | None:
    facts: list[Sequence[Span]] = []
    for index, action in enumerate(assigned.definition.actions):
        if isinstance(action, ManualAction):
            facts.append(_ticked(assigned, index))
        elif (answer := answers.get((assigned.id, index))) is not None:
            spans = _spans(answer.crossings)
            if action.held_for is not None:
                spans = held(spans, action.held_for, by_metric[action.metric_id].calendar)
            facts.append(spans)
        elif action.affects_achievement:
            return None
        else:
            facts.append(())
    return facts


def _counts_from_ms(assigned: AssignedMilestone, basis: Basis, threshold: Threshold) -> int:
    """Over all history, what holds without a single event would always have held: it counts from the assignment on."""
    start = start_of(assigned)
    if start is None and threshold.holds(basis.empty):
        start = assigned.assigned_at
    return BEGINNING_MS if start is None else max(BEGINNING_MS, to_unix_ms(start))


def _stale_from_ms(answer: Answer, touched_ms: int | None) -> int | None:
    """From which instant to ask anew, None for an answer that is still good."""
    if touched_ms is None:
        return None
    if answer.question.wants_all:
        return answer.since_ms
    if answer.crossings and answer.crossings[0].at_ms < touched_ms:
        return None
    return max(answer.since_ms, touched_ms)


def _ticked(assigned: AssignedMilestone, index: int) -> Sequence[Span]:
    tick = assigned.ticks.get(index)
    start = start_of(assigned)
    return () if tick is None else (Span(tick if start is None else max(tick, start)),)


def _spans(crossings: Sequence[Crossing]) -> Sequence[Span]:
    return [
        Span(to_datetime(begin.at_ms), None, begin.value)
        if end is None
        else Span(to_datetime(begin.at_ms), to_datetime(end.at_ms), begin.value, end.value)
        for begin, end in zip_longest(crossings[::2], crossings[1::2])
    ]
