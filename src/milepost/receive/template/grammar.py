"""The text of a template, read into parts: literal text, selections, ranges, with each path as RFC 9535 text.

Takes what a sender wrote; gives Parts; refuses with the character at which the text stops making sense.
"""

from __future__ import annotations

import json
import re

from milepost.domain.errors import InvalidInputError
from milepost.receive.template.braces import is_text
from milepost.receive.template.parts import Part, Path, Range

LONGEST_TEMPLATE = 1024
DEEPEST_NESTING = 16
MOST_SELECTORS = 64
MOST_LOGICAL_OPERATORS = 32

_BLANKS = " \t\r\n"
_NAME_ENDS = frozenset(_BLANKS + ".,[]$@{}")  # FACTS: so that -, / and : belong to a name
_NAME_ENDS_IN_FILTER = _NAME_ENDS | frozenset("=<>!&|()'\"")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "a": "\a"}
_HEX4 = re.compile(r"[0-9A-Fa-f]{4}")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INDEX_OR_SLICE = re.compile(r"-?\d*(?:\s*:\s*-?\d*){0,2}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_OPERATOR = re.compile(r"&&|\|\||==|!=|<=|>=|<|>|!")


def malformed(reason: str, position: int) -> InvalidInputError:
    """The refusal of a template; `position` counts characters from 0, people count from 1."""
    return InvalidInputError(f"{reason} at character {position + 1}")


def parse(text: str) -> tuple[Part, ...]:
    """Read a whole template."""
    if "{" not in text:
        return (text,) if text else ()
    if len(text) > LONGEST_TEMPLATE:
        raise malformed(f"a template may have {LONGEST_TEMPLATE} characters; this one goes on", LONGEST_TEMPLATE)
    return _Reader(text).template()


class _Reader:
    """A cursor over the text; every method reads one construct and stands behind it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nesting = 0
        self._selectors = 0
        self._logical_operators = 0

    def template(self) -> tuple[Part, ...]:
        open_ranges: list[tuple[int, Path, list[Part]]] = []
        parts: list[Part] = []
        while self._at < len(self._text):
            brace = self._text.find("{", self._at)
            brace = len(self._text) if brace < 0 else brace
            if brace > self._at:
                parts.append(self._text[self._at : brace])
            self._at = brace + 1
            if brace == len(self._text):
                break
            if is_text(self._text, self._at):
                parts.append("{")
                continue
            self._blanks()
            word = _WORD.match(self._text, self._at)
            if word is None:
                parts.append(self._string() if self._peek() in ("'", '"') else self._path())
            elif word[0] == "range":
                self._nest(1)
                self._at = word.end()
                open_ranges.append((brace, self._path(), parts))
                parts = []
            elif word[0] == "end" and open_ranges:
                self._at = word.end()
                self._nest(-1)
                _, path, outer = open_ranges.pop()
                outer.append(Range(path=path, parts=tuple(parts)))
                parts = outer
            else:
                raise self._fail(f"{word[0]!r} is not a path; write .{word[0]}, or {{range ...}} ... {{end}}")
            self._expect("}", "the expression should end with }")
        if open_ranges:
            raise malformed("{range} without {end}", open_ranges[-1][0])
        return tuple(parts)

    def _path(self) -> Path:
        self._blanks()
        start = self._at
        is_rooted = self._peek() in ("$", "@")
        if is_rooted:
            self._at += 1
        pieces, names, is_descent = self._segments(in_filter=False)
        if not pieces and not is_rooted:
            raise self._fail("expected a path like .name or $.name")
        return Path(position=start, pieces=tuple(pieces), names=names, is_descent=is_descent)

    def _segments(self, *, in_filter: bool) -> tuple[list[tuple[int, str]], tuple[str, ...] | None, bool]:
        pieces: list[tuple[int, str]] = []
        simple: list[tuple[bool, str]] | None = []
        while True:
            end = self._at
            self._blanks()
            start = self._at
            is_descent = self._take("..")
            if is_descent and self._text.startswith("..", self._at):
                raise self._fail("a second .. right behind the first")
            if self._peek() == "[":
                name = None
                pieces.extend([(start, ".." if is_descent else ""), *self._bracket()])
            elif self._take(".") or is_descent:
                name = self._name(in_filter=in_filter)
                selector = "*" if name is None else json.dumps(name, ensure_ascii=False)
                pieces.append((start, f"{'..' if is_descent else ''}[{selector}]"))
            else:
                self._at = end if in_filter else start
                break
            if simple is not None:
                simple = None if name is None else [*simple, (is_descent, name)]
        if simple and [descends for descends, _ in simple] == [True]:
            return pieces, (simple[0][1],), True
        if simple is None or any(descends for descends, _ in simple):
            return pieces, None, False
        return pieces, tuple(name for _, name in simple), False

    def _name(self, *, in_filter: bool) -> str | None:
        """A name behind a dot; None for `*`."""
        self._count_selector()
        ends = _NAME_ENDS_IN_FILTER if in_filter else _NAME_ENDS
        start = self._at
        name: list[str] = []
        while self._at < len(self._text) and self._text[self._at] not in ends:
            if self._take("\\") and self._at == len(self._text):
                break
            name.append(self._text[self._at])
            self._at += 1
        if not name:
            raise self._fail("expected a name")
        return None if self._text[start : self._at] == "*" else "".join(name)

    def _bracket(self) -> list[tuple[int, str]]:
        self._nest(1)
        start = self._at
        pieces: list[tuple[int, str]] = [(start, "[")]
        self._at += 1
        while True:
            self._count_selector()
            self._blanks()
            pieces.extend(self._selector())
            self._blanks()
            if not self._take(","):
                break
            pieces.append((self._at - 1, ","))
        self._expect("]", "expected , or ]")
        pieces.append((self._at - 1, "]"))
        self._nest(-1)
        return pieces

    def _selector(self) -> list[tuple[int, str]]:
        start = self._at
        if self._take("*"):
            return [(start, "*")]
        if self._take("?"):
            return [(start, "?"), *self._filter()]
        if self._peek() in ("'", '"'):
            return [(start, json.dumps(self._string(), ensure_ascii=False))]
        index = _INDEX_OR_SLICE.match(self._text, start)
        if not index or not index[0]:
            raise self._fail("expected a quoted name, a number, a slice, * or ?")
        self._at = index.end()
        return [(start, index[0])]

    def _filter(self) -> list[tuple[int, str]]:
        """A filter's text up to its `]` or `,`: paths and strings rewritten, the rest left to the engine to judge."""
        pieces: list[tuple[int, str]] = []
        open_parens = 0
        while True:
            self._blanks()
            start, char = self._at, self._peek()
            if not open_parens and (char in ("]", ",", ")") or not char):
                return pieces
            if char in ("(", ")", ","):
                self._at += 1
                step = (char == "(") - (char == ")")
                open_parens += step
                self._nest(step)
                pieces.append((start, char))
            elif char == "." and self._text[start + 1 : start + 2].isdecimal():
                raise self._fail("a number has a digit before its dot: write 0.5, or @.5 for the member")
            elif char in ("$", "@", ".", "["):
                self._at += char in "$@"
                pieces.append((start, "$" if char == "$" else "@"))
                pieces.extend(self._segments(in_filter=True)[0])
            else:
                pieces.append((start, self._filter_word()))

    def _filter_word(self) -> str:
        """A string, number, operator, constant or function name; a blank behind it keeps it apart from the next."""
        if self._peek() in ("'", '"'):
            return json.dumps(self._string(), ensure_ascii=False) + " "
        for pattern in (_OPERATOR, _NUMBER, _WORD):
            if match := pattern.match(self._text, self._at):
                break
        else:
            raise self._fail("write == to compare" if self._peek() == "=" else "expected ] or a comparison")
        self._logical_operators += match[0] in ("&&", "||")
        if self._logical_operators > MOST_LOGICAL_OPERATORS:
            raise self._fail(f"more than {MOST_LOGICAL_OPERATORS} && and ||")
        if match[0] == "!" and self._text.startswith("!", match.end()):
            raise self._fail("one ! too many")
        self._at = match.end()
        return match[0] if self._peek() == "(" and pattern is _WORD else f"{match[0]} "

    def _string(self) -> str:
        """A quoted string with JSON's escapes; either quote, and `\\.` for a dot."""
        start = self._at
        quote = self._text[start]
        self._at += 1
        decoded: list[str] = []
        while (char := self._peek()) != quote:
            if not char:
                raise malformed(f"the {quote} is never closed", start)
            self._at += 1
            decoded.append(self._escape() if char == "\\" else char)
        self._at += 1
        return "".join(decoded)

    def _escape(self) -> str:
        char = self._peek()
        if char and char in "\\/'\".":
            self._at += 1
            return char
        if char in _ESCAPES:
            self._at += 1
            return _ESCAPES[char]
        if char == "u" and (unit := self._utf16_unit()) is not None:
            if 0xD800 <= unit < 0xDC00 and self._take("\\"):
                low = self._utf16_unit() or 0
                unit = 0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF) if 0xDC00 <= low < 0xE000 else unit
            if not 0xD800 <= unit < 0xE000:
                return chr(unit)
        raise self._fail("an escape that JSON does not know")

    def _utf16_unit(self) -> int | None:
        if self._peek() != "u" or not (digits := _HEX4.match(self._text, self._at + 1)):
            return None
        self._at = digits.end()
        return int(digits[0], 16)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, token: str) -> bool:
        is_there = self._text.startswith(token, self._at)
        self._at += len(token) * is_there
        return is_there

    def _blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANKS:
            self._at += 1

    def _expect(self, token: str, otherwise: str) -> None:
        self._blanks()
        if not self._take(token):
            raise self._fail(otherwise)

    def _nest(self, levels: int) -> None:
        self._nesting += levels
        if self._nesting > DEEPEST_NESTING:
            raise self._fail(f"nested more than {DEEPEST_NESTING} deep")

    def _count_selector(self) -> None:
        self._selectors += 1
        if self._selectors > MOST_SELECTORS:
            raise self._fail(f"more than {MOST_SELECTORS} names and selectors")

    def _fail(self, reason: str) -> InvalidInputError:
        return malformed(reason, self._at)
