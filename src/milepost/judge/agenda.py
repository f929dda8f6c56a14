"""Which companies the clock must bring back to the judge, and when; each has at most one appointment."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from uuid import UUID


class Agenda:
    """A heap of (Unix ms, company), where an appointment that was moved stays behind until it surfaces."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, UUID]] = []
        self._at: dict[UUID, int] = {}

    def appoint(self, company_id: UUID, at_ms: int | None) -> None:
        """Move the company's appointment, or cancel it with None."""
        if self._at.get(company_id) == at_ms:
            return
        if at_ms is None:
            del self._at[company_id]
        else:
            self._at[company_id] = at_ms
            heapq.heappush(self._heap, (at_ms, company_id))

    def retain(self, company_ids: Iterable[UUID]) -> None:
        """Cancel the appointments of all others."""
        for company_id in self._at.keys() - set(company_ids):
            del self._at[company_id]

    @property
    def next_ms(self) -> int | None:
        """The earliest appointment."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now_ms: int) -> set[UUID]:
        """The companies whose appointment has come; they need a new one."""
        due: set[UUID] = set()
        while (next_ms := self.next_ms) is not None and next_ms <= now_ms:
            company_id = heapq.heappop(self._heap)[1]
            del self._at[company_id]
            due.add(company_id)
        return due
