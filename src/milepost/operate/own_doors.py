"""The service's own front doors, for test events: sent over loopback, just as any sender would send them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from milepost.operate.tls import TlsFiles
from milepost.settings import Settings
from milepost.web.ports import DoorAnswer

_PATIENCE_SECONDS: Final = 10.0


class OwnDoors:
    """See `web.ports.Doors`. The certificate is not held against the name: it may be another one's, as behind a proxy,
    and the request does not leave this machine."""

    def __init__(self, settings: Settings, tls: TlsFiles | None) -> None:
        self._url = settings.api_url()
        self._trusting: ssl.SSLContext | bool = _trusting(tls)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> DoorAnswer:
        """See `web.ports.Doors`."""
        try:
            answer = httpx.post(
                f"{self._url}{path}",
                content=body,
                headers=dict(headers),
                verify=self._trusting,
                timeout=_PATIENCE_SECONDS,
                trust_env=False,
            )
        except httpx.TransportError as error:
            return DoorAnswer(0, str(error).encode())
        return DoorAnswer(answer.status_code, answer.content)


def _trusting(tls: TlsFiles | None) -> ssl.SSLContext | bool:
    if tls is None:
        return True
    context = ssl.create_default_context(cafile=str(tls.ca or tls.certificate))
    context.check_hostname = False
    return context
