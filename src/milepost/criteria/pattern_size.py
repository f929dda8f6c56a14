"""How large a pattern becomes when it is compiled, estimated from its text in one pass: takes any text, refuses none.

Compiling costs time by that size (some 5 microseconds a unit), however short the text: `\\\\pL{40}` is 16,000 units.
"""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = 400
"""A class of Unicode letters, as a program over bytes."""
_ANY: Final = 8
_PIECE: Final = re.compile(
    r"(?P<letters>\\[pP](?:\{[^}]*\}|.)?)|(?P<escaped>\\.?)|(?P<class>\[\^?\]?(?:\\.|\[:\w*:\]|[^\]\\])*\]?)"
    r"|(?P<repeat>\{(?P<least>\d+)(?:,(?P<most>\d*))?\})|(?P<open>\()|(?P<close>\))|(?P<any>.)",
    re.DOTALL,
)
_LETTERS_IN_CLASS: Final = re.compile(r"\\[pP]")


def pattern_size(pattern: str) -> int:
    """Units of its program."""
    groups = [0]
    last = 0
    for piece in _PIECE.finditer(pattern):
        match piece.lastgroup if piece["repeat"] is None else "repeat":
            case "repeat":
                times = max(int(piece["least"]), int(piece["most"] or 0))
                groups[-1] += last * (times - 1) if times else 0
                last *= max(times, 1)
                continue
            case "open":
                groups.append(1)
                last = 0
                continue
            case "close":
                last = groups.pop() if len(groups) > 1 else 1
            case "letters":
                last = _LETTERS
            case "class":
                is_wide = piece[0].startswith("[^") or not piece[0].isascii()
                last = (_ANY if is_wide else 2) + _LETTERS * len(_LETTERS_IN_CLASS.findall(piece[0]))
            case "any" if piece[0] == ".":
                last = _ANY
            case _:
                last = 1
        groups[-1] += last
    return sum(groups)
