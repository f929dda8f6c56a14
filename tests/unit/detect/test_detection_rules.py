"""What the signals of one event key emit."""

import json
from collections.abc import Mapping
from uuid import UUID

import pytest

from milepost.detect.rules import Emitted, compile_group
from milepost.domain.criterion import EVERYTHING, Condition, FieldType, Group, Operator
from milepost.domain.signal import CompanyMapping, Signal, SignalField

NOW = 1_709_202_030_123


def signal(
    fields: Mapping[str, tuple[tuple[str, ...], FieldType, str]], *, company: str, rules: Group = EVERYTHING
) -> Signal:
    """Fields by name: path, type and store column."""
    return Signal(
        id=UUID(int=1),
        revision=1,
        slots={name: column for name, (_, _, column) in fields.items()},
        name="s",
        connection_id=UUID(int=2),
        event_key="k",
        fields=tuple(SignalField(name=name, path=path, type=each) for name, (path, each, _) in fields.items()),
        company=CompanyMapping(field=company),
        rules=rules,
    )


ACCOUNT = (("accountId",), FieldType.TEXT, "t1")
SEATS = (("seats",), FieldType.NUMBER, "n1")


def emitted(of: Signal, body: bytes) -> Emitted:
    [found] = compile_group([of]).detect(body, [NOW] * len(json.loads(body))).emitted
    return found


def test_values_stand_in_the_order_of_their_columns() -> None:
    fields = {
        "late": (("c",), FieldType.TEXT, "t10"),
        "early": (("b",), FieldType.TEXT, "t2"),
        "flag": (("a",), FieldType.BOOLEAN, "n11"),
        "seats": (("n",), FieldType.NUMBER, "n2"),
    }
    detector = compile_group([signal(fields, company="early")])
    assert detector.columns == (("n2", "n11", "t2", "t10"),)
    [found] = detector.detect(b'[{"a":true,"b":"x","c":"y","n":7}]', [NOW]).emitted
    assert found == Emitted([0], ["x"], [[7.0], [1.0], ["x"], ["y"]])


def test_only_events_that_meet_the_rules_emit() -> None:
    rules = Group(match="all", members=(Condition(field="seats", operator=Operator.MORE_THAN, value=5),))
    of = signal({"account": ACCOUNT, "seats": SEATS}, company="account", rules=rules)
    body = b'[{"accountId":"a","seats":6},{"accountId":"b","seats":5},{"accountId":"c"},{"accountId":"d","seats":"9"}]'
    assert emitted(of, body) == Emitted([0, 3], ["a", "d"], [[6.0, 9.0], ["a", "d"]])


@pytest.mark.parametrize("account", ["", ',"accountId":null', ',"accountId":""', ',"accountId":{"id":1}'])
def test_an_event_without_a_company_key_still_emits_with_none(account: str) -> None:
    found = emitted(signal({"account": ACCOUNT}, company="account"), f'[{{"x":1{account}}}]'.encode())
    assert (found.events, found.companies) == ([0], [None])


def test_the_company_is_found_by_the_text_of_its_field_whatever_the_type() -> None:
    of = signal({"account": (("accountId",), FieldType.NUMBER, "n1")}, company="account")
    found = emitted(of, b'[{"accountId":9007199254740993},{"accountId":"A1"}]')
    assert found.companies == ["9007199254740993", "A1"]


@pytest.mark.parametrize("name", ["TOTAL KWH", "", "é", 'q"uote', "back\\slash", "new\nline", "0", "class", "m0"])
def test_any_member_name_can_be_a_field(name: str) -> None:
    of = signal({"x": ((name,), FieldType.TEXT, "t1"), "y": ((name, name), FieldType.TEXT, "t2")}, company="x")
    written = "".join(f"\\u{ord(character):04x}" for character in name)
    body = f'[{{"{written}":"v"}},{{"{written}":{{"{written}":"w"}}}}]'.encode()
    assert emitted(of, body).values == [["v", None], [None, "w"]]


def test_values_that_do_not_convert_are_counted_for_each_signal_and_field() -> None:
    first = signal({"account": ACCOUNT, "seats": SEATS}, company="account")
    second = signal({"seats": SEATS}, company="seats")
    body = b'[{"accountId":"a","seats":"many"},{"accountId":[],"seats":null},{"seats":"12 seats"},{"seats":1}]'
    assert compile_group([first, second]).detect(body, [NOW] * 4).failures == ((1, 2), (2,))


def test_each_event_is_judged_by_its_own_time_of_arrival() -> None:
    rules = Group(match="all", members=(Condition(field="at", operator=Operator.IN_LAST_DAYS, value=1),))
    of = signal({"at": (("at",), FieldType.UNIX_MS_DATE, "n1")}, company="at", rules=rules)
    body = f'[{{"at":{NOW}}},{{"at":{NOW}}},{{"at":{NOW}}}]'.encode()
    [found] = compile_group([of]).detect(body, [NOW - 1, NOW, NOW + 86_400_000]).emitted
    assert found.events == [1]


def test_no_signals_and_no_events_emit_nothing() -> None:
    assert compile_group([]).detect(b'[{"a":1}]', [NOW]).emitted == ()
    of = signal({"account": ACCOUNT}, company="account")
    assert compile_group([of]).detect(b"[]", []).emitted == (Emitted([], [], [[]]),)
