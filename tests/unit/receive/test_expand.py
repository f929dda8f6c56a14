"""Content-Encoding undone, within bounds that follow from the size on the wire."""

import gzip
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.errors import InvalidInputError
from milepost.receive.expand import (
    FREE_BYTES,
    MOST_MEMBERS,
    MOST_TIMES_LARGER,
    BodyTooLargeError,
    expand,
    expand_gzip,
)

LIMIT = 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("encoding", "times"),
    [
        pytest.param("gzip", 1, id="gzip"),
        pytest.param("GZIP", 1, id="in capitals"),
        pytest.param("x-gzip", 1, id="its old name"),
        pytest.param("identity, gzip", 1, id="a list"),
        pytest.param(" gzip ,, ", 1, id="a list with empty entries"),
        pytest.param("gzip, x-gzip", 2, id="twice"),
        pytest.param("identity", 0, id="none"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_what_is_declared_is_undone(encoding: str, times: int) -> None:
    body = b'{"eventKey":"k"}'
    for _ in range(times):
        body = gzip.compress(body)
    assert expand(body, {"content-encoding": encoding}, LIMIT) == b'{"eventKey":"k"}'


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip;q=0", "gzip;q=1", "gzip, br", "gzip, gzip, gzip"])
def test_what_is_not_understood_is_a_fault_of_the_header(encoding: str) -> None:
    with pytest.raises(InvalidInputError, match="Content-Encoding") as refusal:
        expand(gzip.compress(b"{}"), {"content-encoding": encoding}, LIMIT)
    assert [fault.path for fault in refusal.value.faults] == ["Content-Encoding"]
    assert "body" not in refusal.value.message


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"not gzip", id="no gzip"),
        pytest.param(gzip.compress(b"hello")[:-3], id="cut off"),
        pytest.param(b"\x1f\x8b", id="only the magic"),
        pytest.param(gzip.compress(b"hello") + b"more", id="something behind it"),
        pytest.param(gzip.compress(b"hello") * 2 + gzip.compress(b"hello")[:-1], id="its last member cut off"),
    ],
)
def test_broken_gzip_is_a_clear_error(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="gzip"):
        expand_gzip(body, 100)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_gzip_of_one_or_more_members_expands_to_what_it_was(parts: list[bytes]) -> None:
    assert expand_gzip(b"".join(map(gzip.compress, parts)), 1000) == b"".join(parts)


def test_members_that_lie_across_pieces_are_put_together() -> None:
    parts = [os.urandom(size) for size in (0, 1, 5_000, 16_384, 40_000, 16_361, 3)]
    assert expand_gzip(b"".join(map(gzip.compress, parts)), LIMIT) == b"".join(parts)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzip.compress(bytes(101)), id="one member"),
        pytest.param(gzip.compress(bytes(60)) * 2, id="over two members"),
    ],
)
def test_more_than_the_limit_is_too_large(body: bytes) -> None:
    with pytest.raises(BodyTooLargeError, match="more than 100 bytes"):
        expand_gzip(body, 100)


def test_a_body_may_not_expand_to_many_times_its_size() -> None:
    packed = gzip.compress(b'{"a":1},' * 400_000)
    assert len(packed) * MOST_TIMES_LARGER < 3_200_000 - FREE_BYTES
    with pytest.raises(BodyTooLargeError, match=f"{MOST_TIMES_LARGER} times"):
        expand_gzip(packed, LIMIT)


def test_gzip_in_gzip_is_bounded_by_what_came_over_the_wire() -> None:
    packed = gzip.compress(gzip.compress(bytes(LIMIT)))
    with pytest.raises(BodyTooLargeError):
        expand(packed, {"content-encoding": "gzip, gzip"}, LIMIT)


def test_a_small_body_may_say_the_same_again_and_again() -> None:
    events = b'{"name":"page viewed"},' * (FREE_BYTES // 23)
    assert expand_gzip(gzip.compress(events), LIMIT) == events


def test_many_members_are_refused_after_the_first_of_them() -> None:
    body = gzip.compress(b"", mtime=0) * 400_000  # which took minutes while each of them cost a copy of the rest
    with pytest.raises(InvalidInputError, match=f"more than {MOST_MEMBERS} members"):
        expand_gzip(body, LIMIT)
