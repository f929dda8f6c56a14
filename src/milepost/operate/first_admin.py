"""The first person of a folder in which nobody can sign in yet, as the settings name it.

Gives the password where it had to be made up, to be shown once. InvalidInputError for a name or password that is none.
"""

from __future__ import annotations

from milepost.control.repos.people import create_person, draft_first_admin, has_people
from milepost.control.session import Database
from milepost.kit.clock import system_clock
from milepost.kit.passwords import hash_password
from milepost.settings import Settings


def make_first_admin(database: Database, settings: Settings) -> str | None:
    """Make it, unless somebody is there."""
    with database.read() as session:
        if has_people(session):
            return None
    given = settings.admin_password.get_secret_value() if settings.admin_password else None
    draft = draft_first_admin(settings.admin_email, given)
    password = draft.password.get_secret_value()
    password_hash = hash_password(password)
    with database.write() as session:
        create_person(session, draft, password_hash, now_ms=system_clock())
    return None if given else password
