"""Recorded groups in, emissions out: which signals the new events emit, for which company, with which values.

Repeats and parked events emit nothing. Definitions are a snapshot that the caller may replace between batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

from milepost.criteria.convert import to_text
from milepost.detect.company import Companies, Key
from milepost.detect.rules import Emission, GroupDetector, compile_group
from milepost.domain.event import Emissions, RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.signal import Signal

Definitions = Mapping[tuple[bytes, str], GroupDetector]
"""The enabled signals, compiled, by connection id and event key: an event pays only for those of its own key."""


def compile_definitions(signals: Iterable[Signal]) -> Definitions:
    """Compile what is enabled."""

    def key(signal: Signal) -> tuple[bytes, str]:
        return (signal.connection_id.bytes, signal.event_key)

    enabled = sorted((signal for signal in signals if signal.is_enabled), key=key)
    return {of: compile_group(tuple(group)) for of, group in groupby(enabled, key)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What one signal emitted in one group; `events` are places in the group's columns."""

    group: RecordedGroup
    signal: Signal
    columns: tuple[str, ...]
    events: Sequence[int]
    emissions: Sequence[Emission]


class Detect:
    """See the module; used by one thread."""

    def __init__(self, companies: Companies) -> None:
        self._companies = companies
        self._definitions: Definitions = {}

    def use(self, definitions: Definitions) -> None:
        """Go on with these, from the next batch on."""
        self._definitions = definitions
        self._companies.forget()

    def detect(self, groups: Sequence[RecordedGroup]) -> list[Emissions]:
        """See the module. Companies are looked up, and made, once for the whole batch."""
        found: list[_Found] = []
        keys: set[Key] = set()
        for group in groups:
            fresh = _fresh(group)
            payloads = group.payloads if len(fresh) == len(group.payloads) else [group.payloads[i] for i in fresh]
            if group.smart_keys and payloads:
                keys |= _smart_keys(group, payloads)
            detector = self._definitions.get((group.connection_id, group.event_key))
            if detector and payloads:
                found += _by_signal(group, fresh, detector, payloads)
        for of in found:
            keys |= _keys(of)
        ids = self._companies.ids(keys) if keys else {}
        return [_emissions(of, ids) for of in found]


def _fresh(group: RecordedGroup) -> Sequence[int]:
    if group.fates.count(Fate.PROCESSED) == len(group.fates):
        return range(len(group.fates))
    return [index for index, fate in enumerate(group.fates) if fate is Fate.PROCESSED]


def _by_signal(
    group: RecordedGroup, fresh: Sequence[int], detector: GroupDetector, payloads: Sequence[bytes]
) -> list[_Found]:
    by_signal: dict[int, list[Emission]] = {}
    for emission in detector.detect_each(payloads, [group.received_at_ms[i] for i in fresh]).emissions:
        if emission.company is not None:
            by_signal.setdefault(emission.signal, []).append(emission)
    return [
        _Found(
            group=group,
            signal=detector.signals[place],
            columns=detector.columns[place],
            events=[fresh[emission.event] for emission in emissions],
            emissions=emissions,
        )
        for place, emissions in by_signal.items()
    ]


def _keys(of: _Found) -> set[Key]:
    """The companies' keys, each made into a key once however many emissions have it."""
    space = of.signal.company.key_space
    return {(space, value) for value in {emission.company for emission in of.emissions} if value is not None}


def _emissions(of: _Found, ids: Mapping[Key, bytes]) -> Emissions:
    by_value: dict[str | None, bytes] = {key[1]: ids[key] for key in _keys(of)}
    columns = list(zip(*(emission.values for emission in of.emissions), strict=True))
    slots: dict[str, Any] = dict(zip(of.columns, columns, strict=True)) if columns else {}
    return Emissions(
        signal_id=of.signal.id,
        generation=of.signal.generation,
        revision=of.signal.revision,
        company_ids=[by_value[emission.company] for emission in of.emissions],
        request_ids=[of.group.request_ids[event] for event in of.events],
        items=[of.group.items[event] for event in of.events],
        event_date_ms=[of.group.event_date_ms[event] for event in of.events],
        numbers={slot: values for slot, values in slots.items() if slot.startswith("n")},
        texts={slot: values for slot, values in slots.items() if slot.startswith("t")},
    )


def _smart_keys(group: RecordedGroup, payloads: Sequence[bytes]) -> set[Key]:
    """The companies that smartKeys name (FACTS): found or made even where no signal maps them."""
    roots = msgspec.json.decode(b"[" + b",".join(payloads) + b"]", type=list[dict[str, Any]])
    named = {(key.alternate_id, to_text(root.get(key.field))) for key in group.smart_keys for root in roots}
    return {(space, value) for space, value in named if value}


def signals_by_id(definitions: Definitions) -> dict[UUID, Signal]:
    """The signals in force."""
    return {signal.id: signal for detector in definitions.values() for signal in detector.signals}
