"""What a privacy request says of how far it is: how many of its steps are done, or, of an export, of its events.

Takes the job. Refuses to be broken off by a wish to cancel once it is too late for that.
"""

from __future__ import annotations

from typing import Final

from milepost.domain.privacy import PrivacyAction
from milepost.jobs.port import JobCancelledError, RunningJob

STEPS: Final = 8
"""Processed, marked, cut; then counted, gone from the store, gone from files, to be judged anew, searched again."""
STEPS_BEFORE_THE_CUT: Final = 3


class Telling:
    """Of one attempt. How many events an export has is not known before they are marked."""

    def __init__(self, job: RunningJob, action: PrivacyAction) -> None:
        self._job = job
        self._is_export = action is PrivacyAction.EXPORT
        self._done = 0

    def word(self) -> None:
        """Say it, now and then. JobCancelledError, JobInterruptedError."""
        if self._is_export:
            self._job.progress(0, None, "events")
        else:
            self._job.progress(self._done, STEPS, "steps")

    def word_too_late(self) -> None:
        """The same after the cut: a wish to cancel changes nothing; a stop of the service interrupts, as ever."""
        try:
            self.word()
        except JobCancelledError:
            return

    def step_done(self) -> None:
        """One more of the steps up to the cut."""
        self._done += 1
        self.word()

    def late_step_done(self) -> None:
        """One more of those from the cut on, which itself is the first."""
        self._done = max(self._done, STEPS_BEFORE_THE_CUT - 1) + 1
        self.word_too_late()
