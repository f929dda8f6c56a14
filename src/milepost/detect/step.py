"""Recorded groups in, emissions and tallies out: which signals the new events emit, for which company, what values.

Repeats and parked events emit nothing and are not counted. Definitions are a snapshot, replaced between batches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, groupby, repeat
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from milepost.criteria.convert import DAY_MS, to_text
from milepost.detect.company import Companies, Key
from milepost.detect.rules import Emitted, GroupDetector, compile_group
from milepost.domain.event import Detected, Emissions, RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.signal import Signal
from milepost.domain.tally import Tally


class KeySignals:
    """The enabled signals of one connection and event key, compiled when the first event of that key comes."""

    __slots__ = ("_detector", "signals")

    def __init__(self, signals: tuple[Signal, ...]) -> None:
        self.signals = signals
        self._detector: GroupDetector | None = None

    @property
    def detector(self) -> GroupDetector:
        """Compiled once."""
        if self._detector is None:
            self._detector = compile_group(self.signals)
        return self._detector


Definitions = Mapping[tuple[bytes, str], KeySignals]
"""By connection id and event key: an event pays only for the signals of its own key."""


def compile_definitions(signals: Iterable[Signal], known: Definitions = MappingProxyType({})) -> Definitions:
    """Those that are enabled; what is `known` from before and unchanged need not be compiled again."""

    def key(signal: Signal) -> tuple[bytes, str]:
        return (signal.connection_id.bytes, signal.event_key)

    enabled = sorted((signal for signal in signals if signal.is_enabled), key=key)
    groups = {of: tuple(group) for of, group in groupby(enabled, key)}
    return {
        of: known[of] if of in known and known[of].signals == group else KeySignals(group)
        for of, group in groups.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What one signal made of one group's new events of one day.

    `events` are places in the group's columns, `companies` their company keys, `values` a column for each of `columns`.
    """

    group: RecordedGroup
    signal: Signal
    columns: tuple[str, ...]
    day: int
    seen: int
    company_missing: int
    failures: Mapping[str, int]
    events: Sequence[int]
    companies: Sequence[str]
    values: Sequence[Sequence[float | str | None]]


class Detect:
    """See the module; used by one thread. `hidden` gives the ids of companies that only hold what comes for a key."""

    def __init__(self, companies: Companies, hidden: Callable[[], Collection[bytes]] = frozenset) -> None:
        self._companies = companies
        self._hidden = hidden
        self._definitions: Definitions = {}
        self._counted: Mapping[UUID, int] = {}

    def use(self, definitions: Definitions) -> None:
        """Go on with these, from the next batch on.

        A signal whose history is being read anew is there in two generations; the one in force, the lower, is counted.
        """
        self._definitions = definitions
        self._counted = _lowest_generations(definitions)
        self._companies.forget()

    def detect(self, groups: Sequence[RecordedGroup]) -> Detected:
        """See the module. Companies are looked up, and made, once for the whole batch."""
        found: list[_Found] = []
        keys: set[Key] = set()
        for group in groups:
            fresh = _fresh(group)
            if group.smart_keys and fresh:
                keys |= _smart_keys(group, [group.payloads[event] for event in fresh])
            of_key = self._definitions.get((group.connection_id, group.event_key))
            if of_key and fresh:
                for day, of_day in _by_day(group.received_at_ms, fresh):
                    found += _by_signal(group, day, of_day, of_key.detector)
        for of in found:
            keys |= _keys(of)
        ids = self._companies.ids(keys) if keys else {}
        hidden = self._hidden() if ids else ()
        return Detected(
            [_emissions(of, ids) for of in found if of.events],
            [_tally(of, ids, hidden) for of in found if self._counted[of.signal.id] == of.signal.generation],
        )


def _lowest_generations(definitions: Definitions) -> dict[UUID, int]:
    lowest: dict[UUID, int] = {}
    for of_key in definitions.values():
        for signal in of_key.signals:
            lowest[signal.id] = min(signal.generation, lowest.get(signal.id, signal.generation))
    return lowest


def _fresh(group: RecordedGroup) -> Sequence[int]:
    if group.fates.count(Fate.PROCESSED) == len(group.fates):
        return range(len(group.fates))
    return [index for index, fate in enumerate(group.fates) if fate is Fate.PROCESSED]


def _by_day(received_at_ms: Sequence[int], events: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """The events by UTC day of arrival: nearly always one."""
    first, last = min(received_at_ms) // DAY_MS, max(received_at_ms) // DAY_MS
    if first == last:
        yield first, events
        return
    for day in sorted({received_at_ms[event] // DAY_MS for event in events}):
        yield day, [event for event in events if received_at_ms[event] // DAY_MS == day]


def _by_signal(group: RecordedGroup, day: int, events: Sequence[int], detector: GroupDetector) -> Iterator[_Found]:
    is_whole = len(events) == len(group.payloads)
    payloads = group.payloads if is_whole else [group.payloads[event] for event in events]
    arrivals = group.received_at_ms if is_whole else [group.received_at_ms[event] for event in events]
    detection = detector.detect_each(payloads, arrivals)
    for place, signal in enumerate(detector.signals):
        matched, failures = detection.emitted[place], detection.failures[place]
        emitted, companies = _with_company(matched)
        yield _Found(
            group=group,
            signal=signal,
            columns=detector.columns[place],
            day=day,
            seen=len(events),
            company_missing=len(matched.events) - len(emitted.events),
            failures={field.name: n for field, n in zip(signal.fields, failures, strict=True)} if any(failures) else {},
            events=emitted.events if is_whole else [events[event] for event in emitted.events],
            companies=companies,
            values=emitted.values,
        )


def _with_company(emitted: Emitted) -> tuple[Emitted, Sequence[str]]:
    """Without those of which nobody can tell whose they are; and the keys of the others' companies."""
    companies = [company for company in emitted.companies if company is not None]
    if len(companies) == len(emitted.companies):
        return emitted, companies
    told = [company is not None for company in emitted.companies]
    values = [list(compress(column, told)) for column in emitted.values]
    return Emitted(list(compress(emitted.events, told)), companies, values), companies


def _tally(of: _Found, ids: Mapping[Key, bytes], hidden: Collection[bytes]) -> Tally:
    held = {key[1] for key in _keys(of) if ids[key] in hidden} if hidden else frozenset()
    return Tally(
        signal_id=of.signal.id,
        day=of.day,
        seen=of.seen,
        matched=len(of.events) + of.company_missing,
        company_missing=of.company_missing,
        company_unknown=sum(map(held.__contains__, of.companies)) if held else 0,
        failures=of.failures,
    )


def _keys(of: _Found) -> set[Key]:
    """The companies' keys, each made into a key once however many emissions have it."""
    return set(zip(repeat(of.signal.company.key_space), set(of.companies), strict=False))


def _emissions(of: _Found, ids: Mapping[Key, bytes]) -> Emissions:
    space = of.signal.company.key_space
    by_value = {value: ids[space, value] for value in set(of.companies)}
    slots: dict[str, Any] = dict(zip(of.columns, of.values, strict=True))
    return Emissions(
        signal_id=of.signal.id,
        generation=of.signal.generation,
        revision=of.signal.revision,
        company_ids=list(map(by_value.__getitem__, of.companies)),
        request_ids=list(map(of.group.request_ids.__getitem__, of.events)),
        items=list(map(of.group.items.__getitem__, of.events)),
        event_date_ms=list(map(of.group.event_date_ms.__getitem__, of.events)),
        numbers={slot: values for slot, values in slots.items() if slot.startswith("n")},
        texts={slot: values for slot, values in slots.items() if slot.startswith("t")},
    )


def _smart_keys(group: RecordedGroup, payloads: Sequence[bytes]) -> set[Key]:
    """The companies that smartKeys name (FACTS): found or made even where no signal maps them."""
    roots = msgspec.json.decode(b"[" + b",".join(payloads) + b"]", type=list[dict[str, Any]])
    named = {(key.alternate_id, to_text(root.get(key.field))) for key in group.smart_keys for root in roots}
    return {(space, value) for space, value in named if value}
