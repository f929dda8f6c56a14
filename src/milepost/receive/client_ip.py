"""Whose request it is: the peer's address, or what a proxy that the operator named says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

_MOST_HOPS = 32


class ClientIp:
    """Reads `X-Forwarded-For` from the right, believing it only as far as the hops are trusted proxies."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        self._trusted: tuple[IPv4Network | IPv6Network, ...] = tuple(
            ip_network(proxy, strict=False) for proxy in trusted_proxies
        )

    def of(self, peer: str, headers: Mapping[str, str]) -> str:
        """The client's address without its port."""
        client = _without_port(peer)
        if not self._trusted or not self._is_trusted(client):
            return client
        for hop in reversed(headers.get("x-forwarded-for", "").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]):
            address = hop.strip()
            if not _is_address(address):
                break
            client = address
            if not self._is_trusted(address):
                break
        return client

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _without_port(peer: str) -> str:
    host, _, _ = peer.rpartition(":")
    return host.strip("[]") or peer
