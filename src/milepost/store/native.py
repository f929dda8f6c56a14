"""ClickHouse's Native format, written as columns of bytes: takes columns, gives one block to insert.

The client's own inserts touch every cell as a Python object, which is twenty times slower than this (DESIGN
section 2). One block is one part in a table without a spanning partition, so a repeated insert token is a no-op.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple


class Column(NamedTuple):
    """Name, ClickHouse type, and the rows' bytes in Native encoding."""

    name: str
    type: str
    data: bytes


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SHORT = tuple(_varint(length) for length in range(1 << 14))


def _length(value: bytes) -> bytes:
    size = len(value)
    return _SHORT[size] if size < len(_SHORT) else _varint(size)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _length(encoded) + encoded


def block(columns: Sequence[Column], rows: int) -> bytes:
    """One Native block of `rows` rows."""
    parts = [_varint(len(columns)), _varint(rows)]
    for column in columns:
        parts += (_text(column.name), _text(column.type), column.data)
    return b"".join(parts)


def strings(values: Iterable[bytes]) -> bytes:
    """A String column, from the bytes of each value."""
    return b"".join(chain.from_iterable((_length(value), value) for value in values))


def repeated_string(value: bytes, rows: int) -> bytes:
    """A String column that holds one value in every row."""
    return (_length(value) + value) * rows


def uuid_bytes(big_endian: bytes) -> bytes:
    """A UUID as Native has it: two little-endian halves."""
    return big_endian[7::-1] + big_endian[:7:-1]


def uuids(big_endian: Sequence[bytes]) -> bytes:
    """A UUID column; cheap where rows share few values."""
    native = {value: uuid_bytes(value) for value in set(big_endian)}
    return b"".join(map(native.__getitem__, big_endian))


def millis(values: Iterable[int]) -> bytes:
    """A DateTime64(3) column from Unix milliseconds."""
    return array("q", values).tobytes()


def uint16(values: Iterable[int]) -> bytes:
    """A UInt16 column."""
    return array("H", values).tobytes()


def uint32(values: Iterable[int]) -> bytes:
    """A UInt32 column."""
    return array("I", values).tobytes()


def uint64(values: Iterable[int]) -> bytes:
    """A UInt64 column."""
    return array("Q", values).tobytes()


def int64(values: Iterable[int]) -> bytes:
    """An Int64 column."""
    return array("q", values).tobytes()


def int8(values: Iterable[int]) -> bytes:
    """An Int8 column, which is also how an Enum8 travels."""
    return array("b", values).tobytes()


def nullable_floats(values: Sequence[float | None]) -> bytes:
    """A Nullable(Float64) column: the null map, then the values with 0 where there is none."""
    if None not in values:
        return bytes(len(values)) + array("d", values).tobytes()  # type: ignore[type-var]  # no None is in it
    nulls = bytes([value is None for value in values])
    return nulls + array("d", [0.0 if value is None else value for value in values]).tobytes()


def nullable_strings(values: Sequence[str | None]) -> bytes:
    """A Nullable(String) column: the null map, then the values with the empty string where there is none."""
    encoded = {value: b"" if value is None else value.encode() for value in set(values)}
    nulls = bytes([value is None for value in values]) if None in encoded else bytes(len(values))
    cells = {value: _length(text) + text for value, text in encoded.items()}  # values repeat more often than not
    return nulls + b"".join(map(cells.__getitem__, values))
