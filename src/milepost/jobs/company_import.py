"""The job that imports companies from a file in its folder; its result counts lines by outcome."""

from __future__ import annotations

from typing import Any, Final

from milepost.control.company_import.reading import CompanyFile
from milepost.control.company_import.running import Import
from milepost.control.repos.import_lines import count_outcomes
from milepost.control.session import Database
from milepost.domain.errors import NotFoundError
from milepost.jobs.port import RunningJob
from milepost.kit.clock import Clock

FILE: Final = "companies.csv"
"""The uploaded file's name in the job's folder."""


class CompanyImport:
    """The handler. A cancelled import leaves done what is in its report; importing the file again does the rest."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def __call__(self, job: RunningJob) -> dict[str, Any]:
        """Import the file, from where an earlier attempt left off."""
        try:
            content = (job.folder / FILE).read_bytes()
        except FileNotFoundError:
            raise NotFoundError("The uploaded file is gone; upload it again.") from None
        file = CompanyFile(content, job.params["key_spaces"])
        total = job.params["lines"]
        running = Import(self._database, self._clock, job_id=job.id, actor=job.actor)
        for done in running.run(file):
            job.progress(done, total, "lines")
        with self._database.read() as session:
            counts = count_outcomes(session, job.id)
        return {"lines": sum(counts.values()), **{outcome.value: count for outcome, count in counts.items()}}
