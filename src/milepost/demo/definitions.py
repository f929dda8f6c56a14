"""What the demo business watches: signals, metrics, milestones and outcomes, as one would write them in the console.

Definitions refer to each other by name here; each function takes the ids of what it builds on and gives drafts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from milepost.demo.happenings import EventKey
from milepost.domain.criterion import EVERYTHING, Condition, FieldType, Group, Operator
from milepost.domain.metric import Aggregation, AllTime, MetricDraft, RollingDays, Window
from milepost.domain.milestone import AfterDays, AutomaticAction, Comparison, ManualAction, MilestoneDraft
from milepost.domain.outcome import OutcomeDraft, WeightedMilestone
from milepost.domain.signal import CompanyMapping, SignalDraft, SignalField

CONNECTION: Final = "Demo business"
ONBOARDED: Final = "Onboarded"
ONBOARDING_DAYS: Final = 30

_SIGN_IN, _FEATURE_USE, _REPORT = "Sign-in", "Feature use", "Report created"
_INVOICE, _TICKET, _URGENT = "Invoice paid", "Ticket opened or solved", "Urgent ticket opened"
_PEOPLE, _ACTIVE = "People who signed in", "Active people, 7 days"
_USES, _FEATURES = "Feature uses, 30 days", "Features in use, 30 days"
_REPORTS, _REPORTS_30 = "Reports, all time", "Reports, 30 days"
_INVOICED, _OPEN_TICKETS, _URGENT_30 = "Invoices paid", "Open tickets", "Urgent tickets, 30 days"
_FIRST_VALUE, _ADOPTION, _PAYING = "First value", "Adoption", "Paying"
_HEALTHY, _ACTIVE_TEAM = "Healthy support", "Active team"


def signals(connection_id: UUID) -> list[SignalDraft]:
    """What events mean; every one names its customer as accountId, which is the CompanyID."""
    opened = Condition(field="status", operator=Operator.EQUALS, value="opened")
    urgent = Condition(field="priority", operator=Operator.EQUALS, value="urgent")
    paid = Condition(field="amount", operator=Operator.MORE_THAN, value=0)
    ticket = {"status": FieldType.TEXT, "priority": FieldType.TEXT, "topic": FieldType.TEXT}
    return [
        _signal(connection_id, _SIGN_IN, EventKey.SIGNED_IN, {"userId": FieldType.TEXT, "device": FieldType.TEXT}),
        _signal(
            connection_id,
            _FEATURE_USE,
            EventKey.FEATURE_USED,
            {"userId": FieldType.TEXT, "feature": FieldType.TEXT, "uses": FieldType.NUMBER},
        ),
        _signal(
            connection_id,
            _REPORT,
            EventKey.REPORT_CREATED,
            {"userId": FieldType.TEXT, "template": FieldType.TEXT},
        ),
        _signal(
            connection_id,
            _INVOICE,
            EventKey.INVOICE_PAID,
            {"amount": FieldType.NUMBER, "plan": FieldType.TEXT},
            Group(match="all", members=(paid,)),
        ),
        _signal(connection_id, _TICKET, EventKey.TICKET_CHANGED, {**ticket, "openTickets": FieldType.NUMBER}),
        _signal(connection_id, _URGENT, EventKey.TICKET_CHANGED, ticket, Group(match="all", members=(opened, urgent))),
    ]


def metrics(signal_ids: Mapping[str, UUID]) -> list[MetricDraft]:
    """The numbers, by the ids of the signals' names."""
    ever, week, month = AllTime(), RollingDays(days=7), RollingDays(days=30)

    def count(name: str, signal: str, window: Window) -> MetricDraft:
        return MetricDraft(name=name, signal_id=signal_ids[signal], aggregation=Aggregation.COUNT, window=window)

    def distinct(name: str, signal: str, field: str, window: Window) -> MetricDraft:
        return count(name, signal, window).model_copy(update={"aggregation": Aggregation.DISTINCT, "field": field})

    def total(name: str, signal: str, field: str, window: Window) -> MetricDraft:
        return count(name, signal, window).model_copy(update={"aggregation": Aggregation.SUM, "field": field})

    return [
        distinct(_PEOPLE, _SIGN_IN, "userId", ever),
        distinct(_ACTIVE, _SIGN_IN, "userId", week),
        total(_USES, _FEATURE_USE, "uses", month),
        distinct(_FEATURES, _FEATURE_USE, "feature", month),
        count(_REPORTS, _REPORT, ever),
        count(_REPORTS_30, _REPORT, month),
        total(_INVOICED, _INVOICE, "amount", ever).model_copy(update={"unit": "EUR"}),
        total(_OPEN_TICKETS, _TICKET, "openTickets", ever),
        count(_URGENT_30, _URGENT, month),
    ]


def milestones(metric_ids: Mapping[str, UUID]) -> list[MilestoneDraft]:
    """What customers should reach, by the ids of the metrics' names."""
    return [*_to_arrive(metric_ids), *_to_stay(metric_ids)]


def _to_arrive(metric_ids: Mapping[str, UUID]) -> list[MilestoneDraft]:
    return [
        MilestoneDraft(
            name=_FIRST_VALUE,
            description="Three people have signed in: it is no longer one person's experiment.",
            icon="rocket",
            actions=(_reaches("3 people signed in", metric_ids[_PEOPLE], 3),),
        ),
        MilestoneDraft(
            name=ONBOARDED,
            description="A team works with the product, and has seen most of it, within 30 days of signing up.",
            icon="school",
            deadline=AfterDays(days=ONBOARDING_DAYS),
            actions=(
                _reaches("5 people signed in", metric_ids[_PEOPLE], 5),
                _reaches("4 features in use", metric_ids[_FEATURES], 4),
                _reaches("10 reports created", metric_ids[_REPORTS], 10),
                ManualAction(name="Kick-off call held", affects_achievement=False),
            ),
        ),
    ]


def _to_stay(metric_ids: Mapping[str, UUID]) -> list[MilestoneDraft]:
    return [
        MilestoneDraft(
            name=_ADOPTION,
            description="Reports are part of the daily work; holds only as long as they are.",
            icon="chart",
            latches=False,
            actions=(_reaches("50 reports in 30 days", metric_ids[_REPORTS_30], 50),),
        ),
        MilestoneDraft(
            name=_PAYING,
            description="Has paid more than it cost us to win.",
            icon="coins",
            actions=(_reaches("Invoices over 10,000 EUR", metric_ids[_INVOICED], 10_000, Comparison.MORE_THAN),),
        ),
        MilestoneDraft(
            name=_HEALTHY,
            description="A team at work, and no more tickets than support can bear; holds only as long as that is so.",
            icon="heart",
            latches=False,
            actions=(
                _reaches("3 people signed in", metric_ids[_PEOPLE], 3),
                _reaches("At most 5 open tickets", metric_ids[_OPEN_TICKETS], 5, Comparison.AT_MOST),
            ),
        ),
        MilestoneDraft(
            name=_ACTIVE_TEAM,
            description="Five people came in the last week; lost when they stay away.",
            icon="users",
            latches=False,
            actions=(_reaches("5 active people in 7 days", metric_ids[_ACTIVE], 5),),
        ),
    ]


def outcomes(milestone_ids: Mapping[str, UUID]) -> list[OutcomeDraft]:
    """What it is all for, by the ids of the milestones' names."""

    def counting_on(weights: Mapping[str, float]) -> tuple[WeightedMilestone, ...]:
        return tuple(
            WeightedMilestone(milestone_id=milestone_ids[name], weight=weight) for name, weight in weights.items()
        )

    return [
        OutcomeDraft(
            name="Up and running",
            description="The customer has arrived.",
            milestones=counting_on({_FIRST_VALUE: 1, ONBOARDED: 3}),
        ),
        OutcomeDraft(
            name="Grows with us",
            description="The customer stays, because the product is worth it.",
            milestones=counting_on({_ADOPTION: 3, _ACTIVE_TEAM: 2, _PAYING: 2, _HEALTHY: 1}),
        ),
    ]


def _reaches(name: str, metric_id: UUID, value: float, operator: Comparison = Comparison.AT_LEAST) -> AutomaticAction:
    return AutomaticAction(name=name, metric_id=metric_id, operator=operator, value=value)


def _signal(
    connection_id: UUID, name: str, key: EventKey, fields: Mapping[str, FieldType], rules: Group = EVERYTHING
) -> SignalDraft:
    account = SignalField(name="accountId", path=("accountId",), type=FieldType.TEXT)
    others = tuple(SignalField(name=field, path=(field,), type=of_type) for field, of_type in fields.items())
    return SignalDraft(
        name=name,
        connection_id=connection_id,
        event_key=key,
        fields=(account, *others),
        company=CompanyMapping(field=account.name),
        rules=rules,
    )
