"""`POST /v1/custom/event`: what is refused, in which words, and who is told."""

import json

import pytest

from milepost.domain.connection import ConnectionKind
from milepost.receive.door import Answer
from milepost.testing.doors import Doors, answer_to, known

NOW_MS = 1629223689123  # 2021-08-17T18:08:09.123Z
DOORS = Doors(
    known("example"),
    known("tracking", ConnectionKind.TRACKING_SCRIPT, allowed_origins=("https://app.example",)),
    known("disabled", is_enabled=False),
    at_ms=NOW_MS,
)
PATH = "/v1/custom/event"


def sent(headers: dict[str, str]) -> dict[str, str]:
    return {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}


def refusal(body: str, query: str = "", **headers: str) -> Answer:
    return DOORS.refusal(PATH, body.encode(), sent(headers), query=query)


def refused(body: str, query: str = "", **headers: str) -> tuple[int, dict[str, str]]:
    shown = refusal(body, query, **headers)
    return shown.status, json.loads(shown.body)


def test_an_expression_does_not_see_the_metadata_object() -> None:
    body = '{"_metarouter":{"writeKey":"example","eventName":"{ ..eventName }"},"_mrSchema":{"eventName":"x"},"a":1}'
    status, error = refused(body)
    assert status == 400
    assert error["Details"] == "_metarouter.eventName: { ..eventName } finds nothing in the event"


@pytest.mark.parametrize(
    "timestamp",
    ["yesterday", "2021-08-17", "2021-08-17T15:10 UTC", "1629213033000", "2021-13-01T00:00:00Z", "1899-12-31T00:00:00Z",
     "2300-01-01T00:00:00Z", "2021-08-17T25:00:00Z", "2021-08-17T15:10:33+99:00", "9999-12-31T23:59:59-23:59"],
)  # fmt: skip
def test_any_other_timestamp_is_refused(timestamp: str) -> None:
    status, error = refused(
        json.dumps({"_metarouter": {"writeKey": "example", "eventName": "n", "timestamp": timestamp}})
    )
    assert status == 400
    assert "_metarouter.timestamp" in error["Details"]


@pytest.mark.parametrize("field", ["eventName", "eventID", "timestamp", "anonymousID", "userID", "ip"])
@pytest.mark.parametrize("value", [7, True, {}, [], ""])
def test_a_field_that_is_no_non_empty_string_is_refused(field: str, value: object) -> None:
    status, error = refused(json.dumps({"_metarouter": {"writeKey": "example", "eventName": "n", field: value}}))
    assert status == 400
    assert error["Details"] == f"_metarouter.{field}: must be a non-empty string"


BAD_KEY = "Invalid or missing writekey"


def meta(**fields: object) -> str:
    return json.dumps({"_metarouter": {"writeKey": "example", "eventName": "n", **fields}})


@pytest.mark.parametrize(
    ("shown", "status", "says"),
    [
        pytest.param(refusal(meta(writeKey="nobody")), 401, (BAD_KEY, "writeKey: no enabled"), id="unknown key"),
        pytest.param(refusal(meta(writeKey="disabled")), 401, (BAD_KEY, "writeKey: no enabled"), id="disabled key"),
        pytest.param(refusal("{}"), 400, (BAD_KEY, "writeKey: is required"), id="no key"),
        pytest.param(refusal(meta(writeKey=5)), 400, (BAD_KEY, "_metarouter.writeKey: must"), id="key is a number"),
        pytest.param(refusal(meta(writeKey="{.k}")), 400, (BAD_KEY, "{.k} finds nothing"), id="key finds nothing"),
        pytest.param(refusal("{}", "writeKey=example"), 400, ("eventName", "eventName: is required"), id="no name"),
        pytest.param(
            refusal(meta(eventName="{.a[}")),
            400,
            ("_metarouter.eventName", "{.a[}: expected a quoted name, a number, a slice, * or ? at character 5"),
            id="malformed expression",
        ),
        pytest.param(
            refusal('{"_metarouter":[]}'), 400, ("_metarouter must be an object", ""), id="metadata is a list"
        ),
        pytest.param(refusal('{"_mrSchema":"x"}'), 400, ("_mrSchema must be an object", ""), id="legacy is a text"),
        pytest.param(refusal("[]"), 400, ("An event must be a JSON object", ""), id="body is a list"),
        pytest.param(refusal("{"), 400, ("", ""), id="body is no JSON"),
        pytest.param(refusal(""), 400, ("", ""), id="body is empty"),
        pytest.param(
            refusal("{}", x_event_metadata="{"),
            400,
            ("X-Event-Metadata cannot be read", "The header X-Event-Metadata"),
            id="header is no JSON",
        ),
        pytest.param(
            refusal("{}", x_event_metadata="[]"), 400, ("X-Event-Metadata must be an object", ""), id="header is a list"
        ),
        pytest.param(
            refusal("{}", "writeKey=a&writeKey=b"), 400, ("more than once", "query.writeKey"), id="twice in the query"
        ),
        pytest.param(refusal("{}", "writeKey=%ff"), 400, ("query", "UTF-8"), id="query is no UTF-8"),
        pytest.param(refusal("{}", content_type="application/xml"), 415, ("application/json", ""), id="content type"),
    ],
)
def test_what_is_refused_and_how(shown: Answer, status: int, says: tuple[str, str]) -> None:
    error = json.loads(shown.body)
    assert shown.status == status
    assert list(error) == ["Error", "Message", "Details"]
    assert says[0] in error["Message"]
    assert says[1] in error["Details"]


def test_all_faults_are_named_at_once() -> None:
    _, error = refused('{"_metarouter":{"writeKey":"example","eventName":1,"userID":2,"timestamp":"x"}}')
    assert error["Details"].count("_metarouter.") == 3


@pytest.mark.parametrize(
    ("body", "query"), [(b"{", "writeKey=example"), (b'{"_metarouter":{"writeKey":"example"}}', "")]
)
def test_a_refusal_names_its_sender_once_the_key_is_known(body: bytes, query: str) -> None:
    assert DOORS.error(PATH, body, query=query).sender == known("example").id


def test_a_tracking_scripts_key_opens_the_door_for_its_origins() -> None:
    body = '{"_metarouter":{"writeKey":"tracking","eventName":"n"}}'
    taken = DOORS.reading(PATH, body.encode(), {"origin": "https://app.example"})
    assert taken.connection.name == "tracking"
    assert refused(body, origin="https://other.example")[0] == 403


def test_a_page_of_another_origin_may_read_the_answer_and_the_refusal() -> None:
    header = ("access-control-allow-origin", "*")
    assert header in answer_to(DOORS.reading(PATH, meta().encode())).headers
    assert header in refusal("{").headers
