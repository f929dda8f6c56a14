"""Parquet from a stream of CSV as ClickHouse writes it: typed columns, row group by row group.

The embedded engine streams CSV but not Parquet, which it would make in memory as a whole; Arrow does the rest in its
own threads. Raises what the stream raises, before the footer is written: half a file never reads as a whole one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

import pyarrow as pa
from pyarrow import csv
from pyarrow import parquet as pq

from milepost.store.feed_columns import Kind

NULL_TEXT: Final = "\\N"
"""What stands for no value, without quotes; a text of those two letters is in quotes."""
_TYPES: Final[Mapping[Kind, pa.DataType]] = {
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.timestamp("ms", tz="UTC"),
    Kind.ARRAY: pa.string(),
}
_BLOCK_BYTES: Final = 8 * 1024 * 1024
"""How much CSV is read at once: a row must fit into it. Each of its bytes costs about twenty while it is converted."""
_GROUP_ROWS: Final = 100_000
_GROUP_BYTES: Final = 16 * 1024 * 1024


def parquet_of_csv(stream: IO[bytes], kinds: Mapping[str, Kind]) -> Iterator[bytes]:
    """The file, piece by piece; `kinds` are the columns in the order of the CSV, which has no header."""
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in kinds.items()])
    sink = _Sink()
    try:
        with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
            for group in _groups(_batches(stream, schema), schema):
                writer.write_table(group)
                yield sink.taken()
        yield sink.taken()
    finally:
        pa.default_memory_pool().release_unused()


def _batches(stream: IO[bytes], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    try:
        reader = csv.open_csv(
            stream,
            read_options=csv.ReadOptions(column_names=schema.names, block_size=_BLOCK_BYTES, use_threads=False),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=schema,
                null_values=[NULL_TEXT],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["true"],
                false_values=["false"],
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return
        raise
    yield from reader


def _groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    some: list[pa.RecordBatch] = []
    for batch in batches:
        some.append(batch)
        if sum(one.num_rows for one in some) >= _GROUP_ROWS or sum(one.nbytes for one in some) >= _GROUP_BYTES:
            yield pa.Table.from_batches(some, schema)
            some = []
    if some:
        yield pa.Table.from_batches(some, schema)


class _Sink(io.RawIOBase):
    """A file that is written to and emptied in turn."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
