"""Where keys and ids stand, and what of a payload stays when it is anonymised."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import re2

from milepost.criteria.evaluate import evaluate
from milepost.domain.company import META_KEY, CompanyKey
from milepost.domain.criterion import FieldType
from milepost.domain.privacy import Known
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.erase.reduce import Reduction
from milepost.erase.rules import (
    COMPANY_PLACES,
    USER_PLACES,
    SmartKeyUse,
    criterion_of,
    identity_slots,
    mentions,
    pattern_of,
)

CONNECTION, SIGNAL = UUID(int=7), UUID(int=9)
PAGE = (Path(__file__).parents[3] / "docs/reference/privacy.md").read_text()
ADA = Known(user_id="42")
ORDERS = Signal(
    id=SIGNAL,
    revision=1,
    generation=3,
    slots={"client": "t1", "user": "n1", "amount": "n2"},
    name="Orders",
    connection_id=CONNECTION,
    event_key="order",
    fields=(
        SignalField(name="client", path=("client",), type=FieldType.TEXT),
        SignalField(name="user", path=("userId",), type=FieldType.NUMBER),
        SignalField(name="amount", path=("amount",), type=FieldType.NUMBER),
    ),
    company=CompanyMapping(field="client", key_space="CRM"),
)


def acme(*keys: tuple[str, str], shared: tuple[str, ...] = ()) -> Known:
    of_company = tuple(CompanyKey(key_space=space, value=value) for space, value in keys)
    return Known(company_ids=(UUID(int=1),), keys=of_company, shared_values=shared)


def finds(known: Known, payload: dict[str, Any], event_key: str = "order", uses: tuple[SmartKeyUse, ...] = ()) -> bool:
    found = [
        one
        for one in mentions(known, [ORDERS], uses)
        if one.connection_id is None or (one.connection_id, one.event_key) == (CONNECTION, event_key)
    ]
    return any(evaluate(*criterion_of(one))(payload, 0) for one in found)


@pytest.mark.parametrize(
    ("payload", "is_found"),
    [
        pytest.param({"userId": "42"}, True, id="as text"),
        pytest.param({"userId": 42}, True, id="as a number"),
        pytest.param({"userId": "421"}, False, id="as a part"),
        pytest.param({"seats": 42}, False, id="where no id stands"),
        pytest.param({"context": {"traits": {"id": "42"}}}, True, id="in the traits of a context"),
        pytest.param({"_metarouter": {"anonymousID": "42"}}, True, id="in the metadata of a custom event"),
        pytest.param({"data": {"userId": "42"}}, True, id="in the data of a CloudEvent"),
        pytest.param({"previousId": "42"}, True, id="as the id of before"),
    ],
)
def test_a_user_id_is_found_where_the_dialects_put_it(payload: dict[str, Any], is_found: bool) -> None:
    assert finds(ADA, payload) is is_found


@pytest.mark.parametrize(
    ("payload", "event_key", "is_found"),
    [
        pytest.param({"client": "c1"}, "order", True, id="where a signal reads it"),
        pytest.param({"client": "c1"}, "visit", False, id="where a signal of another key reads it"),
        pytest.param({"client": "acme"}, "order", False, id="a key of another space"),
        pytest.param({"companyId": "acme"}, "visit", True, id="the MetaKey where the tracker puts it"),
        pytest.param({"companyId": "c1"}, "visit", True, id="another key where the tracker puts it"),
        pytest.param({"companyId": "7"}, "visit", False, id="a key that is also another company's"),
        pytest.param({"Id": "c1"}, "sf", False, id="a member that no request called a key"),
    ],
)
def test_a_company_is_found_by_its_keys(payload: dict[str, Any], event_key: str, is_found: bool) -> None:
    known = acme((META_KEY, "acme"), ("CRM", "c1"), ("CRM", "7"), shared=("7",))
    assert finds(known, payload, event_key) is is_found


def test_smart_keys_count_for_their_own_key_space_connection_and_event_key() -> None:
    uses = (SmartKeyUse(CONNECTION, "sf", "SFID", "Id"),)
    assert finds(acme(("SFID", "001")), {"Id": "001"}, "sf", uses)
    assert not finds(acme(("SFID", "001")), {"Id": "001"}, "sf-other", uses)
    assert not finds(acme(("CRM", "001")), {"Id": "001"}, "sf", uses)


def test_a_company_without_keys_is_nowhere() -> None:
    assert mentions(acme(), [ORDERS], ()) == ()
    assert pattern_of(acme().values) is None


def test_the_columns_of_identifying_fields_are_known() -> None:
    assert identity_slots(ADA, [ORDERS], mentions(ADA, [ORDERS], ())) == {"n1": {(SIGNAL, 3)}}
    known = acme(("CRM", "c1"))
    assert identity_slots(known, [ORDERS], mentions(known, [ORDERS], ())) == {"t1": {(SIGNAL, 3)}}


@pytest.mark.parametrize(
    ("value", "text", "is_found"),
    [
        ("ada", '{"userId": "ada", "amou', True),
        ("ada", '{"userId": "adam"}', False),
        ("ada", "ada", True),
        ("a.b+c@d.e", '"mail":"a.b+c@d.e"', True),
        ("a.b", '"axb"', False),
        ("Köln", '"K\\u00f6ln"', True),
        ("Köln", '"Köln"', True),
        ('say "hi"', '{"x": "say \\"hi\\""}', True),
        ("tab\tbed", '"tab\\tbed"', True),
    ],
)
def test_texts_are_searched_for_whole_words_by_both_engines(value: str, text: str, is_found: bool) -> None:
    pattern = pattern_of([value])
    assert pattern is not None
    assert (re.search(pattern, text) is not None, re2.search(pattern, text) is not None) == (is_found, is_found)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("payload", "reduced"),
    [
        ('{"client": "c1", "amount": 1.50, "mail": "a@b"}', '{"client":"c1","amount":1.50}'),
        ('{"userId": "42", "amount": "42"}', '{"amount":"42","userId":"77"}'),
        ('{"userId": 42}', '{"userId":77}'),
        ('{"client": {"name": "x"}}', '{"client":{}}'),
        ('{"tags": ["a", {"b": 1}]}', '{"tags":["a", {"b": 1}]}'),
        ('{"lines": [{"sku": 1}, {"sku": 2, "to": "x"}, 3]}', '{"lines":[null,{"sku":2}]}'),
        ('{"lines": []}', '{"lines":[]}'),
        ('{"nothing": 1}', "{}"),
    ],
)
def test_a_payload_is_reduced_to_what_is_read(payload: str, reduced: str) -> None:
    kept = [("client",), ("amount",), ("tags",), ("lines", "1", "sku")]
    reduction = Reduction(kept, [("userId",), ("companyId",)], {"42": "77"})
    assert reduction(payload.encode()).decode() == reduced
    assert reduction(reduced.encode()).decode() == reduced


def test_every_place_is_on_the_page() -> None:
    listed = set(
        re.findall(r"`(\w+)`", PAGE.replace("context.traits", "context` `traits").replace("context.groupId", "groupId"))
    )
    assert {step for path in (*USER_PLACES, *COMPANY_PLACES) for step in path} <= listed
