"""The limit of accept: the same kind of server, answering every request with an empty 202. `python -m ... PORT`."""

from __future__ import annotations

import sys
from typing import Any

import uvloop
from granian.constants import Interfaces

from milepost.operate.listener import make_server


class Empty:
    """Reads nothing, says 202."""

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        protocol.response_empty(202, [])


async def _serve(port: int) -> None:
    await make_server(Empty(), interface=Interfaces.RSGI, host="127.0.0.1", port=port, tls=None).serve()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
