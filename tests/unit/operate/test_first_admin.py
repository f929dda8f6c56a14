"""The first person of a folder: made once, with a password that is shown once where it was made up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.control.repos import people
from milepost.control.session import Database
from milepost.domain.account import Role
from milepost.domain.errors import InvalidInputError
from milepost.kit.passwords import is_password
from milepost.operate.first_admin import make_first_admin
from milepost.settings import Settings
from milepost.testing.business import make_control_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = make_control_database(tmp_path)
    yield made
    made.close()


def _settings(tmp_path: Path, **given: object) -> Settings:
    return Settings.read({"data": tmp_path, **given})


def test_the_first_admin_gets_a_password_that_is_shown_once(tmp_path: Path, database: Database) -> None:
    settings = _settings(tmp_path, admin_email="Boss@Example.com")
    made = make_first_admin(database, settings)
    assert make_first_admin(database, settings) is None
    with database.read() as session:
        found = people.find_password_hash(session, "BOSS@example.com")
        (boss,) = people.list_people(session)
    assert made is not None
    assert found is not None
    assert is_password(made, found[1])
    assert (boss.email, boss.role) == ("boss@example.com", Role.ADMIN)


def test_a_first_admin_with_a_chosen_password_has_nothing_to_show(tmp_path: Path, database: Database) -> None:
    assert make_first_admin(database, _settings(tmp_path, admin_password="correct horse battery")) is None
    with database.read() as session:
        assert len(people.list_people(session)) == 1


def test_an_unusable_first_password_is_refused_and_not_repeated_in_the_error(
    tmp_path: Path, database: Database
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        make_first_admin(database, _settings(tmp_path, admin_password="hunter2"))
    assert "hunter2" not in str(refusal.value)
