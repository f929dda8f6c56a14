"""Files as they are found: encodings, packings, quotes, headers, typing mistakes; each is read right or told about."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

from milepost.cli.send.layout import BadRecord, FileFormat, Layout, Record, delimiter_sign
from milepost.cli.send.preview import survey
from milepost.cli.send.records import look_at, read_records
from milepost.domain.errors import InvalidInputError, OperatorError

TABLE = "company,amount\nMünchen,5\nBern,6\n"
TWO = [{"company": "München", "amount": "5"}, {"company": "Bern", "amount": "6"}]


def made(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sent(path: Path, layout: Layout | None = None) -> list[dict[str, object]]:
    return [
        {name: value for name, value in record.payload.items() if name != "idempotencyKey"}
        for record in read_records(path, layout or Layout())
        if isinstance(record, Record)
    ]


def refused(path: Path, layout: Layout | None = None) -> list[tuple[int, int, str]]:
    found = read_records(path, layout or Layout())
    return [(bad.number, bad.line, bad.reason) for bad in found if isinstance(bad, BadRecord)]


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "doubt"),
    [
        pytest.param(TABLE.encode("utf-8-sig"), "a.csv", None, id="UTF-8 with a mark"),
        pytest.param(TABLE.encode("utf-16"), "a.csv", None, id="UTF-16 with a mark"),
        pytest.param(TABLE.encode("utf-16-le"), "a.csv", "UTF-16-LE", id="UTF-16 without one"),
        pytest.param(TABLE.encode("utf-16-be"), "a.csv", "UTF-16-BE", id="big-endian UTF-16 without one"),
        pytest.param(TABLE.encode("cp1252"), "a.csv", "line 2 is not UTF-8", id="Windows-1252"),
        pytest.param(gzip.compress(TABLE.encode()), "a.csv.gz", None, id="gzip"),
        pytest.param(
            gzip.compress(TABLE[:20].encode()) + gzip.compress(TABLE[20:].encode()), "a", None, id="two gzips"
        ),
        pytest.param(zipped(**{"a.csv": TABLE.encode(), "__MACOSX/a.csv": b"x"}), "a.zip", None, id="zip of a Mac"),
        pytest.param(TABLE.replace(",", "\t").encode(), "a.tsv", None, id="tabs by name"),
        pytest.param(TABLE.replace(",", "|").encode(), "a", None, id="pipes by content"),
        pytest.param(TABLE.replace("\n", "\r").encode(), "a.csv", None, id="lines of an old Mac"),
        pytest.param(f"\n \n{TABLE}\n\n".encode(), "a.csv", None, id="blank lines"),
        pytest.param(json.dumps(TWO).encode("utf-16"), "a.json", None, id="UTF-16 JSON"),
    ],
)
def test_a_table_is_read_however_it_is_stored(tmp_path: Path, content: bytes, name: str, doubt: str | None) -> None:
    path = made(tmp_path, content, name)
    assert sent(path) == TWO
    doubts = look_at(path, Layout()).doubts
    assert [doubt in one for one in doubts if doubt] == ([True] if doubt else list(doubts))


def test_what_is_said_of_the_encoding_is_no_doubt(tmp_path: Path) -> None:
    layout = Layout(encoding="windows-1252")
    path = made(tmp_path, TABLE.encode("cp1252"))
    assert (sent(path, layout), look_at(path, layout).doubts) == (TWO, ())


def test_a_damaged_line_of_a_file_that_is_utf_8_elsewhere_is_refused_alone(tmp_path: Path) -> None:
    path = made(tmp_path, TABLE.encode() + b"K\xf6ln,7\n")
    assert sent(path) == TWO
    assert refused(path) == [(3, 4, "holds bytes that are not UTF-8, in a file that is UTF-8 elsewhere")]


@pytest.mark.parametrize(
    ("content", "layout", "told"),
    [
        pytest.param('a,b\n1,"x\n2,y\n', Layout(), r"Line 2 .* opens a quote that is never closed", id="unclosed"),
        pytest.param('a,b\n1,"x\ny",\n"z', Layout(), r"Line 4 .* never closed", id="unclosed below a line break"),
        pytest.param('a,b\n1,"x"y\n', Layout(), r"Line 2 .* text behind a closing quote", id="behind a quote"),
        pytest.param("a,b,a\n1,2,3\n", Layout(), "has 'a' twice", id="repeated header"),
        pytest.param("a,,c\n1,2,3\n", Layout(), "gives column 2 no name", id="nameless column"),
        pytest.param(
            "a,b\n1,2\n", Layout(numbers=frozenset({"c"})), "--numbers names 'c'.* It has: a, b", id="numbers"
        ),
        pytest.param("order,b\n1,2\n", Layout(key_fields=("ordr",)), "Did you mean 'order'", id="key fields"),
        pytest.param("date,b\n1,2\n", Layout(date_field="dat"), "--date-field names 'dat'", id="date field"),
        pytest.param(gzip.compress(TABLE.encode())[:-12], Layout(), "damaged archive", id="half a gzip"),
        pytest.param(zipped(a=b"1", b=b"2"), Layout(), "an archive of 2 files", id="two files"),
        pytest.param(zipped(**{"[Content_Types].xml": b""}), Layout(), "save the sheet as CSV", id="workbook"),
        pytest.param(b"PAR1....", Layout(), "a Parquet file", id="Parquet"),
        pytest.param(b"\x81\x8d", Layout(), "neither UTF-8 nor Windows-1252", id="no encoding"),
        pytest.param(TABLE, Layout(encoding="utf-17"), "no text encoding 'utf-17'", id="unknown encoding"),
        pytest.param("Ü", Layout(encoding="ascii"), "not the text that it seems", id="wrong encoding"),
        pytest.param('{"a":1}', Layout(format=FileFormat.NDJSON, columns=("a",)), "--columns is for", id="NDJSON"),
        pytest.param('{"ab":1}', Layout(format=FileFormat.NDJSON, key_fields=("aa",)), "It has: ab", id="no member"),
        pytest.param('[{"a":1} {"a":2}]', Layout(format=FileFormat.JSON), "there is no comma", id="no comma"),
        pytest.param('[{"a":1}]]', Layout(format=FileFormat.JSON), "something follows", id="behind the array"),
    ],
)
def test_what_cannot_be_read_for_sure_is_refused_before_anything_is_sent(
    tmp_path: Path, content: str | bytes, layout: Layout, told: str
) -> None:
    path = made(tmp_path, content)
    with pytest.raises(InvalidInputError, match=told):
        survey(look_at(path, layout), layout)


@pytest.mark.parametrize(
    ("content", "layout", "told"),
    [
        pytest.param("a;b\n1;2\n", Layout(delimiter=","), "the first line is one column", id="other delimiter"),
        pytest.param("a;b,c\n", Layout(), "can be cut at comma or semicolon alike", id="two delimiters"),
        pytest.param('{"a":1}\n{"a":2}\n', Layout(), "begins with { as JSON does", id="JSON that is called CSV"),
        pytest.param(
            '{"eventDate":1709164800}', Layout(format=FileFormat.NDJSON), "seconds, it seems", id="eventDate in seconds"
        ),
    ],
)
def test_what_may_be_meant_otherwise_is_a_doubt(tmp_path: Path, content: str, layout: Layout, told: str) -> None:
    (doubt,) = survey(look_at(made(tmp_path, content), layout), layout).doubts
    assert told in doubt


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
def test_records_without_an_identity_never_share_a_key(tmp_path: Path, blank: str) -> None:
    path = made(tmp_path, f'order,company\n1,a\n"{blank}",b\n"{blank}",c\n')
    reason = "has a blank order, which the idempotency key is made of"
    assert refused(path, Layout(key_fields=("order",))) == [(2, 3, reason), (3, 4, reason)]
    own = made(tmp_path, f'idempotencyKey,company\n1,a\n"{blank}",b\n', "own.csv")
    assert [number for number, _, reason in refused(own) if "blank" in reason] == [2]


@pytest.mark.parametrize("value", ["null", '""', "[]", "{}"])
def test_blank_members_of_json_have_no_identity_either(tmp_path: Path, value: str) -> None:
    path = made(tmp_path, f'{{"o":{value},"c":"a"}}\n{{"o":{value},"c":"b"}}\n{{"o":0}}\n', "a.ndjson")
    assert [number for number, _, _ in refused(path, Layout(key_fields=("o",)))] == [1, 2]


def test_keys_of_twenty_digits_differ_in_the_last_one(tmp_path: Path) -> None:
    path = made(tmp_path, "".join(f'{{"o":1234567890123456789012{last}}}\n' for last in range(3)), "a.ndjson")
    bodies = [record.payload["idempotencyKey"] for record in read_records(path, Layout(key_fields=("o",)))]  # type: ignore[union-attr]
    assert len(set(bodies)) == 3


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *(("12345678901234567890123", "12345678901234567890123"), ("8.950", "8.950"), ("+5", "5"), ("007", "7")),
        *((".5", "0.5"), ("5.", "5"), ("-0.10", "-0.10"), ("1e3", "1e3"), ("0", "0"), ("-000", "-0")),
        *((one, None) for one in ("1_000", "nan", "inf", "1e400", "1,5", "0x1", "٣", "1 000", "--1", ".", "9" * 2000)),
    ],
)
def test_numbers_keep_their_digits_and_what_is_none_is_refused(tmp_path: Path, cell: str, written: str | None) -> None:
    path = made(tmp_path, f'a\tn\nx\t"{cell}"\n', "a.tsv")
    (record,) = read_records(path, Layout(numbers=frozenset({"n"})))
    if isinstance(record, BadRecord):
        assert (written, "is not a number" in record.reason) == (None, True)
    else:
        assert f'"n":{written},'.encode() in record.body


@pytest.mark.parametrize(
    ("value", "date_format", "expected"),
    [
        *(("1709164800", None, "2024-02-29 in seconds"), ("1709164800000000", None, "micro- or nanoseconds")),
        *(("1709164800", "seconds", 1709164800000), ("1709164800.5", "seconds", 1709164800500)),
        *(("86400000", "milliseconds", 86400000), ('"1709164800"', None, "in seconds"), ('""', None, "is empty")),
        *(("true", None, "no text or number"), ("[]", None, "no text or number"), ('"9999999"', "seconds", 9999999000)),
        *(('"x"', "seconds", "no number of seconds"), ("1e30", "seconds", "out of reach"), ("null", None, "is empty")),
    ],
)
def test_a_date_in_another_unit_is_refused_until_the_unit_is_said(
    tmp_path: Path, value: str, date_format: str | None, expected: int | str
) -> None:
    path = made(tmp_path, f'{{"at":{value},"eventDate":1}}', "a.ndjson")
    (record,) = read_records(path, Layout(date_field="at", date_format=date_format))
    if isinstance(record, BadRecord):
        assert str(expected) in record.reason
    else:
        assert record.payload["eventDate"] == expected
        assert record.body.startswith(f'{{"at":{value},"eventDate":{expected},'.encode())


def test_a_row_that_does_not_fit_is_refused_with_its_line_and_all_of_its_text(tmp_path: Path) -> None:
    path = made(tmp_path, 'a,b\n"x\ny",1\n1\n,\n1,2,3\nn\0,1\n')
    bad = [(one.number, one.line, one.text) for one in read_records(path, Layout()) if isinstance(one, BadRecord)]
    assert bad == [(2, 4, "1"), (3, 5, ","), (4, 6, "1,2,3"), (5, 7, "n\0,1")]
    assert sent(path) == [{"a": "x\ny", "b": "1"}]


def test_an_empty_file_holds_no_records(tmp_path: Path) -> None:
    for name in ("a", "a.csv", "a.ndjson"):
        path = made(tmp_path, b"", name)
        assert survey(look_at(path, Layout()), Layout()).records == 0


def test_a_cell_of_a_megabyte_and_json_300_deep_harm_nobody_else(tmp_path: Path) -> None:
    assert len(str(sent(made(tmp_path, f'a,b\n1,"{"x" * 1_000_000}"\n'))[0]["b"])) == 1_000_000
    deep = f'{{"a":{"[" * 300}{"]" * 300}}}'
    assert sent(made(tmp_path, f'{deep}\n{{"a":1}}\n', "a.ndjson")) == [{"a": 1}]
    deeper = deep.replace("[" * 300, "[" * 5000).replace("]" * 300, "]" * 5000)
    assert sent(made(tmp_path, f'[{deeper},{{"a":1}}]', "a.json")) == [{"a": 1}]


def test_a_pipe_is_refused_since_a_file_is_read_more_than_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="not a regular file"):
        look_at(tmp_path, Layout())


def test_a_delimiter_is_a_sign_or_a_name() -> None:
    assert [delimiter_sign(one) for one in ("auto", "tab", "\\t", "pipe", "semicolon", "~")] == [
        None,
        *("\t", "\t", "|", ";", "~"),
    ]
    for wrong in ("", "ab", '"', "\n"):
        with pytest.raises(OperatorError, match="A delimiter is one character"):
            delimiter_sign(wrong)
