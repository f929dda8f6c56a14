"""The account's settings."""

from __future__ import annotations

from fastapi import APIRouter

from milepost.control.repos.settings import read_settings, write_settings
from milepost.domain.account import AccountSettings
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.text import name_fault
from milepost.web.auth import Admin, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps

router = APIRouter(prefix="/settings", tags=["settings"])


@router.get("")
def show_settings(_: Viewer, deps: Deps) -> AccountSettings:
    """The settings in force."""
    with deps.database.read() as session:
        return read_settings(session)


@router.put("")
def replace_settings(settings: AccountSettings, caller: Admin, deps: Deps) -> AccountSettings:
    """Put all settings in force; what is left out takes its default."""
    with change(deps, caller) as work:
        before = read_settings(work.session)
        if settings.account_name != before.account_name and (fault := name_fault(settings.account_name)):
            raise InvalidInputError("The settings are not valid.", faults=(Fault(path="account_name", reason=fault),))
        write_settings(work.session, settings)
        work.record("update", "settings", "account", before=before, after=settings)
    return settings
