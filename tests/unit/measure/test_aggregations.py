"""Which column a metric reads, and which metrics do not fit their signal."""

from __future__ import annotations

from uuid import UUID

import pytest

from milepost.domain.basis import Leaf
from milepost.domain.criterion import FieldType
from milepost.domain.errors import InvalidInputError
from milepost.domain.metric import Aggregation, MetricDraft
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.measure.aggregations import AGGREGATIONS
from milepost.measure.columns import column_of, group_column_of

FIELDS = {
    "dollars": (FieldType.NUMBER, "n1"),
    "is paid": (FieldType.BOOLEAN, "n2"),
    "due": (FieldType.ISO_DATE, "n3"),
    "account": (FieldType.TEXT, "t1"),
}
SIGNAL = Signal(
    id=UUID(int=1),
    revision=2,
    slots={name: slot for name, (_, slot) in FIELDS.items()} | {"dropped": "n4", "odd": "n99"},
    name="purchase",
    connection_id=UUID(int=2),
    event_key="purchase",
    fields=tuple(SignalField(name=name, path=(name,), type=type_) for name, (type_, _) in FIELDS.items()),
    company=CompanyMapping(field="account"),
)


def leaf(aggregation: Aggregation, field: str | None) -> Leaf:
    return Leaf(metric=MetricDraft(name="m", signal_id=SIGNAL.id, aggregation=aggregation, field=field), signal=SIGNAL)


@pytest.mark.parametrize(
    ("aggregation", "field", "column"),
    [
        pytest.param(Aggregation.COUNT, None, None, id="a count reads none"),
        pytest.param(Aggregation.DAYS_SINCE_LAST, None, None, id="nor does the age of the last one"),
        pytest.param(Aggregation.SUM, "dollars", "n1", id="a sum reads its number"),
        pytest.param(Aggregation.LATEST, "is paid", "n2", id="booleans are numbers"),
        pytest.param(Aggregation.MAXIMUM, "due", "n3", id="and so are dates"),
        pytest.param(Aggregation.SUM, "dropped", "n4", id="a field of an older revision still has its column"),
        pytest.param(Aggregation.DISTINCT, "account", "t1", id="distinct texts"),
        pytest.param(Aggregation.DISTINCT, "dollars", "n1 + 0", id="distinct numbers, where -0 is 0"),
        pytest.param(Aggregation.DISTINCT, "due", "n3 + 0", id="distinct dates"),
    ],
)
def test_a_metric_reads_the_column_of_its_field(
    aggregation: Aggregation, field: str | None, column: str | None
) -> None:
    assert column_of(leaf(aggregation, field)) == column


@pytest.mark.parametrize(
    ("aggregation", "field", "reason"),
    [
        pytest.param(Aggregation.SUM, "account", "sum needs a field that is a number", id="a text has no sum"),
        pytest.param(Aggregation.LATEST, "account", "latest needs a field that is a number", id="nor a latest number"),
        pytest.param(Aggregation.DISTINCT, "size", "has no field 'size'", id="an unknown field"),
        pytest.param(Aggregation.SUM, "odd", "has no field 'odd'", id="a slot that the store does not have"),
    ],
)
def test_a_metric_that_does_not_fit_its_signal_is_refused(aggregation: Aggregation, field: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason) as refused:
        column_of(leaf(aggregation, field))
    assert refused.value.faults[0].path == "field"


def test_a_metric_is_broken_down_by_any_field_that_the_signal_has() -> None:
    count = leaf(Aggregation.COUNT, None)
    assert (group_column_of(count, "account"), group_column_of(count, "is paid")) == ("t1", "n2 + 0")
    with pytest.raises(InvalidInputError, match="has no field 'size'") as refused:
        group_column_of(count, "size")
    assert refused.value.faults[0].path == "group_by"


def test_every_aggregation_of_the_domain_can_be_measured() -> None:
    assert set(AGGREGATIONS) == set(Aggregation)
