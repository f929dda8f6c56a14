"""What the console API works with, put together once at start; routes get it as an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from milepost.control.session import Database
from milepost.domain.identities import Identities
from milepost.kit.clock import Clock
from milepost.record.rejections import RejectionReader
from milepost.web.feeds import Feeds
from milepost.web.live import LiveStreams
from milepost.web.ports import Doors, EventLog, Foresight, Histories, Judging, MetricValues, Privacy, Snapshots, Tallies
from milepost.web.sign_in import SignInDesk
from milepost.web.spreads import Spreads


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDeps:
    """`api_url` is the base of the api listener, for tracking scripts; `is_tls` marks the session cookie Secure, and
    `ca_file` is the CA that senders must be told to trust, where it is our own.

    `jobs_folder` is where an upload is put for its job. `wait_for_doors` returns once the front doors know the
    connections as of a revision, or after a few seconds. `end_statements` ends what the
    store does for an asker (kit/asking.py). A request's body may take `body_seconds` to arrive, and the
    reader of an answer may stop for `reader_seconds`.
    """

    database: Database
    secrets_key: bytes = field(repr=False)
    tokens_key: bytes = field(repr=False)
    clock: Clock
    event_log: EventLog
    feeds: Feeds
    live: LiveStreams
    tallies: Tallies
    rejections: RejectionReader
    metrics: MetricValues
    judging: Judging
    identities: Callable[[], Identities]
    histories: Histories
    foresight: Foresight
    doors: Doors
    api_url: str
    is_tls: bool
    sign_in: SignInDesk
    snapshots: Snapshots
    privacy: Privacy
    jobs_folder: Path
    wait_for_doors: Callable[[int], object] = lambda _revision: None
    end_statements: Callable[[str], None] = lambda _asker: None
    body_seconds: float = 30.0
    reader_seconds: float = 30.0
    ca_file: Path | None = None
    spreads: Spreads = field(default_factory=Spreads)


def _of_app(request: Request) -> WebDeps:
    deps = request.app.state.deps
    assert isinstance(deps, WebDeps)
    return deps


Deps = Annotated[WebDeps, Depends(_of_app)]
