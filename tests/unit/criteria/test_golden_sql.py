"""The generated SQL, letter by letter, so that a change of it is seen in review."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from milepost.criteria.operators import OPERATORS
from milepost.criteria.to_sql import to_sql
from milepost.domain.criterion import EVERYTHING, Condition, FieldType, Group, Operator
from milepost.domain.signal import SignalField

GOLDEN = Path(__file__).with_name("golden_sql.txt")
ONE_NUMBER = ("=", "!=", ">", ">=", "<", "<=")
VALUES: dict[tuple[FieldType, Operator], Any] = {
    **{(FieldType.TEXT, op): "it's" for op in OPERATORS[FieldType.TEXT]},
    **{(FieldType.NUMBER, Operator(op)): 5 for op in ONE_NUMBER},
    **{(FieldType.ARRAY, Operator(f"length{op}")): 5 for op in ONE_NUMBER},
    (FieldType.TEXT, Operator.IN): ("a", "b"),
    (FieldType.NUMBER, Operator.IN): (1, 2.5),
    (FieldType.NUMBER, Operator.BETWEEN): (1, 2.5),
    (FieldType.ARRAY, Operator.CONTAINS): "a",
    **{(each, Operator.BEFORE): "2024-02-29" for each in (FieldType.ISO_DATE, FieldType.UNIX_MS_DATE)},
    **{(each, Operator.AFTER): "2024-02-29" for each in (FieldType.ISO_DATE, FieldType.UNIX_MS_DATE)},
    **{(each, Operator.BETWEEN): ("2024-02-01", "2024-02-29") for each in (FieldType.ISO_DATE, FieldType.UNIX_MS_DATE)},
    **{(each, Operator.IN_LAST_DAYS): 7 for each in (FieldType.ISO_DATE, FieldType.UNIX_MS_DATE)},
    **{(each, op): None for each in FieldType for op in (Operator.EXISTS, Operator.IS_MISSING)},
}


def generated() -> Iterator[str]:
    """For each type the conversions of a root member, then each operator's test and prefilter; and a path."""
    for field_type, rules in OPERATORS.items():
        field = SignalField(name="x", path=("x",), type=field_type)
        exists = Condition(field="x", operator=Operator.EXISTS)
        sql = to_sql(exists, [field], company="x" if field_type is FieldType.TEXT else None)
        yield f"-- {field_type.value}: stored {sql.stored['x']}, company {sql.company}, {dict(sql.parameters)}"
        yield f"WITH {sql.bindings}"
        for operator in rules:
            value = VALUES.get((field_type, operator))
            test = to_sql(Condition(field="x", operator=operator, value=value), [field])
            yield f"{operator.value:12} {test.test}"
            yield f"{'':12} {test.prefilter}"
        yield ""
    inner = SignalField(name="x", path=("a", "b", "0", "c"), type=FieldType.TEXT)
    sql = to_sql(Group(match="none", members=(EVERYTHING, Group(match="any", members=()))), [inner])
    yield f"-- a path through an array, groups: {dict(sql.parameters)}"
    yield f"WITH {sql.bindings}"
    yield f"             {sql.test}"


def test_the_generated_sql_is_that_of_the_golden_file() -> None:
    assert "\n".join(generated()) + "\n" == GOLDEN.read_text()


@pytest.mark.parametrize("hostile", ["' OR 1 --", "{k0:String}", "`", "\\", "); DROP TABLE events"])
def test_no_text_of_a_user_gets_into_the_sql(hostile: str) -> None:
    field = SignalField(name=hostile, path=(hostile, "0", hostile), type=FieldType.TEXT)
    sql = to_sql(Condition(field=hostile, operator=Operator.EQUALS, value=hostile), [field], company=hostile)
    plain = field.model_copy(update={"path": ("plain", "0", "plain")})
    same = to_sql(Condition(field=hostile, operator=Operator.EQUALS, value="plain"), [plain], company=hostile)
    assert (sql.bindings, sql.test, sql.company) == (same.bindings, same.test, same.company)
