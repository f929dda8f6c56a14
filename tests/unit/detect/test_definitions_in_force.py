"""Compiling what is in force, again whenever a definition changes."""

from uuid import UUID

from milepost.detect.step import compile_definitions
from milepost.domain.criterion import FieldType
from milepost.domain.signal import CompanyMapping, Signal, SignalField

CONNECTION = UUID(int=7)


def signal(number: int, event_key: str) -> Signal:
    return Signal(
        id=UUID(int=number),
        revision=1,
        slots={"account": "t1"},
        name=f"Signal {number}",
        connection_id=CONNECTION,
        event_key=event_key,
        fields=(SignalField(name="account", path=("account",), type=FieldType.TEXT),),
        company=CompanyMapping(field="account"),
    )


def test_only_the_keys_whose_signals_changed_are_compiled_again() -> None:
    before = compile_definitions([signal(1, "sign-in"), signal(2, "purchase")])
    edited = signal(2, "purchase").model_copy(update={"revision": 2})
    after = compile_definitions([signal(1, "sign-in"), edited], before)
    assert after[CONNECTION.bytes, "sign-in"] is before[CONNECTION.bytes, "sign-in"]
    assert after[CONNECTION.bytes, "purchase"].signals == (edited,)


def test_a_disabled_signal_is_not_compiled_and_one_that_is_gone_is_forgotten() -> None:
    before = compile_definitions([signal(1, "sign-in"), signal(2, "purchase")])
    disabled = signal(1, "sign-in").model_copy(update={"is_enabled": False})
    assert compile_definitions([disabled], before) == {}


def test_the_signals_of_a_key_are_compiled_once() -> None:
    (of_key,) = compile_definitions([signal(1, "sign-in")]).values()
    assert of_key.detector is of_key.detector
    assert of_key.detector.signals == of_key.signals
