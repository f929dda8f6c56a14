"""`GET /mcx.js`: the built tracking script, cached by browsers for a while and confirmed by its ETag after that.

`GET /mcx.js?auto` is its second part, which the first loads on pages that track what happens without a call.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from milepost.domain.errors import MilepostError, UnavailableError
from milepost.receive.door import Answer, Book, Request
from milepost.receive.refusals import refuse

_LONGEST_ACCEPTED = 500
_FRESH_SECONDS = 300
"""How long a browser uses it without asking; a release reaches every page soon after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    plain: bytes
    gzipped: bytes
    etag: str

    @classmethod
    def of(cls, name: str) -> _Built | None:
        file = files("milepost.static") / name
        if not file.is_file():
            return None
        plain = file.read_bytes()
        return cls(plain=plain, gzipped=gzip.compress(plain, mtime=0), etag=f'"{sha256(plain).hexdigest()[:32]}"')


class ScriptDoor:
    """Serves what `make setup` built; read once."""

    name = "script"

    def __init__(self) -> None:
        self._script = _Built.of("mcx.js")
        self._automatic = _Built.of("mcx-auto.js")

    def knock(self, request: Request, book: Book) -> None:
        """See receive/door.py; the script is open to anyone."""

    def read(self, request: Request, book: Book) -> Answer:
        """The script, or 304 to a browser that has it; UnavailableError where it was never built."""
        built = self._automatic if request.query == "auto" else self._script
        if built is None:
            raise UnavailableError("The tracking script is not built; run: make setup", retry_after_seconds=60)
        headers = (
            ("content-type", "text/javascript; charset=utf-8"),
            ("cache-control", f"public, max-age={_FRESH_SECONDS}"),
            ("etag", built.etag),
            ("vary", "accept-encoding"),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("x-content-type-options", "nosniff"),
        )
        if built.etag in request.headers.get("if-none-match", ""):
            return Answer(status=304, headers=headers)
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            return Answer(status=200, body=built.gzipped, headers=(*headers, ("content-encoding", "gzip")))
        return Answer(status=200, body=built.plain, headers=headers)

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding lists gzip, or anything, with another weight than zero (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for entry in accepted.lower()[:_LONGEST_ACCEPTED].split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weights[name] = min((_weight(parameter) for parameter in parameters), default=1.0)
    given = [weights[name] for name in ("gzip", "x-gzip") if name in weights]
    return max(given, default=weights.get("*", 0.0)) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
