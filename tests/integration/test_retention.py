"""The account's retention on the real store: what it drops, what it keeps, and what it leaves on record."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos.audit import AuditFilter, page_audit
from milepost.control.repos.settings import write_settings
from milepost.control.session import Database
from milepost.domain.account import AccountSettings
from milepost.measure.windows import DAY_MS
from milepost.operate.retention import keep_to_retention, oldest_kept_ms
from milepost.testing.business import NOW_MS, make_control_database

DAYS_AGO = (0, 1, 2, 3, 40, 400)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = make_control_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def log(chdb_client: Client) -> Iterator[Client]:
    """One event of each of these days."""
    for days in DAYS_AGO:
        chdb_client.command(
            "INSERT INTO events (received_at, request_id, item, event_key, event_date, fate)"
            " SELECT fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {id:UUID}, 0, 'retained', now64(3), 'processed'",
            parameters={"at": NOW_MS - days * DAY_MS, "id": UUID(int=days)},
        )
    yield chdb_client
    chdb_client.command("DELETE FROM events WHERE event_key = 'retained'")


def _left(log: Client) -> list[int]:
    rows = log.query("SELECT request_id FROM events WHERE event_key = 'retained' ORDER BY request_id").result_rows
    return [row[0].int for row in rows]


def _keep_days(database: Database, days: int | None, time_zone: str = "UTC") -> None:
    with database.write() as session:
        write_settings(session, AccountSettings(retention_days=days, time_zone=time_zone))


def test_without_a_retention_nothing_is_ever_dropped(database: Database, log: Client) -> None:
    assert keep_to_retention(database, log, NOW_MS) == 0
    assert _left(log) == list(DAYS_AGO)


def test_what_is_older_is_dropped_once_and_put_on_record(database: Database, log: Client) -> None:
    _keep_days(database, 2)
    assert keep_to_retention(database, log, NOW_MS) == 3
    assert _left(log) == [0, 1, 2]
    assert keep_to_retention(database, log, NOW_MS) == 0
    with database.read() as session:
        (line,) = page_audit(session, AuditFilter(subject="events"), limit=9)
    assert line.before == {"events": 3, "received_before_ms": 1_699_747_200_000, "retention_days": 2}


@pytest.mark.parametrize(("time_zone", "midnight_ms"), [("UTC", 1_699_747_200_000), ("Asia/Tokyo", 1_699_801_200_000)])
def test_days_are_whole_ones_of_the_accounts_calendar(time_zone: str, midnight_ms: int) -> None:
    settings = AccountSettings(retention_days=2, time_zone=time_zone)
    assert oldest_kept_ms(settings, NOW_MS) == midnight_ms
