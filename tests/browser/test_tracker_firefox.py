"""The main promises in Debian's Firefox."""

from collections.abc import Callable

import pytest


@pytest.mark.timeout(900)
def test_the_tracking_script_keeps_its_main_promises_in_firefox(
    in_a_browser: Callable[..., list[str]], firefox: str
) -> None:
    assert in_a_browser("engines/firefox.test.ts", FIREFOX=firefox) == []
