"""The main promises in WebKit, where it can be installed."""

from collections.abc import Callable

import pytest


@pytest.mark.timeout(900)
def test_the_tracking_script_keeps_its_main_promises_in_webkit(
    in_a_browser: Callable[..., list[str]], webkit: str
) -> None:
    assert in_a_browser("engines/webkit.test.ts", WEBKIT_DRIVER=webkit) == []
