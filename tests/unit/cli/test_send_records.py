"""Files into events: formats, dates, numbers, keys, and what cannot be read."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from milepost.cli.send.layout import BadRecord, FileFormat, Layout, Record, zone
from milepost.cli.send.records import read_records
from milepost.domain.errors import InvalidInputError, OperatorError


def read(
    folder: Path, text: str, layout: Layout | None = None, *, name: str = "events.txt"
) -> list[Record | BadRecord]:
    path = folder / name
    path.write_bytes(text.encode())
    return list(read_records(path, layout or Layout()))


def payloads(records: list[Record | BadRecord]) -> list[dict[str, object]]:
    return [
        {name: value for name, value in record.payload.items() if name != "idempotencyKey"}
        for record in records
        if isinstance(record, Record)
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.ndjson", '{"a": 1}\n\n{"a": 2}\n', id="NDJSON by name"),
        pytest.param("a", ' {"a": 1}\r\n{"a": 2}', id="NDJSON by content, carriage returns"),
        pytest.param("a", '[{"a": 1}, {"a": 2}]', id="JSON array by content"),
        pytest.param("a.json", '\ufeff[{"a": 1},{"a": 2}]', id="JSON array behind a byte order mark"),
    ],
)
def test_each_json_format_is_recognised(tmp_path: Path, name: str, text: str) -> None:
    assert payloads(read(tmp_path, text, name=name)) == [{"a": 1}, {"a": 2}]


def test_delimited_text_has_its_names_in_the_first_line_and_numbers_where_told(tmp_path: Path) -> None:
    text = 'customer,amount,note\nAcme,"1,5",x\nBolt,12,"a ""b"""\nCogs,,y\n'
    records = read(tmp_path, text, Layout(numbers=frozenset({"amount"})), name="a.csv")
    assert isinstance(records[0], BadRecord)
    assert "amount is not a number" in records[0].reason
    assert payloads(records) == [
        {"customer": "Bolt", "amount": 12, "note": 'a "b"'},
        {"customer": "Cogs", "note": "y"},
    ]


def test_columns_between_any_blanks_are_named_by_hand(tmp_path: Path) -> None:
    layout = Layout(delimiter=" ", columns=("id", "date", "price"), numbers=frozenset({"price"}))
    assert payloads(read(tmp_path, " 0001 19970101   29.33\r\n", layout)) == [
        {"id": "0001", "date": "19970101", "price": 29.33}
    ]


def test_a_line_that_cannot_be_read_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    records = read(tmp_path, '{"a": 1}\n{"a": \n[1]\n{"a": 2}\n')
    assert [(bad.number, bad.reason.split(":")[0]) for bad in records if isinstance(bad, BadRecord)] == [
        (2, "is not JSON"),
        (3, "is not a JSON object"),
    ]
    assert payloads(records) == [{"a": 1}, {"a": 2}]


def test_a_row_with_too_many_columns_is_named(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, "a,b\n1,2,3\n", name="a.csv")
    assert isinstance(bad, BadRecord)
    assert "3 columns where 2 are named" in bad.reason


@pytest.mark.parametrize(
    ("value", "layout", "expected"),
    [
        pytest.param('"2024-05-01T12:00:00Z"', Layout(date_field="at"), 1_714_564_800_000, id="ISO with Z"),
        pytest.param('"2024-05-01T14:00:00+02:00"', Layout(date_field="at"), 1_714_564_800_000, id="ISO with offset"),
        pytest.param("1714564800000", Layout(date_field="at"), 1_714_564_800_000, id="Unix milliseconds"),
        pytest.param('"1714564800000"', Layout(date_field="at"), 1_714_564_800_000, id="the same as text"),
        pytest.param(
            '"20240501"',
            Layout(date_field="at", date_format="%Y%m%d", time_zone=ZoneInfo("Europe/Berlin")),
            1_714_514_400_000,
            id="own format in a time zone",
        ),
    ],
)
def test_the_event_date_comes_from_the_field_named(tmp_path: Path, value: str, layout: Layout, expected: int) -> None:
    (record,) = read(tmp_path, f'{{"at": {value}}}', layout)
    assert isinstance(record, Record)
    assert record.payload["eventDate"] == expected


def test_a_date_that_is_none_is_named(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, '{"at": "soon"}', Layout(date_field="at"))
    assert isinstance(bad, BadRecord)
    assert "at gives no date" in bad.reason


def keys(records: list[Record | BadRecord]) -> list[str]:
    return [record.payload["idempotencyKey"] for record in records if isinstance(record, Record)]


def test_a_file_sent_again_has_the_same_keys_and_equal_lines_have_different_ones(tmp_path: Path) -> None:
    text = '{"a": 1}\n{"a": 1}\n'
    first, again = keys(read(tmp_path, text)), keys(read(tmp_path, text))
    assert first == again
    assert len(set(first)) == 2


def test_keys_can_be_made_of_members_or_come_from_the_record(tmp_path: Path) -> None:
    by_member = keys(read(tmp_path, '{"id": 7, "a": 1}\n{"id": 7, "a": 2}\n', Layout(key_fields=("id",))))
    assert len(set(by_member)) == 1
    assert keys(read(tmp_path, '{"idempotencyKey": "own"}')) == ["own"]
    (bad,) = read(tmp_path, '{"a": 1}', Layout(key_fields=("id",)))
    assert isinstance(bad, BadRecord)


def test_a_file_that_is_no_array_and_a_zone_that_is_none_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="not an array"):
        read(tmp_path, '{"a": 1}', Layout(format=FileFormat.JSON))
    with pytest.raises(OperatorError, match="Mars"):
        zone("Mars/Base")
