"""The generated parts of the reference say what the code says; `make docs` writes them anew."""

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
import typer.cli
from prometheus_client import Counter, Gauge

import milepost
from milepost.cli import app
from milepost.domain.errors import MilepostError
from milepost.observe import metric_names
from milepost.settings import PREFIX, Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = (heads, tuple("---" for _ in heads), *rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _settings() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, field in Settings.model_fields.items():
            bounds = [
                f"{words} {getattr(bound, sign):,}"
                for bound in field.metadata
                for sign, words in (("ge", "at least"), ("le", "at most"))
                if hasattr(bound, sign)
            ]
            default = "" if field.default in (None, ()) else f"`{str(field.default).replace('False', 'false')}`"
            yield f"`{PREFIX}{name.upper()}`", default, ", ".join(bounds), field.description or ""

    return _table(("name", "default", "bounds", "meaning"), rows())


def _command_line() -> str:
    command = typer.main.get_command(app)
    text = typer.cli.get_docs_for_click(obj=command, ctx=typer.Context(command), name="milepost")
    for said, whole in _summaries(command):
        text = text.replace(f": {said}\n", f": {whole}\n")
    return "\n".join(
        line.replace("# ", "## ", 1) if line.startswith("#") else line for line in text.splitlines()
    ).strip()


def _summaries(command: object) -> Iterator[tuple[str, str]]:
    """What the library makes of each command's help, cut short, and the whole first sentence."""
    for child in getattr(command, "commands", {}).values():
        yield child.get_short_help_str(), " ".join((child.help or "").split("\n\n")[0].split())
        yield from _summaries(child)


def _errors() -> str:
    for module in pkgutil.walk_packages(milepost.__path__, "milepost."):
        if ".migrations" not in module.name and not module.name.endswith("_process"):
            importlib.import_module(module.name)

    def family(parent: type[MilepostError]) -> Iterator[type[MilepostError]]:
        yield parent
        for child in parent.__subclasses__():
            yield from family(child)

    codes = {(MilepostError.status, MilepostError.code): "A fault of ours; it is in the log with its trace."}
    for error in family(MilepostError):
        codes.setdefault((error.status, error.code), (error.__doc__ or "").partition("\n")[0])
    return _table(
        ("status", "code", "when"),
        ((str(status), f"`{code}`", when) for (status, code), when in sorted(codes.items())),
    )


def _metrics() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for one in vars(metric_names).values():
            if isinstance(one, Counter | Gauge):
                [described] = one.describe()
                suffix = "_total" if described.type == "counter" else ""
                labels = ", ".join(f"`{label}`" for label in one._labelnames)
                yield f"`{described.name}{suffix}`", described.type, labels, described.documentation

    return _table(("metric", "kind", "labels", "meaning"), rows())


PAGES: dict[str, Callable[[], str]] = {
    "settings": _settings,
    "cli": _command_line,
    "fates": _errors,
    "observability": _metrics,
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_what_the_code_says(name: str) -> None:
    page = REFERENCE / f"{name}.md"
    begin, end = "<!-- generated: begin -->\n", "<!-- generated: end -->"
    before, _, rest = page.read_text().partition(begin)
    written, _, after = rest.partition(end)
    generated = PAGES[name]() + "\n"
    if os.environ.get("MILEPOST_WRITE_DOCS"):
        page.write_text(before + begin + generated + end + after)
        written = generated
    assert written == generated, f"{page.name} is stale: run make docs and read the difference"
