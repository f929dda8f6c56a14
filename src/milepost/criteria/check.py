"""Takes what a person wrote down, fields and criteria, and gives every fault with its path; none means it compiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from milepost.criteria.operands import MAX_PATTERN
from milepost.criteria.operators import OPERATORS
from milepost.criteria.pattern_size import pattern_size
from milepost.domain.criterion import Condition, Criterion, Operator
from milepost.domain.errors import Fault
from milepost.domain.signal import SignalField

MAX_DEPTH = 8
"""Groups within groups."""
MAX_CONDITIONS = 200
MAX_PATTERNS_SIZE = 40_000
"""Units of criteria/pattern_size.py: about 0.2 s of compiling."""


def check(criterion: Criterion, fields: Iterable[SignalField], *, path: str = "rules") -> tuple[Fault, ...]:
    """Every fault of the criterion over these fields; paths look like `rules.members[2].value`."""
    conditions = list(_conditions(criterion))
    if len(conditions) > MAX_CONDITIONS:  # before any of them is looked at, which may cost far more than to count them
        reason = f"has {len(conditions)} conditions, of which {MAX_CONDITIONS} are allowed"
        return (Fault(path=path, reason=reason),)
    sizes = [size for size in map(_size, conditions) if size]
    if len(sizes) > 1 and sum(sizes) > MAX_PATTERNS_SIZE:  # of one alone, compiling says best what is wrong
        return (Fault(path=path, reason="has patterns that are too large together; fewer repetitions make them less"),)
    by_name = {field.name: field for field in fields}
    return tuple(_faults(criterion, by_name, path, 1))


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


def _conditions(criterion: Criterion) -> Iterator[Condition]:
    if isinstance(criterion, Condition):
        yield criterion
    else:
        for member in criterion.members:
            yield from _conditions(member)


def _size(condition: Condition) -> int:
    """Of what is going to be compiled."""
    if condition.operator is not Operator.MATCHES or not isinstance(condition.value, str):
        return 0
    return pattern_size(condition.value[:MAX_PATTERN])
