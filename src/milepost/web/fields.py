"""The values in a signal's slots as a person reads them: by field name, and in the field's own type. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from milepost.domain.criterion import FieldType
from milepost.domain.signal import Signal
from milepost.kit.clock import to_datetime

_DATES = (FieldType.ISO_DATE, FieldType.UNIX_MS_DATE)


def shown_fields(signal: Signal, slots: Mapping[str, float | str]) -> dict[str, Any]:
    """Each field of the signal's revision; None where the event had no value, or none of the field's type."""
    return {field.name: shown(field.type, slots.get(signal.slots[field.name])) for field in signal.fields}


def shown(field_type: FieldType, value: float | str | None) -> Any:
    """One value in its field's type; an array as the list that it is."""
    if field_type is FieldType.ARRAY and isinstance(value, str):
        return orjson.loads(value)
    if value is None or isinstance(value, str):
        return value
    if field_type is FieldType.BOOLEAN:
        return value != 0
    if field_type in _DATES:
        return to_datetime(int(value))
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
