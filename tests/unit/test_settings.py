"""Settings: command line over environment over defaults, and nothing unknown."""

from pathlib import Path

import pytest

from milepost.domain.errors import OperatorError
from milepost.settings import Settings


def test_the_command_line_wins_over_the_environment_and_that_over_the_default() -> None:
    settings = Settings.read(
        {"api_port": 1000, "app_port": None}, {"MILEPOST_API_PORT": "1", "MILEPOST_APP_PORT": "2000", "HOME": "/"}
    )
    assert (settings.api_port, settings.app_port, settings.workers) == (1000, 2000, 1)


def test_an_unknown_name_is_an_error_that_offers_the_nearest_one() -> None:
    with pytest.raises(OperatorError, match="Did you mean MILEPOST_API_PORT"):
        Settings.read({}, {"MILEPOST_API_PROT": "1"})


def test_a_wrong_value_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(OperatorError, match="api_port"):
        Settings.read({}, {"MILEPOST_API_PORT": "x"})


def test_proxies_are_separated_by_commas_and_the_folder_is_absolute() -> None:
    settings = Settings.read({"data": Path("here")}, {"MILEPOST_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.data.is_absolute()


def test_a_password_does_not_show_when_settings_are_printed() -> None:
    settings = Settings.read({}, {"MILEPOST_ADMIN_PASSWORD": "correct horse"})
    assert "correct horse" not in repr(settings) + settings.model_dump_json()


def test_the_names_that_send_reads_are_left_to_it() -> None:
    assert Settings.read({}, {"MILEPOST_CLIENT_ID": "c", "MILEPOST_CLIENT_SECRET": "s"}) == Settings.read({}, {})
