"""An export: everything that is found, in one file of the job's folder, for a bounded time.

Takes a search whose events are marked; gives the receipt. An export that is made again begins anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from milepost.domain.privacy import Exported, Receipt
from milepost.erase.export import sha256_of, write_export
from milepost.erase.ports import Premises
from milepost.erase.records import company_records
from milepost.erase.search import Search
from milepost.jobs.port import RunningJob
from milepost.kit.clock import to_datetime
from milepost.record.forget import find_mentioning
from milepost.store.marks import Marks

KEPT_MS: Final = 7 * 86_400_000
"""For how long an export can be fetched."""


def export_file(jobs: Path, request_id: object) -> Path:
    """Where the file of an export lies while it is kept."""
    return jobs / str(request_id) / "export.zip"


def export(job: RunningJob, search: Search, premises: Premises, marks: Marks, upto_ms: int) -> Receipt:
    """Write the file; whole or not there."""
    of_log = marks.counts()
    total = sum(count for name, count in of_log.items() if name != "signals")
    rejections = find_mentioning(premises.rejections, search.pattern, upto_ms) if search.pattern else []
    draft = _draft(premises.jobs, job.id)
    with premises.database.read() as session:
        written = write_export(
            draft,
            marks=marks,
            signals=search.signals,
            records=company_records(session, search.known, premises.jobs),
            rejections=rejections,
            progress=lambda done: job.progress(done, total, "events"),
        )
    file = export_file(premises.jobs, job.id)
    draft.chmod(0o600)
    draft.replace(file)
    now_ms = premises.clock()
    return Receipt(
        upto=to_datetime(upto_ms),
        finished_at=to_datetime(now_ms),
        counts={**of_log, "records": written["records"], "rejections": written["rejections"]},
        export=Exported(bytes=file.stat().st_size, sha256=sha256_of(file), expires_at=to_datetime(now_ms + KEPT_MS)),
    )


def delete_export(jobs: Path, request_id: object) -> None:
    """Let go of an export's file, if it is still there, and of one that was not finished."""
    for file in (export_file(jobs, request_id), _draft(jobs, request_id)):
        file.unlink(missing_ok=True)


def _draft(jobs: Path, request_id: object) -> Path:
    return jobs / str(request_id) / "draft.zip"
