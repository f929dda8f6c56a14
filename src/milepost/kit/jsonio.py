"""Strict JSON reading."""

from __future__ import annotations

from typing import Any

import orjson


def strict_loads(body: bytes, *, path: str = "") -> Any:
    """Parse."""
    return orjson.loads(body)
