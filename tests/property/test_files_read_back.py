"""Tables in every accepted spelling read back cell by cell; whatever a file holds, every record is accounted for."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from milepost.cli.send.layout import BadRecord, FileFormat, Layout, Record
from milepost.cli.send.preview import survey
from milepost.cli.send.records import look_at, read_records
from milepost.control.company_import.reading import CompanyFile
from milepost.domain.errors import InvalidInputError
from milepost.kit.delimited import DELIMITERS, find_delimiter, read_rows
from milepost.kit.jsonio import strict_loads

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


def _zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", content)
    return file.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "zip": _zipped}
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', '""', ",", ";", "\t", "|", "a\nb", "a\r\nb", "\r", " x ", "=1", "ü", "\U0001f600", "\u2028", "\ufeff"]
)
FILES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def spelled(table: list[list[str]], delimiter: str, end: str, *, is_all_quoted: bool) -> str:
    """The table after RFC 4180. Python's own writer leaves a bare CR unquoted where lines end with LF."""
    signs = {delimiter, '"', "\r", "\n"}

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if is_all_quoted or signs & set(text) else text

    return "".join(delimiter.join(map(cell, row)) + end for row in table)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header of plain names, and rows of any cells."""
    width = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8))
    return [[f"column{place}" for place in range(width)], *rows]


@FILES
@given(
    table=tables(),
    delimiter=st.sampled_from(list(DELIMITERS.values())),
    is_all_quoted=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(ENCODINGS),
    packing=st.sampled_from(sorted(PACKINGS)),
)
def test_a_table_reads_back_cell_by_cell(
    *,
    tmp_path: Path,
    table: list[list[str]],
    delimiter: str,
    is_all_quoted: bool,
    end: str,
    encoding: str,
    packing: str,
) -> None:
    text = spelled(table, delimiter, end, is_all_quoted=is_all_quoted)
    path = tmp_path / "table.csv"
    path.write_bytes(PACKINGS[packing](text.encode(encoding)))
    found = look_at(path, Layout())
    assert (found.delimiter, found.columns) == (delimiter, tuple(table[0]))
    for record, row in zip(read_records(path, Layout()), table[1:], strict=True):
        if isinstance(record, BadRecord):
            assert (record.reason, any(cell.strip() for cell in row)) == ("has only empty cells", False)
        else:
            assert [record.payload[name] for name in table[0]] == row


@given(table=tables(), delimiter=st.sampled_from(list(DELIMITERS.values())))
def test_rows_say_the_line_they_begin_on_and_their_own_text(table: list[list[str]], delimiter: str) -> None:
    text = spelled(table, delimiter, "\n", is_all_quoted=False)
    lines = list(io.StringIO(text, newline=""))
    rows = list(read_rows(lines, delimiter))
    assert "".join(row.text for row in rows) == text
    assert all("".join(lines[row.line - 1 :]).startswith(row.text) for row in rows)
    assert find_delimiter(lines, is_whole=True).sign == delimiter


SIGNS = ["[", "]", "{", "}", ",", ";", "\t", "|", '"', "\n", "\r", "\0", "ü", "a", " ", "[" * 300, "]" * 300]
SNIPPETS = st.sampled_from(
    [
        *(sign.encode() for sign in SIGNS),
        *(
            b'{"a":1}',
            b'"eventDate":1',
            b"1e999",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"\x1f\x8b\x08",
            b"PK\x03\x04",
            b"\xfc",
        ),
    ]
)


@FILES
@given(
    content=st.binary(max_size=200) | st.lists(SNIPPETS, max_size=30).map(b"".join),
    file_format=st.sampled_from(list(FileFormat)),
    name=st.sampled_from(["a", "a.csv", "a.tsv", "a.ndjson", "a.json"]),
    key_fields=st.sampled_from([(), ("a",)]),
    date_field=st.sampled_from([None, "a"]),
)
@example(content=b'{"a":1}],"x":[{}', file_format=FileFormat.NDJSON, name="a", key_fields=(), date_field=None)
@example(content=b"[" * 100_000, file_format=FileFormat.JSON, name="a", key_fields=(), date_field=None)
@example(content=b'[{"a":' + b"9" * 5000 + b"}]", file_format=FileFormat.JSON, name="a", key_fields=(), date_field=None)
def test_whatever_a_file_holds_it_is_a_sentence_or_records_that_are_all_accounted_for(
    *,
    tmp_path: Path,
    content: bytes,
    file_format: FileFormat,
    name: str,
    key_fields: tuple[str, ...],
    date_field: str | None,
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    layout = Layout(format=file_format, key_fields=key_fields, date_field=date_field)
    try:
        found = look_at(path, layout)
        seen = survey(found, layout)
        records = list(read_records(path, layout))
    except InvalidInputError:
        return
    assert [record.number for record in records] == list(range(1, seen.records + 1))
    good = [record for record in records if isinstance(record, Record)]
    assert len(records) - len(good) == seen.refused
    batch = b'{"data":[%b]}' % b",".join(record.body for record in good)
    assert len(strict_loads(batch)["data"]) == len(good), "one record never spoils a batch"
    keys = [strict_loads(record.body)["idempotencyKey"] for record in good]
    if not key_fields and len(set(map(str, keys))) != len(keys):
        assert all(b"idempotencyKey" in record.text.encode() for record in good), "keys that we make are not shared"
    for record in records:
        json.dumps(record.text).encode()


@FILES
@given(content=st.binary(max_size=200) | st.lists(SNIPPETS, max_size=30).map(b"".join))
def test_the_company_importer_too_reads_anything_or_says_why_not(content: bytes) -> None:
    for whole in (content, b"name;a\n" + content):
        with suppress(InvalidInputError):
            assert all(row.line > 0 for row in CompanyFile(whole, ()).rows())


@given(
    numbers=st.lists(
        st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
        min_size=1,
        max_size=4,
    )
)
@pytest.mark.parametrize("is_array", [False, True])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_json_goes_digit_for_digit(tmp_path: Path, numbers: list[str], *, is_array: bool) -> None:
    lines = [f'{{"n": {number},  "eventDate":null}}' for number in numbers]
    path = tmp_path / "n.json"
    path.write_text("[" + ",\n".join(lines) + "]" if is_array else "\n".join(lines))
    for record, line in zip(read_records(path, Layout()), lines, strict=True):
        assert isinstance(record, Record)
        assert record.body.decode().startswith(line[:-1] + ',"idempotencyKey":"')
