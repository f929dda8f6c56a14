"""JSONPath templates in metadata values: text with `{expressions}` that take their value from the event (seed 003).

The dialect is that of Kubernetes, with RFC 9535 inside the braces; docs/reference/jsonpath.md says all of it.
A template is compiled once and cached; every evaluation is bounded in steps, depth and output.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import Any

from milepost.receive.template import grammar
from milepost.receive.template.engine import Query, Run, SyntaxFault, TooCostlyError, descend
from milepost.receive.template.output import Output, read_event
from milepost.receive.template.parts import Part, Path, Range

__all__ = ["Run", "Template", "TooCostlyError", "compile_template", "read_event"]


class Template:
    """A compiled template; `is_literal` when it is plain text, whatever the event."""

    __slots__ = ("_parts", "is_literal")

    def __init__(self, text: str) -> None:
        self._parts = tuple(_compile(part) for part in grammar.parse(text))
        self.is_literal = all(isinstance(part, str) for part in self._parts)

    def render(self, event: dict[str, Any], run: Run | None = None) -> str | None:
        """The text for an event that `read_event` read; None when nothing comes of it.

        Nothing means no character: no literal text, and every expression without results or with empty ones. A null
        is no result.
        Templates that share a Run share its budget. TooCostlyError when one takes too many steps, too much depth
        or too long an output.
        """
        output, run = Output(), run or Run()
        for part in self._parts:
            _render(part, event, run, output)
        return output.text() or None


@lru_cache(maxsize=1024)
def compile_template(text: str) -> Template:
    """Compile, or find compiled. InvalidInputError says why a template is malformed, and at which character."""
    return Template(text)


class _Names:
    """The simple form `.a.b`, walked by hand; equal to the engine."""

    __slots__ = ("_names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def values(self, start: object, run: Run) -> list[object]:
        run.spend(1)
        value = start
        for name in self._names:
            if not isinstance(value, dict) or name not in value:
                return []
            value = value[name]
        return [value]


class _AnywhereName:
    """The simple form `..name`, walked by hand; equal to the engine."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def values(self, start: object, run: Run) -> list[object]:
        name = self._name
        found: list[object] = []
        for value in descend(start, run):
            if isinstance(value, dict) and name in value:
                run.spend(1)
                found.append(value[name])
        return found


class _Range:
    """`{range}`: its parts once per value."""

    __slots__ = ("parts", "selection")

    def __init__(self, selection: _Selection, parts: tuple[_Part, ...]) -> None:
        self.selection = selection
        self.parts = parts


_Selection = _Names | _AnywhereName | Query
_Part = str | _Selection | _Range


def _compile(part: Part) -> _Part:
    if isinstance(part, str):
        return part
    if isinstance(part, Range):
        return _Range(_compile_path(part.path), tuple(_compile(inner) for inner in part.parts))
    return _compile_path(part)


def _compile_path(path: Path) -> _Selection:
    if path.names is not None:
        return _AnywhereName(path.names[0]) if path.is_descent else _Names(path.names)
    try:
        return Query("$" + "".join(text for _, text in path.pieces))
    except SyntaxFault as fault:
        raise grammar.malformed(fault.reason, _position(path, fault.offset)) from fault


def _position(path: Path, offset: int) -> int:
    """Where in the template the character at that offset of the RFC 9535 text came from."""
    ends = list(accumulate((len(text) for _, text in path.pieces), initial=1))
    index = min(bisect_right(ends, offset) - 1, len(path.pieces) - 1)
    return path.pieces[max(index, 0)][0] if path.pieces else path.position


def _render(part: _Part, event: object, run: Run, output: Output) -> None:
    if isinstance(part, str):
        run.spend(1)
        output.add(part)
        return
    if isinstance(part, _Range):
        for value in part.selection.values(event, run):
            for inner in part.parts:
                _render(inner, value, run, output)
        return
    separator = ""
    for value in part.values(event, run):
        if value is not None:  # as a member that is not there: the word "null" would be everybody's name
            output.add(separator)
            output.add_value(value)
            separator = " "
