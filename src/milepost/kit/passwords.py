"""Passwords: argon2id hashes, and a comparison that takes as long for nobody as for somebody.

Gives and checks hashes, two at a time, and behind whatever else the process has to do; refuses nothing: a wrong
password is just False. Never call it inside a transaction: a hash takes a tenth of a second, and longer in a crowd.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Final, NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PasswordHash = NewType("PasswordHash", str)
"""What is kept instead of a password."""

HASHES_AT_ONCE: Final = 2
"""Each takes 64 MiB while it runs."""
_LEAST: Final = 19
_hasher = PasswordHasher()


def hash_password(password: str) -> PasswordHash:
    """An argon2id hash with its own salt and parameters inside."""
    return PasswordHash(hashing().submit(_hasher.hash, password).result())


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the hash is of that password; None (no such person) costs the same time and is False."""
    return hashing().submit(_is_password, password, password_hash).result()


@cache
def hashing() -> Executor:
    """The threads that hash: two for the process."""
    return ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="hashing", initializer=_step_back)


def _step_back() -> None:
    """Let every other thread go first, those that argon2 makes of this one included; only Linux knows that of threads.

    Otherwise a crowd that signs in, for which nobody need be known, takes the processor from all who are.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST)


def _is_password(password: str, password_hash: str | None) -> bool:
    try:
        _hasher.verify(password_hash or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("a password that nobody has")
