"""Listens, looks at the clock for all connections at once, and drains: one server in the process's own event loop.

A timer a request would cost a tenth of it; so one look every quarter second finds what is overdue.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import Final

from milepost.receive.http.bounds import Bounds
from milepost.receive.http.connection import Connection
from milepost.receive.http.owner import Held
from milepost.receive.http.port import Application
from milepost.receive.http.writer import date_line

_LOOK_SECONDS: Final = 0.25
_HELD_SECONDS: Final = 0.005
_BACKLOG: Final = 2048
_ABOVE: Final = 1.1
"""Up to so much more than the most connections, one is told that there are too many; beyond, it is cut."""


class HttpServer:
    """See the module. For one event loop; several processes may listen on one port."""

    def __init__(
        self, application: Application, *, host: str, port: int, tls: ssl.SSLContext | None, bounds: Bounds
    ) -> None:
        self.application = application
        self.bounds = bounds
        self.scheme = "http" if tls is None else "https"
        self.is_draining = False
        self._host = host
        self._port = port
        self._tls = tls
        self.connections: set[Held] = set()
        self._held: list[Held] = []
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._is_empty = asyncio.Event()
        self._look()

    async def serve(self) -> None:
        """Answer until stopped, then until what is under way is answered. OSError when the port is taken."""
        is_tls = self._tls is not None
        host, port = await self._address()
        listening = await self._loop.create_server(
            lambda: Connection(self, self._loop),
            host,
            port,
            backlog=_BACKLOG,
            reuse_port=True,
            ssl=self._tls,
            ssl_handshake_timeout=self.bounds.head_seconds if is_tls else None,
            ssl_shutdown_timeout=self.bounds.close_seconds if is_tls else None,
        )
        looking = asyncio.create_task(self.watch())
        try:
            await self._stopping.wait()
            listening.close()
            await self._until_empty()
        finally:
            looking.cancel()
            listening.close()

    def stop(self) -> None:
        """Take no more connections and finish the requests under way."""
        self.is_draining = True
        self._stopping.set()

    # What a connection asks of its owner.

    def has_room(self, connection: Held) -> bool:
        """See `Owner`."""
        most = self.bounds.connections
        if len(self.connections) >= most * _ABOVE:
            connection.abort()
        self.connections.add(connection)
        return len(self.connections) <= most

    def forget(self, connection: Held) -> None:
        """See `Owner`."""
        self.connections.discard(connection)
        if self.is_draining and not self.connections:
            self._is_empty.set()

    def hold(self, connection: Held) -> None:
        """See `Owner`."""
        if not self._held:
            self._loop.call_later(_HELD_SECONDS, self._release)
        self._held.append(connection)

    def _release(self) -> None:
        if self.application.is_behind():
            self._loop.call_later(_HELD_SECONDS, self._release)
            return
        held, self._held = self._held, []
        for connection in held:
            connection.release()

    async def _address(self) -> tuple[str, int]:
        """The one address that the name stands for."""
        found = await self._loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return str(found[0][4][0]), self._port

    async def watch(self) -> None:
        """Look at the clock for all connections, for as long as they are served."""
        while True:
            self._look()
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        self.now = self._loop.time()
        self.date = date_line(time.time())
        for connection in [one for one in self.connections if one.due < self.now]:
            connection.overdue()

    def drain(self) -> None:
        """End what is idle. What is under way is answered, and its connection then ends."""
        for connection in list(self.connections):
            connection.drain()

    async def _until_empty(self) -> None:
        self.drain()
        if self.connections:
            try:
                await asyncio.wait_for(self._is_empty.wait(), self.bounds.drain_seconds)
            except TimeoutError:
                for connection in list(self.connections):
                    connection.abort()
