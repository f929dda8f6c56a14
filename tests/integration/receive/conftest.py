"""A real api listener over a real journal, for tests that speak HTTP to it."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import pytest
import uvloop

from milepost.cli.local import trusting
from milepost.domain.connection import ConnectionKind, RateLimit
from milepost.domain.event import Submission
from milepost.observe.health import Readiness
from milepost.operate.listener import Listener, make_api_server
from milepost.operate.tls import TlsFiles, prepare_tls
from milepost.receive.admission import Admission
from milepost.receive.app import IngestApp
from milepost.receive.book import make_book
from milepost.receive.client_ip import ClientIp
from milepost.receive.rejections import Refused
from milepost.receive.routes import make_routes
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter
from milepost.testing.doors import known
from milepost.testing.service import free_port

BODY_LIMIT = 200_000
BODY_SECONDS = 0.5
ONE_IN_HALF_AN_HOUR = RateLimit(events_per_second=1 / 1800, burst=1)


@dataclass(slots=True)
class ApiListener:
    """The listener's address, and what it has put into its journal."""

    folder: Path
    admission: Admission = field(default_factory=lambda: Admission(reserve_bytes=1, clock=lambda: 0.0))
    url: str = ""
    tls: TlsFiles | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    server: Listener | None = None
    loop: asyncio.AbstractEventLoop | None = None
    app: IngestApp | None = None

    def take_refused(self) -> tuple[list[Refused], dict[tuple[str, str, bool], int]]:
        """What the listener has noted of refusals since the last time, and what it has counted."""
        assert self.loop is not None
        assert self.app is not None
        return asyncio.run_coroutine_threadsafe(_taken(self.app), self.loop).result(10)

    def submissions(self) -> list[Submission]:
        """Everything in the journal, in order."""
        reader = SqliteJournalReader(self.folder)
        try:
            return [
                msgspec.msgpack.decode(located.entry, type=Submission)
                for located in reader.read(0, 0, 100_000, 1 << 30)
            ]
        finally:
            reader.close()

    async def serve(self) -> None:
        """Answer until stopped."""
        self.loop = asyncio.get_running_loop()
        journal = SqliteJournalWriter(self.folder, 0, loop=self.loop)
        app = IngestApp(
            routes=make_routes(b"k" * 32, lambda: Readiness(ready=True, reasons=(), lag_entries=0)),
            journal=journal,
            body_bytes=BODY_LIMIT,
            client_ip=ClientIp(()),
            admit=self.admission,
        )
        self.app = app
        app.book = make_book(
            [
                known("handler", ConnectionKind.EVENT_HANDLER),
                known("handler-off", ConnectionKind.EVENT_HANDLER, is_enabled=False),
                known("machine", ConnectionKind.MACHINE_TO_MACHINE),
                known("script", ConnectionKind.TRACKING_SCRIPT, allowed_origins=("https://app.example",)),
                known("script-off", ConnectionKind.TRACKING_SCRIPT, is_enabled=False),
                known("custom", ConnectionKind.CUSTOM_EVENTS),
                known("example", ConnectionKind.CUSTOM_EVENTS),
                known("custom-off", ConnectionKind.CUSTOM_EVENTS, is_enabled=False),
                known("handler-limited", ConnectionKind.EVENT_HANDLER, rate_limit=ONE_IN_HALF_AN_HOUR),
                known("script-limited", ConnectionKind.TRACKING_SCRIPT, rate_limit=ONE_IN_HALF_AN_HOUR),
                known("custom-limited", ConnectionKind.CUSTOM_EVENTS, rate_limit=ONE_IN_HALF_AN_HOUR),
            ]
        )
        port = free_port()
        self.server = make_api_server(
            app, host="127.0.0.1", port=port, tls=self.tls, body_bytes=BODY_LIMIT, body_seconds=BODY_SECONDS
        )
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        self.ready.set()
        try:
            await self.server.serve()
        finally:
            journal.close()


async def _taken(app: IngestApp) -> tuple[list[Refused], dict[tuple[str, str, bool], int]]:
    return app.rejections.take(), dict(app.tally.take().refusals)


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiListener]:
    """Serving on loopback until the module's tests are done."""
    api = ApiListener(folder=tmp_path_factory.mktemp("journal"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path_factory.mktemp("metrics")))  # where /metrics looks
        yield from _serving(api)


@pytest.fixture(scope="module")
def secure_listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiListener]:
    """The same over TLS, by a certificate of its own."""
    tls = prepare_tls("auto", tmp_path_factory.mktemp("tls"), "127.0.0.1", ())
    yield from _serving(ApiListener(folder=tmp_path_factory.mktemp("journal"), tls=tls))


def _serving(api: ApiListener) -> Iterator[ApiListener]:
    thread = threading.Thread(target=lambda: uvloop.run(api.serve()))
    thread.start()
    assert api.ready.wait(30)
    transport = httpx.HTTPTransport(retries=20, verify=trusting(str(api.tls.ca)) if api.tls else True)
    with httpx.Client(transport=transport) as client:
        assert client.get(f"{api.url}/health").status_code == 200
    yield api
    assert api.loop is not None
    assert api.server is not None
    api.loop.call_soon_threadsafe(api.server.stop)
    thread.join(30)
    assert not thread.is_alive()
