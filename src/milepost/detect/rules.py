"""Takes the signals of one connection and event key, gives what each event emits: one decoding, one pass.

Pure and compiled once per revision. Takes bodies that the door let through; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from milepost.criteria.convert import to_json_array, to_text
from milepost.criteria.program import Program, define
from milepost.domain.criterion import FieldType
from milepost.domain.signal import Signal, SignalField


class Emitted(NamedTuple):
    """What the events of a body emit as one signal, in their order, as columns of equal length.

    `events` are places in the body. `companies` are the texts of the company field, None where that is missing or
    empty: nobody can tell whose event it is. `values` are one column for each of the signal's columns in the store,
    in their order: float or None for `n..`, str or None for `t..`.
    """

    events: Sequence[int]
    companies: Sequence[str | None]
    values: Sequence[Sequence[float | str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What the events of a body emit as each of the signals.

    `failures[s][f]` is in how many events field f of signal s was there, but not convertible to its type.
    """

    emitted: tuple[Emitted, ...]
    failures: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDetector:
    """The signals of one connection and event key, compiled together.

    `columns[s]` are the store columns of signal s, in the order of an emission's values.
    """

    signals: tuple[Signal, ...]
    columns: tuple[tuple[str, ...], ...]
    _decode: Callable[[bytes], list[Any]]
    _scan: Callable[[list[Any], Iterable[int]], tuple[list[Emitted], list[int]]]
    _failures_of: tuple[tuple[int, ...], ...]

    def detect(self, body: bytes, arrivals_ms: Iterable[int]) -> Detection:
        """Read a JSON array of payload objects, of which each arrived at its own time."""
        emitted, failures = self._scan(self._decode(body), arrivals_ms)
        return Detection(
            emitted=tuple(emitted),
            failures=tuple(tuple(failures[index] for index in of_signal) for of_signal in self._failures_of),
        )

    def detect_each(self, payloads: Iterable[bytes | msgspec.Raw], arrivals_ms: Iterable[int]) -> Detection:
        """Read payload objects that lie apart; `events` are then places in `payloads`."""
        return self.detect(b"[" + b",".join(map(bytes, payloads)) + b"]", arrivals_ms)


def compile_group(signals: Sequence[Signal]) -> GroupDetector:
    """Compile signals that passed `check`; what several of them read is decoded and converted once."""
    as_struct = all(_fits_a_struct(field.path[0]) for signal in signals for field in signal.fields)
    program = Program((lambda index, _: f"root.m{index}") if as_struct else (lambda _, name: f"root.get({name})"))
    program.names |= {"Emitted": Emitted, "to_json_array": to_json_array, "to_text": to_text}
    failure_of = _count_failures(program, (field for signal in signals for field in signal.fields))
    emitting = [line for place, signal in enumerate(signals) for line in _emitting(program, place, signal)]
    source = "\n".join(
        [
            "def scan(roots, arrivals):",
            f"    emitted = [{', '.join(map(_nothing_emitted, signals))}]",
            *(f"    {_named_columns(place, signal)}" for place, signal in enumerate(signals)),
            f"    failures = [0] * {len(failure_of)}",
            "    for event, (root, now) in enumerate(zip(roots, arrivals, strict=True)):",
            *(f"        {line}" for line in [*program.lines, *emitting, "pass"]),
            "    return emitted, failures",
        ]
    )
    return GroupDetector(
        signals=tuple(signals),
        columns=tuple(tuple(signal.slots[field.name] for field in _by_column(signal)) for signal in signals),
        _decode=_decoder(program.members if as_struct else None),
        _scan=define("scan", source, program.names),
        _failures_of=tuple(tuple(failure_of[field.path, field.type] for field in signal.fields) for signal in signals),
    )


def _count_failures(program: Program, fields: Iterable[SignalField]) -> dict[tuple[tuple[str, ...], FieldType], int]:
    """Convert each field once per event and count where that fails; gives the place of each count."""
    failure_of: dict[tuple[tuple[str, ...], FieldType], int] = {}
    for field in fields:
        if (field.path, field.type) not in failure_of:
            value, place = program.value(field.path, field.type), program.place(field.path)
            program.lines.append(f"if {value} is None and {place} is not None: failures[{len(failure_of)}] += 1")
            failure_of[field.path, field.type] = len(failure_of)
    return failure_of


def _nothing_emitted(signal: Signal) -> str:
    return f"Emitted([], [], [{', '.join(['[]'] * len(signal.fields))}])"


def _named_columns(place: int, signal: Signal) -> str:
    """A list under a name of its own is what Python appends to quickest."""
    values = "".join(f"values_{place}_{index}, " for index in range(len(signal.fields)))
    return f"events_{place}, companies_{place}, ({values}) = emitted[{place}]"


def _emitting(program: Program, place: int, signal: Signal) -> Iterator[str]:
    fields = {field.name: field for field in signal.fields}
    yield f"if {program.test(signal.rules, fields)}:"
    company = fields[signal.company.field]
    if company.type is FieldType.TEXT:
        key = program.value(company.path, FieldType.TEXT)
    else:
        key = f"to_text({program.place(company.path)})"
    yield f"    events_{place}.append(event)"
    yield f"    companies_{place}.append({key} or None)"
    for index, field in enumerate(_by_column(signal)):
        yield f"    values_{place}_{index}.append({_stored(program, field)})"


def _by_column(signal: Signal) -> list[SignalField]:
    """The fields in the order of their store columns: n1, n2, ... t1, t2, ..."""
    return sorted(signal.fields, key=lambda field: (signal.slots[field.name][0], int(signal.slots[field.name][1:])))


def _stored(program: Program, field: SignalField) -> str:
    if field.type is FieldType.OBJECT:
        return "None"
    value = program.value(field.path, field.type)
    return f"to_json_array({value})" if field.type is FieldType.ARRAY else value


def _fits_a_struct(name: str) -> bool:
    """msgspec matches a member to an attribute only where the name needs no escape in JSON."""
    return not any(character in '"\\' or character < " " for character in name)


def _decoder(members: Sequence[str] | None) -> Callable[[bytes], list[Any]]:
    """Decode only these members of each object, as attributes m0, m1...; with None, all of them, as a dict."""
    if members is None:
        return msgspec.json.Decoder(list[dict[str, Any]]).decode
    attributes = [(f"m{index}", Any, None) for index in range(len(members))]
    rename = {f"m{index}": name for index, name in enumerate(members)}
    root = msgspec.defstruct("Root", attributes, rename=rename, gc=False)
    return msgspec.json.Decoder(list[root]).decode  # type: ignore[valid-type]
