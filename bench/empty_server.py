"""The limits of accept: servers that answer every request with an empty 202. `python -m ... granian|ours PORT`.

Granian is the one that figures over the years are compared with; ours shows what the layer of the doors costs alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import uvloop
from granian.constants import Interfaces

from milepost.domain.errors import MilepostError
from milepost.operate.listener import make_api_server, make_server
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


class EmptyOfGranian:
    """The same in Rust, but for one call."""

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Reads nothing."""
        protocol.response_empty(202, [])


async def _serve(server: str, port: int) -> None:
    if server == "granian":
        app = EmptyOfGranian()
        await make_server(app, interface=Interfaces.RSGI, host="127.0.0.1", port=port, tls=None).serve()
    else:
        await make_api_server(
            Empty(), host="127.0.0.1", port=port, tls=None, body_bytes=8 * 1024 * 1024, body_seconds=30.0
        ).serve()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], int(sys.argv[2])))
