"""Which columns a file of a feed has, and how far a live reader is: pure rules."""

from uuid import UUID

import pytest

from milepost.domain.criterion import FieldType
from milepost.domain.event import EventId
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.store.feed_columns import Kind, column_sql, field_columns
from milepost.store.position import Position

REQUEST, FIRST, SECOND = UUID(int=1 << 100), UUID(int=1), UUID(int=2)


def signal(signal_id: UUID, revision: int, **fields: tuple[FieldType, str]) -> Signal:
    """A revision with these fields and slots."""
    return Signal(
        id=signal_id,
        revision=revision,
        slots={name: slot for name, (_, slot) in fields.items()},
        name="a signal",
        connection_id=UUID(int=9),
        event_key="x",
        fields=tuple(SignalField(name=name, path=(name,), type=one) for name, (one, _) in fields.items()),
        company=CompanyMapping(field="a"),
    )


def test_fields_of_one_name_and_kind_share_a_column() -> None:
    columns = field_columns(
        [
            signal(FIRST, 2, a=(FieldType.ISO_DATE, "n1")),
            signal(FIRST, 1, a=(FieldType.UNIX_MS_DATE, "n1")),
            signal(SECOND, 1, a=(FieldType.ISO_DATE, "n4")),
        ]
    )
    (column,) = columns
    assert (column.name, column.kind) == ("a", Kind.DATE)
    assert column.slots == {"n1": [(FIRST, 2), (FIRST, 1)], "n4": [(SECOND, 1)]}


def test_a_field_of_another_kind_has_a_column_of_its_own_with_the_kind_behind_its_name() -> None:
    newer, older = signal(FIRST, 2, a=(FieldType.TEXT, "t1")), signal(FIRST, 1, a=(FieldType.NUMBER, "n1"))
    assert [column.name for column in field_columns([newer, older])] == ["a", "a (number)"]


def test_no_two_columns_have_one_name() -> None:
    fields = {"event_id": (FieldType.TEXT, "t1"), "event_id (field)": (FieldType.TEXT, "t2")}
    names = [column.name for column in field_columns([signal(FIRST, 1, **fields)], taken=("event_id",))]
    assert names == ["event_id (field)", "event_id (field) (field)"]


@pytest.mark.parametrize(
    ("field_type", "sql"),
    [
        (FieldType.NUMBER, "n1"),
        (FieldType.BOOLEAN, "CAST(n1 != 0, 'Nullable(Bool)')"),
        (FieldType.ISO_DATE, "fromUnixTimestamp64Milli(toInt64(n1), 'UTC')"),
    ],
)
def test_a_column_that_all_rows_have_is_its_slot_in_its_type(field_type: FieldType, sql: str) -> None:
    (column,) = field_columns([signal(FIRST, 1, a=(field_type, "n1"))])
    assert column_sql(column, 0, [(FIRST, 1)]) == (sql, {})


def test_a_column_that_some_rows_have_reads_each_revisions_slot() -> None:
    (column,) = field_columns([signal(FIRST, 1, a=(FieldType.TEXT, "t1")), signal(SECOND, 1, a=(FieldType.TEXT, "t3"))])
    pairs = "(signal_id, revision) IN {{of_5_{}:Array(Tuple(UUID, UInt32))}}"
    sql = f"multiIf({pairs.format(0)}, t1, {pairs.format(1)}, t3, NULL)"
    parameters = {"of_5_0": [(FIRST, 1)], "of_5_1": [(SECOND, 1)]}
    assert column_sql(column, 5, [(FIRST, 1), (SECOND, 1), (SECOND, 2)]) == (sql, parameters)


@pytest.mark.parametrize(
    "position",
    [Position(0), Position(7, EventId(REQUEST, 3)), Position(7, EventId(REQUEST, 65_535), FIRST)],
    ids=["batch", "event", "row"],
)
def test_a_position_reads_back_from_its_text(position: Position) -> None:
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1.", "٣", "9" * 20, f"1.{REQUEST}", f"1.{REQUEST}.x", f"1.{REQUEST}.65536", f"1.{REQUEST}.0.x"],
)
def test_a_text_that_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"position|event|UUID"):
        Position.parse(text)
