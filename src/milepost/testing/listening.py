"""A console behind a real server on loopback, for tests of what only a socket shows: streams, slow readers, breaks.

Takes the app and its live streams; gives the base address for the length of a block, and stops as the app process does.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from fastapi import FastAPI
from granian.constants import Interfaces

from milepost.observe.logs import configure_logs
from milepost.operate.listener import make_server, until_listening
from milepost.testing.service import free_port
from milepost.web.live import LiveStreams

_HOST: Final = "127.0.0.1"
_SECONDS: Final = 30.0


@dataclass(slots=True, kw_only=True)
class Listening:
    """A server in a thread with an event loop of its own; `stop` may be called any number of times."""

    app: FastAPI
    live: LiveStreams
    port: int = field(default_factory=free_port)
    _thread: threading.Thread = field(init=False)
    _is_up: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _stop: asyncio.Event = field(init=False)

    def start(self) -> None:
        """Return once it listens."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="listening")
        self._thread.start()
        assert self._is_up.wait(_SECONDS)

    def stop(self) -> None:
        """End the streams, then the server; AssertionError when that takes longer than any test should."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_SECONDS)
            assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = make_server(self.app, interface=Interfaces.ASGI, host=_HOST, port=self.port, tls=None)
        serving = asyncio.ensure_future(server.serve())
        await until_listening(_HOST, self.port, serving)
        self._is_up.set()
        await self._stop.wait()
        closing = asyncio.ensure_future(self.live.close())
        server.stop()
        await serving
        await closing


@contextmanager
def listening(app: FastAPI, live: LiveStreams) -> Iterator[Listening]:
    """The server for the length of a block; logs are as the service has them, since others hold up the loop."""
    configure_logs("tests")
    server = Listening(app=app, live=live)
    server.start()
    try:
        yield server
    finally:
        server.stop()
