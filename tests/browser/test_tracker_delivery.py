"""What a page sends arrives once, in Chromium: over failing networks, and while it is left."""

from collections.abc import Callable

import pytest


@pytest.mark.timeout(900)
def test_what_a_page_sends_arrives_once_in_chromium(in_a_browser: Callable[..., list[str]], chromium: str) -> None:
    assert in_a_browser("delivery.test.ts", "leaving.test.ts", "restart.test.ts", CHROMIUM=chromium) == []
