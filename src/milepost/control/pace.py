"""How many companies one transaction changes, so that who waits for it never waits long."""

from __future__ import annotations

from typing import Final

MOST_COMPANIES: Final = 200
MOST_COPIES: Final = 1_000
"""Of milestones and outcomes: about a tenth of a second."""

_LEAST_COMPANIES: Final = 5


def companies_at_once(copies_each: int) -> int:
    """Fewer, the more copies each of them gets."""
    return max(_LEAST_COMPANIES, min(MOST_COMPANIES, MOST_COPIES // max(1, copies_each)))
