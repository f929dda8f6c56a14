"""One granian server inside the process's own event loop, with the bounds that both listeners share."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from milepost.operate.tls import TlsFiles

_MOST_CONNECTIONS = 16_384
_LOOK_SECONDS = 0.02
_HEADER_SECONDS = 10
_HEADER_BYTES = 64 * 1024


class Listener(Protocol):
    """A server of this process's event loop."""

    async def serve(self) -> None:
        """Answer until stopped."""

    def stop(self) -> None:
        """Take no more connections and finish the requests under way."""


def make_server(app: Any, *, interface: Interfaces, host: str, port: int, tls: TlsFiles | None) -> Listener:
    """A listener with TLS 1.2 or later, or plain HTTP/1.1."""
    server = Server(
        app,
        address=host,
        port=port,
        interface=interface,
        http=HTTPModes.auto if tls else HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000, max_buffer_size=_HEADER_BYTES),
        websockets=False,
        backlog=2048,
        backpressure=_MOST_CONNECTIONS,
        log_enabled=False,
        ssl_cert=tls.certificate if tls else None,
        ssl_key=tls.key if tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    return cast("Listener", server)


async def until_listening(host: str, port: int, serving: asyncio.Future[None]) -> None:
    """Return once the port takes connections, or once the server has ended, which then says why."""
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            writer.close()
            return
