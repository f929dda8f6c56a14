"""The file of an export: one zip with a file of JSON lines for each kind of thing, written page by page.

Takes marks, and what is known; gives how many lines each file has. Payloads leave as the JSON text that was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

import orjson

from milepost.domain.fate import Fate
from milepost.domain.signal import Signal
from milepost.kit.clock import to_datetime
from milepost.record.forget import Mentioning
from milepost.store.marks import Emitted, Found, Marks

_PAGE: Final = 2_000
_CONTENTS: Final = """\
What is in this archive (docs/reference/privacy.md says how it was found):

events.ndjson      events, oldest first, with their payloads as they were sent
signals.ndjson     what signals read from them, and for which company
records.ndjson     what the console keeps of the company: a table's name and a row; audit has lines of the audit log,
                   import_files lines of files that companies were imported from, import_lines what these did
rejections.ndjson  refused submissions that mention the subject, in excerpts
"""
Progress = Callable[[int], None]
"""Is told how many events are written, now and then."""


def write_export(
    file: Path,
    *,
    marks: Marks,
    signals: Iterable[Signal],
    records: Iterable[tuple[str, dict[str, Any]]],
    rejections: Iterable[Mentioning],
    progress: Progress,
) -> dict[str, int]:
    """Write the archive; gives its counts, named as in a receipt."""
    names = _field_names(signals)
    counts: dict[str, int] = {}
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("CONTENTS.txt", _CONTENTS)
        for name, lines in (
            ("events", _events(marks, progress)),
            ("signals", (_emission(one, names) for page in marks.pages(_PAGE) for one in marks.emissions(page))),
            ("records", ({"table": table, "row": row} for table, row in records)),
            ("rejections", map(_rejection, rejections)),
        ):
            with archive.open(f"{name}.ndjson", "w", force_zip64=True) as out:
                counts[name] = _write(out, lines)
    return counts


def sha256_of(file: Path) -> str:
    """In hex."""
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _write(out: IO[bytes], lines: Iterable[dict[str, Any]]) -> int:
    count = 0
    for line in lines:
        out.write(orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
        count += 1
    return count


def _events(marks: Marks, progress: Progress) -> Iterator[dict[str, Any]]:
    written = 0
    for page in marks.pages(_PAGE):
        events = marks.events(page)
        yield from map(_event, events)
        written += len(events)
        progress(written)


def _event(event: Found) -> dict[str, Any]:
    return {
        "id": f"{event.request_id}.{event.item}",
        "received_at": to_datetime(event.received_at_ms),
        "event_date": to_datetime(event.event_date_ms),
        "connection_id": event.connection_id,
        "event_key": event.event_key,
        "door": event.door,
        "fate": event.fate.value,
        "payload": event.payload if event.fate is Fate.PARKED else orjson.Fragment(event.payload),
    }


def _field_names(signals: Iterable[Signal]) -> dict[tuple[Any, int], tuple[str, dict[str, str]]]:
    """By signal and revision: the signal's name, and the name of the field in each column."""
    return {
        (signal.id, signal.revision): (signal.name, {slot: name for name, slot in signal.slots.items()})
        for signal in signals
    }


def _emission(emitted: Emitted, names: dict[tuple[Any, int], tuple[str, dict[str, str]]]) -> dict[str, Any]:
    """Of a signal that is gone, the columns keep their own names."""
    signal, fields = names.get((emitted.signal_id, emitted.revision), (None, {}))
    return {
        "event_id": f"{emitted.request_id}.{emitted.item}",
        "signal_id": emitted.signal_id,
        "signal": signal,
        "revision": emitted.revision,
        "company_id": emitted.company_id,
        "event_date": to_datetime(emitted.event_date_ms),
        "fields": {fields.get(slot, slot): value for slot, value in emitted.values.items()},
    }


def _rejection(rejection: Mentioning) -> dict[str, Any]:
    return {**rejection._asdict(), "received_at": to_datetime(rejection.received_at_ms)}
