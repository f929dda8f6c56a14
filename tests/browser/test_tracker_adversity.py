"""The script holds without a network, on hostile pages, and to what the user allows, in Chromium."""

from collections.abc import Callable

import pytest


@pytest.mark.timeout(900)
def test_the_script_holds_in_adversity_in_chromium(in_a_browser: Callable[..., list[str]], chromium: str) -> None:
    assert (
        in_a_browser(
            "offline.test.ts", "hostile.test.ts", "privacy.test.ts", "engines/chromium.test.ts", CHROMIUM=chromium
        )
        == []
    )
