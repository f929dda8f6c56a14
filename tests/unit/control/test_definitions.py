"""Signals, metrics, milestones and outcomes: their revisions, and that they fit together."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from milepost.control.repos import metrics, milestones, outcomes, signals
from milepost.control.revisions import Scope, read_revision
from milepost.control.session import Database
from milepost.domain.criterion import Condition, FieldType, Group, Operator
from milepost.domain.errors import ConflictError, InvalidInputError, NotFoundError
from milepost.domain.metric import Aggregation, MetricDraft
from milepost.domain.outcome import OutcomeDraft, WeightedMilestone
from milepost.domain.signal import CompanyMapping, SignalDraft, SignalField
from milepost.kit.ids import uuid7
from milepost.testing.business import NOW_MS, Business, add_business, add_connection, milestone_draft, purchase_draft

NOBODY = UUID(int=7)


def _field(name: str, field_type: FieldType) -> SignalField:
    return SignalField(name=name, path=(name,), type=field_type)


def _changed(draft: SignalDraft, **changes: Any) -> SignalDraft:
    return SignalDraft.model_validate({**dict(draft), **changes})


def _rules(depth: int, field: str) -> Group:
    group = Group(match="all", members=(Condition(field=field, operator=Operator.EXISTS),))
    for _ in range(depth - 1):
        group = Group(match="any", members=(group,))
    return group


def _draft(session: Session, **changes: Any) -> SignalDraft:
    return _changed(purchase_draft(add_connection(session).id), **changes)


def test_a_signal_reads_back_as_it_was_written(database: Database) -> None:
    with database.write() as session:
        draft = _draft(session, rules=_rules(3, "dollars"))
        made = signals.create_signal(session, draft, now_ms=NOW_MS)
        assert signals.get_signal(session, made.id) == made
    assert {name: getattr(made, name) for name in SignalDraft.model_fields} == dict(draft)
    assert made.revision == 1
    assert made.slots == {"customer": "t1", "dollars": "n1"}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        pytest.param({"connection_id": NOBODY}, "connection_id", id="unknown connection"),
        pytest.param({"company": CompanyMapping(field="client")}, "company.field", id="company is not a field"),
        pytest.param(
            {"company": CompanyMapping(field="customer", key_space=" ")}, "company.key_space", id="no key space"
        ),
        pytest.param(
            {"fields": (_field("customer", FieldType.OBJECT),)}, "company.field", id="a company is not an object"
        ),
        pytest.param(
            {"fields": (_field("customer", FieldType.TEXT),) * 2}, "fields[1].name", id="two fields of one name"
        ),
        pytest.param({"rules": _rules(1, "price")}, "rules.members[0].field", id="rule of an unknown field"),
        pytest.param({"rules": _rules(2, "price")}, "rules.members[0].members[0].field", id="nested, and unknown"),
        pytest.param(
            {
                "rules": Group(
                    match="all", members=(Condition(field="dollars", operator=Operator.STARTS_WITH, value="1"),)
                )
            },
            "rules.members[0].operator",
            id="an operator of another type",
        ),
        pytest.param({"rules": _rules(9, "dollars")}, "rules" + ".members[0]" * 8, id="nested too deep"),
        pytest.param(
            {"fields": tuple(_field(name, FieldType.TEXT) for name in ["customer", *"abcdefghijklmnop"])},
            "fields[16]",
            id="more texts than columns",
        ),
    ],
)
def test_a_signal_that_does_not_fit_together_is_refused(database: Database, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInputError) as refusal, database.write() as session:
        signals.create_signal(session, _draft(session, **changes), now_ms=NOW_MS)
    assert path in [fault.path for fault in refusal.value.faults]


def test_editing_a_signal_makes_a_revision_and_keeps_the_old_one(database: Database) -> None:
    with database.write() as session:
        first = signals.create_signal(session, _draft(session), now_ms=NOW_MS)
        second = signals.update_signal(session, first.id, _draft(session, name="Sales"), now_ms=NOW_MS + 1)
        kept = [one.signal for one in signals.list_signal_revisions(session, first.id)]
    assert kept == [second, first]
    assert (second.revision, second.name) == (2, "Sales")


def test_a_column_is_never_given_to_another_field(database: Database) -> None:
    text, number = FieldType.TEXT, FieldType.NUMBER
    customer = _field("customer", text)
    with database.write() as session:
        signal = signals.create_signal(
            session, _draft(session, fields=(customer, _field("a", number), _field("b", number))), now_ms=NOW_MS
        )
        changes = [
            (customer, _field("b", number), _field("c", number)),
            (customer, _field("a", text), _field("c", number)),
            (customer, _field("a", number), _field("d", FieldType.BOOLEAN)),
        ]
        slots = [
            signals.update_signal(session, signal.id, _draft(session, fields=fields), now_ms=NOW_MS).slots
            for fields in changes
        ]
    assert signal.slots == {"customer": "t1", "a": "n1", "b": "n2"}
    assert slots == [
        {"customer": "t1", "b": "n2", "c": "n3"},
        {"customer": "t1", "a": "t2", "c": "n3"},
        {"customer": "t1", "a": "n1", "d": "n4"},
    ]


def test_a_signal_keeps_the_fields_that_metrics_aggregate(database: Database) -> None:
    with database.write() as session:
        signal = add_business(session).signal
        total = MetricDraft(name="Dollars", signal_id=signal.id, aggregation=Aggregation.SUM, field="dollars")
        metrics.create_metric(session, total, now_ms=NOW_MS)
        for fields in ((_field("customer", FieldType.TEXT), _field("dollars", FieldType.TEXT)), signal.fields[:1]):
            with pytest.raises(InvalidInputError) as refusal:
                signals.update_signal(session, signal.id, _draft(session, fields=fields), now_ms=NOW_MS)
            assert "'Dollars' would break" in refusal.value.faults[0].reason


@pytest.mark.parametrize(
    ("aggregation", "field", "path"),
    [
        (Aggregation.SUM, "price", "field"),
        (Aggregation.SUM, "customer", "field"),
        (Aggregation.DISTINCT, "client", "field"),
    ],
)
def test_a_metric_aggregates_a_fitting_field(
    database: Database, aggregation: Aggregation, field: str, path: str
) -> None:
    with database.write() as session:
        signal = signals.create_signal(session, _draft(session), now_ms=NOW_MS)
        draft = MetricDraft(name="M", signal_id=signal.id, aggregation=aggregation, field=field)
        with pytest.raises(InvalidInputError) as refusal:
            metrics.create_metric(session, draft, now_ms=NOW_MS)
    assert refusal.value.faults[0].path == path


def test_a_metric_of_no_signal_is_refused(database: Database) -> None:
    draft = MetricDraft(name="M", signal_id=NOBODY, aggregation=Aggregation.COUNT)
    with pytest.raises(InvalidInputError) as refusal, database.write() as session:
        metrics.create_metric(session, draft, now_ms=NOW_MS)
    assert refusal.value.faults[0].path == "signal_id"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_milestone_has_a_reachable_target(database: Database, value: float) -> None:
    with database.write() as session:
        draft = milestone_draft(add_business(session).metric.id)
        unreachable = draft.actions[0].model_copy(update={"value": value})
        with pytest.raises(InvalidInputError) as refusal:
            milestones.create_milestone(session, draft.model_copy(update={"actions": (unreachable,)}), now_ms=NOW_MS)
    assert refusal.value.faults[0].path == "actions[0].value"


def test_a_milestone_is_judged_by_metrics_that_exist(database: Database) -> None:
    with pytest.raises(InvalidInputError) as refusal, database.write() as session:
        milestones.create_milestone(session, milestone_draft(NOBODY), now_ms=NOW_MS)
    assert refusal.value.faults[0].path == "actions[0].metric_id"


def test_an_outcome_counts_on_milestones_that_exist_each_once(database: Database) -> None:
    with database.write() as session:
        real = WeightedMilestone(milestone_id=add_business(session).milestone.id)
        draft = OutcomeDraft(name="O", milestones=(real, real, WeightedMilestone(milestone_id=NOBODY)))
        with pytest.raises(InvalidInputError) as refusal:
            outcomes.create_outcome(session, draft, now_ms=NOW_MS)
    assert [fault.path for fault in refusal.value.faults] == [f"milestones[{n}].milestone_id" for n in range(3)]


def test_definitions_are_deleted_from_the_outcome_down(database: Database) -> None:
    with database.write() as session:
        shop: Business = add_business(session)
        with pytest.raises(ConflictError, match="Number of purchases"):
            signals.delete_signal(session, shop.signal.id)
        with pytest.raises(ConflictError, match="5 purchases"):
            metrics.delete_metric(session, shop.metric.id)
        with pytest.raises(ConflictError, match="A loyal customer"):
            milestones.delete_milestone(session, shop.milestone.id)
        outcomes.delete_outcome(session, shop.outcome.id)
        milestones.delete_milestone(session, shop.milestone.id)
        metrics.delete_metric(session, shop.metric.id)
        signals.delete_signal(session, shop.signal.id)
        assert signals.list_signals(session) == ()


def test_every_change_raises_the_scope_that_the_reactor_watches(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        steps: tuple[Callable[[], object], ...] = (
            lambda: signals.update_signal(session, shop.signal.id, _draft(session), now_ms=NOW_MS),
            lambda: metrics.update_metric(session, shop.metric.id, MetricDraft.model_validate(_as_draft(shop))),
            lambda: milestones.update_milestone(session, shop.milestone.id, milestone_draft(shop.metric.id)),
            lambda: outcomes.delete_outcome(session, shop.outcome.id),
            lambda: milestones.delete_milestone(session, shop.milestone.id),
            lambda: metrics.delete_metric(session, shop.metric.id),
            lambda: signals.delete_signal(session, shop.signal.id),
        )
        before = read_revision(session, Scope.DEFINITIONS)
        assert before == 4
        for place, step in enumerate(steps, start=1):
            step()
            assert read_revision(session, Scope.DEFINITIONS) == before + place


def _as_draft(shop: Business) -> dict[str, Any]:
    return shop.metric.model_dump(exclude={"id", "revision"})


def test_unknown_definitions_are_not_found(database: Database) -> None:
    unknown = uuid7(NOW_MS)
    with database.read() as session:
        for get in (signals.get_signal, metrics.get_metric, milestones.get_milestone, outcomes.get_outcome):
            with pytest.raises(NotFoundError):
                get(session, unknown)
