"""How plans stand, in words and at any instant: judged anew from the metrics for whoever asks, nothing is recorded.

Takes copies; gives them with an explanation, or as they stood, or will stand unless something happens, at an instant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from milepost.control.repos.bases import bases
from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.settings import read_settings
from milepost.domain.basis import Basis
from milepost.domain.calendar import Calendar
from milepost.domain.errors import InvalidInputError
from milepost.domain.metric import Formula, Metric
from milepost.domain.milestone import AssignedMilestone, AutomaticAction
from milepost.domain.outcome import AssignedOutcome
from milepost.judge.asking import OF_THE_DATA, reason_of
from milepost.judge.course import PlanCases, outcome_course
from milepost.judge.explain import Telling, explain_milestone, explain_outcome
from milepost.judge.facts import FactFinder
from milepost.judge.outcomes import OutcomeVerdict, judge_outcomes, part_of
from milepost.judge.rules import Case, Facts, Verdict
from milepost.kit.clock import to_datetime
from milepost.observe.logs import logger
from milepost.web.deps import WebDeps

_log = logger("web")


class ExplainedMilestone(AssignedMilestone):
    """A copy, and where it stands in sentences: what is done, what is missing, when it is due, why it is at risk."""

    explanation: tuple[str, ...]


class ExplainedOutcome(AssignedOutcome):
    """An outcome on a plan, and where it stands in sentences."""

    explanation: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Copies of milestones, and outcomes, as they stand at an instant."""

    milestones: Sequence[ExplainedMilestone]
    outcomes: Sequence[ExplainedOutcome]


def standing(
    deps: WebDeps,
    milestones: Sequence[AssignedMilestone],
    outcomes: Sequence[AssignedOutcome] = (),
    *,
    at_ms: int | None = None,
) -> Standing:
    """`milestones` hold those that the outcomes count on. With `at_ms`, states are as judged for that instant."""
    now_ms = deps.clock() if at_ms is None else at_ms
    now = to_datetime(now_ms)
    with deps.database.read() as session:
        by_metric, calendar = bases(session), read_settings(session).calendar
        metrics = {metric.id: metric for metric in list_metrics(session)}
    finder = FactFinder(deps.metrics, told=_log_unanswered)
    facts = finder.find(milestones, by_metric, {})
    unjudged = {copy_id: failure.reason for copy_id, (_, failure) in finder.failures.items()}
    cases, verdicts = _judged([one for one in milestones if one.id in facts], facts, now, calendar, unjudged)
    values = _values(deps, milestones, by_metric, now_ms)
    telling = Telling(now=now, calendar=calendar, show=_Shown(metrics, by_metric))
    told = [
        ExplainedMilestone(
            **dict(one if at_ms is None else _as_judged(one, verdicts.get(one.id))),
            explanation=explain_milestone(
                one,
                verdicts.get(one.id),
                facts.get(one.id),
                _of_actions(one, values),
                telling,
                unjudged=unjudged.get(one.id),
            ),
        )
        for one in milestones
    ]
    asked = None if at_ms is None else PlanCases(milestones, cases)
    judged = _outcomes(milestones, outcomes, verdicts, telling, asked)
    return Standing(milestones=told, outcomes=judged)


def _judged(
    milestones: Sequence[AssignedMilestone],
    facts: Mapping[UUID, Facts],
    now: datetime,
    calendar: Calendar,
    unjudged: dict[UUID, str],
) -> tuple[dict[UUID, Case], dict[UUID, Verdict]]:
    """Of each that can be judged; of the others, `unjudged` is told why not."""
    cases: dict[UUID, Case] = {}
    verdicts: dict[UUID, Verdict] = {}
    for one in milestones:
        try:
            case = Case(one, facts[one.id])
            verdicts[one.id] = case.judge(now, calendar)
        except OF_THE_DATA as error:
            _log.error("milestone_cannot_be_judged", assigned=str(one.id), reason=reason_of(error))
            unjudged[one.id] = reason_of(error)
        else:
            cases[one.id] = case
    return cases, verdicts


def _log_unanswered(metric_id: UUID, error: Exception) -> None:
    _log.error("plan_without_a_metric", metric=str(metric_id), reason=reason_of(error))


def _outcomes(
    milestones: Sequence[AssignedMilestone],
    outcomes: Sequence[AssignedOutcome],
    verdicts: Mapping[UUID, Verdict],
    telling: Telling,
    asked: PlanCases | None,
) -> list[ExplainedOutcome]:
    """With their states on record, or with those of the instant that was asked for."""
    copies = {(one.company_id, one.milestone_id): one for one in milestones}
    judged = judge_outcomes(milestones, outcomes, verdicts, telling.now, telling.calendar)
    told = []
    for one in outcomes:
        verdict = judged[one.id]
        parts = [
            part_of(copy, verdicts.get(copy.id), weighted.weight)
            for weighted in one.milestones
            if (copy := copies.get((one.company_id, weighted.milestone_id))) is not None
        ]
        stood = {} if asked is None else _as_it_stood(one, verdict, asked, telling)
        told.append(ExplainedOutcome(**{**dict(one), **stood}, explanation=explain_outcome(verdict, parts, telling)))
    return told


def _as_it_stood(one: AssignedOutcome, verdict: OutcomeVerdict, asked: PlanCases, telling: Telling) -> dict[str, Any]:
    parts = asked.of(one)
    since = verdict if parts is None else outcome_course(one, parts, telling.now, telling.calendar)[-1]
    return {"state": verdict.state, "state_at": since.at, "progress": verdict.progress}


def _as_judged(one: AssignedMilestone, verdict: Verdict | None) -> AssignedMilestone:
    return one if verdict is None else one.model_copy(update={"state": verdict.state, "state_at": verdict.at})


@dataclass(frozen=True, slots=True)
class _Shown:
    metrics: Mapping[UUID, Metric | Formula]
    by_metric: Mapping[UUID, Basis]

    def __call__(self, action: AutomaticAction, value: float) -> str:
        metric = self.metrics[action.metric_id]
        return metric.format.show(value, metric.unit, self.by_metric[action.metric_id].calendar)


def _values(
    deps: WebDeps, milestones: Sequence[AssignedMilestone], by_metric: Mapping[UUID, Basis], now_ms: int
) -> dict[UUID, Mapping[UUID, float | None]]:
    """By metric and company: one query for each metric."""
    companies: dict[UUID, set[UUID]] = {}
    for one in milestones:
        for action in one.definition.actions:
            if isinstance(action, AutomaticAction) and action.metric_id in by_metric:
                companies.setdefault(action.metric_id, set()).add(one.company_id)
    return {metric: _measured(deps, by_metric[metric], now_ms, some) for metric, some in companies.items()}


def _measured(deps: WebDeps, basis: Basis, now_ms: int, companies: Collection[UUID]) -> Mapping[UUID, float | None]:
    try:
        return deps.metrics.values(basis, now_ms, companies)
    except (InvalidInputError, *OF_THE_DATA):  # the explanation says so, and why
        return {}


def _of_actions(one: AssignedMilestone, values: Mapping[UUID, Mapping[UUID, float | None]]) -> list[float | None]:
    return [
        values.get(action.metric_id, {}).get(one.company_id) if isinstance(action, AutomaticAction) else None
        for action in one.definition.actions
    ]
