"""Takes fields and a criterion, gives ClickHouse SQL over a `payload` column: the store's engine of criteria.

The fields and the criterion must have passed `check`. Whatever a user wrote is a parameter, never SQL text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from milepost.criteria.convert import is_index
from milepost.criteria.operands import element_type
from milepost.criteria.operators import ALWAYS, NEVER, OPERATORS
from milepost.criteria.sql_values import (
    boolean,
    element_text,
    iso_date,
    no_scalar,
    number,
    numeral,
    scalar_text,
    unix_ms_date,
)
from milepost.domain.criterion import Condition, Criterion, FieldType, Operator
from milepost.domain.signal import SignalField

ARRIVAL_MS = "toUnixTimestamp64Milli(received_at)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlParts:
    """Parts of one SELECT: `WITH {bindings} SELECT {stored...}, {company} FROM events WHERE {test}`.

    `stored` gives for each field the expression of what its store column holds, Nullable(Float64) or
    Nullable(String); `company` that of the company's key, NULL where it is missing or empty. `prefilter`, for a
    PREWHERE, is quick and holds wherever `test` does, and at times where it does not. Bindings that no used
    expression needs cost nothing; their names are r, v0, v1..., those of parameters k0, k1... and roots.
    """

    bindings: str
    prefilter: str
    test: str
    stored: Mapping[str, str]
    company: str
    parameters: Mapping[str, Any]


def to_sql(
    criterion: Criterion, fields: Iterable[SignalField], *, company: str | None = None, now: str = ARRIVAL_MS
) -> SqlParts:
    """Translate the criterion, the fields, and the name of the company field.

    `now` is the SQL of the event's time of arrival in Unix milliseconds.
    """
    by_name = {field.name: field for field in fields}
    program = _Program(now)
    test = program.test(criterion, by_name)
    stored = {name: program.stored(field) for name, field in by_name.items()}
    key = "NULL" if company is None else f"nullIf({program.value(by_name[company].path, FieldType.TEXT)}, '')"
    needed = _needed(criterion, by_name)
    prefilter = program.condition(needed, by_name[needed.field], by_itself=True) if needed else "1"
    return SqlParts(
        bindings=program.bindings(),
        prefilter=prefilter,
        test=test,
        stored=stored,
        company=key,
        parameters=program.parameters(),
    )


def _needed(criterion: Criterion, fields: Mapping[str, SignalField]) -> Condition | None:
    """The first condition without which the criterion cannot hold, if it is about a scalar that is there."""
    if isinstance(criterion, Condition):
        is_about_scalar = fields[criterion.field].type not in (FieldType.ARRAY, FieldType.OBJECT)
        return criterion if is_about_scalar and criterion.operator is not Operator.IS_MISSING else None
    if criterion.match != "all":
        return None
    return next((needed for member in criterion.members if (needed := _needed(member, fields))), None)


class _Program:
    """Named expressions that grow by what is asked for; each extraction and conversion is there once.

    Root members are taken by one JSONExtract into a tuple, so that a payload is parsed once and not per field.
    """

    def __init__(self, now: str) -> None:
        self._now = now
        self._bound: dict[str, str] = {}
        self._parameters: dict[str, Any] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._roots: list[str] = []

    def bindings(self) -> str:
        return ",\n     ".join(f"{expression} AS {name}" for expression, name in self._all_bound())

    def _all_bound(self) -> Iterable[tuple[str, str]]:
        if self._roots:
            yield "JSONExtract(payload, {roots:String})", "r"
        yield from self._bound.items()

    def parameters(self) -> dict[str, Any]:
        elements = ", ".join(f"`{name}` Nullable(String)" for name in self._roots)
        return self._parameters | ({"roots": f"Tuple({elements})"} if self._roots else {})

    def bind(self, expression: str) -> str:
        """The name of an expression."""
        return self._bound.setdefault(expression, f"v{len(self._bound)}")

    def parameter(self, value: Any, sql_type: str) -> str:
        """The name under which a user's value is bound, as the statement writes it."""
        key = (sql_type, repr(value))
        if key not in self._names:
            self._names[key] = f"k{len(self._parameters)}"
            self._parameters[self._names[key]] = value
        return f"{{{self._names[key]}:{sql_type}}}"

    def scalar(self, path: tuple[str, ...], *, by_itself: bool = False) -> str:
        """What `path` leads to as ClickHouse prints it, NULL where it leads nowhere or to null."""
        if len(path) == 1 and _fits_a_tuple(path[0]) and not by_itself:
            if path[0] not in self._roots:
                self._roots.append(path[0])
            return self.bind(f"tupleElement(r, {self._roots.index(path[0]) + 1})")
        return self.bind(f"JSONExtract({self._place(path)}, 'Nullable(String)')")

    def _place(self, path: tuple[str, ...]) -> str:
        """The arguments of a JSONExtract function that lead to `path`: a document and names in it.

        A step in digits means an element of an array and a member of an object, which JSONExtract cannot say at
        once: there the value so far becomes the document. It is named once, as `d`, because ClickHouse writes out
        every use of a name, and many such steps would grow without bound.
        """
        document, steps = "payload", [self.parameter(path[0], "String")]
        for step in path[1:]:
            if is_index(step):
                parent = f"JSONExtractRaw({', '.join([document, *steps])})"
                element = f"JSONExtractRaw(d, {int(step) + 1})"
                member = f"JSONExtractRaw(d, {self.parameter(step, 'String')})"
                either = f"if(startsWith(d, '['), {element}, {member})"
                document, steps = self.bind(f"arrayMap(d -> {either}, [{parent}])[1]"), []
            else:
                steps.append(self.parameter(step, "String"))
        return ", ".join([document, *steps])

    def value(self, path: tuple[str, ...], field_type: FieldType, *, by_itself: bool = False) -> str:
        """The name of the converted value; of arrays and objects the raw JSON, whatever it is.

        One taken out `by_itself` is quicker than all together, and may be a number where the text or boolean that
        is there is none for us ("inf", "5.", true): where we have a number, it is the same one.
        """
        match field_type:
            case FieldType.TEXT:
                return self.bind(scalar_text(self.scalar(path, by_itself=by_itself), f"JSONType({self._place(path)})"))
            case FieldType.NUMBER:
                double = f"JSONExtract({self._place(path)}, 'Nullable(Float64)')"
                return self.bind(double if by_itself else number(self.scalar(path)))
            case FieldType.BOOLEAN:
                return self.bind(boolean(self.value(path, FieldType.TEXT, by_itself=by_itself)))
            case FieldType.ISO_DATE:
                return self.bind(iso_date(self.scalar(path, by_itself=by_itself)))
            case FieldType.UNIX_MS_DATE:
                return self.bind(unix_ms_date(self.value(path, FieldType.NUMBER, by_itself=by_itself)))
            case FieldType.ARRAY | FieldType.OBJECT:
                return self.bind(f"JSONExtractRaw({self._place(path)})")

    def stored(self, field: SignalField) -> str:
        """The expression of what the store's column holds."""
        value = self.value(field.path, field.type)
        if field.type is FieldType.ARRAY:
            scalars = f"arrayFilter(e -> NOT ({no_scalar('e')}), JSONExtractArrayRaw({value}))"
            array = f"concat('[', arrayStringConcat({scalars}, ','), ']')"
            return self.bind(f"if({_is_there(field, value)}, {array}, NULL)")
        return "CAST(NULL, 'Nullable(String)')" if field.type is FieldType.OBJECT else value

    def _elements(self, raw: str, field_type: FieldType) -> str:
        """The elements of an array, each as `field_type`; NULL where one is not convertible."""
        convert = _ELEMENT[field_type]
        return f"arrayMap(e -> {convert(element_text('e'))}, JSONExtractArrayRaw({raw}))"

    def test(self, criterion: Criterion, fields: Mapping[str, SignalField]) -> str:
        """The condition, 0 or 1 and never NULL."""
        if isinstance(criterion, Condition):
            return self.condition(criterion, fields[criterion.field])
        members = [self.test(member, fields) for member in criterion.members]
        match criterion.match:
            case "all":
                return f"({' AND '.join(members)})" if members else "1"
            case "any":
                return f"({' OR '.join(members)})" if members else "0"
            case "none":
                return f"(NOT ({' OR '.join(members)}))" if members else "1"

    def condition(self, condition: Condition, field: SignalField, *, by_itself: bool = False) -> str:
        """The same of one condition; of a value `by_itself` it may also hold where that is no number for us."""
        rule = OPERATORS[field.type][condition.operator]
        value = self.value(field.path, field.type, by_itself=by_itself)
        if rule.sql in (NEVER, ALWAYS):
            is_there = _is_there(field, value)
            return f"(NOT {is_there})" if rule.sql == NEVER else is_there
        constants = [self.parameter(each.sql, each.sql_type) for each in rule.operand.constants(condition.value)]
        elements = ""
        x = value
        if field.type is FieldType.ARRAY:
            elements = self._elements(value, element_type(condition.value))
            x = f"JSONExtractArrayRaw({value})"
        test = f"ifNull({rule.sql.format(*constants, x=x, now=self._now, elements=elements)}, 0)"
        return f"({_is_there(field, value)} AND {test})" if field.type is FieldType.ARRAY else test


_ELEMENT: Mapping[FieldType, Callable[[str], str]] = {
    FieldType.TEXT: lambda text: text,
    FieldType.NUMBER: numeral,
    FieldType.BOOLEAN: boolean,
}


def _is_there(field: SignalField, value: str) -> str:
    if field.type is FieldType.ARRAY:
        return f"startsWith({value}, '[')"
    return f"startsWith({value}, '{{')" if field.type is FieldType.OBJECT else f"isNotNull({value})"


def _fits_a_tuple(name: str) -> bool:
    """Whether ClickHouse can have a tuple element of that name; `null` is one of its own."""
    return name not in ("", "null") and name.isprintable() and "`" not in name and "\\" not in name
