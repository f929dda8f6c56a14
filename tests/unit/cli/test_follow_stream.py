"""Reading text/event-stream, however its bytes are cut."""

import pytest

from milepost.cli.follow import Message, read_messages

STREAM = (
    ': live\nid: 0\n\ndata: {"a":\ndata:  1}\nid: 1.x\n\n'
    ': ping\n\ndata: {"b":"\u2028\u0085ü"}\r\nid: 2\r\n\r\ndata: cut off'
).encode()
MESSAGES = [
    Message("0", None),
    Message("1.x", '{"a":\n 1}'),
    Message("1.x", None),
    Message("2", '{"b":"\u2028\u0085ü"}'),
]


@pytest.mark.parametrize("size", [1, 2, 7, len(STREAM)])
def test_a_stream_is_read_alike_in_pieces_of_any_size(size: int) -> None:
    pieces = (STREAM[start : start + size] for start in range(0, len(STREAM), size))
    assert list(read_messages(pieces)) == MESSAGES
