"""Key files, sealing, credentials and tokens."""

import stat
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest

from milepost.domain.errors import OperatorError, UnauthenticatedError
from milepost.kit.crypto import (
    issue_token,
    load_key,
    matches_sha256,
    random_credential,
    read_token,
    seal,
    sha256,
    unseal,
)

KEY = bytes(32)
OTHER_KEY = bytes(range(32))
NOW_MS = 1_700_000_000_500
OWNER = b"0123456789abcdef"


def _token(lifetime_seconds: int = 60) -> str:
    return issue_token(OWNER, ("read:api", "user_profile"), NOW_MS, lifetime_seconds, KEY, kind="event-handler")


def test_a_key_file_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "secrets.key"
    assert load_key(file) == load_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "secrets.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: load_key(file), range(64)))
    assert len(keys) == 1
    assert [path.name for path in file.parent.iterdir()] == ["secrets.key"]


def test_a_damaged_key_file_is_named_and_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secrets.key"
    file.write_bytes(b"short")
    with pytest.raises(OperatorError, match=r"secrets\.key is damaged"):
        load_key(file)
    assert file.read_bytes() == b"short"


def test_a_sealed_secret_opens_with_its_key_and_owner() -> None:
    sealed = seal(b"secret", KEY, bound_to=OWNER)
    assert b"secret" not in sealed
    assert unseal(sealed, KEY, bound_to=OWNER) == b"secret"


@pytest.mark.parametrize("what", ["key", "owner", "bytes"])
def test_a_sealed_secret_stays_shut_when_anything_differs(what: str) -> None:
    sealed = seal(b"secret", KEY, bound_to=OWNER)
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1]) if what == "bytes" else sealed
    with pytest.raises(OperatorError, match="does not open"):
        unseal(altered, OTHER_KEY if what == "key" else KEY, bound_to=b"other" if what == "owner" else OWNER)


def test_a_secret_is_recognised_by_its_hash() -> None:
    assert matches_sha256("secret", sha256("secret"))
    assert not matches_sha256("Secret", sha256("secret"))


def test_a_secret_that_is_not_even_text_is_just_not_recognised() -> None:
    assert not matches_sha256("\ud800", sha256("secret"))


def test_credentials_are_letters_and_digits_and_differ() -> None:
    made = {random_credential(24) for _ in range(200)}
    assert len(made) == 200
    assert all(len(one) == 24 and one.isascii() and one.isalnum() for one in made)


def test_a_token_reads_back_what_it_was_issued_with() -> None:
    claims = read_token(_token(), KEY, NOW_MS)
    assert claims.connection_id == OWNER
    assert claims.kind == "event-handler"
    assert claims.scopes == ("read:api", "user_profile")
    assert claims.issued_at_ms == 1_700_000_000_000
    assert claims.expires_at_ms == 1_700_000_060_000


def test_a_token_opens_until_its_lifetime_ends() -> None:
    assert read_token(_token(), KEY, 1_700_000_059_999)
    with pytest.raises(UnauthenticatedError, match="expired"):
        read_token(_token(), KEY, 1_700_000_060_000)


def _unsigned() -> str:
    claims = {"sub": OWNER.hex(), "kind": "machine-to-machine", "scope": "admin:api", "iat": 0, "exp": 9_999_999_999}
    return jwt.encode(claims, "", algorithm="none")


def _with_claims(**claims: object) -> str:
    return jwt.encode(dict(claims), KEY, algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("not.a.token", id="garbage"),
        pytest.param("\N{SNOWMAN}", id="not ascii"),
        pytest.param(_token()[:-4] + "AAAA", id="altered signature"),
        pytest.param(_unsigned(), id="signed by nobody"),
        pytest.param(_with_claims(sub=OWNER.hex(), kind="x", scope="", iat=0), id="no expiry"),
        pytest.param(_with_claims(sub="zz", kind="x", scope="", iat=0, exp=9_999_999_999), id="sub is no id"),
        pytest.param(_with_claims(sub=OWNER.hex(), kind="x", scope="", iat="a", exp="b"), id="times are no numbers"),
    ],
)
def test_a_token_that_we_did_not_issue_is_refused(token: str) -> None:
    with pytest.raises(UnauthenticatedError, match="not valid"):
        read_token(token, KEY, NOW_MS)


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(UnauthenticatedError, match="not valid"):
        read_token(_token(), OTHER_KEY, NOW_MS)


@pytest.mark.parametrize("behind", ["=", "==", "\n", " ", "A", "."])
def test_of_a_token_exactly_one_spelling_is_taken(behind: str) -> None:
    with pytest.raises(UnauthenticatedError):
        read_token(_token() + behind, KEY, NOW_MS)


def test_a_token_whose_last_character_differs_in_unused_bits_is_another_one() -> None:
    token = _token()
    others = [token[:-1] + last for last in string.ascii_letters + string.digits + "-_" if last != token[-1]]
    for other in others:
        with pytest.raises(UnauthenticatedError):
            read_token(other, KEY, NOW_MS)
