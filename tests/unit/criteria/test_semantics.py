"""The table of SEMANTICS.md, through both engines."""

import re
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from milepost.criteria.convert import CONVERTERS, to_slot
from milepost.criteria.to_sql import to_sql
from milepost.domain.criterion import EVERYTHING, FieldType
from milepost.domain.signal import SignalField

MARKS = {"(empty)": "", "(blank)5": " 5"}
TEXT_SLOTS = {FieldType.TEXT, FieldType.ARRAY, FieldType.OBJECT}


def rows() -> list[tuple[bytes, dict[FieldType, str]]]:
    page = files("milepost.criteria").joinpath("SEMANTICS.md").read_text()
    table = page.partition("| value in the event |")[2].partition("\n\n")[0].splitlines()
    types = [FieldType(cell.strip()) for cell in table[0].split("|")[:-1]]
    cells = [re.fullmatch(r"\| `(.*?)` \|(.*)\|", line) for line in table[2:]]
    return [(row[1].encode(), dict(zip(types, map(str.strip, row[2].split("|")), strict=True))) for row in cells if row]


def kept(field_type: FieldType, cell: str) -> Any:
    if cell in ("missing", "fails", "there"):
        return None
    return MARKS.get(cell, cell) if field_type in TEXT_SLOTS else float(cell)


def test_the_table_has_all_its_rows() -> None:
    assert len(rows()) == 38


@pytest.mark.parametrize(("value", "cells"), rows(), ids=lambda each: each.decode() if isinstance(each, bytes) else "")
def test_a_value_is_read_as_the_table_says(value: bytes, cells: dict[FieldType, str], chdb_client: Client) -> None:
    decoded = msgspec.json.decode(value)
    fields = [SignalField(name=each.value, path=("x",), type=each) for each in FieldType]
    sql = to_sql(EVERYTHING, fields)
    [row] = chdb_client.query(
        f"WITH {sql.bindings} SELECT {', '.join(sql.stored.values())} FROM (SELECT {{event:String}} AS payload)",
        parameters={**sql.parameters, "event": f'{{"x":{value.decode()}}}'},
    ).result_rows
    for field_type, in_store in zip(FieldType, row, strict=True):
        cell = cells[field_type]
        assert to_slot(field_type, decoded) == kept(field_type, cell) == in_store, field_type
        assert (CONVERTERS[field_type](decoded) is None) is (cell in ("missing", "fails")), field_type
        assert (decoded is None) is (cell == "missing"), field_type
