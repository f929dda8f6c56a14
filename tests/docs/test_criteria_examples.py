"""Each example of docs/reference/criteria.md, in both engines."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from milepost.criteria.check import check
from milepost.criteria.evaluate import evaluate
from milepost.criteria.operators import OPERATORS
from milepost.criteria.to_sql import to_sql
from milepost.domain.criterion import Condition, Criterion, FieldType, Group, Operator
from milepost.domain.signal import SignalField

PAGE = Path(__file__).parents[2].joinpath("docs", "reference", "criteria.md").read_text()
ARRIVED_MS = 1_717_243_200_000
EXAMPLES = re.findall(r"^\| `(\{.*\})` \| (\w+) \| `(.+?)` \| (?:`(.+)` )?\| (yes|no) \|$", PAGE, re.MULTILINE)
GROUP_EXAMPLES = re.findall(r"^\| `(\{.*\})` \| (yes|no) \|$", PAGE, re.MULTILINE)


def holds_in_both(event: str, criterion: Criterion, fields: list[SignalField], client: Client) -> bool:
    assert check(criterion, fields) == ()
    in_stream = evaluate(criterion, fields)(msgspec.json.decode(event), ARRIVED_MS)
    sql = to_sql(criterion, fields, now=str(ARRIVED_MS))
    [[in_store]] = client.query(
        f"WITH {sql.bindings} SELECT {sql.test} FROM (SELECT {{event:String}} AS payload)",
        parameters={**sql.parameters, "event": event},
    ).result_rows
    assert in_stream == bool(in_store)
    return in_stream


@pytest.mark.parametrize("example", EXAMPLES, ids=" ".join)
def test_a_condition_holds_where_the_page_says(example: tuple[str, ...], chdb_client: Client) -> None:
    event, field_type, operator, value, holds = example
    field = SignalField(name="x", path=("x",), type=FieldType(field_type))
    condition = Condition.model_validate(
        {"field": "x", "operator": operator, "value": json.loads(value) if value else None}
    )
    assert holds_in_both(event, condition, [field], chdb_client) is (holds == "yes")


@pytest.mark.parametrize(("event", "holds"), GROUP_EXAMPLES)
def test_the_group_of_the_page_holds_where_it_says(event: str, holds: str, chdb_client: Client) -> None:
    [written] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    fields = [
        SignalField(name="plan", path=("plan",), type=FieldType.TEXT),
        SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),
    ]
    assert holds_in_both(event, Group.model_validate_json(written), fields, chdb_client) is (holds == "yes")


def test_every_line_of_the_tables_is_an_example() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `{")]
    assert len(EXAMPLES) + len(GROUP_EXAMPLES) == len(lines) > 50


def test_every_operator_of_every_type_is_on_the_page() -> None:
    shown: set[tuple[Any, Any]] = {(field_type, operator) for _, field_type, operator, _, _ in EXAMPLES}
    dates = {FieldType.ISO_DATE, FieldType.UNIX_MS_DATE}
    for field_type, rules in OPERATORS.items():
        for operator in set(rules) - {Operator.EXISTS, Operator.IS_MISSING}:
            alike = dates if field_type in dates else {field_type}
            assert any((each.value, operator.value) in shown for each in alike), (field_type, operator)
