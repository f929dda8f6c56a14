"""Every link of the documentation leads somewhere, and every file that it names is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "src/**/*.md", "integrations/*/README.md", "tracker/*.md", "console/*.md")
    for page in ROOT.glob(pattern)
    if "node_modules" not in page.parts
)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
FILE = re.compile(r"`([\w.-]+(?:/[\w.*-]+)+\.(?:py|ts|sql|md|txt|toml|sh))`")


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> Iterator[str]:
    for target in LINK.findall(prose(page)):
        if not target.startswith(("http://", "https://", "mailto:")):
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                yield target


def unknown_files(page: Path) -> Iterator[str]:
    """Files are named from the root, from src/milepost, or from the page's own folder."""
    for name in FILE.findall(prose(page)):
        if not any(list(base.glob(name)) for base in (ROOT, ROOT / "src" / "milepost", page.parent)):
            yield name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_named_files_are_there(page: Path) -> None:
    assert [*broken(page), *unknown_files(page)] == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
