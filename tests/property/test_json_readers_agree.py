"""What the door lets through has one meaning in orjson, msgspec and ClickHouse; and no name is there twice."""

import json
from typing import Any

import msgspec
import orjson
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from milepost.domain.errors import InvalidInputError
from milepost.kit.jsonio import strict_loads

NUMBERS = st.one_of(
    st.sampled_from(
        [
            "0",
            "-0",
            "-0.0",
            "0e9",
            "1E5",
            "1e-5",
            "-1e+5",
            "1e308",
            "1e309",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "5e-324",
            "2e-324",
            "1e-400",
            "0e999",
            "0e99999999999999999999",
            "1e-99999999999999999999",
            "9007199254740993",
            "9007199254740993.0",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775809",
            "18446744073709551615",
            "18446744073709551616",
            "1e20",
            "1e21",
            "1.5e300",
            "123456789012345678901234567890e-20",
        ]
    ),
    st.integers().map(str),
    st.integers(-(10**330), 10**330).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
)
ESCAPES = [
    r"\u0061",
    r"\u003a",
    r"\u003A",
    r"\u0000",
    r"\"",
    r"\\",
    r"\/",
    r"\n",
    r"\ud83d\ude00",
    r"\ud800",
    r"\udc00",
]
STRINGS = st.lists(st.one_of(st.sampled_from([*ESCAPES, "a", "b", ":", " ", "{", "[", "\x7f", "é", "\u2028", "😀"]),
                             st.characters(exclude_characters='"\\', exclude_categories=("Cs", "Cc"))), max_size=4).map(
    lambda parts: '"' + "".join(parts) + '"'
)  # fmt: skip
BLANKS = st.sampled_from(["", "", "", " ", "\n", "\t\r\n "])
SCALARS = st.one_of(NUMBERS, STRINGS, st.sampled_from(["true", "false", "null"]))


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(BLANKS, STRINGS, BLANKS, st.just(":"), BLANKS, values, BLANKS).map("".join)
    return st.lists(member, max_size=4).map(lambda members: "{" + ",".join(members) + "}")


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=4).map(lambda items: "[" + ",".join(items) + "]")


VALUES = st.recursive(SCALARS, lambda values: st.one_of(objects(values), arrays(values)), max_leaves=8)
PAYLOADS = objects(VALUES)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A payload's bytes with a few of them changed."""
    body = bytearray(draw(PAYLOADS).encode())
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(body)))
        body[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(body)


def accepted(body: bytes) -> bool:
    try:
        strict_loads(body)
    except InvalidInputError:
        return False
    return True


def names_a_member_twice(body: bytes) -> bool:
    repeats = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        repeats.append(len({name for name, _ in pairs}) < len(pairs))

    json.loads(body.decode(), object_pairs_hook=note)
    return any(repeats)


def as_doubles(value: Any) -> Any:
    """The value with each number as the double it stands for, so that readers with and without big integers compare."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return ("number", float(value) + 0.0)
    if isinstance(value, list):
        return [as_doubles(item) for item in value]
    if isinstance(value, dict):
        return {name: as_doubles(item) for name, item in value.items()}
    return value


def unquote_big_integers(raw: Any, expected: Any) -> Any:
    """ClickHouse writes integers beyond 64 bits as strings of digits; so read, they are still those integers."""
    if isinstance(raw, str) and isinstance(expected, int) and abs(expected) >= 2**63:
        return int(raw)
    if isinstance(raw, list) and isinstance(expected, list):
        return [unquote_big_integers(*pair) for pair in zip(raw, expected, strict=True)]
    if isinstance(raw, dict) and isinstance(expected, dict):
        return {name: unquote_big_integers(item, expected[name]) for name, item in raw.items()}
    return raw


@settings(max_examples=120, deadline=None)
@given(damaged())
def test_a_body_is_let_through_exactly_if_it_is_json_without_repeated_names(body: bytes) -> None:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        assert not accepted(body)
    else:
        assert accepted(body) is not names_a_member_twice(body)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(damaged())
def test_msgspec_reads_what_orjson_reads(body: bytes) -> None:
    assume(accepted(body))
    assert as_doubles(msgspec.json.decode(body)) == as_doubles(orjson.loads(body))
    [raw] = msgspec.json.decode(b"[" + body + b"]", type=list[msgspec.Raw])
    assert bytes(raw) == body.strip(b" \t\r\n")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
@given(st.lists(damaged(), min_size=1, max_size=12))
def test_clickhouse_reads_what_orjson_reads(chdb_client: Client, drawn: list[bytes]) -> None:
    bodies = [body for body in drawn if accepted(body)]
    rows = chdb_client.query(
        "SELECT JSONExtractKeysAndValuesRaw(unhex(p)) FROM (SELECT arrayJoin({bodies:Array(String)}) AS p)",
        parameters={"bodies": [body.hex() for body in bodies]},
    ).result_rows
    for body, (members,) in zip(bodies, rows, strict=True):
        exact = msgspec.json.decode(body)
        if isinstance(exact, dict):
            read = {name: orjson.loads(raw) for name, raw in members}
            assert as_doubles(unquote_big_integers(read, exact)) == as_doubles(exact), body
