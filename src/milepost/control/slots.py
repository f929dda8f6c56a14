"""Which store column holds which field of a signal; pure.

A column once given stays with its field name for the whole generation, so that the rows of every revision
read the same way; a column is never given to another field, for old rows would then show its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from milepost.domain.criterion import FieldType
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.signal import SignalField

SLOTS_PER_CLASS = 16
_NUMERIC = frozenset({FieldType.NUMBER, FieldType.BOOLEAN, FieldType.ISO_DATE, FieldType.UNIX_MS_DATE})
_CLASS_WORDS = {"n": "number, boolean and date", "t": "text, array and object"}


def slot_class(field_type: FieldType) -> str:
    """`n` for what the store keeps as a number, `t` for what it keeps as text."""
    return "n" if field_type in _NUMERIC else "t"


def assign_slots(fields: Sequence[SignalField], earlier: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """A slot for each field; `earlier` are the slots of the generation's revisions so far, oldest first.

    InvalidInputError when a class has no column left.
    """
    taken = {slot for slots in earlier for slot in slots.values()}
    assigned: dict[str, str] = {}
    for place, field in enumerate(fields):
        slot = _kept(field, earlier) or _free(slot_class(field.type), taken)
        if slot is None:
            raise InvalidInputError("A field has no column left.", faults=(_no_slot_left(place, field),))
        taken.add(slot)
        assigned[field.name] = slot
    return assigned


def _kept(field: SignalField, earlier: Sequence[Mapping[str, str]]) -> str | None:
    for slots in reversed(earlier):
        slot = slots.get(field.name)
        if slot is not None and slot.startswith(slot_class(field.type)):
            return slot
    return None


def _free(letter: str, taken: set[str]) -> str | None:
    numbered = (f"{letter}{number}" for number in range(1, SLOTS_PER_CLASS + 1))
    return next((slot for slot in numbered if slot not in taken), None)


def _no_slot_left(place: int, field: SignalField) -> Fault:
    words = _CLASS_WORDS[slot_class(field.type)]
    reason = (
        f"no column is left for it: a signal has {SLOTS_PER_CLASS} for {words} fields, those of removed or renamed ones"
        " included, until it is applied to history"
    )
    return Fault(path=f"fields[{place}]", reason=reason)
