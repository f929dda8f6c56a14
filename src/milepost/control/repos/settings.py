"""The account's settings: one row, defaults until a person changes them. Writes raise `definitions`."""

from __future__ import annotations

from sqlalchemy.orm import Session

from milepost.control.account_rows import SettingsRow
from milepost.control.revisions import Scope, raise_revision
from milepost.domain.account import AccountSettings

_THE_ROW = 1


def read_settings(session: Session) -> AccountSettings:
    """The settings in force."""
    row = session.get(SettingsRow, _THE_ROW)
    return AccountSettings.model_validate_json(row.definition) if row else AccountSettings()


def write_settings(session: Session, settings: AccountSettings) -> None:
    """Put settings in force."""
    session.merge(SettingsRow(id=_THE_ROW, definition=settings.model_dump_json()))
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
