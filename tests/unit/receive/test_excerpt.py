"""What a connection's owner gets to see of a refused submission: the right part, and no secrets."""

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.receive.excerpt import LONGEST, excerpt_of, is_sensitive, masked


def excerpt(body: bytes, *, query: str = "", path: str = "", own_key: str | None = None) -> str:
    return excerpt_of(body, query, path, own_key)


def test_a_short_body_is_shown_as_sent() -> None:
    assert excerpt(b'{"eventKey": "a:b",  "n": 1.10}') == '{"eventKey": "a:b",  "n": 1.10}'


def test_a_long_body_is_cut_and_says_so() -> None:
    shown = excerpt(b"x" * (LONGEST + 1))
    assert shown == "x" * LONGEST + "…"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"eventKey":"k","data":[%b {"bad":7}]}', "data[1000].eventDate"),
        (b'{"batch":[%b {"bad":7}]}', "batch[1000].event"),
        (b'[%b {"bad":7}]', "[1000].id"),
    ],
)
def test_the_item_that_the_fault_is_in_is_shown(body: bytes, path: str) -> None:
    assert excerpt(body % (b'{"fine":"fine"},' * 1000), path=path) == '{"bad":7}'


def test_a_path_that_the_body_does_not_have_shows_the_beginning() -> None:
    assert excerpt(b'{"data":[1]}', path="data[7]") == '{"data":[1]}'


def test_a_body_that_is_gzip_without_saying_so_is_expanded() -> None:
    assert excerpt(gzip.compress(b'{"a":1}')) == '{"a":1}'


def test_a_pixels_data_is_decoded_and_any_other_query_is_shown() -> None:
    data = base64.urlsafe_b64encode(b'{"writeKey":"k","event":""}').decode()
    assert excerpt(b"", query=f"data={data}") == '{"writeKey":"***","event":""}'
    assert excerpt(b"", query="eventName=a&writeKey=k") == "eventName=a&writeKey=***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"clientSecret":"abc","a":1}', '{"clientSecret":"***","a":1}'),
        ('{"writeKey" : "abc", "a":1}', '{"writeKey" : "***", "a":1}'),
        ('{"user_password":"a\\"b","a":1}', '{"user_password":"***","a":1}'),
        ('{"p\\u0061ssword":"abc"}', '{"p\\u0061ssword":"***"}'),
        ('{"pin":1234,"shipping":"x"}', '{"pin":"***","shipping":"x"}'),
        ('{"credentials":{"user":"u","list":["x",{"y":1}]},"a":"b"}',
         '{"credentials":{"***":"***","***":["***",{"***":"***"}]},"a":"b"}'),
        ('{"tokens":["a","b"],"a":"b"}', '{"tokens":["***","***"],"a":"b"}'),
        ('{"a":1,"password":"cut of', '{"a":1,"password":"***"'),
        ('{"password":abc def,"a":"b"', '{"password":"***" "***","a":"b"'),
        ('[{"Authorization":"x"}]', '[{"Authorization":"***"}]'),
        ("name=x&password=y&api-key=z", "name=x&password=***&api-key=***"),
        ('{"header":"Bearer abc.def-123"}', '{"header":"Bearer ***"}'),
        ('{"note":"Basic plan"}', '{"note":"Basic plan"}'),
        ('{"x":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}', '{"x":"***"}'),
        ('{"url":"https://ada:pass@example.com/"}', '{"url":"https://***@example.com/"}'),
    ],
)  # fmt: skip
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_the_senders_own_key_is_masked_wherever_it_stands() -> None:
    assert masked('{"note":"key abc123xyz in a text"}', "abc123xyz") == '{"note":"key *** in a text"}'


@pytest.mark.parametrize("name", ["password", "PASSWD", "client_secret", "X-Api-Key", "accessToken", "cookie", "cvv"])
def test_names_of_secrets_are_known_however_they_are_spelled(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize("name", ["passenger", "author", "keyboard", "spin", "eventKey", "userId"])
def test_other_names_are_not(name: str) -> None:
    assert not is_sensitive(name)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_secret_is_left_of_any_well_formed_body(value: object) -> None:
    body = json.dumps({"before": value, "password": ["s3cr3t", {"k": "s3cr3t"}], "after": {"token": "s3cr3t"}})
    assert "s3cr3t" not in masked(body)


@given(st.binary(max_size=200), st.text(max_size=50), st.sampled_from(["", "data[0]", "batch[1].x", "[0]"]))
def test_an_excerpt_is_made_of_anything(body: bytes, query: str, path: str) -> None:
    assert isinstance(excerpt(body, query=query, path=path), str)


def test_a_deeply_nested_body_makes_an_excerpt() -> None:
    assert excerpt(b'{"data":' + b"[" * 100_000, path="data[0]").startswith('{"data":[[[')


@pytest.mark.parametrize("text", ["{" + "a", '{"' + '\\"', "a", '{"', "{ ", "eyJ-", "://a:", "Bearer a.", "a=&"])
def test_masking_reads_a_text_about_once_however_it_is_made(text: str) -> None:
    assert masked(text * 100_000)  # would take hours if each character were looked at from every other
