"""Clients of the HTTP layer over real TCP, in the test's own event loop: a test knows when the server has read.

Takes an application and its bounds; gives connections whose bytes arrive in the pieces that the test says.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from contextlib import suppress
from dataclasses import dataclass

from milepost.receive.http.bounds import Bounds
from milepost.receive.http.connection import Connection
from milepost.receive.http.port import Application
from milepost.receive.http.server import HttpServer

_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Client:
    """One connection, seen from its client."""

    sent: socket.socket
    accepted: socket.socket

    async def send(self, *pieces: bytes) -> None:
        """Each piece once the server has read the one before, as far as it reads at all."""
        loop = asyncio.get_running_loop()
        for piece in pieces:
            try:
                await loop.sock_sendall(self.sent, piece)
            except (BrokenPipeError, ConnectionResetError):
                return
            await self.read_by_server()

    async def read_by_server(self) -> None:
        """Return once nothing that was sent waits to be read."""
        async with asyncio.timeout(_SECONDS):
            while _unread(self.accepted):  # noqa: ASYNC110  # the kernel sets no event of asyncio's
                await asyncio.sleep(0)

    async def receive(self, until: bytes = b"") -> bytes:
        """What the server sends, up to what is looked for, or to the end of the connection."""
        loop = asyncio.get_running_loop()
        received = b""
        async with asyncio.timeout(_SECONDS):
            while not until or until not in received:
                try:
                    piece = await loop.sock_recv(self.sent, 1 << 20)
                except ConnectionResetError:
                    break
                if not piece:
                    break
                received += piece
        return received

    def end(self) -> None:
        """Say that nothing more will be sent; answers can still be read."""
        with suppress(OSError):  # the server may have ended the connection before
            self.sent.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Leave as a program does that ends."""
        self.sent.close()

    def reset(self) -> None:
        """Leave as a machine does that loses power and is asked again."""
        self.sent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sent.close()


class Wire:
    """A server without a port: `server` may be looked at and stopped by the test."""

    def __init__(self, application: Application, bounds: Bounds | None = None) -> None:
        self.server = HttpServer(application, host="127.0.0.1", port=0, tls=None, bounds=bounds or Bounds())
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)

    async def connect(self) -> Client:
        """A new connection, which the server has already taken."""
        loop = asyncio.get_running_loop()
        client = socket.create_connection(self._listening.getsockname())
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        accepted, _ = self._listening.accept()
        accepted.setblocking(False)
        await loop.connect_accepted_socket(lambda: Connection(self.server, loop), accepted)
        return Client(client, accepted)

    async def exchange(self, *pieces: bytes) -> bytes:
        """Send the pieces and nothing more; everything that is answered."""
        client = await self.connect()
        try:
            await client.send(*pieces)
            client.end()
            return await client.receive()
        finally:
            client.close()

    async def until_alone(self) -> None:
        """Return once the server has forgotten every connection."""
        async with asyncio.timeout(_SECONDS):
            while self.server.connections:  # noqa: ASYNC110  # a turn of the loop at a time is what is wanted
                await asyncio.sleep(0)

    def close(self) -> None:
        """No more connections."""
        self._listening.close()


def _unread(accepted: socket.socket) -> int:
    if accepted.fileno() < 0:
        return 0
    waiting = fcntl.ioctl(accepted.fileno(), termios.FIONREAD, b"\0" * 4)
    return int(struct.unpack("i", waiting)[0])
