"""Which column a metric reads, and which metrics do not fit their signal."""

from __future__ import annotations

from uuid import UUID

import pytest

from milepost.domain.criterion import FieldType
from milepost.domain.errors import InvalidInputError
from milepost.domain.metric import Aggregation, MetricDraft
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.measure.aggregations import AGGREGATIONS, column_of

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


def metric(aggregation: Aggregation, field: str | None) -> MetricDraft:
    return MetricDraft(name="m", signal_id=SIGNAL.id, aggregation=aggregation, field=field)


@pytest.mark.parametrize(
    ("aggregation", "field", "column"),
    [
        pytest.param(Aggregation.COUNT, None, None, id="a count reads none"),
        pytest.param(Aggregation.SUM, "dollars", "n1", id="a sum reads its number"),
        pytest.param(Aggregation.SUM, "dropped", "n4", id="a field of an older revision still has its column"),
        pytest.param(Aggregation.DISTINCT, "account", "t1", id="distinct texts"),
        pytest.param(Aggregation.DISTINCT, "dollars", "n1 + 0", id="distinct numbers, where -0 is 0"),
        pytest.param(Aggregation.DISTINCT, "due", "n3 + 0", id="distinct dates"),
    ],
)
def test_a_metric_reads_the_column_of_its_field(
    aggregation: Aggregation, field: str | None, column: str | None
) -> None:
    assert column_of(metric(aggregation, field), SIGNAL) == column


@pytest.mark.parametrize(
    ("aggregation", "field", "reason"),
    [
        pytest.param(Aggregation.SUM, "account", "sum needs a number field", id="a text has no sum"),
        pytest.param(Aggregation.DISTINCT, "size", "has no field 'size'", id="an unknown field"),
        pytest.param(Aggregation.SUM, "odd", "has no field 'odd'", id="a slot that the store does not have"),
    ],
)
def test_a_metric_that_does_not_fit_its_signal_is_refused(aggregation: Aggregation, field: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason) as refused:
        column_of(metric(aggregation, field), SIGNAL)
    assert refused.value.faults[0].path == "field"


def test_every_aggregation_of_the_domain_can_be_measured() -> None:
    assert set(AGGREGATIONS) == set(Aggregation)
