"""A draft over real payloads: what matches, what does not, and why not."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.criteria.evaluate import evaluate
from milepost.detect.preview import FieldReading, PreviewedEvent, ReadingState, preview
from milepost.domain.criterion import EVERYTHING, Condition, FieldType, Group
from milepost.domain.signal import CompanyMapping, SignalDraft, SignalField
from milepost.testing.criteria import groups, payloads, signal_fields

NOW = 1_709_202_030_123
PLAN = SignalField(name="plan", path=("plan",), type=FieldType.TEXT)
SEATS = SignalField(name="seats", path=("usage", "seats"), type=FieldType.NUMBER)
IS_PRO = {"field": "plan", "operator": "equals", "value": "pro"}
IS_BIG = {"field": "seats", "operator": ">", "value": 5}


def condition(of: dict[str, Any]) -> Condition:
    return Condition.model_validate(of)


def draft(rules: Group, fields: tuple[SignalField, ...] = (PLAN, SEATS)) -> SignalDraft:
    return SignalDraft(
        name="s",
        connection_id=UUID(int=1),
        event_key="k",
        fields=fields,
        company=CompanyMapping(field=fields[0].name),
        rules=rules,
    )


def previewed(rules: Group, payload: bytes) -> PreviewedEvent:
    [event] = preview(draft(rules), [(payload, NOW)])
    return event


def test_readings_tell_what_was_found_and_what_became_of_it() -> None:
    [first, second] = preview(
        draft(EVERYTHING), [(b'{"plan":"pro","usage":{"seats":"12 seats"}}', NOW), (b'{"plan":7,"usage":[]}', NOW)]
    )
    assert first.readings == (
        FieldReading(field="plan", state=ReadingState.READ, found="pro", value="pro"),
        FieldReading(field="seats", state=ReadingState.NOT_CONVERTIBLE, found="12 seats", value=None),
    )
    assert second.readings == (
        FieldReading(field="plan", state=ReadingState.READ, found=7, value="7"),
        FieldReading(field="seats", state=ReadingState.MISSING, found=None, value=None),
    )
    assert (first.company, second.company) == ("pro", "7")


@pytest.mark.parametrize(
    ("match", "payload", "unmet"),
    [
        ("all", b'{"plan":"pro","usage":{"seats":6}}', ()),
        ("all", b'{"plan":"pro","usage":{"seats":5}}', ("rules.members[1]",)),
        ("all", b"{}", ("rules.members[0]", "rules.members[1]")),
        ("any", b'{"plan":"pro"}', ()),
        ("any", b"{}", ("rules.members[0]", "rules.members[1]")),
        ("none", b"{}", ()),
        ("none", b'{"plan":"pro"}', ("rules.members[0]",)),
    ],
)
def test_the_rules_against_a_match_are_named(match: Any, payload: bytes, unmet: tuple[str, ...]) -> None:
    event = previewed(Group(match=match, members=(condition(IS_PRO), condition(IS_BIG))), payload)
    assert (event.is_match, event.unmet) == (not unmet, unmet)


def test_inside_a_none_group_it_is_what_holds_that_is_against_a_match() -> None:
    inner = Group(match="all", members=(condition(IS_PRO), condition(IS_BIG)))
    rules = Group(match="none", members=(inner, Group(match="any", members=())))
    event = previewed(rules, b'{"plan":"pro","usage":{"seats":6}}')
    assert event.unmet == ("rules.members[0].members[0]", "rules.members[0].members[1]")


def test_a_group_without_members_that_can_never_hold_is_named_itself() -> None:
    rules = Group(match="all", members=(Group(match="any", members=()),))
    assert previewed(rules, b"{}").unmet == ("rules.members[0]",)


@settings(max_examples=60, deadline=None)
@given(st.data(), signal_fields())
def test_a_preview_says_what_the_stream_does(data: st.DataObject, fields: tuple[SignalField, ...]) -> None:
    rules = data.draw(groups(fields))
    payload = data.draw(payloads(fields))
    [event] = preview(draft(rules, fields), [(payload, NOW)])
    assert event.is_match is evaluate(rules, fields)(msgspec.json.decode(payload), NOW)
