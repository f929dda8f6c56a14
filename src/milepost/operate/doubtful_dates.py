"""What the doctor says of implausible dates: of a store at rest, or by what a service said.

Takes settings and times in Unix milliseconds; gives sentences for a person.
"""

from __future__ import annotations

from contextlib import closing
from typing import Final, NamedTuple

from milepost.domain.event_date import REASONS, DateFlag
from milepost.settings import Settings
from milepost.store.client import connect, embedded_folder
from milepost.store.doubtful_dates import has_date_flags
from milepost.store.event_log import EventLogReader

DAYS: Final = 30
"""So far back are dates looked at, by arrival."""


class Doubtful(NamedTuple):
    """How many events of a connection, by its id, have dates that are implausible for one reason."""

    connection: str
    flag: DateFlag
    events: int

    def told(self) -> str:
        """For a person."""
        member = "sender's clock" if self.flag is DateFlag.CLOCK_FAR_OFF else "date"
        events = f"{self.events:,} events of connection {self.connection}: their {member} {REASONS[self.flag]}"
        return f"{events}. See: milepost tail --connection-id {self.connection} --date-flag {self.flag.value}"


def doubtful_at_rest(settings: Settings, since_ms: int) -> list[Doubtful]:
    """Of a store that no service has open; none before this version's first start on it."""
    folder = embedded_folder(settings.store())
    if folder is not None and not folder.exists():
        return []
    with closing(connect(settings.store())) as client:
        if not has_date_flags(client):
            return []
        found = EventLogReader(client).doubtful_dates(since_ms=since_ms)
    return [Doubtful(str(one.connection_id), one.flag, one.events) for one in found]
