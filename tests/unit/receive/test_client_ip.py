"""Whose request it is."""

import pytest

from milepost.receive.client_ip import ClientIp


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        pytest.param((), "9.9.9.9:5", "1.1.1.1", "9.9.9.9", id="no proxy is trusted"),
        pytest.param(("10.0.0.0/8",), "9.9.9.9:5", "1.1.1.1", "9.9.9.9", id="the peer is no trusted proxy"),
        pytest.param(("10.0.0.0/8",), "10.1.1.1:5", "1.1.1.1", "1.1.1.1", id="one trusted proxy"),
        pytest.param(("10.0.0.0/8",), "10.1.1.1:5", "6.6.6.6, 1.1.1.1", "1.1.1.1", id="the client made up a hop"),
        pytest.param(("10.0.0.0/8",), "10.1.1.1:5", "1.1.1.1, 10.2.2.2", "1.1.1.1", id="two trusted proxies"),
        pytest.param(("10.0.0.0/8",), "10.1.1.1:5", "nonsense", "10.1.1.1", id="nonsense in the header"),
        pytest.param(("::1",), "[::1]:5", "2001:db8::1", "2001:db8::1", id="version 6"),
    ],
)
def test_the_clients_address_is_what_the_last_untrusted_hop_says(
    trusted: tuple[str, ...], peer: str, forwarded: str, expected: str
) -> None:
    assert ClientIp(trusted).of(peer, {"x-forwarded-for": forwarded}) == expected
