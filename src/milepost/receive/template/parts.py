"""What a template consists of: literal text, selections, and ranges of such parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One expression: `pieces` is its RFC 9535 text after the `$`, each piece with the position it came from.

    `names` is set for the two simple forms: `.a.b`, and `..a` (then `is_descent`).
    """

    position: int
    pieces: tuple[tuple[int, str], ...]
    names: tuple[str, ...] | None
    is_descent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """`{range path}parts{end}`: the parts once per value of the path, with that value as their root."""

    path: Path
    parts: tuple[Part, ...]


Part = str | Path | Range
