"""Whether a `{` begins an expression or is text: ids that have braces, as .NET prints GUIDs, are no templates.

Takes the text and where the brace's inside begins; gives the answer. What Kubernetes' dialect knows as an expression
is one here, and a name whose dot was forgotten is a mistake to be refused; decision 0019 has the reasons.
"""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[ \t\r\n]*")
_STARTS = frozenset(".$@['\"{}")
_WORD = re.compile(r"[^\s.,\[\]$@{}'\"]+")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.]*(?=[ \t\r\n}]|$)")


def is_text(text: str, inside: int) -> bool:
    """True for a brace before something that no expression begins with, such as `{3F2504E0-4F89-...}`."""
    blanks = _BLANKS.match(text, inside)
    start = blanks.end() if blanks else inside
    first = text[start : start + 1]
    if not first or first in _STARTS or _NUMBER.match(text, start):
        return False
    if not (first.isalpha() or first == "_"):
        return True
    word = _WORD.match(text, start)
    return word is not None and "-" in word[0] and any(map(str.isdigit, word[0]))
