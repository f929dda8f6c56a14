"""Drops old events from the log; what signals have emitted, and the claims of idempotency keys, are kept.

Takes a client and an instant in Unix ms; gives how many events went.
"""

from __future__ import annotations

from typing import Final

from clickhouse_connect.driver.client import Client

_COUNT: Final = "SELECT count() FROM events WHERE received_at < fromUnixTimestamp64Milli({before:Int64})"
_DELETE: Final = "DELETE FROM events WHERE received_at < fromUnixTimestamp64Milli({before:Int64})"
_WHOLE_MONTHS: Final = """
SELECT DISTINCT partition_id FROM system.parts
WHERE database = currentDatabase() AND table = 'events' AND active
  AND toUInt32OrZero(partition_id) < toYYYYMM(fromUnixTimestamp64Milli({before:Int64}, 'UTC'))
"""
"""Partitions are months of arrival (schema/001): one that is over goes at once, and frees its space."""


def drop_events_before(client: Client, before_ms: int) -> int:
    """Forget the events that were received before this instant; can be broken off and called again."""
    instant = {"before": before_ms}
    dropped = int(client.query(_COUNT, parameters=instant).result_rows[0][0])
    if dropped:
        for (month,) in client.query(_WHOLE_MONTHS, parameters=instant).result_rows:
            client.command("ALTER TABLE events DROP PARTITION ID {month:String}", parameters={"month": month})
        client.command(_DELETE, parameters=instant)
    return dropped
