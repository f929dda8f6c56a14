"""The servers of both listeners, inside their process's own event loop: ours for the doors, granian for the app."""

from __future__ import annotations

import asyncio
import resource
import ssl
from typing import Any, Protocol, cast

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from milepost.operate.tls import TlsFiles
from milepost.receive.http.bounds import Bounds
from milepost.receive.http.port import Application
from milepost.receive.http.server import HttpServer

_MOST_CONNECTIONS = 16_384
_LOOK_SECONDS = 0.02
_HEADER_SECONDS = 10
_HEADER_BYTES = 64 * 1024
_OTHER_FILES = 256


class Listener(Protocol):
    """A server of this process's event loop."""

    async def serve(self) -> None:
        """Answer until stopped."""

    def stop(self) -> None:
        """Take no more connections and finish the requests under way."""


def make_api_server(
    app: Application, *, host: str, port: int, tls: TlsFiles | None, body_bytes: int, body_seconds: float
) -> Listener:
    """The listener of the doors: HTTP/1.1, by TLS 1.2 or later unless `tls` is None.

    It has as many connections as the process may have open files, at most; see `Bounds` for its other bounds.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    bounds = Bounds(
        body_bytes=body_bytes,
        body_seconds=body_seconds,
        head_seconds=_HEADER_SECONDS,
        head_bytes=_HEADER_BYTES,
        connections=max(1, min(_MOST_CONNECTIONS, files - _OTHER_FILES)),
    )
    return HttpServer(app, host=host, port=port, tls=_tls_context(tls) if tls else None, bounds=bounds)


def _tls_context(tls: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = _SayingWhy
    context.load_cert_chain(tls.certificate, tls.key)
    return context


class _SayingWhy(ssl.SSLObject):
    """Sends the alert of a handshake that failed: the loop drops the connection without it, and its client guesses."""

    _failed: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """See ssl. A failure looks like waiting at first: the loop then writes what there is, and the client goes."""
        if self._failed is not None:
            raise self._failed
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self._failed = error
            raise ssl.SSLWantReadError from error


def make_server(app: Any, *, interface: Interfaces, host: str, port: int, tls: TlsFiles | None) -> Listener:
    """A listener of granian with TLS 1.2 or later, or plain HTTP/1.1."""
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
