"""A bounded RFC 9535 engine: jsonpath-rfc9535 evaluates, and a Run counts what that costs.

Takes RFC 9535 text and a document; gives the selected values in document order; refuses malformed text
(a SyntaxFault with its offset) and an evaluation that costs too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

import re2
from iregexp_check import check as is_i_regexp
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathNode, JSONPathNodeList, JSONPathQuery, Parser
from jsonpath_rfc9535.filter_expressions import (
    ComparisonExpression,
    Expression,
    FilterContext,
    FunctionExtension,
    IntegerLiteral,
    RelativeFilterQuery,
    RootFilterQuery,
    StringLiteral,
)
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.segments import (
    JSONPathChildSegment,
    JSONPathRecursiveDescentSegment,
    JSONPathSegment,
)
from jsonpath_rfc9535.tokens import TokenStream

from milepost.domain.errors import InvalidInputError

MOST_STEPS = 5_000
DEEPEST_DESCENT = 100
LONGEST_PATTERN = 256
_STEPS_OF_A_PATTERN = 200  # compiling one costs up to 0.5 ms, two hundred times a step


class TooCostlyError(InvalidInputError):
    """The expression takes more steps, depth or output on this event than a template may."""


class SyntaxFault(Exception):  # noqa: N818  # not an error of the product: the template turns it into one
    """Malformed RFC 9535 text: why, and the offset in it."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class Run:
    """What the templates of one event may still cost together, and the document of the path under way.

    A step is a node looked at by a selector, a comparison, or 16 members or characters that are read through.
    """

    __slots__ = ("document", "steps_left")

    def __init__(self) -> None:
        self.document: object = None
        self.steps_left = MOST_STEPS

    def spend(self, steps: int) -> None:
        """Count steps, or end the rendering with TooCostlyError."""
        self.steps_left -= steps
        if self.steps_left < 0:
            raise TooCostlyError(f"the expression takes more than {MOST_STEPS} steps on this event")

    def weigh(self, value: object) -> None:
        """Spend what it costs to compare the whole of a value."""
        pending = [value]
        while pending:
            value = pending.pop()
            if isinstance(value, str):
                self.spend(len(value) >> 4)
            elif isinstance(value, list):
                self.spend(len(value))
                pending.extend(value)
            elif isinstance(value, dict):
                self.spend(len(value))
                pending.extend(value.values())


class _Node(JSONPathNode):
    """A node whose `root` is its Run, and which does not build the location that nobody asks for."""

    __slots__ = ()

    def new_child(self, value: object, key: int | str, parent: JSONPathNode | None) -> _Node:
        return _Node(value=value, location=(), parent=None, root=self.root)


def _select(segments: Iterable[JSONPathSegment], value: object, run: Run) -> Iterator[JSONPathNode]:
    nodes: Iterable[JSONPathNode] = (_Node(value=value, location=(), parent=None, root=run),)  # type: ignore[arg-type]
    for segment in segments:
        nodes = segment.resolve(nodes)
    for node in nodes:
        run.spend(1)
        yield node


def _run_of(node: JSONPathNode) -> Run:
    assert isinstance(node.root, Run)
    return node.root


class _Child(JSONPathChildSegment):
    def resolve(self, nodes: Iterable[JSONPathNode]) -> Iterator[JSONPathNode]:
        for node in nodes:
            _run_of(node).spend(len(self.selectors))
            for selector in self.selectors:
                yield from selector.resolve(node)


class _Descent(JSONPathRecursiveDescentSegment):
    def resolve(self, nodes: Iterable[JSONPathNode]) -> Iterator[JSONPathNode]:
        for top in nodes:
            run = _run_of(top)
            for value in descend(top.value, run, steps=len(self.selectors)):
                node = top.new_child(value, 0, top)
                for selector in self.selectors:
                    yield from selector.resolve(node)


def descend(value: object, run: Run, *, steps: int = 1) -> Iterator[object]:
    """A value and all arrays and objects inside it, in document order; `steps` are spent on each."""
    pending: list[tuple[object, int]] = [(value, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > DEEPEST_DESCENT:
            raise TooCostlyError(f"the event is nested more than {DEEPEST_DESCENT} deep, which .. does not search")
        members: Sequence[object] = ()
        if isinstance(value, dict):
            members = tuple(value.values())
        elif isinstance(value, list):
            members = value
        run.spend(steps + (len(members) >> 4))
        yield value
        pending.extend((member, depth + 1) for member in reversed(members) if isinstance(member, dict | list))


class _Relative(RelativeFilterQuery):
    def evaluate(self, context: FilterContext) -> object:
        return _values_in_filter(self.query, context.current, context)


class _Root(RootFilterQuery):
    def evaluate(self, context: FilterContext) -> object:
        assert isinstance(context.root, Run)
        return _values_in_filter(self.query, context.root.document, context)


def _values_in_filter(query: JSONPathQuery, start: object, context: FilterContext) -> JSONPathNodeList:
    assert isinstance(context.root, Run)
    return JSONPathNodeList(_select(query.segments, start, context.root))


class _Weighed(Expression):
    """An operand or argument, with its size and a fixed price spent from the run."""

    __slots__ = ("inner", "price")

    def __init__(self, inner: Expression) -> None:
        super().__init__(inner.token)
        self.inner = inner
        self.price = 1

    def evaluate(self, context: FilterContext) -> object:
        assert isinstance(context.root, Run)
        value = self.inner.evaluate(context)
        context.root.spend(self.price)
        context.root.weigh(value[0].value if isinstance(value, JSONPathNodeList) and len(value) == 1 else value)
        return value


class _BoundedParser(Parser):
    """Builds the bounded kinds of segment, query and comparison; the grammar stays the library's."""

    def parse_query(self, stream: TokenStream, *, in_filter: bool = False) -> Iterator[JSONPathSegment]:
        for segment in super().parse_query(stream, in_filter=in_filter):
            kind = _Descent if isinstance(segment, JSONPathRecursiveDescentSegment) else _Child
            yield kind(env=self.env, token=segment.token, selectors=segment.selectors)

    def parse_root_query(self, stream: TokenStream) -> Expression:
        parsed = super().parse_root_query(stream)
        assert isinstance(parsed, RootFilterQuery)
        return _Root(parsed.token, parsed.query)

    def parse_relative_query(self, stream: TokenStream) -> Expression:
        parsed = super().parse_relative_query(stream)
        assert isinstance(parsed, RelativeFilterQuery)
        return _Relative(parsed.token, parsed.query)

    def parse_infix_expression(self, stream: TokenStream, left: Expression) -> Expression:
        parsed = super().parse_infix_expression(stream, left)
        if isinstance(parsed, ComparisonExpression):
            return ComparisonExpression(parsed.token, _Weighed(parsed.left), parsed.operator, _Weighed(parsed.right))
        return parsed

    def parse_function_extension(self, stream: TokenStream) -> Expression:
        parsed = super().parse_function_extension(stream)
        assert isinstance(parsed, FunctionExtension)
        is_regex = parsed.name in ("match", "search")
        arguments = [_Weighed(argument) for argument in parsed.args]
        if is_regex and not isinstance(parsed.args[1], StringLiteral):
            arguments[1].price = _STEPS_OF_A_PATTERN
        return FunctionExtension(parsed.token, parsed.name, arguments)

    def parse_integer_literal(self, stream: TokenStream) -> Expression:
        token = stream.current
        digits = token.value.removeprefix("-")
        if digits.isdigit() and not digits.startswith("0"):
            return IntegerLiteral(token, int(token.value))  # exactly: the library goes by way of a float
        return super().parse_integer_literal(stream)


class _Regex(FilterFunction):
    """`match` and `search` on RE2: linear in the text, whatever the pattern."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012  # as the library declares them
    return_type = ExpressionType.LOGICAL

    def __init__(self, *, is_whole: bool) -> None:
        self._is_whole = is_whole

    def __call__(self, text: object, pattern: object) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str) or (regex := _regex(pattern)) is None:
            return False
        return bool(regex.fullmatch(text) if self._is_whole else regex.search(text))


class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object: ...
    def search(self, text: str) -> object: ...


_OPTIONS = re2.Options()
_OPTIONS.max_mem = 1 << 16
_OPTIONS.log_errors = False
_DOT_OR_ELSE = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|(\.)", re.DOTALL)


@lru_cache(maxsize=256)
def _regex(pattern: str) -> _Pattern | None:
    """An RFC 9485 I-Regexp, whose dot is any character but a line's end; None for any other pattern."""
    if len(pattern) > LONGEST_PATTERN:
        raise TooCostlyError(f"a pattern of match() or search() may have {LONGEST_PATTERN} characters")
    if not is_i_regexp(pattern):
        return None
    try:
        mapped = _DOT_OR_ELSE.sub(lambda found: r"[^\r\n]" if found[1] else found[0], pattern)
        compiled: _Pattern = re2.compile(mapped, _OPTIONS)  # type: ignore[no-untyped-call]
    except re2.error:
        return None
    return compiled


class _Environment(JSONPathEnvironment):
    parser_class = _BoundedParser

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Regex(is_whole=True)
        self.function_extensions["search"] = _Regex(is_whole=False)


_ENVIRONMENT = _Environment()


class Query:
    """A compiled path."""

    __slots__ = ("_segments",)

    def __init__(self, text: str) -> None:
        try:
            self._segments = _ENVIRONMENT.compile(text).segments
        except JSONPathError as error:
            reason = str(error.args[0]) if error.args else "malformed"
            raise SyntaxFault(reason, max(error.token.index, 0) if error.token else 0) from error
        except (OverflowError, RecursionError) as error:
            raise SyntaxFault("a number out of range, or too deep", 0) from error

    def values(self, start: object, run: Run) -> list[object]:
        """What the path selects from `start`, in document order; `$` in its filters is `start` too."""
        run.document = start
        return [node.value for node in _select(self._segments, start, run)]
