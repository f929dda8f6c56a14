"""Going on without what is lost: says what that would give up, and does it, with a line in the audit log for each part.

Takes settings of a folder on which nothing runs. OperatorError for what it cannot do anything about.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Final

from milepost.control.migrate import open_migrated
from milepost.control.repos.audit import record_change
from milepost.control.repos.plan_changes import MILEPOST
from milepost.domain.errors import OperatorError
from milepost.kit.clock import system_clock
from milepost.operate.parts.fault import Fault
from milepost.operate.parts.given_up import ACTION, SUBJECT, GivenUp
from milepost.operate.parts.marks import mark_files
from milepost.operate.parts.stores import hold_store, survey_stores
from milepost.operate.parts.survey import survey_files
from milepost.settings import Settings

_MOST_ROUNDS: Final = 12


def find_faults(settings: Settings) -> list[Fault]:
    """Everything that stops a start. The engines are opened unless files are not even of the right kind."""
    faults = survey_files(settings)
    if any(fault.mend is None for fault in faults) or any(fault.part == "reactor.sqlite" for fault in faults):
        return faults
    return [*faults, *survey_stores(settings)]


def accept_losses(settings: Settings) -> list[Fault]:
    """Mend what can be, one after the other, until a start would go through; gives what was given up."""
    with ExitStack() as held:
        hold_store(settings, held)
        given_up = [*_mended(settings)]
        if given_up:
            _record(settings, given_up)
        return given_up


def _mended(settings: Settings) -> Iterator[Fault]:
    for _ in range(_MOST_ROUNDS):
        faults = find_faults(settings)
        if not faults:
            return
        for fault in faults:
            if fault.mend is None:
                raise OperatorError(fault.told)
        mend = faults[0].mend
        assert mend is not None
        mend()
        yield faults[0]
    raise OperatorError("The folder could not be repaired; start from a backup.")


def _record(settings: Settings, given_up: list[Fault]) -> None:
    now_ms = system_clock()
    with closing(open_migrated(settings.control())) as database:
        mark_files(settings, database)
        with database.write() as session:
            for fault in given_up:
                after = GivenUp(found=fault.told, gave_up=fault.gives_up, numbers=fault.numbers)
                record_change(
                    session,
                    actor=MILEPOST,
                    action=ACTION,
                    subject=SUBJECT,
                    subject_id=fault.part,
                    now_ms=now_ms,
                    after=after,
                )
