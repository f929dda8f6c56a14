"""The Native format, read back by the real engine."""

from uuid import UUID

from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.store import native

Rows = st.lists(
    st.tuples(
        st.uuids(),
        st.one_of(st.binary(max_size=300), st.just(b"x" * 20_000)),
        st.integers(-(2**40), 2**40),
        st.one_of(st.none(), st.floats(allow_nan=False)),
        st.one_of(st.none(), st.text(max_size=20)),
        st.integers(0, 65535),
    ),
    min_size=1,
    max_size=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(rows=Rows)
def test_the_engine_reads_back_what_was_written(
    chdb_client: Client, rows: list[tuple[UUID, bytes, int, float | None, str | None, int]]
) -> None:
    ids, texts, dates, numbers, words, items = zip(*rows, strict=True)
    columns = [
        native.Column("id", "UUID", native.uuids([value.bytes for value in ids])),
        native.Column("text", "String", native.strings(texts)),
        native.Column("date", "Int64", native.millis(dates)),
        native.Column("number", "Nullable(Float64)", native.nullable_floats(numbers)),
        native.Column("word", "Nullable(String)", native.nullable_strings(words)),
        native.Column("item", "UInt16", native.uint16(items)),
    ]
    chdb_client.command(
        "CREATE OR REPLACE TABLE native_rows (place UInt64 DEFAULT rowNumberInAllBlocks(), id UUID, text String,"
        " date Int64, number Nullable(Float64), word Nullable(String), item UInt16) ENGINE = Memory"
    )
    chdb_client.raw_insert("native_rows", insert_block=native.block(columns, len(rows)), fmt="Native")
    read = chdb_client.query("SELECT id, hex(text), date, number, word, item FROM native_rows").result_rows
    assert list(read) == [(i, t.hex().upper(), d, n, w, x) for i, t, d, n, w, x in rows]
