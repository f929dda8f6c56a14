"""The strict reader: what it refuses, and how it says so."""

import orjson
import pytest

from milepost.domain.errors import InvalidInputError
from milepost.kit.jsonio import MAX_DEPTH, strict_loads


@pytest.mark.parametrize(
    ("word", "body", "path"),
    [
        ("at the root", b'{"a":1,"a":1}', "a"),
        ("in a batch", b'{"eventKey":"k","data":[{"x":1},{"y":1},{"plan":1,"plan":2}]}', "data[2].plan"),
        ("deep inside", b'{"a":{"b":[[{"c":{"d":1,"e":2,"d":3}}]]}}', "a.b[0][0].c.d"),
        ("the first of several", b'[{"a":1,"b":1,"b":1,"a":1},{"c":1,"c":1}]', "[0].a"),
        ("an object before what is in it", b'{"a":{"x":1,"x":2},"b":1,"b":2}', "b"),
        ("an escaped backslash that is no escaped colon", b'{"a":1,"a":2,"b":"\\\\u003a"}', "a"),
        ("written as an escape", b'{"a":1,"\\u0061":2}', "a"),
        ("the empty name", b'{"":1,"":2}', '""'),
        ("a digit as a name", b'{"0":[{"1":{"2":1,"2":1}}]}', "0[0].1.2"),
        ("blanks before the colon", b'{"a" :1,"a"\n:1}', "a"),
        ("a lost colon made up for by an escaped one", b'{"a":1,"a":2,"b":"\\u003a"}', "a"),
        ("the same, in capitals", b'{"a":1,"a":2,"b":"\\u003A"}', "a"),
        ("a lost colon made up for by a name", b'{"a":1,"a":2,"\\u003a":0}', "a"),
        ("in the first of two objects that do", b'[[{"a":1,"a":2}],{"b":1,"b":2}]', "[0][0].a"),
        ("brackets and quotes inside texts", b'{"x":"}]\\",{","y":["]"],"z":{"\\"":1,"\\"":2}}', 'z."'),
        ("after empty ones", b'{"e":{},"f":[],"g":[{},[],{"a":[],"a":{}}]}', "g[2].a"),
        ("a long name", b'{"%b":1,"%b":2}' % (b"n" * 5000, b"n" * 5000), "n" * 200),
        ("equal objects", b'{"a":{"k":":"},"a":{"k":":"}}', "a"),
    ],
)
def test_a_member_that_appears_twice_is_refused_with_its_path(word: str, body: bytes, path: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        strict_loads(body)
    [fault] = refusal.value.faults
    assert (fault.path, fault.reason) == (path, "appears twice"), word


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" + b'{"a":1},' * 1_000_000 + b'{"b":1,"b":1}]', id="behind many objects"),
        pytest.param(b'{"x":"' + b"x" * 2_000_000 + b'","b":1,"b":1}', id="behind a long text"),
        pytest.param(b'{"x":"' + b"\\n" * 1_000_000 + b'","b":1,"b":1}', id="behind many escapes"),
        pytest.param(b"{" + b",".join(b'"%d":0' % n for n in range(500_000)) + b',"7":1}', id="of very many members"),
    ],
)
def test_a_place_that_would_take_long_to_find_is_left_out(body: bytes) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        strict_loads(body)
    assert refusal.value.faults[0].reason in ("has an object that names a member twice", "appears twice")
    assert refusal.value.faults[0].path in ("", "7")


def test_what_is_wrong_may_be_something_else_than_a_body() -> None:
    with pytest.raises(InvalidInputError, match="The header X is not valid JSON"):
        strict_loads(b"{", subject="The header X")


def test_fault_paths_start_with_the_path_of_the_caller() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        strict_loads(b'[{"a":1,"a":2}]', path="data")
    assert refusal.value.faults[0].path == "data[0].a"


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ("nothing", b""),
        ("an open array", b"[1"),
        ("two documents", b"1 2"),
        ("a trailing comma", b"[1,]"),
        ("NaN", b"[NaN]"),
        ("Infinity", b"[-Infinity]"),
        ("beyond a double", b"[1e309]"),
        ("400 digits", b"[" + b"9" * 400 + b"]"),
        ("a leading zero", b"[01]"),
        ("a lone high surrogate", b'["\\ud800"]'),
        ("a lone low surrogate", b'["\\udc00"]'),
        ("a lone surrogate in a name", b'{"\\ud83d":1}'),
        ("a surrogate in UTF-8", b'["\xed\xa0\x80"]'),
        ("an overlong form", b'["\xc0\x80"]'),
        ("a cut character", b'["\xe2\x82"]'),
        ("a byte order mark", b"\xef\xbb\xbf[]"),
        ("UTF-16", "[]".encode("utf-16-le")),
        ("a raw control character", b'["\n"]'),
        ("a comment", b"[1/**/]"),
        ("another blank", b"[1,\x0c2]"),
    ],
)
def test_what_json_does_not_allow_is_refused(word: str, body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="is not valid JSON"):
        strict_loads(body)
    assert word


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"a":"\\\\u003a\\\\\\u003a\\u003A","\\u003a":":"}',
        b'{"a":":","b":"x\\":y","c":"\\u003a"}',
        b' { "a" : [ 1e5 , -0.0 , 18446744073709551616 ] }\r\n',
        b'{"a":{"a":{"a":1}}}',
        b'{"\\"":1,"\\\\":2,"\\\\\\"":3}',
        b'{"a":1,"A":2," a":3}',
        b'["\\u0000","\\ud83d\\ude00"]',
    ],
)
def test_all_else_is_read_as_orjson_reads_it(body: bytes) -> None:
    assert strict_loads(body) == orjson.loads(body)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_read_down_to_the_limit_and_refused_beyond_it(opening: bytes, closing: bytes) -> None:
    assert strict_loads(opening * (MAX_DEPTH - 1) + b"[]" + closing * (MAX_DEPTH - 1))
    for depth in (MAX_DEPTH + 1, 1_000):
        with pytest.raises(InvalidInputError, match="nested deeper than 254 levels"):
            strict_loads(opening * (depth - 1) + b"[]" + closing * (depth - 1))


def test_a_depth_that_no_reader_could_stand_is_a_refusal_too() -> None:
    with pytest.raises(InvalidInputError):
        strict_loads(b"[" * 1_000_000)
