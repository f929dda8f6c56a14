"""How much history companies have in the analytic store: counts and dates of what was emitted for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from milepost.domain.combination import History
from milepost.kit.clock import to_datetime
from milepost.store.client import Queries

_HISTORIES = """WITH parts AS (
    SELECT pair.1 AS company_id, pair.2 AS whole FROM (
        SELECT arrayJoin(arrayZip({parts:Array(UUID)}, {wholes:Array(UUID)})) AS pair)
)
SELECT whole, count(), uniqExact(request_id, item),
    toUnixTimestamp64Milli(min(event_date)), toUnixTimestamp64Milli(max(event_date)),
    toInt64(max(bitShiftRight(reinterpretAsUInt128(reverse(UUIDToNum(request_id))), 80)))
FROM signals INNER JOIN parts USING (company_id)
WHERE (signal_id, generation) IN {in_force:Array(Tuple(UUID, UInt32))} AND company_id IN {parts:Array(UUID)}
GROUP BY whole"""
"""A request id begins with the 48 bits of its time of arrival, in Unix milliseconds."""


class HistoryReader:
    """Reads through a store client, or a pool; as that, it is for one thread at a time, or many."""

    def __init__(self, client: Queries) -> None:
        self._client = client

    def histories(self, parts: Sequence[tuple[UUID, UUID]], generations: Mapping[UUID, int]) -> dict[UUID, History]:
        """The history of each company that has any, in the generations in force; `parts` are (member, company)."""
        found = {
            "parts": [part for part, _ in parts],
            "wholes": [whole for _, whole in parts],
            "in_force": list(generations.items()),
        }
        rows = self._client.query(_HISTORIES, parameters=found).result_rows if parts and generations else ()
        return {
            company_id: History(
                emissions=emissions,
                events=events,
                first_event_at=to_datetime(first),
                last_event_at=to_datetime(last),
                last_received_at=to_datetime(received),
            )
            for company_id, emissions, events, first, last, received in rows
        }
