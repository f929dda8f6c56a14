"""Identifiers."""

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.event import EventId
from milepost.kit.ids import uuid4_text, uuid7, uuid7_unix_ms


@given(st.integers(0, 2**48 - 1), st.integers(0, 65535))
def test_an_event_id_reads_back_what_it_was_written_from(unix_ms: int, item: int) -> None:
    event_id = EventId(uuid7(unix_ms), item)
    assert EventId.parse(str(event_id)) == event_id
    assert uuid7_unix_ms(event_id.request_id) == unix_ms
    assert event_id.request_id.version == 7


def test_the_text_of_a_random_id_is_that_of_a_uuid4_and_new_each_time() -> None:
    made = [uuid4_text() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all((one := UUID(text)).variant == RFC_4122 and str(one) == text for text in made)
    assert {UUID(text).version for text in made} == {4}
