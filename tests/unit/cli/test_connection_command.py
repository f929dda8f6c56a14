"""`milepost connection`, over a real data folder."""

import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from typer.testing import CliRunner, Result

from milepost.cli import app
from milepost.control.migrate import open_migrated
from milepost.control.repos.audit import AuditFilter, page_audit
from milepost.control.repos.connections import get_connection
from milepost.control.session import sqlite_url
from milepost.observe import paths
from milepost.observe.service import Service, write_service


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["connection", *words, "--data", str(data)])


def _json(data: Path, *words: str) -> Any:
    result = _run(data, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("kind", "credentials"),
    [
        ("event-handler", ["clientId", "clientSecret"]),
        ("machine-to-machine", ["clientId", "clientSecret"]),
        ("tracking-script", ["analyticsKey", "trackingScript"]),
        ("custom-events", ["writeKey"]),
    ],
)
def test_adding_a_connection_prints_its_credentials(tmp_path: Path, kind: str, credentials: list[str]) -> None:
    added = _json(tmp_path / "data", "add", "--name", "Shop", "--kind", kind)
    assert list(added) == ["id", "name", "kind", *credentials]
    assert (added["name"], added["kind"]) == ("Shop", kind)
    assert _json(tmp_path / "data", "keys", added["id"]) == added


def script_of(data: Path, environment: dict[str, str]) -> list[str]:
    """The snippet that adding prints, in JSON and in words, and that showing the keys prints."""
    words = ["connection", "add", "--name", "Web", "--kind", "tracking-script", "--data", str(data)]
    added = json.loads(CliRunner().invoke(app, [*words, "--json"], env=environment).stdout)
    said = CliRunner().invoke(app, words, env=environment).stdout
    shown = CliRunner().invoke(app, ["connection", "keys", added["id"], "--data", str(data)], env=environment).stdout
    return [added["trackingScript"], said, shown]


@pytest.mark.parametrize(
    ("environment", "is_running", "public_url", "expected"),
    [
        pytest.param({}, True, "https://events.example", "https://events.example", id="running"),
        pytest.param({}, True, None, "http://localhost:9000", id="running, without a public URL"),
        pytest.param({"MILEPOST_API_PORT": "7000"}, True, None, "http://localhost:9000", id="running, set otherwise"),
        pytest.param({}, False, "https://events.example", "https://events.example", id="as it last ran"),
        pytest.param({"MILEPOST_API_PORT": "7000"}, False, None, "https://127.0.0.1:7000", id="down, a port set"),
        pytest.param({"MILEPOST_PUBLIC_URL": "https://new.example/"}, False, None, "https://new.example", id="URL set"),
    ],
)
def test_a_tracking_script_has_the_address_that_the_service_has(
    tmp_path: Path, environment: dict[str, str], *, is_running: bool, public_url: str | None, expected: str
) -> None:
    (tmp_path / "run").mkdir()
    service = Service(api_url="http://localhost:9000", app_url="http://localhost:9001", ca_file=None)
    write_service(tmp_path, msgspec.structs.replace(service, public_url=public_url))
    if not is_running:
        paths.service(tmp_path).unlink()
    for text in script_of(tmp_path, environment):
        assert expected in text
        assert "8443" not in text


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ada:geheim@localhost/x", "its driver 'psycopg' is not installed"),
        ("mysql://ada:geheim@localhost/x", "its driver 'MySQLdb' is not installed"),
        ("oracle+none://ada:geheim@localhost/x", "no kind of database 'oracle+none'"),
        ("geheim", "The URL of the control database is none"),
        ("postgresql://h:geheim/x", "The URL of the control database is none"),
        ("sqlite:////dev/null/geheim.sqlite", "cannot be made"),
        ("sqlite:////etc/passwd", "file is not a database"),
    ],
)
@pytest.mark.parametrize("words", [["connection", "list"], ["send", __file__, "--connection", "T", "--event-key", "k"]])
def test_a_control_database_that_cannot_be_opened_is_one_sentence(
    tmp_path: Path, url: str, told: str, words: list[str]
) -> None:
    (tmp_path / "run").mkdir()
    write_service(tmp_path, Service(api_url="http://localhost:9", app_url="http://localhost:9", ca_file=None))
    result = CliRunner().invoke(app, [*words, "--data", str(tmp_path)], env={"MILEPOST_CONTROL_URL": url})
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
    assert told in " ".join(result.output.split())
    assert "geheim@" not in result.output


def test_send_looks_its_connection_up_where_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_service(tmp_path, Service(api_url="http://127.0.0.1:9", app_url="http://127.0.0.1:9", ca_file=None))
    environment = {"MILEPOST_CONTROL_URL": f"sqlite:///{tmp_path}/elsewhere.sqlite"}
    words = ["connection", "add", "--name", "T", "--kind", "event-handler", "--data", str(tmp_path)]
    assert CliRunner().invoke(app, words, env=environment).exit_code == 0
    assert not (tmp_path / "control.sqlite").exists()
    sent = ["send", __file__, "--connection", "T", "--event-key", "k", "--data", str(tmp_path), "--date-field", "none"]
    result = CliRunner().invoke(app, sent, env=environment)
    assert "No connection is called" not in result.output
    assert "--date-field names 'none'" in " ".join(result.output.split())


def test_secrets_lie_in_a_folder_of_the_owner(tmp_path: Path) -> None:
    _run(tmp_path / "data", "add", "--name", "Shop", "--kind", "event-handler")
    assert stat.S_IMODE((tmp_path / "data" / "keys" / "secrets.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_connections_are_listed_without_secrets(tmp_path: Path) -> None:
    added = _json(tmp_path, "add", "--name", "Shop", "--kind", "event-handler")
    listed = _json(tmp_path, "list")
    assert listed == [{"id": added["id"], "name": "Shop", "kind": "event-handler", "isEnabled": True}]
    assert added["clientSecret"] not in _run(tmp_path, "list").output


def test_a_connection_is_renamed_disabled_and_enabled(tmp_path: Path) -> None:
    connection_id = _json(tmp_path, "add", "--name", "Shop", "--kind", "event-handler")["id"]
    assert _json(tmp_path, "rename", connection_id, "--name", "Store")["name"] == "Store"
    assert _json(tmp_path, "disable", connection_id)["isEnabled"] is False
    assert "(disabled)" in _run(tmp_path, "list").output
    assert _json(tmp_path, "enable", connection_id)["isEnabled"] is True


def test_a_rate_is_limited_and_the_limit_lifted(tmp_path: Path) -> None:
    connection_id = _json(tmp_path, "add", "--name", "Shop", "--kind", "event-handler")["id"]
    limited = _json(tmp_path, "limit", connection_id, "--events-per-second", "50", "--burst", "200")
    assert limited["rateLimit"] == {"eventsPerSecond": 50, "burst": 200}
    assert _json(tmp_path, "list") == [limited]
    assert "rateLimit" not in _json(tmp_path, "limit", connection_id, "--off")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--burst", "5"],
        ["--off", "--burst", "5"],
        ["--off", "--events-per-second", "5"],
        ["--events-per-second", "0"],
    ],
)
def test_a_limit_needs_a_rate_or_off(tmp_path: Path, words: list[str]) -> None:
    connection_id = _json(tmp_path, "add", "--name", "Shop", "--kind", "event-handler")["id"]
    result = _run(tmp_path, "limit", connection_id, *words)
    assert (result.exit_code, bool(result.stderr)) == (1, True)


def test_what_names_the_tracks_of_a_connection_can_be_chosen(tmp_path: Path) -> None:
    words = ["add", "--name", "Site", "--kind", "custom-events", "--track-event-key", "type"]
    connection_id = _json(tmp_path, *words)["id"]
    database = open_migrated(sqlite_url(tmp_path / "control.sqlite"))
    with database.read() as session:
        assert get_connection(session, UUID(connection_id)).track_event_key == "type"


def test_where_webhooks_have_their_id_can_be_said_and_changed(tmp_path: Path) -> None:
    added = _json(tmp_path, "add", "--name", "Hooks", "--kind", "custom-events", "--delivery-id", "header:X-Id")
    database = open_migrated(sqlite_url(tmp_path / "control.sqlite"))
    with database.read() as session:
        assert get_connection(session, UUID(added["id"])).delivery_id == "header:X-Id"
    assert _run(tmp_path, "deliveries", added["id"], "--delivery-id", "body:id").exit_code == 0
    with database.read() as session:
        assert get_connection(session, UUID(added["id"])).delivery_id == "body:id"
    refused = _run(tmp_path, "deliveries", added["id"], "--delivery-id", "cookie:id")
    assert (refused.exit_code, "header:NAME" in refused.stderr) == (1, True)


def test_rotation_prints_a_new_secret(tmp_path: Path) -> None:
    added = _json(tmp_path, "add", "--name", "Shop", "--kind", "event-handler")
    rotated = _json(tmp_path, "rotate", added["id"], "--grace-seconds", "60")
    assert rotated["clientId"] == added["clientId"]
    assert rotated["clientSecret"] != added["clientSecret"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["add", "--name", " ", "--kind", "event-handler"], "name: a connection needs a name"),
        (["add", "--name", "A", "--kind", "event-handler", "--scope", "read:api"], "only a machine-to-machine"),
        (["keys", "0195c7a0-0000-7000-8000-000000000000"], "No connection has the id 0195c7a0"),
    ],
)
def test_a_refusal_says_why_without_a_traceback(tmp_path: Path, words: list[str], reason: str) -> None:
    result = _run(tmp_path, *words)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert "Traceback" not in result.output


def test_every_command_leaves_a_line_in_the_audit_log(tmp_path: Path) -> None:
    added = _json(tmp_path, "add", "--name", "Shop", "--kind", "event-handler")
    writer = _json(tmp_path, "add", "--name", "App", "--kind", "custom-events")
    for words in (["rename", "--name", "Store"], ["disable"], ["enable"], ["rotate"], ["keys"]):
        _run(tmp_path, words[0], added["id"], *words[1:])
    database = open_migrated(sqlite_url(tmp_path / "control.sqlite"))
    with database.read() as session:
        entries = page_audit(session, AuditFilter(), limit=99)
    assert not [secret for secret in (added["clientSecret"], writer["writeKey"]) if secret in str(entries)]
    assert [entry.action for entry in reversed(entries)] == [
        "create",
        "create",
        "rename",
        "disable",
        "enable",
        "rotate",
        "show_keys",
    ]
