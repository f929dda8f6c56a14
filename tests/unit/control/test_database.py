"""Sessions, locking and migrations of the control database."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from milepost.control.migrate import migrate, open_migrated
from milepost.control.repos import settings
from milepost.control.repos.companies import list_companies
from milepost.control.repos.company_search import CompanySearch
from milepost.control.repos.connections import get_connection
from milepost.control.repos.milestones import get_milestone
from milepost.control.revisions import Scope, raise_revision, read_revision
from milepost.control.rows import Row
from milepost.control.session import Database, open_database, sqlite_url
from milepost.domain.account import AccountSettings
from milepost.domain.company import Standing
from milepost.domain.errors import ConflictError, OperatorError
from milepost.domain.milestone import AfterDays, DaysAfterAssignment, OnDate


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.write() as session:
        settings.write_settings(session, AccountSettings(account_name="Kept"))
    migrate(database)
    with database.read() as session:
        assert settings.read_settings(session).account_name == "Kept"


def test_a_connection_of_the_first_version_is_unlimited_after_the_migration(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "control.sqlite"))
    migrate(database, to="0001")
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO connections (id, name, kind, is_enabled, scopes, allowed_origins, created_at_ms)"
                " VALUES (:id, 'Shop', 'custom-events', 1, '[]', '[]', 0)"
            ),
            {"id": UUID(int=7).hex},
        )
    migrate(database)
    with database.read() as session:
        connection = get_connection(session, UUID(int=7))
    assert (connection.rate_limit, connection.track_event_key, connection.delivery_id) == (None, "name", "auto")


def test_companies_from_before_searching_by_a_folded_text_are_found_after_the_migration(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "control.sqlite"))
    migrate(database, to="0005")
    with database.write() as session:
        company = "INSERT INTO companies (id, name, is_auto_created, awaits_plan, attributes, created_at_ms)"
        session.execute(text(f"{company} VALUES (:id, 'Straße', 0, 0, '{{}}', 0)"), {"id": UUID(int=7).hex})
        session.execute(text("INSERT INTO company_keys VALUES ('CompanyID', 'K-1', :id)"), {"id": UUID(int=7).hex})
    migrate(database)
    with database.read() as session:
        for search in ("STRASSE", "k-1"):
            (found,) = list_companies(session, CompanySearch(search=search), limit=9)
            assert (found.name, found.standing) == ("Straße", Standing.ACTIVE)


def test_revisions_from_before_they_outlived_their_signals_are_kept_by_the_migration(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "control.sqlite"))
    migrate(database, to="0004")
    one = {"id": UUID(int=7).hex}
    with database.write() as session:
        for row in (
            (
                "connections (id, name, kind, is_enabled, scopes, allowed_origins, created_at_ms, track_event_key)"
                " VALUES (:id, 'Shop', 'custom-events', 1, '[]', '[]', 0, 'name')"
            ),
            (
                "signals (id, connection_id, definition, slots, revision, generation, created_at_ms)"
                " VALUES (:id, :id, '{}', '{}', 1, 0, 0)"
            ),
            "signal_revisions VALUES (:id, 1, 0, '{}', '{}', 0)",
        ):
            session.execute(text(f"INSERT INTO {row}"), one)
    migrate(database)
    with database.write() as session:
        session.execute(text("DELETE FROM signals"))
        assert session.execute(text("SELECT * FROM signal_revisions")).all() == [(one["id"], 1, 0, "{}", "{}", 0)]


def test_processes_that_start_at_once_all_find_a_migrated_database(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "control.sqlite")
    errors: list[BaseException] = []

    def start() -> None:
        try:
            open_migrated(url).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OperatorError, match="newer Milepost"):
        migrate(database)


def test_every_table_can_be_made_in_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped
    for table in Row.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as session:
            settings.write_settings(session, AccountSettings(account_name="Gone"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with database.read() as session:
        assert settings.read_settings(session).account_name == "My account"


def test_a_read_sees_one_state_while_others_write(database: Database) -> None:
    with database.read() as reader:
        before = read_revision(reader, Scope.DEFINITIONS)
        with database.write() as writer:
            raise_revision(writer, Scope.DEFINITIONS)
        assert read_revision(reader, Scope.DEFINITIONS) == before
    with database.read() as reader:
        assert read_revision(reader, Scope.DEFINITIONS) == before + 1


def test_writers_wait_for_each_other_and_no_change_is_lost(database: Database) -> None:
    def count_up() -> None:
        for _ in range(20):
            with database.write() as session:
                raise_revision(session, Scope.CONNECTIONS)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert read_revision(session, Scope.CONNECTIONS) == 80
        assert read_revision(session, "never heard of") == 0


def test_a_broken_uniqueness_rule_is_a_conflict(database: Database) -> None:
    with pytest.raises(ConflictError), database.write() as session:
        session.execute(text("INSERT INTO key_spaces VALUES ('CompanyID', 0)"))


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(ConflictError), database.write() as session:
        session.execute(text("INSERT INTO company_keys VALUES ('CompanyID', 'x', 'nobody')"))


def test_the_database_survives_a_kill_by_its_log(database: Database) -> None:
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
    assert inspect(database.engine).has_table("connections")


def test_a_deadline_beyond_all_years_is_the_last_instant_after_the_migration(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "control.sqlite"))
    migrate(database, to="0009")
    written = '{"name":"É","start":{"kind":"any_time"},"deadline":{"kind":"date","at":"9999-12-31T23:59:59.999Z"}'
    action = '"actions":[{"kind":"manual","name":"Call"}]'
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO milestones (id, definition, assigns_new_companies, created_at_ms) VALUES (:id, :it, 0, 0)"
            ),
            {"id": UUID(int=7).hex, "it": f"{written},{action}}}"},
        )
    migrate(database)
    with database.read() as session:
        milestone = get_milestone(session, UUID(int=7))
    assert milestone.name == "É"
    assert milestone.deadline == OnDate(at=datetime(2299, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC))


def test_a_deadline_of_days_written_before_keeps_its_instant(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "control.sqlite"))
    migrate(database, to="0013")
    forms = '"start":{"kind":"after_days","days":2},"deadline":{"kind":"after_days","days":3}'
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO milestones (id, definition, assigns_new_companies, created_at_ms) VALUES (:id, :it, 0, 0)"
            ),
            {"id": UUID(int=7).hex, "it": f'{{"name":"É",{forms},"actions":[{{"kind":"manual","name":"Call"}}]}}'},
        )
    migrate(database)
    with database.read() as session:
        milestone = get_milestone(session, UUID(int=7))
    assert (milestone.start, milestone.deadline) == (DaysAfterAssignment(days=2), AfterDays(days=3, at="instant"))
