"""People, their sessions, the settings and the audit log."""

import pytest
from pydantic import SecretStr, ValidationError

from milepost.control.repos import audit, people, sessions, settings
from milepost.control.repos.people import PersonDraft, create_person
from milepost.control.session import Database
from milepost.domain.account import AccountSettings, Role
from milepost.domain.errors import ConflictError
from milepost.kit.passwords import PasswordHash
from milepost.testing.business import NOW_MS

PASSWORD = "correct horse battery"
HASH = PasswordHash("of some password")
WEEK_MS = 7 * 24 * 3_600_000


def _draft(email: str = "ann@example.com", role: Role = Role.VIEWER) -> PersonDraft:
    return PersonDraft(email=email, password=SecretStr(PASSWORD), role=role)


@pytest.mark.parametrize("email", ["", "ann", "ann@", "@example.com", "a nn@example.com", "a@b@c"])
def test_an_email_must_look_like_one(email: str) -> None:
    with pytest.raises(ValidationError):
        _draft(email)


def test_an_email_is_taken_whatever_its_case(database: Database) -> None:
    with database.write() as session:
        create_person(session, _draft("ann@example.com"), HASH, now_ms=NOW_MS)
        with pytest.raises(ConflictError):
            create_person(session, _draft("Ann@Example.com"), HASH, now_ms=NOW_MS)


def test_the_last_admin_stays_one(database: Database) -> None:
    with database.write() as session:
        ann = create_person(session, _draft("ann@example.com", Role.ADMIN), HASH, now_ms=NOW_MS)
        with pytest.raises(ConflictError, match="only admin"):
            people.change_role(session, ann.id, Role.EDITOR)
        with pytest.raises(ConflictError, match="only admin"):
            people.delete_person(session, ann.id)
        create_person(session, _draft("bob@example.com", Role.ADMIN), HASH, now_ms=NOW_MS)
        assert people.change_role(session, ann.id, Role.EDITOR).role is Role.EDITOR
        people.delete_person(session, ann.id)


def test_a_session_names_its_person_until_it_expires(database: Database) -> None:
    with database.write() as session:
        ann = create_person(session, _draft(), HASH, now_ms=NOW_MS)
        token = sessions.start_session(session, ann.id, now_ms=NOW_MS)
        assert sessions.find_session(session, token, now_ms=NOW_MS + WEEK_MS - 1) == ann
        assert sessions.find_session(session, token, now_ms=NOW_MS + WEEK_MS) is None
        assert sessions.find_session(session, "another", now_ms=NOW_MS) is None


def test_signing_out_ends_the_session_only(database: Database) -> None:
    with database.write() as session:
        ann = create_person(session, _draft(), HASH, now_ms=NOW_MS)
        here = sessions.start_session(session, ann.id, now_ms=NOW_MS)
        there = sessions.start_session(session, ann.id, now_ms=NOW_MS)
        sessions.end_session(session, here)
        assert sessions.find_session(session, here, now_ms=NOW_MS) is None
        assert sessions.find_session(session, there, now_ms=NOW_MS) == ann


@pytest.mark.parametrize("event", ["password", "leaving"])
def test_a_new_password_and_leaving_end_every_session(database: Database, event: str) -> None:
    with database.write() as session:
        ann = create_person(session, _draft(), HASH, now_ms=NOW_MS)
        token = sessions.start_session(session, ann.id, now_ms=NOW_MS)
        if event == "password":
            people.change_password(session, ann.id, PasswordHash("another"))
        else:
            people.delete_person(session, ann.id)
        assert sessions.find_session(session, token, now_ms=NOW_MS) is None


def test_settings_are_kept(database: Database) -> None:
    changed = AccountSettings(account_name="Shop", time_zone="Europe/Berlin", creates_companies=False)
    with database.write() as session:
        assert settings.read_settings(session) == AccountSettings()
        settings.write_settings(session, changed)
        settings.write_settings(session, changed)
        assert settings.read_settings(session) == changed


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "CET+1"])
def test_a_time_zone_must_exist(zone: str) -> None:
    with pytest.raises(ValidationError):
        AccountSettings(time_zone=zone)


def test_the_audit_log_tells_who_did_what_newest_first(database: Database) -> None:
    before, after = AccountSettings(), AccountSettings(account_name="Shop")
    with database.write() as session:
        for number in range(3):
            audit.record_change(
                session,
                actor="ann@example.com",
                action="update",
                subject="settings",
                subject_id="account",
                now_ms=NOW_MS + number,
                before=before,
                after=after,
            )
        first = audit.page_audit(session, audit.AuditFilter(), limit=2)
        rest = audit.page_audit(session, audit.AuditFilter(), before=first[-1].id, limit=2)
    assert [entry.at.microsecond for entry in (*first, *rest)] == [2000, 1000, 0]
    assert first[0].before == before.model_dump()
    assert first[0].after == after.model_dump()
