"""Fields suggested from payloads that were really seen."""

from typing import Any

import pytest

from milepost.detect.suggest import MAX_FIELDS, suggest_fields
from milepost.domain.criterion import FieldType


@pytest.mark.parametrize(
    ("values", "suggested"),
    [
        (['"pro"', '"free"'], FieldType.TEXT),
        (['"12345"'], FieldType.TEXT),
        (["1", "2.5"], FieldType.NUMBER),
        (["1709202030123"], FieldType.UNIX_MS_DATE),
        (["1709202030123", "5"], FieldType.TEXT),
        (["true", "false"], FieldType.BOOLEAN),
        (['"2024-02-29"', '"2024-02-29T10:20Z"'], FieldType.ISO_DATE),
        (['"2024-02-29"', '"soon"'], FieldType.TEXT),
        (["[1]", "[]"], FieldType.ARRAY),
        (["{}"], FieldType.OBJECT),
    ],
)
def test_the_type_is_the_one_that_all_values_have(values: list[str], suggested: FieldType) -> None:
    [field] = suggest_fields([f'{{"x":{value}}}'.encode() for value in [*values, "null"]])
    assert (field.path, field.type, field.seen) == (("x",), suggested, len(values))


def test_it_tells_how_many_values_each_type_can_read() -> None:
    [field] = suggest_fields([b'{"x":"5"}', b'{"x":6}', b'{"x":"6 seats"}', b'{"x":true}'])
    assert field.convertible == {
        FieldType.TEXT: 4,
        FieldType.NUMBER: 2,
        FieldType.BOOLEAN: 1,
        FieldType.ISO_DATE: 0,
        FieldType.UNIX_MS_DATE: 2,
        FieldType.ARRAY: 0,
        FieldType.OBJECT: 0,
    }


def test_examples_are_different_and_few() -> None:
    [field] = suggest_fields([f'{{"x":"{letter}"}}'.encode() for letter in "aabbcd"])
    assert field.examples == ("a", "b", "c")


def test_fields_are_listed_from_the_most_seen_and_deep_ones_have_their_path() -> None:
    payloads: list[bytes] = [b'{"rare":1,"user":{"plan":{"TOTAL KWH":3}}}', b'{"user":{"plan":{"TOTAL KWH":4}}}']
    paths: list[Any] = [field.path for field in suggest_fields(payloads)]
    assert paths == [("user",), ("user", "plan"), ("user", "plan", "TOTAL KWH"), ("rare",)]


def test_arbitrary_keys_do_not_flood_it() -> None:
    assert len(suggest_fields([f'{{"key{number}":1}}'.encode() for number in range(2 * MAX_FIELDS)])) == MAX_FIELDS
