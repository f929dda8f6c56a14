"""The console's built files at `/`, with their headers: takes the folder of the built console, gives its answers.

`/api` and addresses that are no page of the console are passed on: an unknown one stays a refusal, never a page.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

CONSOLE_FOLDER: Final = Path(str(files("milepost.static"))) / "console"
NOT_BUILT: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Milepost</title><h1>The console is not built</h1>'
    "<p>This installation is a checkout without it. Build it with <code>make setup</code>, and start Milepost again."
    '<p>The API is here all the same: <a href="/api/docs">its description</a>.</html>'
)
_CODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file in every coding that it was built in, the plain one as ""."""

    bodies: Mapping[str, bytes]
    media_type: str
    cache_control: str
    tag: str


class ConsoleFiles:
    """See the module. An ASGI layer; reads the folder once, and takes nothing over where it is not there."""

    def __init__(self, app: ASGIApp, folder: Path = CONSOLE_FOLDER) -> None:
        self._app = app
        self._files = _read(folder)
        self._pages = frozenset(json.loads(self._files["/pages.json"].bodies[""])) if self._files else frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A file, the page for an address of the console's own, or what the rest of the app says."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        found = self._find(scope["path"])
        if found is None:
            await self._app(scope, receive, send)
            return
        await _answer(found, scope)(scope, receive, send)

    def _find(self, path: str) -> _File | None:
        if not self._files:
            return None
        first = path.split("/")[1] if path.startswith("/") else ""
        if path == "/" or (first and first in self._pages):
            return self._files["/index.html"]
        return self._files.get(path)


def not_built() -> HTMLResponse:
    """What `/` says in a checkout where nothing was built."""
    return HTMLResponse(NOT_BUILT, status_code=503)


def _read(folder: Path) -> Mapping[str, _File]:
    if not (folder / "index.html").is_file():
        return {}
    return {
        f"/{file.relative_to(folder).as_posix()}": _file(file)
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in (".br", ".gz")
    }


def _file(file: Path) -> _File:
    body = file.read_bytes()
    packed = {coding: file.with_name(file.name + ending) for coding, ending in _CODINGS}
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    media_type = _TYPES.get(file.suffix, f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed)
    return _File(
        bodies={"": body} | {coding: path.read_bytes() for coding, path in packed.items() if path.is_file()},
        media_type=media_type,
        cache_control=_FOR_EVER if file.parent.name == "assets" else "no-cache",
        tag=sha256(body).hexdigest()[:32],
    )


def _answer(file: _File, scope: Scope) -> Response:
    asked = Headers(scope=scope)
    accepted = {
        one.partition(";")[0].strip() for one in asked.get("accept-encoding", "").split(",") if "q=0" not in one
    }
    coding = next((name for name, _ in _CODINGS if name in accepted and name in file.bodies), "")
    tag = f'"{file.tag}{coding and "-" + coding}"'
    headers = {
        "cache-control": file.cache_control,
        "etag": tag,
        "vary": "accept-encoding",
        "content-security-policy": _policy(),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    }
    if scope["app"].state.deps.is_tls and _is_named(asked.get("host", "")):
        headers["strict-transport-security"] = "max-age=31536000"
    if tag in [one.strip() for one in asked.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    if coding:
        headers["content-encoding"] = coding
    headers["content-type"] = file.media_type
    return Response(file.bodies[coding], headers=headers)


def _policy() -> str:
    """No script but our own files. Styles may stand in elements: the component base writes some as it runs."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _is_named(host: str) -> bool:
    """Browsers keep the order for TLS by name: that of an address is ignored, and localhost has other services too."""
    try:
        name = urlsplit(f"//{host}").hostname or "localhost"
    except ValueError:  # no host at all, as "["
        return False
    try:
        ip_address(name)
    except ValueError:
        return name != "localhost" and not name.endswith(".localhost")
    return False
