"""What a start on a data folder comes to: its refusal, or all it holds once the journal is worked through.

Takes a folder on which nothing runs. Does what `milepost serve` does, in a process of its own that is forked from one
which has loaded everything: chDB opens one folder per process, and loading takes longer than the start.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from milepost.control.migrate import open_migrated
from milepost.control.repos.audit import AuditFilter, page_audit
from milepost.domain.errors import MilepostError
from milepost.kit.clock import system_clock
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.operate.doctor import check_parts
from milepost.operate.findings import Case, Level
from milepost.operate.first_admin import make_first_admin
from milepost.operate.parts.fault import Fault, refuse
from milepost.operate.parts.given_up import ACTION
from milepost.operate.parts.marks import mark_files
from milepost.operate.parts.opening import sound_parts
from milepost.operate.parts.repair import accept_losses, find_faults
from milepost.operate.parts.stores import hold_store
from milepost.operate.parts.survey import survey_files
from milepost.settings import Settings
from milepost.store.event_filter import EventFilter
from milepost.store.event_log import EventLogReader
from milepost.wiring import make_engine

_SECONDS: Final = 120
_FORKS: Final = multiprocessing.get_context("forkserver")
_CAPABILITY_VERSION: Final = 0x20080522


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """`refusal` is the start's sentence, empty if it went through; `doctor` what the doctor says of the parts.

    `numbers` are the field `n` of each event in the log, sorted; `fates` how many met which fate.
    """

    refusal: str
    doctor: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    fates: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a repair found, in the words of its faults, or why there was none; and what the audit log says of it."""

    refusal: str
    faults: tuple[tuple[str, str, str, dict[str, int]], ...] = ()
    audit: tuple[tuple[str, dict[str, Any]], ...] = ()


def try_start(data: Path) -> Start:
    """Examine the folder as the doctor does, and start on it unless it is refused."""
    outcome: Start = _elsewhere(_start, data)
    return outcome


def try_repair(data: Path) -> Repair:
    """`milepost repair --accept-loss`."""
    outcome: Repair = _elsewhere(_repair, data)
    return outcome


def _elsewhere(act: Callable[[Path], Any], data: Path) -> Any:
    _FORKS.set_forkserver_preload([__name__])
    receiver, sender = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_tell, args=(act, data, sender))
    process.start()
    sender.close()
    try:
        if not receiver.poll(_SECONDS):
            process.kill()
            raise AssertionError(f"{data} is still being started after {_SECONDS} seconds")
        outcome = receiver.recv()
    except EOFError:
        process.join()
        raise AssertionError(f"the process ended by itself, with {process.exitcode}") from None
    finally:
        receiver.close()
        process.join()
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _tell(act: Callable[[Path], Any], data: Path, sender: Any) -> None:
    _be_no_superuser()
    try:
        sender.send(act(data))
    except BaseException as error:  # whatever it is, the test says it
        sender.send(AssertionError(f"{type(error).__name__}: {error}"))
    sender.close()
    sys.stdout.flush()
    os._exit(0)  # as a process of the service ends, whatever threads an engine has left


def _be_no_superuser() -> None:
    """Without capabilities, so that a file which its owner may not read cannot be read by root either."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)())


def _settings(data: Path) -> Settings:
    return Settings.read({"data": data, "tls": "off", "disk_reserve_bytes": 0})


def _start(data: Path) -> Start:
    settings = _settings(data)
    with ExitStack() as held:
        hold_store(settings, held)
        faults = find_faults(settings)
        doctor = tuple(told for level, told in check_parts(_case(settings, faults)) if level is Level.PROBLEM)
        try:
            refuse(data, survey_files(settings))
            numbers, fates = _worked_through(settings)
        except MilepostError as error:
            return Start(refusal=error.message, doctor=doctor)
    return Start(refusal="", doctor=doctor, numbers=numbers, fates=fates)


def _worked_through(settings: Settings) -> tuple[tuple[int, ...], dict[str, int]]:
    """As serve and app_process do it, without ports."""
    for key in (paths.secrets_key(settings.data), paths.tokens_key(settings.data)):
        load_key(key)
    with closing(open_migrated(settings.control())) as database:
        make_first_admin(database, settings)
        mark_files(settings, database)
        with sound_parts(settings, database):
            engine = make_engine(settings, database, system_clock)
        reactor = threading.Thread(target=engine.reactor.run)
        reactor.start()
        is_drained = engine.reactor.drain(_SECONDS)
        engine.reactor.stop()
        reactor.join()
        assert is_drained
        log = EventLogReader(engine.pool)
        events = log.page(EventFilter(), older_than=None, limit=1000)
        numbers = sorted(orjson.loads(event.payload)["n"] for event in events)
        fates = {str(fate): count for fate, count in log.fates().items() if count}
        engine.close()
        return tuple(numbers), fates


def _case(settings: Settings, faults: list[Fault]) -> Case:
    return Case(
        settings=settings,
        is_running=False,
        find_faults=lambda: faults,
        count_events=lambda: 0,
        doubtful_dates=lambda _since_ms: (),
        clock=system_clock,
    )


def _repair(data: Path) -> Repair:
    settings = _settings(data)
    try:
        faults = accept_losses(settings)
    except MilepostError as error:
        return Repair(refusal=error.message)
    with closing(open_migrated(settings.control())) as database, database.read() as session:
        audit = page_audit(session, AuditFilter(action=ACTION), before=None, limit=100)
    return Repair(
        refusal="",
        faults=tuple((one.part, one.told, one.gives_up, one.numbers) for one in faults),
        audit=tuple((line.subject_id or "", line.after or {}) for line in reversed(audit)),
    )
