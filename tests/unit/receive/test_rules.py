"""The field table of seed 000."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.errors import InvalidInputError
from milepost.receive import rules
from milepost.receive.rules import check_events_body


def body(**changes: Any) -> bytes:
    document = {"eventKey": "logins", "data": [{"name": "Acme"}]} | changes
    return orjson.dumps({name: value for name, value in document.items() if value is not ...})


def test_a_good_body_keeps_each_byte_of_its_data() -> None:
    read = check_events_body(b'{"data": [ {"a":1.0} ], "eventKey":"TOTAL KWH","unknown":[1]}')
    assert (read.event_key, read.data, read.count) == ("TOTAL KWH", b'[ {"a":1.0} ]', 1)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        pytest.param({"eventKey": ...}, "eventKey", id="no event key"),
        pytest.param({"eventKey": ""}, "eventKey", id="empty event key"),
        pytest.param({"eventKey": 5}, "eventKey", id="event key is a number"),
        pytest.param({"eventKey": "a:b"}, "eventKey", id="colon"),
        pytest.param({"eventKey": "a.b"}, "eventKey", id="period"),
        pytest.param({"eventKey": "$a"}, "eventKey", id="leading dollar"),
        pytest.param({"eventKey": "x" * 257}, "eventKey", id="long event key"),
        pytest.param({"data": ...}, "data", id="no data"),
        pytest.param({"data": {}}, "data", id="data is an object"),
        pytest.param({"data": []}, "data", id="empty data"),
        pytest.param({"data": [{}] * 1001}, "data", id="1001 events"),
        pytest.param({"data": [{}, 5]}, "data[1]", id="event is a number"),
        pytest.param({"data": [{"eventDate": "2020-01-01"}]}, "data[0].eventDate", id="date is text"),
        pytest.param({"data": [{"eventDate": 1.5}]}, "data[0].eventDate", id="date is a fraction"),
        pytest.param({"data": [{"eventDate": True}]}, "data[0].eventDate", id="date is a boolean"),
        pytest.param({"data": [{"eventDate": 10**15}]}, "data[0].eventDate", id="date beyond the years"),
        pytest.param({"data": [{"idempotencyKey": 7}]}, "data[0].idempotencyKey", id="key is a number"),
        pytest.param({"data": [{"idempotencyKey": ""}]}, "data[0].idempotencyKey", id="key is empty"),
        pytest.param({"data": [{"idempotencyKey": "x" * 513}]}, "data[0].idempotencyKey", id="key is long"),
        pytest.param({"smartKeys": {}}, "smartKeys", id="smart keys are an object"),
        pytest.param({"smartKeys": [{"name": "companyid"}]}, "smartKeys[0].alternateId", id="smart key lacks a member"),
    ],
)
def test_a_fault_is_refused_and_named_with_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_events_body(body(**changes))
    assert path in {fault.path for fault in refusal.value.faults}


@pytest.mark.parametrize("key", ["a$b", "Ünï cödé", "sf-account-updated", "TOTAL KWH"])
def test_event_keys_are_free_text_but_for_the_reserved_characters(key: str) -> None:
    assert check_events_body(body(eventKey=key)).event_key == key


def test_all_faults_are_named_up_to_twenty() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_events_body(body(eventKey="a.b", data=[{"eventDate": "x", "idempotencyKey": 1}] * 30))
    assert len(refusal.value.faults) == 20
    assert refusal.value.faults[0].path == "eventKey"


def test_smart_keys_are_read_as_the_salesforce_sample_writes_them() -> None:
    read = check_events_body(body(smartKeys=[{"name": "companyid", "alternateId": "SFID", "field": "Id"}]))
    (key,) = read.smart_keys
    assert (key.name, key.alternate_id, key.field) == ("companyid", "SFID", "Id")


Odd = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**16), 10**16), st.floats(allow_nan=False), st.text(max_size=3)
)
Payload = st.one_of(st.fixed_dictionaries({}, optional={"eventDate": Odd, "idempotencyKey": Odd, "x": Odd}), Odd)


@given(st.lists(Payload, min_size=1, max_size=5))
def test_the_quick_look_at_a_batch_agrees_with_the_look_at_each_payload(data: list[Any]) -> None:
    faults = [fault for index, payload in enumerate(data) for fault in rules._payload_faults(payload, f"data[{index}]")]
    assert rules._is_clean(data) == (not faults)
