"""Instants, numbers and lists as people read them in a reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


def day(instant: datetime) -> str:
    """The date in UTC, as 1997-08-02."""
    return instant.strftime("%Y-%m-%d")


def number(value: float) -> str:
    """Up to six decimals and no trailing zeros, as 5 or 29.33."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def listed(names: Iterable[str]) -> str:
    """Names in a row, as “Go live”, “Training”."""
    return ", ".join(f"“{name}”" for name in names)
