"""Feeds as files: what is written reads back as the rows of the store, over the real engine."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import StreamFailureError
from pyarrow import parquet

from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.signals import create_signal, update_signal
from milepost.domain.account import Role
from milepost.domain.criterion import FieldType
from milepost.domain.event import EventId
from milepost.domain.identities import Identities
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.kit.ids import uuid7
from milepost.kit.news import News
from milepost.store.client import connect
from milepost.store.feed_export import ExportFormat, FeedExporter
from milepost.store.feeds import FeedReader
from milepost.testing.business import NOW_MS, add_connection, purchase_draft
from milepost.testing.console import open_console
from milepost.testing.feeds import Emitted, emit
from milepost.testing.values import TEXTS
from milepost.web.feeds import Feeds, FeedWanted
from milepost.web.live import LiveStreams

COMPANY = 'Käse "&" Söhne, GmbH\n=1+1'
FIELDS = (
    SignalField(name="customer", path=("customer",), type=FieldType.TEXT),
    SignalField(name="dollars", path=("dollars",), type=FieldType.NUMBER),
    SignalField(name="=gift? `\"'\\", path=("gift",), type=FieldType.BOOLEAN),
    SignalField(name="event_date", path=("at",), type=FieldType.ISO_DATE),
    SignalField(name="tags", path=("tags",), type=FieldType.ARRAY),
)
GIFT, AT = FIELDS[2].name, FIELDS[3].name
NUMBERS = [None, 0.0, 0.1, -3.0, 1e21, 5e-324, 1.7976931348623157e308, 123456789012.25]
DATES = [None, 0.0, -1.0, -2_208_988_800_000.0, 10_413_791_999_999.0, float(NOW_MS)]
DIGITS = "[2.5,12345678901234567,18446744073709551615]"
TAGS = [None, "[]", DIGITS, '["a","ü/\\"","2024-02-29T10:20:30Z"]', "[1,-2.5,1e21]", '[true,false,"true"]']
FORMULAS = ["=1+1", "+49 30", "-5", "@x", "\tx", "\rx", "'=x", "''+x", "'plain", "\uff1dx"]
ROWS: list[dict[str, Any]] = [
    {
        "customer": text,
        "dollars": NUMBERS[place % len(NUMBERS)],
        GIFT: (None, 1.0, 0.0)[place % 3],
        AT: DATES[place % len(DATES)],
        "tags": TAGS[place % len(TAGS)],
    }
    for place, text in enumerate([None, *TEXTS, *FORMULAS])
]


class Shop:
    """A console over the real store, with one signal whose company has a difficult name."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.client = client
        self.console = open_console(
            folder,
            feed_rows=FeedReader(client),
            feed_files=FeedExporter(lambda: connect(client.uri)),
            live=LiveStreams(News(9), most_tails=1),
        )
        with self.console.deps.database.write() as session:
            draft = purchase_draft(add_connection(session).id).model_copy(update={"fields": FIELDS, "name": "Käufe 7"})
            self.signal = create_signal(session, draft, now_ms=NOW_MS)
            self.company = create_company(session, CompanyDraft(name=COMPANY), now_ms=NOW_MS)
        self.viewer = self.console.as_person(Role.VIEWER)

    def happen(self, signal: Signal, batch: int, values: Sequence[dict[str, Any]]) -> None:
        """Emissions of one batch, a millisecond apart."""
        request_id = uuid7(NOW_MS)
        rows = [
            Emitted(
                company_id=self.company.id,
                event_id=EventId(request_id, place),
                event_date_ms=NOW_MS + batch * 1000 + place,
                values=one,
            )
            for place, one in enumerate(values)
        ]
        emit(self.client, batch, signal, rows)

    def file(self, file_format: str, **params: str) -> bytes:
        """What a viewer gets."""
        answer = self.viewer.get("/api/feeds/export", params={"format": file_format, **params})
        assert answer.status_code == 200, answer.text
        content: bytes = answer.content
        return content

    def shown(self) -> list[dict[str, Any]]:
        """The same rows as a page, in the order of a file."""
        answer = self.viewer.get("/api/feeds", params={"order": "oldest", "limit": 1000})
        rows: list[dict[str, Any]] = answer.json()["items"]
        return rows

    def parquet(self, folder: Path, **params: str) -> Any:
        """The Parquet file as a table."""
        path = folder / "feed.parquet"
        path.write_bytes(self.file("parquet", **params))
        return parquet.read_table(path)


@pytest.fixture
def shop(tmp_path: Path, chdb_client: Client) -> Iterator[Shop]:
    opened = Shop(tmp_path, chdb_client)
    yield opened
    opened.console.deps.database.close()
    chdb_client.command("TRUNCATE TABLE signals")


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_ndjson_reads_back_as_the_rows_of_the_page(shop: Shop) -> None:
    shop.happen(shop.signal, 1, ROWS)
    read = [json.loads(line) for line in shop.file("ndjson").decode().split("\n") if line]
    expected = shop.shown()
    for row in (*read, *expected):
        row["fields"][AT] = instant(row["fields"][AT])
        row["event_date"], row["received_at"] = instant(row["event_date"]), instant(row["received_at"])
    assert read == expected
    assert len(read) == len(ROWS)


def test_csv_reads_back_once_the_guard_against_formulas_is_taken_off(shop: Shop) -> None:
    shop.happen(shop.signal, 1, ROWS)
    head, *lines = csv.reader(io.StringIO(shop.file("csv").decode(), newline=""), strict=True)
    assert head == [
        *["event_id", "event_date", "received_at", "signal_id", "signal_name", "revision", "company_id"],
        *["company_name", "customer", "dollars", f"'{GIFT}", "event_date (field)", "tags"],
    ]
    assert len(lines) == len(ROWS)
    for line, row, shown in zip(lines, ROWS, shop.shown(), strict=True):
        cells = dict(zip(head, line, strict=True))
        assert cells["company_name"] == COMPANY
        text = cells["customer"]
        assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
        guarded = text.startswith("'") and text.lstrip("'")[:1] in tuple("=+-@\t\r\n\uff1d")
        assert (text[1:] if guarded else text) == (row["customer"] or "")
        assert (float(cells["dollars"]) if cells["dollars"] else None) == row["dollars"]
        assert cells[f"'{GIFT}"] == {None: "", 1.0: "true", 0.0: "false"}[row[GIFT]]
        assert instant(cells["event_date (field)"]) == instant(shown["fields"][AT])
        assert cells["tags"] == (row["tags"] or "")


def test_csv_lines_end_as_the_rfc_says(shop: Shop) -> None:
    shop.happen(shop.signal, 1, [{"customer": "a\nb"}])
    assert shop.file("csv").count(b"\r\n") == 2


def test_parquet_has_typed_columns_and_the_same_values(shop: Shop, tmp_path: Path) -> None:
    shop.happen(shop.signal, 1, ROWS)
    table = shop.parquet(tmp_path)
    types = {field.name: str(field.type) for field in table.schema}
    assert types["event_date"] == types["event_date (field)"] == "timestamp[ms, tz=UTC]"
    assert (types["customer"], types["dollars"], types[GIFT], types["tags"]) == ("string", "double", "bool", "string")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = [
        {
            "customer": row["customer"],
            "dollars": row["dollars"],
            GIFT: None if row[GIFT] is None else row[GIFT] == 1,
            "event_date (field)": None if row[AT] is None else epoch + timedelta(milliseconds=row[AT]),
            "tags": row["tags"],
            "company_name": COMPANY,
        }
        for row in ROWS
    ]
    assert table.select(list(expected[0])).to_pylist() == expected


def test_another_engine_reads_the_parquet(shop: Shop, tmp_path: Path) -> None:
    shop.happen(shop.signal, 1, ROWS)
    shop.parquet(tmp_path)
    query = f"SELECT count(*), sum(dollars) FILTER (WHERE dollars < 1e6) FROM '{tmp_path / 'feed.parquet'}'"
    found = duckdb.connect().execute(query).fetchone()
    assert found == (len(ROWS), pytest.approx(sum(row["dollars"] or 0 for row in ROWS if (row["dollars"] or 0) < 1e6)))


def test_a_field_that_changed_its_type_has_a_column_for_each(shop: Shop) -> None:
    shop.happen(shop.signal, 1, [{"customer": "old", "dollars": 5.0}])
    fields = (FIELDS[0], SignalField(name="dollars", path=("dollars",), type=FieldType.TEXT))
    with shop.console.deps.database.write() as session:
        draft = purchase_draft(shop.signal.connection_id).model_copy(update={"fields": fields})
        newer = update_signal(session, shop.signal.id, draft, now_ms=NOW_MS)
    shop.happen(newer, 2, [{"customer": "new", "dollars": "5 $"}])
    read = [json.loads(line)["fields"] for line in shop.file("ndjson").splitlines()]
    assert [(row["customer"], row["dollars"], row["dollars (number)"]) for row in read] == [
        ("old", None, 5),
        ("new", "5 $", None),
    ]


def test_several_signals_share_the_columns_of_fields_that_they_share(shop: Shop) -> None:
    with shop.console.deps.database.write() as session:
        other = create_signal(session, purchase_draft(shop.signal.connection_id), now_ms=NOW_MS)
    shop.happen(shop.signal, 1, [{"customer": "a", "dollars": 1.0}])
    shop.happen(other, 2, [{"customer": "b", "dollars": 2.0}])
    rows = list(csv.DictReader(io.StringIO(shop.file("csv", company_id=str(shop.company.id)).decode(), newline="")))
    assert {(row["signal_name"], row["customer"], row["dollars"]) for row in rows} == {
        ("Käufe 7", "a", "1"),
        ("Purchases", "b", "2"),
    }


@pytest.mark.parametrize("file_format", list(ExportFormat))
def test_a_feed_without_rows_is_a_file_without_rows(shop: Shop, tmp_path: Path, file_format: ExportFormat) -> None:
    match file_format:
        case ExportFormat.CSV:
            assert shop.file("csv").count(b"\r\n") == 1
        case ExportFormat.NDJSON:
            assert shop.file("ndjson") == b""
        case ExportFormat.PARQUET:
            assert shop.parquet(tmp_path).num_rows == 0


def test_a_file_has_the_rows_of_settled_batches_within_the_filter(shop: Shop) -> None:
    for batch in (8, 9, 10):
        shop.happen(shop.signal, batch, [{"customer": str(batch)}])
    read = [json.loads(line)["fields"]["customer"] for line in shop.file("ndjson").splitlines()]
    assert read == ["8", "9"]
    later = [
        json.loads(line)["fields"]["customer"]
        for line in shop.file("ndjson", since="2023-11-14T22:13:29Z").splitlines()
    ]
    assert later == ["9"]


def test_a_csv_for_spreadsheets_begins_with_a_byte_order_mark_and_is_the_same_behind_it(shop: Shop) -> None:
    shop.happen(shop.signal, 1, [{"customer": "Zoë 株式会社"}])
    plain, marked = shop.file("csv"), shop.file("csv", bom="true")
    assert marked == b"\xef\xbb\xbf" + plain
    assert "Zoë 株式会社".encode() in plain
    assert shop.file("csv", bom="false") == plain


@pytest.mark.parametrize("file_format", ["ndjson", "parquet"])
def test_a_byte_order_mark_in_other_formats_is_refused(shop: Shop, file_format: str) -> None:
    answer = shop.viewer.get("/api/feeds/export", params={"format": file_format, "bom": "true"})
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "bom")


@pytest.mark.parametrize(
    ("file_format", "media_type"),
    [
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("ndjson", "application/x-ndjson"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_a_file_has_its_type_and_a_name(shop: Shop, file_format: str, media_type: str) -> None:
    answer = shop.viewer.get("/api/feeds/export", params={"format": file_format, "signal_id": str(shop.signal.id)})
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="Kufe-7-2023-11-14.{file_format}";'
        f" filename*=UTF-8''K%C3%A4ufe-7-2023-11-14.{file_format}"
    )


def test_too_many_columns_are_refused_before_a_file_begins(shop: Shop) -> None:
    fields = tuple(SignalField(name=f"{n}", path=("x",), type=FieldType.TEXT) for n in range(16))
    with shop.console.deps.database.write() as session:
        draft = purchase_draft(shop.signal.connection_id)
        for place in range(63):
            named = tuple(one.model_copy(update={"name": f"{place}-{one.name}"}) for one in fields)
            company = draft.company.model_copy(update={"field": f"{place}-0"})
            create_signal(session, draft.model_copy(update={"fields": named, "company": company}), now_ms=NOW_MS)
    answer = shop.viewer.get("/api/feeds/export", params={"format": "csv"})
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "signal_id")


@pytest.mark.parametrize("file_format", list(ExportFormat))
def test_a_failure_of_the_store_in_the_middle_is_raised(shop: Shop, file_format: ExportFormat) -> None:
    def limited() -> Client:
        client = connect(shop.client.uri)
        client.set_client_setting("max_result_rows", 150_000)
        return client

    for batch in range(1, 5):
        shop.happen(shop.signal, batch, [{"customer": "x"}] * 60_000)
    feeds = Feeds(shop.console.deps.database, FeedReader(shop.client), FeedExporter(limited), Identities)
    with pytest.raises(StreamFailureError):
        list(feeds.export(FeedWanted(), file_format, upto=9))


NAMES = [
    "` `",
    '"a"',
    "`",
    '"',
    "\\",
    "\\n",
    "a\nb",
    "%s %00",
    "a.b",
    ".",
    "'",
    "null",
    "é",
    "😀",
    "\u202ex",
    "x" * 120,
    "{a:b}",
    "a,b",
]


def test_a_field_called_null_has_one_other_name_in_every_format(shop: Shop, tmp_path: Path) -> None:
    field = SignalField(name="null", path=("null",), type=FieldType.TEXT)
    with shop.console.deps.database.write() as session:
        draft = purchase_draft(shop.signal.connection_id).model_copy(
            update={"fields": (field,), "name": "Nothing", "company": CompanyMapping(field="null")}
        )
        signal = create_signal(session, draft, now_ms=NOW_MS)
    shop.happen(signal, 1, [{"null": "of null"}, {"null": None}, {"null": "null"}])
    name, values, of_it = "null (field)", ["of null", None, "null"], {"signal_id": str(signal.id)}
    rows = list(csv.DictReader(io.StringIO(shop.file("csv", **of_it).decode(), newline="")))
    assert [row[name] for row in rows] == ["of null", "", "null"]
    lines = [json.loads(line)["fields"] for line in shop.file("ndjson", **of_it).decode().split("\n") if line]
    assert lines == [{name: value} for value in values]
    assert shop.parquet(tmp_path, **of_it)[name].to_pylist() == values


def test_fields_keep_their_names_letter_by_letter(shop: Shop, tmp_path: Path) -> None:
    names = [name for name in NAMES if name != "null"]  # which the store cannot have inside an object
    for some in (names[:8], names[8:]):
        fields = tuple(SignalField(name=name, path=(name,), type=FieldType.TEXT) for name in some)
        with shop.console.deps.database.write() as session:
            draft = purchase_draft(shop.signal.connection_id).model_copy(
                update={"fields": fields, "name": some[0], "company": CompanyMapping(field=some[0])}
            )
            signal = create_signal(session, draft, now_ms=NOW_MS)
        shop.happen(signal, 1, [{name: f"of {name}" for name in some}])
    read = [json.loads(line)["fields"] for line in shop.file("ndjson").decode().split("\n") if line]
    kept = [{name: value for name, value in row.items() if value is not None} for row in read]
    expected = [{name: f"of {name}" for name in some} for some in (names[:8], names[8:])]
    assert sorted(kept, key=str) == sorted(expected, key=str)
    header = next(csv.reader(io.StringIO(shop.file("csv").decode(), newline="")))
    assert [name.removeprefix("'") if name != "'" else name for name in header][-len(names) :] == names
    table = shop.parquet(tmp_path)
    assert table.column_names[-len(names) :] == names
    assert {name: value for row in table.to_pylist() for name, value in row.items() if name in names and value} == {
        name: f"of {name}" for name in names
    }
