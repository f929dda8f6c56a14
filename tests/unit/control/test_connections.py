"""Connections, their credentials, and what ingest workers learn of them."""

import pytest
from pydantic import ValidationError

from milepost.control.book import read_known_connections
from milepost.control.credentials import shown_keys
from milepost.control.repos import connections
from milepost.control.repos.connections import ConnectionDraft, create_connection, read_keys, rotate_keys
from milepost.control.revisions import Scope, read_revision
from milepost.control.session import Database
from milepost.domain.connection import ConnectionKind, KnownConnection
from milepost.domain.errors import InvalidInputError, NotFoundError, OperatorError
from milepost.kit.crypto import sha256
from milepost.kit.ids import uuid7
from milepost.testing.business import NOW_MS, SECRETS_KEY, add_connection

HOUR_MS = 3_600_000


def _known(database: Database) -> KnownConnection:
    with database.read() as session:
        (known,) = read_known_connections(session, SECRETS_KEY)
    return known


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (ConnectionKind.EVENT_HANDLER, ["clientId", "clientSecret"]),
        (ConnectionKind.MACHINE_TO_MACHINE, ["clientId", "clientSecret"]),
        (ConnectionKind.TRACKING_SCRIPT, ["analyticsKey", "trackingScript"]),
        (ConnectionKind.CUSTOM_EVENTS, ["writeKey"]),
    ],
)
def test_each_kind_shows_its_own_credentials(database: Database, kind: ConnectionKind, names: list[str]) -> None:
    with database.write() as session:
        keys = create_connection(
            session, ConnectionDraft(name="Shop", kind=kind), now_ms=NOW_MS, secrets_key=SECRETS_KEY
        )
    shown = shown_keys(keys, api_url="https://api.example.com")
    assert list(shown) == names
    assert all(shown.values())
    with database.read() as session:
        again = read_keys(session, keys.connection.id, secrets_key=SECRETS_KEY)
    assert shown_keys(again, api_url="https://api.example.com") == shown


def test_a_tracking_script_names_its_key_and_where_the_script_lies(database: Database) -> None:
    with database.write() as session:
        draft = ConnectionDraft(name="Site", kind=ConnectionKind.TRACKING_SCRIPT)
        keys = create_connection(session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
    script = shown_keys(keys, api_url="https://api.example.com")["trackingScript"]
    assert str(keys.connection.public_key) in script
    assert '"https://api.example.com"' in script


def test_the_secret_is_not_in_the_database_in_the_clear(database: Database) -> None:
    with database.write() as session:
        draft = ConnectionDraft(name="Shop", kind=ConnectionKind.EVENT_HANDLER)
        keys = create_connection(session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
    file = database.engine.url.database
    assert file is not None
    with open(file, "rb") as kept, open(f"{file}-wal", "rb") as log:  # noqa: PTH123
        assert str(keys.client_secret).encode() not in kept.read() + log.read()


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_connection_needs_a_name_of_bearable_length(name: str) -> None:
    with pytest.raises(ValidationError):
        ConnectionDraft(name=name, kind=ConnectionKind.EVENT_HANDLER)


def test_two_connections_may_have_the_same_name(database: Database) -> None:
    with database.write() as session:
        add_connection(session)
        add_connection(session)
        assert len(connections.list_connections(session)) == 2


def test_renaming_keeps_credentials(database: Database) -> None:
    with database.write() as session:
        before = add_connection(session)
        after = connections.update_connection(session, before.id, name="  Web shop ")
    assert after == before.model_copy(update={"name": "Web shop"})


def test_renaming_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInputError) as refusal, database.write() as session:
        connections.update_connection(session, add_connection(session).id, name=" ")
    assert refusal.value.faults[0].path == "name"


def test_workers_know_each_secret_by_its_hash(database: Database) -> None:
    with database.write() as session:
        draft = ConnectionDraft(name="Shop", kind=ConnectionKind.EVENT_HANDLER)
        keys = create_connection(session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
    known = _known(database)
    assert known.id == keys.connection.id.bytes
    assert known.client_id == keys.connection.client_id
    assert known.secrets == ((sha256(str(keys.client_secret)), None),)


def test_workers_also_know_disabled_connections(database: Database) -> None:
    with database.write() as session:
        connections.update_connection(session, add_connection(session).id, is_enabled=False)
    assert _known(database).is_enabled is False


def test_a_book_cannot_be_read_with_another_key(database: Database) -> None:
    with database.write() as session:
        add_connection(session)
    with pytest.raises(OperatorError, match="restore the key file"), database.read() as session:
        read_known_connections(session, bytes(32))


def test_after_rotation_the_old_secret_stays_valid_for_the_grace_period(database: Database) -> None:
    with database.write() as session:
        connection = add_connection(session)
        old = read_keys(session, connection.id, secrets_key=SECRETS_KEY).client_secret
        new = rotate_keys(
            session, connection.id, grace_seconds=3600, now_ms=NOW_MS + 5, secrets_key=SECRETS_KEY
        ).client_secret
    assert set(_known(database).secrets) == {
        (sha256(str(old)), NOW_MS + 5 + HOUR_MS),
        (sha256(str(new)), None),
    }


def test_rotation_without_grace_ends_every_earlier_secret(database: Database) -> None:
    with database.write() as session:
        connection = add_connection(session)
        rotate_keys(session, connection.id, grace_seconds=3600, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
        new = rotate_keys(session, connection.id, grace_seconds=0, now_ms=NOW_MS + 1, secrets_key=SECRETS_KEY)
    assert _known(database).secrets == ((sha256(str(new.client_secret)), None),)


def test_a_second_rotation_does_not_prolong_the_first_secret(database: Database) -> None:
    with database.write() as session:
        connection = add_connection(session)
        first = read_keys(session, connection.id, secrets_key=SECRETS_KEY).client_secret
        rotate_keys(session, connection.id, grace_seconds=60, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
        rotate_keys(session, connection.id, grace_seconds=3600, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
    assert (sha256(str(first)), NOW_MS + 60_000) in _known(database).secrets


def test_a_public_key_is_replaced_only_at_once(database: Database) -> None:
    with database.write() as session:
        connection = add_connection(session, ConnectionKind.CUSTOM_EVENTS)
        with pytest.raises(InvalidInputError) as refusal:
            rotate_keys(session, connection.id, grace_seconds=60, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
        rotated = rotate_keys(session, connection.id, grace_seconds=0, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
    assert refusal.value.faults[0].path == "grace_seconds"
    assert rotated.connection.public_key != connection.public_key


def test_scopes_are_for_machine_to_machine_only(database: Database) -> None:
    draft = ConnectionDraft(name="Shop", kind=ConnectionKind.EVENT_HANDLER, scopes=("read:api",))
    with pytest.raises(InvalidInputError, match="scopes"), database.write() as session:
        create_connection(session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY)


def test_a_machine_reads_and_writes_unless_told_otherwise(database: Database) -> None:
    with database.write() as session:
        assert add_connection(session, ConnectionKind.MACHINE_TO_MACHINE).scopes == ("read:api", "write:api")


@pytest.mark.parametrize("scopes", [("root",), ()])
def test_a_machine_has_at_least_one_scope_that_exists(database: Database, scopes: tuple[str, ...]) -> None:
    draft = ConnectionDraft(name="Job", kind=ConnectionKind.MACHINE_TO_MACHINE, scopes=scopes)
    with pytest.raises(InvalidInputError), database.write() as session:
        create_connection(session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY)


@pytest.mark.parametrize("origin", ["app.example.com", "https://", "https://app.example.com/", "ftp://x"])
def test_an_allowed_origin_must_be_an_origin(database: Database, origin: str) -> None:
    draft = ConnectionDraft(name="Site", kind=ConnectionKind.TRACKING_SCRIPT, allowed_origins=(origin,))
    with pytest.raises(InvalidInputError) as refusal, database.write() as session:
        create_connection(session, draft, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
    assert refusal.value.faults[0].path == "allowed_origins[0]"


def test_every_change_raises_the_scope_that_workers_watch(database: Database) -> None:
    with database.write() as session:
        connection = add_connection(session)
        seen = [read_revision(session, Scope.CONNECTIONS)]
        connections.update_connection(session, connection.id, is_enabled=False)
        seen.append(read_revision(session, Scope.CONNECTIONS))
        rotate_keys(session, connection.id, grace_seconds=1, now_ms=NOW_MS, secrets_key=SECRETS_KEY)
        seen.append(read_revision(session, Scope.CONNECTIONS))
    assert seen == [1, 2, 3]


def test_an_unknown_connection_is_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError), database.read() as session:
        connections.get_connection(session, uuid7(NOW_MS))
