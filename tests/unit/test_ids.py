"""Identifiers."""

from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.event import EventId
from milepost.kit.ids import uuid7, uuid7_unix_ms


@given(st.integers(0, 2**48 - 1), st.integers(0, 65535))
def test_an_event_id_reads_back_what_it_was_written_from(unix_ms: int, item: int) -> None:
    event_id = EventId(uuid7(unix_ms), item)
    assert EventId.parse(str(event_id)) == event_id
    assert uuid7_unix_ms(event_id.request_id) == unix_ms
    assert event_id.request_id.version == 7
