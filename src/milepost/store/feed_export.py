"""A feed as a file: CSV, NDJSON or Parquet, as a stream of bytes that holds no more than a few blocks of rows.

Takes rows to select and how to write them; one query reads everything, so what arrives or goes away meanwhile
changes nothing. An error of the store after the first bytes is raised, never passed over as the end.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, Final, NamedTuple, assert_never, cast
from uuid import UUID

from clickhouse_connect.driver.client import Client

from milepost.store.feed_columns import FieldColumn, Kind, column_sql
from milepost.store.feeds import ARRIVED, FeedFilter, conditions_of
from milepost.store.parquet import NULL_TEXT, parquet_of_csv

FIXED_COLUMNS: Final[Mapping[str, Kind]] = {
    "event_id": Kind.TEXT,
    "event_date": Kind.DATE,
    "received_at": Kind.DATE,
    "signal_id": Kind.TEXT,
    "signal_name": Kind.TEXT,
    "revision": Kind.NUMBER,
    "company_id": Kind.TEXT,
    "company_name": Kind.TEXT,
}
_FIXED_SQL: Final[Mapping[str, str]] = {
    "event_id": "concat(toString(request_id), '.', toString(item))",
    "event_date": "event_date",
    "received_at": ARRIVED,
    "signal_id": "toString(signal_id)",
    "signal_name": "transform(toUUID(signal_id), {signals:Array(UUID)}, {signal_names:Array(String)}, '')",
    "revision": "toFloat64(revision)",
    "company_id": "transform(company_id, {stored:Array(UUID)}, {primaries:Array(String)}, toString(company_id))",
    "company_name": "nullIf(transform(company_id, {stored:Array(UUID)}, {company_names:Array(String)}, ''), '')",
}
_WRITTEN_BY_OTHERS: Final = frozenset({"signal_name", "company_name"})
_SQL_TYPES: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "Nullable(String)",
    Kind.NUMBER: "Nullable(Float64)",
    Kind.BOOLEAN: "Nullable(Bool)",
    Kind.DATE: "Nullable(DateTime64(3, 'UTC'))",
    Kind.ARRAY: "Dynamic",
}
_FORMULA: Final = "^'*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection), full-width signs included."""
_FORMULA_SQL: Final = "'" + _FORMULA.replace("\\", "\\\\").replace("'", "\\'") + "'"
_is_formula: Final = re.compile(_FORMULA).match
_ORDER: Final = "signal_id, generation, company_id, event_date, request_id, item"
_SETTINGS: Final = "max_threads = 1, max_block_size = 8192, date_time_output_format = 'iso'"
_CSV_SETTINGS: Final = "format_csv_null_representation = '', output_format_csv_crlf_end_of_line = 1"
_NDJSON_SETTINGS: Final = (
    "output_format_json_quote_64bit_integers = 0, output_format_json_quote_64bit_floats = 0,"
    " output_format_json_escape_forward_slashes = 0, input_format_try_infer_dates = 0,"
    " input_format_try_infer_datetimes = 0, cast_string_to_variant_use_inference = 0"
)
_ELEMENT: Final = "Variant(Bool, Int64, UInt64, Float64, String)"
_ELEMENT_SQL: Final = (
    f"multiIf(startsWith(e, '\"'), CAST(JSONExtractString(e), '{_ELEMENT}'),"
    f" e IN ('true', 'false'), CAST(CAST(e = 'true', 'Bool'), '{_ELEMENT}'),"
    f" isNotNull(toInt64OrNull(e)), CAST(toInt64OrNull(e), '{_ELEMENT}'),"
    f" isNotNull(toUInt64OrNull(e)), CAST(toUInt64OrNull(e), '{_ELEMENT}'), CAST(toFloat64OrNull(e), '{_ELEMENT}'))"
)
_PARQUET_SETTINGS: Final = "format_csv_null_representation = '{}'".format(NULL_TEXT.replace("\\", "\\\\"))
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""At the beginning of a text, it says to spreadsheets that this is UTF-8."""
_PIECE_BYTES: Final = 256 * 1024


class ExportFormat(StrEnum):
    """What a feed can be written as."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """Its content type."""
        match self:
            case ExportFormat.CSV:
                return "text/csv; charset=utf-8; header=present"
            case ExportFormat.NDJSON:
                return "application/x-ndjson"
            case ExportFormat.PARQUET:
                return "application/vnd.apache.parquet"
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What to write: the filter's rows of batches up to `upto`, and how to call what they name.

    `written` are the (signal, revision) pairs that there may be. `companies` leads from each id of the rows to the
    id and the name to write. `has_mark` puts a byte order mark before CSV, for spreadsheets.
    """

    wanted: FeedFilter
    upto: int
    columns: Sequence[FieldColumn]
    written: Sequence[tuple[UUID, int]]
    signal_names: Mapping[UUID, str]
    companies: Mapping[UUID, tuple[UUID, str | None]]
    has_mark: bool = False


class FeedExporter:
    """Runs each export on a client of its own, since a stream keeps one busy for as long as its reader takes."""

    def __init__(self, open_client: Callable[[], Client]) -> None:
        self._open_client = open_client

    def company_ids(self, wanted: FeedFilter, upto: int) -> list[UUID]:
        """Whose rows an export would have."""
        conditions, parameters = _bounded(wanted, upto)
        with closing(self._open_client()) as client:
            found = client.query(f"SELECT DISTINCT company_id FROM signals WHERE {conditions}", parameters=parameters)  # noqa: S608
            return [company_id for (company_id,) in found.result_rows]

    def pieces(self, export: Export, file_format: ExportFormat) -> Generator[bytes]:
        """The file, piece by piece; close the generator to end it early."""
        match file_format:
            case ExportFormat.CSV:
                header = _csv_header([*FIXED_COLUMNS, *(column.name for column in export.columns)])
                yield BYTE_ORDER_MARK + header if export.has_mark else header
                yield from self._pieces(_rows(export, text=_without_formula), _CSV_SETTINGS, "CSV")
            case ExportFormat.NDJSON:
                yield from self._pieces(_documents(export), _NDJSON_SETTINGS, "JSONEachRow")
            case ExportFormat.PARQUET:
                kinds = {**FIXED_COLUMNS, **{column.name: column.kind for column in export.columns}}
                with self._opened(_rows(export), _PARQUET_SETTINGS, "CSV") as stream:
                    yield from parquet_of_csv(stream, kinds)
            case _:
                assert_never(file_format)

    def _pieces(self, query: _Query, settings: str, format_name: str) -> Iterator[bytes]:
        with self._opened(query, settings, format_name) as stream:
            while piece := stream.read(_PIECE_BYTES):
                yield piece

    @contextmanager
    def _opened(self, query: _Query, settings: str, format_name: str) -> Iterator[IO[bytes]]:
        with closing(self._open_client()) as client:
            sql = f"{query.sql} SETTINGS {_SETTINGS}, {settings}"
            stream = cast("IO[bytes]", client.raw_stream(sql, parameters=query.parameters, fmt=format_name))
            with closing(stream):
                yield stream


class _Query(NamedTuple):
    sql: str
    parameters: dict[str, Any]


def _rows(export: Export, *, text: Callable[[str], str] = str) -> _Query:
    """A query of all columns, fixed ones first, as c0, c1, ...; `text` wraps those of texts that senders wrote."""
    expressions = [text(sql) if name in _WRITTEN_BY_OTHERS else sql for name, sql in _FIXED_SQL.items()]
    where, parameters = _bounded(export.wanted, export.upto)
    parameters |= {
        "signals": list(export.signal_names),
        "signal_names": list(export.signal_names.values()),
        "stored": list(export.companies),
        "primaries": [str(primary) for primary, _ in export.companies.values()],
        "company_names": [name or "" for _, name in export.companies.values()],
    }
    for place, column in enumerate(export.columns):
        sql, more = column_sql(column, place, export.written)
        expressions.append(text(sql) if column.kind in (Kind.TEXT, Kind.ARRAY) else sql)
        parameters |= more
    columns = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(expressions))
    return _Query(f"SELECT {columns} FROM signals WHERE {where} ORDER BY {_ORDER}", parameters)  # noqa: S608


def _documents(export: Export) -> _Query:
    """The same with the fixed columns under their names, and the fields as one object."""
    rows = _rows(export)
    names = [f"c{place} AS {name}" for place, name in enumerate(FIXED_COLUMNS)]
    first = len(FIXED_COLUMNS)
    values = ", ".join(_member(f"c{first + place}", column.kind) for place, column in enumerate(export.columns))
    members = ", ".join(f"{_quoted(one.name)} {_SQL_TYPES[one.kind]}" for one in export.columns)
    sql = f"SELECT {', '.join(names)}, CAST(tuple({values}), {{members:String}}) AS fields FROM ({rows.sql})"  # noqa: S608
    return _Query(sql, rows.parameters | {"members": f"Tuple({members})"})


def _quoted(name: str) -> str:
    """The name as an identifier: the client's own way takes one that begins and ends with a quote to be quoted."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _member(column: str, kind: Kind) -> str:
    """Of an array each element by itself: read together, integers beside a fraction would all become doubles."""
    if kind is not Kind.ARRAY:
        return column
    elements = f"arrayMap(e -> {_ELEMENT_SQL}, JSONExtractArrayRaw(assumeNotNull({column})))"
    return f"CAST(if(isNull({column}), NULL, {elements}), 'Dynamic')"


def _bounded(wanted: FeedFilter, upto: int) -> tuple[str, dict[str, Any]]:
    conditions, parameters = conditions_of(wanted)
    return " AND ".join([*conditions, "batch <= {upto:UInt64}"]), parameters | {"upto": upto}


def _without_formula(sql: str) -> str:
    """A text behind an apostrophe where a spreadsheet would calculate it; one more apostrophe where there are some."""
    return f"if(match({sql}, {_FORMULA_SQL}), concat('\\'', {sql}), {sql})"


def _csv_header(names: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([f"'{name}" if _is_formula(name) else name for name in names])
    return line.getvalue().encode()
