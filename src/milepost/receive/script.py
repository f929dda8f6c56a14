"""`GET /mcx.js`: the built tracking script, cached by browsers for a while and confirmed by its ETag after that."""

from __future__ import annotations

import gzip
from hashlib import sha256
from importlib.resources import files

from milepost.domain.errors import MilepostError, UnavailableError
from milepost.receive.door import Answer, Book, Request
from milepost.receive.refusals import refuse

_LONGEST_ACCEPTED = 500
_FRESH_SECONDS = 300
"""How long a browser uses it without asking; a release reaches every page soon after."""


class ScriptDoor:
    """Serves what `make setup` built; read once."""

    name = "script"

    def __init__(self) -> None:
        built = files("milepost.static") / "mcx.js"
        self._plain = built.read_bytes() if built.is_file() else None
        self._gzipped = gzip.compress(self._plain or b"", mtime=0)
        self._etag = f'"{sha256(self._plain or b"").hexdigest()[:32]}"'

    def knock(self, request: Request, book: Book) -> None:
        """See receive/door.py; the script is open to anyone."""

    def read(self, request: Request, book: Book) -> Answer:
        """The script, or 304 to a browser that has it; UnavailableError where it was never built."""
        if self._plain is None:
            raise UnavailableError("The tracking script is not built; run: make setup", retry_after_seconds=60)
        headers = (
            ("content-type", "text/javascript; charset=utf-8"),
            ("cache-control", f"public, max-age={_FRESH_SECONDS}"),
            ("etag", self._etag),
            ("vary", "accept-encoding"),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("x-content-type-options", "nosniff"),
        )
        if self._etag in request.headers.get("if-none-match", ""):
            return Answer(status=304, headers=headers)
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            return Answer(status=200, body=self._gzipped, headers=(*headers, ("content-encoding", "gzip")))
        return Answer(status=200, body=self._plain, headers=headers)

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
