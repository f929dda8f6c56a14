"""Who waits for the judge, and for what: those touched by events, those of a judging of all, and those that take long.

For the judge's thread; only `touch` and `waits_since` are for any. What is owed for other reasons is in the database.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Final
from uuid import UUID

from milepost.judge.causes import Touch, Touches

_TURNS_TOGETHER: Final = 3
"""After so many turns without an end, a group is halved."""


class Backlog:
    """Each company stands once in each of them. `all` are those of a judging of all that are left, None without one.

    Groups in `slow` are judged a little at a time, after the others had their turn.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fresh: dict[tuple[UUID, UUID], Touch] = {}
        self._fresh_since: dict[UUID, int] = {}
        self._touched: dict[UUID, dict[tuple[UUID, UUID], Touch]] = {}
        self._touched_since: dict[UUID, int] = {}
        self.all: dict[UUID, None] | None = None
        self.all_total = 0
        self.all_since_ms = 0
        self._slow: deque[tuple[UUID, ...]] = deque()
        self._is_slow: set[UUID] = set()
        self._put_off: dict[UUID, int] = {}

    def touch(self, fresh: Touches, now_ms: int) -> None:
        """Events have touched these; the earliest of each counts."""
        with self._lock:
            for key, touch in fresh.items():
                self._fresh[key] = min(touch, self._fresh.get(key, touch))
                self._fresh_since.setdefault(key[1], now_ms)

    def take_in(self, stale: Callable[[Touches], Collection[UUID]], resolve: Callable[[Touches], Touches]) -> None:
        """Of what was touched since the last call, keep those whose states may have moved."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
            since, self._fresh_since = self._fresh_since, {}
        if not fresh:
            return
        moved, resolved = stale(fresh), resolve(fresh)
        begun = min(since.values())
        for key, touch in resolved.items():
            if key[1] in moved:
                of_company = self._touched.setdefault(key[1], {})
                of_company[key] = min(touch, of_company.get(key, touch))
                self._touched_since.setdefault(key[1], begun)

    def touched(self, most: int) -> list[UUID]:
        """Those touched first, but for those that take long."""
        return list(islice((one for one in self._touched if one not in self._is_slow), most))

    def take_touches(self, company_ids: Iterable[UUID]) -> dict[tuple[UUID, UUID], Touch]:
        """What touched these companies; they are touched no more."""
        taken: dict[tuple[UUID, UUID], Touch] = {}
        for company_id in company_ids:
            taken |= self._touched.pop(company_id, {})
            self._touched_since.pop(company_id, None)
        return taken

    def put_back(self, touches: Touches, now_ms: int) -> None:
        """They could not be judged yet."""
        for key, touch in touches.items():
            self._touched.setdefault(key[1], {})[key] = touch
            self._touched_since.setdefault(key[1], now_ms)

    def begin_all(self, company_ids: Collection[UUID], now_ms: int) -> None:
        """All are to be judged; where an earlier judging of all is not over, those that it has left come first."""
        left = self.all or {}
        self.all_since_ms = self.all_since_ms if left else now_ms
        known = set(company_ids)
        self.all = dict.fromkeys([*(one for one in left if one in known), *company_ids])
        self.all_total = len(self.all)

    def next_of_all(self, most: int) -> list[UUID]:
        """The next of all; those that take long are judged as such."""
        return list(islice((one for one in self.all or () if one not in self._is_slow), most))

    def done_of_all(self, company_ids: Iterable[UUID]) -> None:
        """These have been judged."""
        for company_id in company_ids:
            if self.all is not None:
                self.all.pop(company_id, None)

    def put_off(self, company_ids: Collection[UUID], *, in_halves: bool = False) -> None:
        """Judging these takes long: they wait for another turn, in halves where it fails, or takes long once more.

        So that those whose judging is quick, or works, need not wait for the one among them of whom it is not so.
        """
        some = tuple(company_ids)
        turns = {one: self._put_off.get(one, 0) + 1 for one in some}
        is_halved = in_halves or min(turns.values(), default=0) >= _TURNS_TOGETHER
        self._put_off |= dict.fromkeys(some, 0) if is_halved else turns
        half = (len(some) + 1) // 2 if is_halved else len(some)
        self._slow.extend(group for group in (some[:half], some[half:]) if group)
        self._is_slow.update(some)

    def got_on(self, company_ids: Iterable[UUID]) -> None:
        """These have been judged."""
        for company_id in company_ids:
            self._put_off.pop(company_id, None)

    def next_slow(self) -> tuple[UUID, ...]:
        """A group that was put off; who is still not done is to be put off again."""
        group = self._slow.popleft() if self._slow else ()
        self._is_slow.difference_update(group)
        return group

    def is_slow(self, company_id: UUID) -> bool:
        """Whether it was put off."""
        return company_id in self._is_slow

    @property
    def slow(self) -> int:
        """How many were put off."""
        return len(self._is_slow)

    def waits_since(self, company_id: UUID) -> int | None:
        """Since when the company waits for its states to be judged anew, in Unix ms, as far as is known here."""
        with self._lock:
            since = [self._fresh_since.get(company_id), self._touched_since.get(company_id)]
        if self.all is not None and company_id in self.all:
            since.append(self.all_since_ms)
        return min((one for one in since if one is not None), default=None)

    def since(self) -> Iterator[int]:
        """Since when anyone does, one for each kind of reason."""
        yield from islice(self._touched_since.values(), 1)
        if self.all:
            yield self.all_since_ms

    @property
    def waiting(self) -> int:
        """How many wait, of the kind that has most of them."""
        return max(len(self._touched), len(self.all or ()))
