"""A detector of many signals gives what each signal gives by itself, read the plain way."""

from collections.abc import Sequence
from functools import reduce
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.criteria.convert import CONVERTERS, step_into, to_slot, to_text
from milepost.criteria.evaluate import evaluate
from milepost.detect.rules import Emitted, compile_group
from milepost.domain.criterion import FieldType
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.testing.criteria import groups, payloads, signal_fields

NOW = 1_709_202_030_123
DAY = 86_400_000


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    fields = draw(signal_fields())
    columns = draw(st.permutations(range(1, len(fields) + 1)))
    in_text = {FieldType.TEXT, FieldType.ARRAY, FieldType.OBJECT}
    return Signal(
        id=UUID(int=1),
        revision=1,
        slots={
            f.name: f"{'t' if f.type in in_text else 'n'}{column}" for f, column in zip(fields, columns, strict=True)
        },
        name="s",
        connection_id=UUID(int=2),
        event_key="k",
        fields=fields,
        company=CompanyMapping(field=draw(st.sampled_from(fields)).name),
        rules=draw(groups(fields)),
    )


def arrival(event: int) -> int:
    return NOW + event * DAY


def at(payload: Any, field: SignalField) -> Any:
    return reduce(step_into, field.path, payload)


def naively(signal: Signal, payloads: Sequence[Any]) -> Emitted:
    matched = [
        event
        for event, payload in enumerate(payloads)
        if evaluate(signal.rules, signal.fields)(payload, arrival(event))
    ]
    [company] = [field for field in signal.fields if field.name == signal.company.field]
    stored = {
        signal.slots[field.name]: [to_slot(field.type, at(payloads[event], field)) for event in matched]
        for field in signal.fields
    }
    return Emitted(
        matched,
        [to_text(at(payloads[event], company)) or None for event in matched],
        [stored[column] for column in sorted(stored, key=lambda name: (name[0], int(name[1:])))],
    )


@settings(max_examples=120, deadline=None)
@given(st.data(), st.lists(signals(), max_size=4))
def test_the_emissions_of_a_group_are_those_of_its_signals(data: st.DataObject, drawn: list[Signal]) -> None:
    events = data.draw(st.lists(payloads([field for signal in drawn for field in signal.fields]), max_size=4))
    decoded = [msgspec.json.decode(event) for event in events]
    arrivals = [arrival(event) for event in range(len(events))]
    detector = compile_group(drawn)
    detection = detector.detect_each(events, arrivals)
    assert detection.emitted == tuple(naively(signal, decoded) for signal in drawn)
    assert detection.failures == tuple(
        tuple(
            sum(at(each, field) is not None and CONVERTERS[field.type](at(each, field)) is None for each in decoded)
            for field in signal.fields
        )
        for signal in drawn
    )
    assert detector.detect(b"[" + b" , ".join(events) + b"]", arrivals) == detection
