"""Delimited files into rows of companies: encodings, delimiters, headers, and what is refused."""

import pytest

from milepost.control.company_import.reading import CompanyFile, FileRow, Meaning
from milepost.domain.company import CompanyKey
from milepost.domain.errors import InvalidInputError


def _rows(text: str | bytes, *key_spaces: str) -> list[FileRow]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(CompanyFile(content, key_spaces).rows())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_a_file_says_by_itself_how_it_is_written(delimiter: str, mark: bytes, end: str) -> None:
    lines = (("name", "CompanyID", "Plan"), ("Müller, Söhne; Co", "7", "Gold"))
    text = end.join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert _rows(mark + text.encode()) == [
        FileRow(
            2,
            name="Müller, Söhne; Co",
            keys=(CompanyKey(key_space="CompanyID", value="7"),),
            attributes=(("Plan", "Gold"),),
        )
    ]


def test_columns_are_names_keys_or_attributes_by_their_headers() -> None:
    header = "NAME,companyid,key:SFID,Billing,attribute:Billing,attribute: Tier ,Region"
    columns = CompanyFile(header.encode(), ["Billing", "CompanyID"]).columns
    assert [(column.meaning, column.of) for column in columns] == [
        (Meaning.NAME, "name"),
        (Meaning.KEY, "CompanyID"),
        (Meaning.KEY, "SFID"),
        (Meaning.KEY, "Billing"),
        (Meaning.ATTRIBUTE, "Billing"),
        (Meaning.ATTRIBUTE, "Tier"),
        (Meaning.ATTRIBUTE, "Region"),
    ]


def test_empty_cells_say_nothing_blank_lines_are_none_and_lines_count_those_within_quotes() -> None:
    rows = _rows('name,Plan,Seats\nA,,3\n\n"B\nC", Gold ,\nD\n')
    assert rows == [
        FileRow(2, name="A", attributes=(("Seats", "3"),)),
        FileRow(4, name="B\nC", attributes=(("Plan", "Gold"),)),
        FileRow(6, name="D"),
    ]


def test_a_row_with_more_cells_than_columns_has_a_fault() -> None:
    (good, bad) = _rows("name,Plan\nA,Gold,\nB,Gold,what\n")
    assert good.fault is None
    assert bad.fault == "has 3 cells, and the header names 2 columns"


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("", "header", "names no column by which companies are known"),
        ("Plan,Seats\nA,1\n", "header", "names no column by which companies are known"),
        ("name,\nA,1\n", "column 2", "has no name"),
        ("name,Plan,attribute:Plan\n", "column 3", "means the same as a column before it"),
        ("name,key:\n", "column 2", "a key space has 1 to 120 characters"),
        (f"name,{'x' * 121}\n", "column 2", "is no attribute's name"),
        ("name\nM\udcfcller\n", "line 2", "is not UTF-8 text"),
        ('name\n"A\nB\n', "line 2", "is not comma-separated text"),
    ],
)
def test_what_cannot_be_read_as_a_whole_is_refused_with_the_place(text: str, path: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        _rows(text.encode(errors="surrogateescape"))
    (fault,) = refusal.value.faults
    assert (fault.path, reason in fault.reason) == (path, True), fault
