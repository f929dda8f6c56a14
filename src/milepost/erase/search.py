"""Everything of a subject in the analytic store: what to look for, marked and counted.

Takes what is known of the subject and the definitions that say where keys stand; gives counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from milepost.control.repos.signals import list_all_revisions, list_signals
from milepost.control.session import Database
from milepost.domain.privacy import Known, Mention
from milepost.domain.signal import Signal
from milepost.erase.rules import SmartKeyUse, criterion_of, identity_slots, mentions, pattern_of
from milepost.store.marks import Condition, Marks, emitted_for, emitted_with, mentioning, parked_with
from milepost.store.quiet import QuietClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for. `pattern` is for texts that are no payloads.

    `signals` are all revisions there ever were; `defined` has the ids of the signals that are not deleted.
    """

    known: Known
    signals: tuple[Signal, ...]
    defined: frozenset[UUID]
    mentions: tuple[Mention, ...]
    pattern: str | None

    def mark(self, marks: Marks, *, among: str = "1") -> None:
        """Mark everything of the subject, among the events of an instant."""
        for condition in self._conditions():
            marks.add(condition, among=among)
        for condition in self._emitted():
            marks.add_emitted(condition, among=among)

    def found_by_content(self, marks: Marks, *, among: str) -> int:
        """How many events still mention the subject, entries set aside included; an event may count twice."""
        return sum(marks.count(condition, among=among) for condition in self._conditions())

    def found_by_emissions(self, marks: Marks, *, among: str) -> int:
        """How many emissions still hold an identifying value, whether their events are in the log or not."""
        return marks.count_emitted(self._with_values(), among=among)

    def _emitted(self) -> Iterable[Condition]:
        yield self._with_values()
        if self.known.company_ids:
            yield emitted_for(self.known.company_ids)

    def _with_values(self) -> Condition:
        """Retention drops events and keeps what they emitted."""
        return emitted_with(self.known.values, identity_slots(self.known, self.signals, self.mentions))

    def _conditions(self) -> Iterable[Condition]:
        for mention in self.mentions:
            criterion, fields = criterion_of(mention)
            values = frozenset().union(*mention.places.values())
            yield mentioning(
                criterion, fields, values, connection_id=mention.connection_id, event_key=mention.event_key
            )
        if self.pattern is not None:
            yield parked_with(self.pattern)


def search_for(known: Known, database: Database, client: QuietClient) -> Search:
    """By the definitions of now and of ever, and the smart keys that were ever sent."""
    with database.read() as session:
        signals = list_all_revisions(session)
        defined = frozenset(signal.id for signal in list_signals(session))
    return Search(
        known=known,
        signals=signals,
        defined=defined,
        mentions=mentions(known, signals, _smart_keys(client) if known.keys else ()),
        pattern=pattern_of(known.values),
    )


def _smart_keys(client: QuietClient) -> list[SmartKeyUse]:
    rows = client.rows(
        "SELECT DISTINCT connection_id, event_key, toString(smart_keys) FROM events WHERE smart_keys != ''"
    )
    return [
        SmartKeyUse(UUID(str(connection_id)), event_key, key_space, member)
        for connection_id, event_key, pairs in rows
        for key_space, member in json.loads(pairs)
    ]
