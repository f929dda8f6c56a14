"""Whoever follows a page word by word gets what the page shows (how: conftest.py)."""

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOWTO = ROOT / "docs" / "howto"
FollowPage = Callable[[str], None]
pytestmark = pytest.mark.timeout(600)  # a page starts thirty processes, which a busy machine takes its time for


def test_the_tutorial_leads_from_an_empty_service_to_an_outcome(
    beside_a_service: Callable[..., FollowPage],
) -> None:
    follow = beside_a_service("trial")
    follow((ROOT / "docs/tutorial/first-outcome.md").read_text())


@pytest.mark.parametrize(
    "page",
    [
        *("send-a-file", "look-up-an-event", "connections-and-keys", "define-a-signal"),
        "follow-and-export-a-signal",
        "apply-to-history",
        *("backup", "operate", "trust-the-certificate", "custom-events", "segment-sdks"),
        *("bring-your-companies-in", "combine-duplicates", "success-plans"),
    ],
)
def test_the_instructions_work_word_by_word(page: str, follow: FollowPage) -> None:
    follow((HOWTO / f"{page}.md").read_text())


def test_the_first_five_minutes_of_the_readme_are_as_it_says(beside_a_service: Callable[..., FollowPage]) -> None:
    follow = beside_a_service(".data", MILEPOST_DEMO="true")
    follow((ROOT / "README.md").read_text())
