"""Passwords."""

from milepost.kit.passwords import hash_password, is_password


def test_a_password_matches_its_own_hash_only() -> None:
    kept = hash_password("correct horse")
    assert "correct horse" not in kept
    assert is_password("correct horse", kept)
    assert not is_password("Correct horse", kept)


def test_nobody_has_no_password() -> None:
    assert not is_password("a password that nobody has", None)


def test_a_damaged_hash_matches_nothing() -> None:
    assert not is_password("anything", "not a hash")
