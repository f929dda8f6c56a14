"""Brings a control database to the schema of this version, by the migrations in `migrations/versions`.

Takes a URL; safe to run by several processes at once. Refuses a database of a newer version (OperatorError).
"""

from __future__ import annotations

from enum import StrEnum

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from milepost.control.session import Database, open_database
from milepost.domain.errors import OperatorError


def open_migrated(url: str) -> Database:
    """The database at the URL, created or brought up to date first."""
    database = open_database(url)
    migrate(database)
    return database


class SchemaAge(StrEnum):
    """A database's schema beside this version's; OLDER is brought up to date at the next start, NEWER is refused."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


def schema_age(database: Database) -> SchemaAge:
    """Look, and change nothing."""
    script = ScriptDirectory.from_config(_config())
    with database.read() as session:
        revision = MigrationContext.configure(session.connection()).get_current_revision()
    if revision == script.get_current_head():
        return SchemaAge.CURRENT
    known = {None, *(one.revision for one in script.walk_revisions())}
    return SchemaAge.OLDER if revision in known else SchemaAge.NEWER


def migrate(database: Database, *, to: str = "head") -> None:
    """Run what is missing, all in one transaction that other processes wait for; `to` is a migration's number."""
    config = _config()
    with database.write() as session:
        config.attributes["connection"] = session.connection()
        try:
            command.upgrade(config, to)
        except CommandError as error:
            raise OperatorError(
                f"The control database was made by a newer Milepost; start that one: {error}"
            ) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "milepost.control:migrations")
    config.set_main_option("path_separator", "os")
    return config
