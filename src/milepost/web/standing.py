"""How plans stand: by the states on record, in words, or at any instant; nothing is recorded here.

Takes copies; gives them with an explanation, or as they stood, or will stand unless something happens, at an instant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from milepost.control.repos.bases import bases
from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.settings import read_settings
from milepost.domain.basis import Basis
from milepost.domain.calendar import Calendar
from milepost.domain.metric import Formula, Metric
from milepost.domain.milestone import AssignedMilestone, AutomaticAction
from milepost.domain.outcome import AssignedOutcome
from milepost.domain.unjudged import OF_THE_DATA, reason_of
from milepost.judge.course import PlanCases, outcome_course
from milepost.judge.explain import Telling, explain_milestone, explain_outcome
from milepost.judge.facts import FactFinder
from milepost.judge.outcomes import OutcomeVerdict, judge_outcomes, part_of
from milepost.judge.rules import Case, Facts, Verdict
from milepost.kit.clock import to_datetime
from milepost.observe.logs import logger
from milepost.web.behind import Behind, behind_since
from milepost.web.deps import WebDeps

_log = logger("web")


class ExplainedMilestone(AssignedMilestone):
    """A copy, and where it stands in sentences: what is done, what is missing, when it is due, why it is at risk.

    `explanation` is null in lists of several companies, unless it is asked for. With `behind`, something has happened
    that the state does not show yet.
    """

    explanation: tuple[str, ...] | None = None
    behind: Behind | None = None


class ExplainedOutcome(AssignedOutcome):
    """An outcome on a plan, and where it stands in sentences; as with milestones."""

    explanation: tuple[str, ...] | None = None
    behind: Behind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Copies of milestones, and outcomes, as they stand at an instant."""

    milestones: Sequence[ExplainedMilestone]
    outcomes: Sequence[ExplainedOutcome]


def on_record(
    deps: WebDeps, milestones: Sequence[AssignedMilestone], outcomes: Sequence[AssignedOutcome] = ()
) -> Standing:
    """As their states are on record, without an explanation: nothing is measured."""
    with deps.database.read() as session:
        behind = behind_since(deps, session, {one.company_id for some in (milestones, outcomes) for one in some})
    return Standing(
        milestones=[ExplainedMilestone(**dict(one), behind=behind.get(one.company_id)) for one in milestones],
        outcomes=[ExplainedOutcome(**dict(one), behind=behind.get(one.company_id)) for one in outcomes],
    )


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
        companies = {one.company_id for some in (milestones, outcomes) for one in some}
        behind = behind_since(deps, session, companies)
    facts = _facts(deps, [one for one in milestones if at_ms is None or one.company_id not in behind], by_metric)
    finder = FactFinder(deps.metrics, told=_log_unanswered)
    facts |= finder.find([one for one in milestones if one.id not in facts], by_metric, {})
    unjudged = {copy_id: failure.reason for copy_id, (_, failure) in finder.failures.items()}
    cases, verdicts = _judged([one for one in milestones if one.id in facts], facts, now, calendar, unjudged)
    values = _values(deps, milestones, by_metric, now_ms)
    telling = Telling(now=now, calendar=calendar, show=_Shown(metrics, by_metric))
    asked = None if at_ms is None else PlanCases(milestones, cases)
    explain = _explaining(values, telling, unjudged)
    told = [
        ExplainedMilestone(
            **dict(one if at_ms is None else _as_judged(one, verdicts.get(one.id))),
            explanation=_BEHIND
            if asked is None and _is_other(one, verdicts.get(one.id))
            else explain(one, verdicts.get(one.id), facts.get(one.id)),
            behind=behind.get(one.company_id) if asked is None else None,
        )
        for one in milestones
    ]
    judged = _outcomes(milestones, outcomes, verdicts, telling, asked)
    if asked is None:
        judged = [one.model_copy(update={"behind": behind.get(one.company_id)}) for one in judged]
    return Standing(milestones=told, outcomes=judged)


_BEHIND: Final = ("Something has happened that its state does not show yet: it is about to be judged again.",)


def _is_other(one: AssignedMilestone, verdict: Verdict | None) -> bool:
    return verdict is not None and (verdict.state is not one.state)


def _facts(
    deps: WebDeps, milestones: Sequence[AssignedMilestone], by_metric: Mapping[UUID, Basis]
) -> dict[UUID, Facts]:
    """What the judge has at hand: what the states on record were judged by."""
    return dict(deps.judging.known(milestones, by_metric))


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
        is_other = asked is None and (one.state, one.progress) != (verdict.state, verdict.progress)
        explanation = _BEHIND if is_other else explain_outcome(verdict, parts, telling)
        told.append(ExplainedOutcome(**{**dict(one), **stood}, explanation=explanation))
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
) -> Mapping[UUID, Mapping[UUID, float | None]]:
    """By metric and company: one query for all metrics; none of one without values, whose explanation says why."""
    asked = {
        action.metric_id: by_metric[action.metric_id]
        for one in milestones
        for action in one.definition.actions
        if isinstance(action, AutomaticAction) and action.metric_id in by_metric
    }
    companies = {one.company_id for one in milestones}
    return deps.metrics.values_of_many(asked, now_ms, companies).values if asked else {}


def _explaining(
    values: Mapping[UUID, Mapping[UUID, float | None]], telling: Telling, unjudged: Mapping[UUID, str]
) -> Callable[[AssignedMilestone, Verdict | None, Facts | None], tuple[str, ...]]:
    def explain(one: AssignedMilestone, verdict: Verdict | None, facts: Facts | None) -> tuple[str, ...]:
        return explain_milestone(one, verdict, facts, _of_actions(one, values), telling, unjudged=unjudged.get(one.id))

    return explain


def _of_actions(one: AssignedMilestone, values: Mapping[UUID, Mapping[UUID, float | None]]) -> list[float | None]:
    return [
        values.get(action.metric_id, {}).get(one.company_id) if isinstance(action, AutomaticAction) else None
        for action in one.definition.actions
    ]
