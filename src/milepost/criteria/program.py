"""Takes fields and criteria, gives Python source that reads a payload's members and tests them.

The source holds only names made here and the templates of `operators.py`; everything a user wrote goes into
`names`, the namespace that the source runs with. So no user text ever becomes code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from milepost.criteria.convert import CONVERTERS, is_index, step_into
from milepost.criteria.operators import ALWAYS, NEVER, OPERATORS
from milepost.domain.criterion import Condition, Criterion, FieldType
from milepost.domain.signal import SignalField

_FAST: Mapping[FieldType, str] = {
    FieldType.TEXT: "{v} if {v}.__class__ is str else {convert}({v})",
    FieldType.NUMBER: "{v} + 0.0 if {v}.__class__ is float or {v}.__class__ is int else {convert}({v})",
}
"""The commonest case of a conversion, without a call; it gives what the call would give."""


class Program:
    """Straight lines of code that grow by what is asked for; each member, step and conversion is there once.

    `read_member(index, name)` is the expression for a root member, by its place in `members` and its name's variable.
    """

    def __init__(self, read_member: Callable[[int, str], str]) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"step_into": step_into}
        self.members: list[str] = []
        self._read_member = read_member
        self._places: dict[tuple[str, ...], str] = {}
        self._values: dict[tuple[tuple[str, ...], FieldType], str] = {}

    def constant(self, value: Any) -> str:
        """A new name for a value that the code uses."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def place(self, path: tuple[str, ...]) -> str:
        """The variable of what `path` leads to, as decoded; None where it leads nowhere."""
        if path not in self._places:
            source = self._step(path) if len(path) > 1 else self._root(path[0])
            variable = f"p{len(self._places)}"
            self._places[path] = variable
            self.lines.append(f"{variable} = {source}")
        return self._places[path]

    def _root(self, name: str) -> str:
        self.members.append(name)
        return self._read_member(len(self.members) - 1, self.constant(name))

    def _step(self, path: tuple[str, ...]) -> str:
        parent, step = self.place(path[:-1]), self.constant(path[-1])
        if is_index(path[-1]):
            return f"step_into({parent}, {step})"
        return f"{parent}.get({step}) if {parent}.__class__ is dict else None"

    def value(self, path: tuple[str, ...], field_type: FieldType) -> str:
        """The variable of the converted value; None where it is missing."""
        key = (path, field_type)
        if key not in self._values:
            place = self.place(path)
            template = _FAST.get(field_type, "{convert}({v})")
            source = template.format(v=place, convert=self.constant(CONVERTERS[field_type]))
            variable = f"v{len(self._values)}"
            self._values[key] = variable
            self.lines.append(f"{variable} = {source}")
        return self._values[key]

    def test(self, criterion: Criterion, fields: Mapping[str, SignalField]) -> str:
        """The expression that is True or False; it uses the variable `now`."""
        if isinstance(criterion, Condition):
            return self._condition(criterion, fields[criterion.field])
        members = [self.test(member, fields) for member in criterion.members]
        match criterion.match:
            case "all":
                return f"({' and '.join(members)})" if members else "True"
            case "any":
                return f"({' or '.join(members)})" if members else "False"
            case "none":
                return f"(not ({' or '.join(members)}))" if members else "True"

    def _condition(self, condition: Condition, field: SignalField) -> str:
        rule = OPERATORS[field.type][condition.operator]
        value = self.value(field.path, field.type)
        if rule.python == NEVER:
            return f"{value} is None"
        if rule.python == ALWAYS:
            return f"{value} is not None"
        constants = [self.constant(each.python) for each in rule.operand.constants(condition.value)]
        return f"({value} is not None and {rule.python.format(*constants, x=value, now='now')})"


def define(name: str, source: str, names: dict[str, Any]) -> Any:
    """Run the source of one function in its namespace and give the function."""
    namespace = dict(names)
    exec(compile(source, f"<milepost {name}>", "exec"), namespace)  # noqa: S102  source holds no user text: see above
    return namespace[name]
