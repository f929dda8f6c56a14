"""What follows the cut: the marked events leave the store, and every file is cleared of what was read from them.

Each step can be done again, after a crash too. Takes what the cut has settled; gives the checks of the receipt.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from milepost.control.erasure import count_records, pseudonymous_names
from milepost.control.mentions import forget_import_lines, import_lines_of, scrub_imports
from milepost.control.pace import MOST_COPIES
from milepost.control.repos.identities import read_identities
from milepost.control.repos.merging import count_called_otherwise
from milepost.control.repos.privacy import exports_about_the_same
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.domain.errors import UnavailableError
from milepost.domain.fate import Fate
from milepost.domain.privacy import Check, PrivacyAction
from milepost.erase.exporting import delete_export
from milepost.erase.ports import Premises
from milepost.erase.progress import wait_until_processed
from milepost.erase.reduce import Reduction
from milepost.erase.rules import company_pattern, identity_paths, identity_slots
from milepost.erase.search import Search
from milepost.jobs.port import RunningJob
from milepost.kit.scour import scour
from milepost.record.forget import find_mentioning, forget_mentioning
from milepost.record.journal.purge import count_processed, purge_processed
from milepost.store.erasure import delete_rows, nothing_lingers, put_payloads, put_values
from milepost.store.marks import Instant, Marks, emitted_for
from milepost.store.quiet import QuietClient

_PAGE: Final = 5_000
_BACKUP_SECONDS: Final = 3_600.0
_LOOK_SECONDS: Final = 0.5
_MOST_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """The steps, in their order. `told` is told now and then, and may raise when the service stops."""

    job: RunningJob
    action: PrivacyAction
    search: Search
    premises: Premises
    client: QuietClient
    marks: Marks
    told: Callable[[], None]

    @property
    def _is_delete(self) -> bool:
        return self.action is PrivacyAction.DELETE

    @property
    def _cut(self) -> Mapping[str, Any]:
        cut: Mapping[str, Any] = self.job.saved["cut"]
        return cut

    @property
    def _offsets(self) -> dict[int, int]:
        return dict(self._cut["offsets"])

    @property
    def _before_the_cut(self) -> str:
        return Instant(self._cut["batch"], self._cut["upto_ms"]).upto()

    def mark_again(self) -> None:
        """Take in what a definition has brought to light since an earlier attempt."""
        self.search.mark(self.marks, among=self._before_the_cut)

    def count(self) -> None:
        """How much it is, and whom else it concerns: told before anything is gone, and kept."""
        if "counts" in self.job.saved:
            return
        wait_until_processed(self.premises.checkpoints, self._offsets, self.told)
        gone = set(self.search.known.company_ids) if self._is_delete else set()
        counts = {
            **self.marks.counts(),
            **{f"records_{table}": count for table, count in self.job.saved["records"].items()},
            "rejections": self._rejections(),
            "journal_entries": count_processed(self.premises.journal, self._offsets),
        }
        touched = [str(one) for one in self.marks.companies() if one not in gone] if self._is_delete else []
        self.job.save({**self.job.saved, "counts": counts, "touched": touched})

    def store(self) -> None:
        """Delete or rewrite the marked events and what they emitted."""
        marked = f"(request_id, item) IN ({self.marks.sql})"
        with nothing_lingers(self.client, self.told):
            if self._is_delete:
                for table in ("signals", "events"):
                    delete_rows(self.client, table, marked, self.told)
            else:
                delete_rows(self.client, "events", f"fate = 'parked' AND {marked}", self.told)
                slots = identity_slots(self.search.known, self.search.signals, self.search.mentions)
                put_values(self.client, self.marks, self.search.known.pseudonyms, slots, self.told)
                self._reduce_payloads()

    def _reduce_payloads(self) -> None:
        reductions: dict[tuple[UUID, str], Reduction] = {}
        waiting: list[tuple[UUID, int, str]] = []
        for page in self.marks.pages(_PAGE):
            for event in self.marks.events(page):
                group = (event.connection_id, event.event_key)
                if group not in reductions:
                    reductions[group] = self._reduction(*group)
                if event.fate is not Fate.PARKED:
                    waiting.append((event.request_id, event.item, reductions[group](event.payload.encode()).decode()))
            if len(waiting) >= _MOST_AT_ONCE:
                put_payloads(self.client, waiting, self.told)
                waiting = []
        if waiting:
            put_payloads(self.client, waiting, self.told)

    def _reduction(self, connection_id: UUID, event_key: str) -> Reduction:
        group = (connection_id, event_key)
        read = {
            field.path
            for signal in self.search.signals
            if (signal.connection_id, signal.event_key) == group and signal.id in self.search.defined
            for field in signal.fields
        }
        identities = identity_paths(self.search.mentions, connection_id, event_key)
        return Reduction(read, identities, self.search.known.pseudonyms)

    def files(self) -> None:
        """Clear rejections, journal, earlier exports, imports, snapshots, and the control plane's own file."""
        premises = self.premises
        self._drop_snapshots()
        if self.search.pattern is not None:
            forget_mentioning(premises.rejections, self.search.pattern, self._cut["upto_ms"])
        wait_until_processed(premises.checkpoints, self._offsets, self.told)
        purge_processed(premises.journal, self._offsets)
        with premises.database.write() as session:
            exports = exports_about_the_same(session, self.job.id)
            texts = company_pattern(self.search.known)
            imports = scrub_imports(session, texts) if texts is not None else []
        for job_id in imports:
            self._forget_lines(job_id, texts or "")
        for request_id in exports:
            delete_export(premises.jobs, request_id)
        for job_id in imports:  # what was uploaded, whoever is in it, has served its purpose
            shutil.rmtree(premises.jobs / str(job_id), ignore_errors=True)
        self._scour_control()

    def _forget_lines(self, job_id: UUID, pattern: str) -> None:
        """Of an import's report; found before they are forgotten, so that others write meanwhile."""
        with self.premises.database.read() as session:
            lines = [row["line"] for row in import_lines_of(session, job_id, pattern)]
        for start in range(0, len(lines), MOST_COPIES):
            with self.premises.database.write() as session:
                forget_import_lines(session, job_id, lines[start : start + MOST_COPIES])

    def _drop_snapshots(self) -> None:
        """A backup that is being made is waited for: it may take long, and reads what is to be written anew."""
        deadline = time.monotonic() + _BACKUP_SECONDS
        while True:
            try:
                return self.premises.drop_snapshots()
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                self.told()
                time.sleep(_LOOK_SECONDS)

    def _scour_control(self) -> None:
        if self.premises.control_file is not None:
            with (
                closing(sqlite3.connect(self.premises.control_file, isolation_level=None, timeout=10)) as db,
                self.premises.database.standing_still(),
            ):
                scour(db)

    def judge_anew(self) -> None:
        """The judge looks again at every company whose history has lost something."""
        with self.premises.database.read() as session:
            primary_of = read_identities(session).resolve
            touched = sorted({primary_of(UUID(one)) for one in self.job.saved["touched"]})
        for start in range(0, len(touched), MOST_COPIES):
            with self.premises.database.write() as session:
                owe_rejudging(session, touched[start : start + MOST_COPIES], now_ms=self.premises.clock())

    def checks(self) -> tuple[Check, ...]:
        """Search for everything again; UnavailableError, so that it is done again, if anything is found."""
        known = self.search.known
        found = {
            "events that mention the subject": self.search.found_by_content(self.marks, among=self._before_the_cut),
            "signals that hold its values": self.search.found_by_emissions(self.marks, among=self._before_the_cut),
            "rejections that mention the subject": self._rejections(),
            "journal entries from before": count_processed(self.premises.journal, self._offsets),
        }
        if self._is_delete:
            found["events of the request"] = sum(self.marks.counts().values())
        if self._is_delete and known.company_ids:
            found["signals of the company"] = self.marks.count_emitted(emitted_for(known.company_ids))
            with self.premises.database.read() as session:
                found["records of the company"] = sum(count_records(session, known.company_ids).values())
        if not self._is_delete and known.company_ids:
            with self.premises.database.read() as session:
                names = pseudonymous_names(known.company_ids)
                found["names on timelines"] = count_called_otherwise(session, names)
        if any(found.values()):
            raise UnavailableError(f"Something of the subject is still there: {found}.")
        return tuple(Check(searched=what, found=count) for what, count in found.items())

    def _rejections(self) -> int:
        pattern = self.search.pattern
        return len(find_mentioning(self.premises.rejections, pattern, self._cut["upto_ms"])) if pattern else 0
