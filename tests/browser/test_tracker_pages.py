"""How the script is placed in a page, and what it sees without a call, in Chromium."""

from collections.abc import Callable

import pytest


@pytest.mark.timeout(900)
def test_the_script_works_where_it_is_placed_and_sees_pages_and_clicks_in_chromium(
    in_a_browser: Callable[..., list[str]], chromium: str
) -> None:
    assert (
        in_a_browser("snippet.test.ts", "placement.test.ts", "pages.test.ts", "clicks.test.ts", CHROMIUM=chromium) == []
    )
