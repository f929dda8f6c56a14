"""Takes what a person wrote down, fields and criteria, and gives every fault with its path; none means it compiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from milepost.criteria.operators import OPERATORS
from milepost.domain.criterion import Condition, Criterion
from milepost.domain.errors import Fault
from milepost.domain.signal import SignalField

MAX_DEPTH = 8
"""Groups within groups."""
MAX_CONDITIONS = 200


def check(criterion: Criterion, fields: Iterable[SignalField], *, path: str = "rules") -> tuple[Fault, ...]:
    """Every fault of the criterion over these fields; paths look like `rules.members[2].value`."""
    by_name = {field.name: field for field in fields}
    faults = tuple(_faults(criterion, by_name, path, 1))
    count = _count(criterion)
    if count > MAX_CONDITIONS:
        return (*faults, Fault(path=path, reason=f"has {count} conditions, of which {MAX_CONDITIONS} are allowed"))
    return faults


def check_fields(fields: Iterable[SignalField], *, path: str = "fields") -> tuple[Fault, ...]:
    """Every fault of the fields among themselves: two of one name."""
    seen: set[str] = set()
    faults = []
    for index, field in enumerate(fields):
        if field.name in seen:
            faults.append(Fault(path=f"{path}[{index}].name", reason=f"repeats the field name {field.name!r}"))
        seen.add(field.name)
    return tuple(faults)


def _faults(criterion: Criterion, fields: Mapping[str, SignalField], path: str, depth: int) -> Iterator[Fault]:
    if isinstance(criterion, Condition):
        yield from _condition_faults(criterion, fields, path)
    elif depth > MAX_DEPTH:
        yield Fault(path=path, reason=f"is nested deeper than {MAX_DEPTH} groups")
    else:
        for index, member in enumerate(criterion.members):
            yield from _faults(member, fields, f"{path}.members[{index}]", depth + 1)


def _condition_faults(condition: Condition, fields: Mapping[str, SignalField], path: str) -> Iterator[Fault]:
    field = fields.get(condition.field)
    if field is None:
        yield Fault(path=f"{path}.field", reason=f"{condition.field!r} is not one of the fields")
        return
    rule = OPERATORS[field.type].get(condition.operator)
    if rule is None:
        allowed = ", ".join(operator.value for operator in OPERATORS[field.type])
        wrong = f"{condition.operator.value!r} is not for a field of type {field.type.value}; it has {allowed}"
        yield Fault(path=f"{path}.operator", reason=wrong)
        return
    if reason := rule.operand.fault(condition.value):
        yield Fault(path=f"{path}.value", reason=reason)


def _count(criterion: Criterion) -> int:
    return 1 if isinstance(criterion, Condition) else sum(_count(member) for member in criterion.members)
