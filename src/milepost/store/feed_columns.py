"""Which columns a table of a feed has: takes the revisions that wrote the rows, gives one column a field. Pure.

A row keeps its revision's slots for ever, so a column says for each revision which slot it reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

from milepost.domain.criterion import FieldType
from milepost.domain.signal import Signal


class Kind(StrEnum):
    """What a column holds: one type of every file format."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    ARRAY = "array"

    @classmethod
    def of(cls, field_type: FieldType) -> Kind:
        """Objects are kept as no value at all, and so are texts without one."""
        match field_type:
            case FieldType.NUMBER:
                return cls.NUMBER
            case FieldType.BOOLEAN:
                return cls.BOOLEAN
            case FieldType.ISO_DATE | FieldType.UNIX_MS_DATE:
                return cls.DATE
            case FieldType.ARRAY:
                return cls.ARRAY
            case FieldType.TEXT | FieldType.OBJECT:
                return cls.TEXT
            case _:
                assert_never(field_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """A field by the name it has in the file; `slots` has the (signal, revision) pairs that read it from each slot."""

    name: str
    kind: Kind
    slots: Mapping[str, Sequence[tuple[UUID, int]]] = field(default_factory=dict)


def field_columns(revisions: Sequence[Signal], taken: Collection[str] = ()) -> tuple[FieldColumn, ...]:
    """One column for each field name and kind; of each signal the newest revision comes first.

    A field whose kind was changed has a column for each: the newest keeps the name, an older one is called
    `amount (text)`. A name that is taken by another column gets ` (field)` behind it.
    """
    found: dict[tuple[str, Kind], dict[str, list[tuple[UUID, int]]]] = {}
    for signal in revisions:
        for one in signal.fields:
            slots = found.setdefault((one.name, Kind.of(one.type)), {})
            slots.setdefault(signal.slots[one.name], []).append((signal.id, signal.revision))
    names = {*taken, "null"}  # the store's own, in an object
    columns: list[FieldColumn] = []
    fields: set[str] = set()
    for (name, kind), by_slot in found.items():
        free = _free(f"{name} ({kind})" if name in fields else name, names)
        names.add(free)
        fields.add(name)
        columns.append(FieldColumn(name=free, kind=kind, slots=by_slot))
    return tuple(columns)


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name = f"{name} (field)"
    return name


def column_sql(column: FieldColumn, place: int, written: Collection[tuple[UUID, int]]) -> tuple[str, dict[str, Any]]:
    """The column's values in their own type, and the parameters of that.

    `written` are all (signal, revision) pairs that may be among the rows; `place` tells the parameters' names apart.
    """
    sources = list(column.slots.items())
    if len(sources) == 1 and set(sources[0][1]) >= set(written):
        return _typed(sources[0][0], column.kind), {}
    parameters: dict[str, Any] = {}
    branches: list[str] = []
    for number, (slot, pairs) in enumerate(sources):
        name = f"of_{place}_{number}"
        parameters[name] = list(pairs)
        branches.append(f"(signal_id, revision) IN {{{name}:Array(Tuple(UUID, UInt32))}}, {slot}")
    return _typed(f"multiIf({', '.join(branches)}, NULL)", column.kind), parameters


def _typed(slot: str, kind: Kind) -> str:
    match kind:
        case Kind.BOOLEAN:
            return f"CAST({slot} != 0, 'Nullable(Bool)')"
        case Kind.DATE:
            return f"fromUnixTimestamp64Milli(toInt64({slot}), 'UTC')"
        case Kind.TEXT | Kind.NUMBER | Kind.ARRAY:
            return slot
        case _:
            assert_never(kind)
