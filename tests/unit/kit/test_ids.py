"""Identifiers: what a UUIDv7 is made of."""

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from milepost.kit.ids import uuid7, uuid7_bytes, uuid7_unix_ms, uuid_text


@given(st.integers(0, (1 << 48) - 1))
def test_an_id_is_a_uuid_of_version_7_that_tells_its_milliseconds(unix_ms: int) -> None:
    identifier = uuid7(unix_ms)
    assert (identifier.version, identifier.variant) == (7, RFC_4122)
    assert uuid7_unix_ms(identifier) == unix_ms


def test_ids_of_one_millisecond_differ_in_all_74_free_bits() -> None:
    made = [int.from_bytes(uuid7_bytes(1), "big") for _ in range(2_000)]
    assert len(set(made)) == len(made)
    seen_set, seen_clear = 0, 0
    for number in made:
        seen_set |= number
        seen_clear |= ~number
    assert (seen_set & seen_clear & ((1 << 128) - 1)).bit_count() == 74


@given(st.binary(min_size=16, max_size=16))
def test_the_text_of_an_id_is_that_of_a_uuid(identifier: bytes) -> None:
    assert uuid_text(identifier) == str(UUID(bytes=identifier))


def test_ids_of_one_millisecond_rise_in_the_order_in_which_they_were_asked_for() -> None:
    made = [uuid7(1_700_000_000_000) for _ in range(5_000)]
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
