"""Signing in with email and password: slow to guess, and as slow for unknown emails as for known ones.

Gives the person's id; refuses with UnauthenticatedError, or with TooManyAttemptsError after repeated failures.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from milepost.control.repos.people import find_password_hash
from milepost.control.session import Database
from milepost.domain.errors import TooManyAttemptsError, UnauthenticatedError, UnavailableError
from milepost.kit.clock import Clock
from milepost.kit.passwords import HASHES_AT_ONCE, is_password

FREE_ATTEMPTS = 5
LONGEST_WAIT_SECONDS = 60
_REMEMBERED_EMAILS = 10_000


class _Failures(NamedTuple):
    in_a_row: int
    blocked_until_ms: int


class SignInDesk:
    """Checks passwords for one process. After five failures in a row an email waits 1 s, then 2 s, up to a minute.

    The clock is a monotonic one: nobody waits for longer because it was set back.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)

    def check(self, email: str, password: str) -> UUID:
        """Who it is, if the password is theirs."""
        name = email.strip().lower()
        with self._database.read() as session:
            found = find_password_hash(session, name)
        if not self._hashing.acquire(blocking=False):  # whoever calls has places for no more (web/budgets.py)
            raise UnavailableError("Too many people are signing in at once; try again.", retry_after_seconds=2)
        try:
            self._begin_attempt(name)
            is_theirs = is_password(password, found[1] if found else None)
        finally:
            self._hashing.release()
        if found is None or not is_theirs:
            raise UnauthenticatedError("The email or the password is wrong.")
        with self._lock:
            self._failures.pop(name, None)
        return found[0]

    def _begin_attempt(self, name: str) -> None:
        """Count it as a failure before it is known to be one: many at once are no more tries than one by one."""
        with self._lock:
            failures = self._failures.get(name, _Failures(0, 0))
            wait_ms = failures.blocked_until_ms - self._clock()
            if wait_ms > 0:
                raise TooManyAttemptsError(
                    "Too many failed attempts for this email; wait a little.", retry_after_seconds=-(-wait_ms // 1000)
                )
            self._failures.pop(name, None)
            count = failures.in_a_row + 1
            over = count - FREE_ATTEMPTS
            wait_seconds = min(2**over, LONGEST_WAIT_SECONDS) if over >= 0 else 0
            self._failures[name] = _Failures(min(count, 50), self._clock() + wait_seconds * 1000)
            if len(self._failures) > _REMEMBERED_EMAILS:
                self._failures.popitem(last=False)
