"""The limit of accept: the same kind of server, answering every request with an empty 202. `python -m ... PORT`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import uvloop

from milepost.domain.errors import MilepostError
from milepost.operate.listener import make_api_server
from milepost.receive.door import Answer
from milepost.receive.http.port import Head, Reply

_ACCEPTED = Answer(status=202, headers=())


class Empty:
    """Looks at nothing, says 202."""

    early = None

    def open(self, head: Head) -> Empty:
        """Every request is the same."""
        return self

    def whole(self, body: bytes, answer: Callable[[Reply], None]) -> None:
        """202."""
        answer(_ACCEPTED)

    def refuse(self, error: MilepostError) -> Reply:
        """Never asked for by a benchmark."""
        return Answer(status=error.status)

    def is_behind(self) -> bool:
        """Nothing is kept."""
        return False


async def _serve(port: int) -> None:
    await make_api_server(
        Empty(), host="127.0.0.1", port=port, tls=None, body_bytes=8 * 1024 * 1024, body_seconds=30.0
    ).serve()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
