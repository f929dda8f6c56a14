"""What can be checked before any engine is opened: files, marks, keys, journal; takes settings, gives faults.

Costs some hundredths of a second. Changes nothing; what cannot be examined is a fault too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from milepost.control.folder import MarkedFolder, count_sealed, is_key_of, opens_all
from milepost.control.session import open_database, sqlite_file
from milepost.domain.errors import MilepostError, OperatorError
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.operate.parts import mending
from milepost.operate.parts.databases import open_readonly, survey_databases, survey_kinds
from milepost.operate.parts.fault import Fault
from milepost.operate.parts.journals import survey_journals
from milepost.operate.parts.marks import Marks, has_control, has_table, read_marks
from milepost.record.mark import Mark, decode_mark
from milepost.record.proof import EPOCH, is_sealed, read_facts
from milepost.settings import Settings


def survey_files(settings: Settings) -> list[Fault]:
    """Every fault that can be seen now; later checks are left out where earlier ones found something."""
    if paths.unfinished(settings.data).exists():
        return [Fault(part="backup", told=f"{settings.data} is a backup that was not finished. Make another one.")]
    try:
        for check in (survey_kinds, survey_databases, _survey_marks):
            if faults := list(check(settings)):
                return faults
        return [*_survey_reactor(settings), *_survey_keys(settings), *survey_journals(settings.data)]
    except (sqlite3.Error, OSError, MilepostError) as error:
        reason = getattr(error, "message", None) or str(error)
        return [Fault(part="folder", told=f"{settings.data} cannot be examined: {reason}")]


def _survey_marks(settings: Settings) -> Iterator[Fault]:
    """Every part is there, and of this folder."""
    marks = read_marks(settings)
    yield from _missing_control(settings, marks)
    yield from _missing_reactor(settings, marks)
    folder = marks.folder
    if folder is None:
        return
    control = decode_mark(marks.control.mark.encode()) if marks.control else None
    data = settings.data
    parts: dict[str, tuple[Path | str, Mark | None]] = {
        "control.sqlite": (sqlite_file(settings.control()) or "the control database", control),
        "reactor.sqlite": (paths.reactor(data), marks.reactor),
        "keys": (paths.keys_mark(data), marks.keys),
        "store": (paths.store(data), marks.store),
        **{f"journal/{file.name}": (file, mark) for file, mark in marks.journals.items()},
    }
    for part, (place, mark) in parts.items():
        if mark is not None and mark.folder_id != folder.folder_id:
            yield Fault(
                part=part,
                told=f"{place} belongs to another data folder than the other parts of {data}.",
                gives_up="what this folder's own one held",
                mend=lambda part=part: mending.take_over(settings, part, folder),  # type: ignore[misc]
            )


def _missing_control(settings: Settings, marks: Marks) -> Iterator[Fault]:
    file = sqlite_file(settings.control())
    is_lost = marks.control is None and (marks.is_complete or (not has_control(settings) and marks.reactor is not None))
    is_lost = is_lost or (marks.control is None and paths.reactor(settings.data).exists() and _is_empty(file))
    if is_lost:
        place = file or "the control database"
        yield Fault(
            part="control.sqlite",
            told=f"{place} is missing, empty, or not the one of {settings.data}.",
            gives_up="all connections, people, definitions, companies and plans",
            mend=lambda: mending.make_control(settings),
        )


def _is_empty(file: Path | None) -> bool:
    if file is None:
        return False
    if not file.exists():
        return True
    with closing(open_readonly(file)) as db:
        return bool(db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,))


def _missing_reactor(settings: Settings, marks: Marks) -> Iterator[Fault]:
    file = paths.reactor(settings.data)
    if marks.is_complete and marks.reactor is None:
        yield Fault(
            part="reactor.sqlite",
            told=f"{file} is missing or empty: nobody knows how far the journal was processed.",
            gives_up="the counts of what signals saw; what is in the event log is not processed again",
            mend=lambda: mending.make_reactor(settings),
        )


def _survey_reactor(settings: Settings) -> Iterator[Fault]:
    file = paths.reactor(settings.data)
    if not file.exists():
        return
    with closing(open_readonly(file)) as db:
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'facts'").fetchone() is None:
            return
        sealed, facts = is_sealed(db), read_facts(db)
    if not sealed:
        yield Fault(
            part="reactor.sqlite",
            told=f"{file} is damaged: its checkpoints are not what was written.",
            gives_up="certainty about which requests were processed",
            mend=lambda: mending.seal_reactor(settings),
        )
    control = read_marks(settings).control
    if control is not None and control.epoch < facts.get(EPOCH, 0):
        place = sqlite_file(settings.control()) or "The control database"
        yield Fault(
            part="control.sqlite",
            told=f"{place} is an older copy than {file}: what was changed since is not in it.",
            gives_up="every change of connections, people, definitions, companies and plans since that copy",
            numbers={"epoch": control.epoch, "expected": facts[EPOCH]},
            mend=lambda: mending.accept_control(settings, facts[EPOCH]),
        )


def _survey_keys(settings: Settings) -> Iterator[Fault]:
    """Both keys are those that sealed what the control database holds."""
    if not has_control(settings):
        return
    control = read_marks(settings).control
    with closing(open_database(settings.control())) as database, database.read() as session:
        sealed = count_sealed(session) if has_table(session, "connection_secrets") else 0
        secrets = _key_fault(settings, paths.secrets_key(settings.data), control, "secrets", is_needed=sealed > 0)
        if secrets is None and sealed and not opens_all(session, load_key(paths.secrets_key(settings.data))):
            secrets = f"{paths.secrets_key(settings.data)} is not the key that the client secrets were sealed with."
    tokens = _key_fault(settings, paths.tokens_key(settings.data), control, "tokens", is_needed=False)
    for told, gives_up, numbers in (
        (secrets, f"the client secrets, {sealed:,} of them: each connection needs new keys", {"secrets": sealed}),
        (tokens, "the access tokens in use: senders get new ones by /getToken", {}),
    ):
        if told is not None:
            mend = lambda: mending.make_keys(settings)  # noqa: E731
            yield Fault(part="keys", told=told, gives_up=gives_up, numbers=dict(numbers), mend=mend)


def _key_fault(
    settings: Settings, file: Path, control: MarkedFolder | None, which: str, *, is_needed: bool
) -> str | None:
    if not file.exists():
        return f"{file} is missing." if control is not None or is_needed else None
    try:
        key = load_key(file)
    except OperatorError as error:
        return error.message
    if control is None:
        return None
    proof = control.secrets_proof if which == "secrets" else control.tokens_proof
    if not is_key_of(proof, key):
        return f"{file} is not the key that belongs to the control database of {settings.data}."
    return None
