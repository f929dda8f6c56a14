"""Where the service that runs on a data folder can be reached: written at start, read by the command line."""

from __future__ import annotations

from pathlib import Path

import msgspec

from milepost.domain.errors import OperatorError
from milepost.observe import paths


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Base URLs of both listeners, and the CA file to trust (None: the system's, or no TLS).

    `public_url` is where the rest of the world reaches the front doors.
    """

    api_url: str
    app_url: str
    ca_file: str | None
    public_url: str | None = None


def write_service(data: Path, service: Service) -> None:
    """Say where this service is, and keep it for when it is down."""
    for file in (paths.service(data), paths.last_service(data)):
        file.write_bytes(msgspec.json.encode(service))


def read_last_service(data: Path) -> Service | None:
    """Where the folder's service is, or was when it last ran; None if it never did."""
    try:
        return msgspec.json.decode(paths.last_service(data).read_bytes(), type=Service)
    except (OSError, msgspec.DecodeError):
        return None


def read_service(data: Path) -> Service:
    """Where the folder's service is; OperatorError if none has been started since it was last cleaned up."""
    try:
        return msgspec.json.decode(paths.service(data).read_bytes(), type=Service)
    except FileNotFoundError:
        raise OperatorError(
            f"No Milepost runs on {data}. Start it with: milepost serve --data {data} (or name another --data folder)."
        ) from None
