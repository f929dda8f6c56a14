"""Refuses to make a distribution that lacks what `make setup` builds; everything else is in pyproject.toml.

Takes the checkout as it is. An editable install needs no built files: it finds them once they are there.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

BUILT = (
    "src/milepost/static/mcx.js",
    "src/milepost/static/mcx-auto.js",
    "src/milepost/static/console/index.html",
    "src/milepost/static/console/pages.json",
)
"""Made by `make setup` and ignored by git, so a fresh clone does not have them."""


def require_built_files() -> None:
    """SetupError that names what is missing and how to make it."""
    missing = [path for path in BUILT if not (Path(__file__).parent / path).is_file()]
    if missing:
        raise SetupError(f"{', '.join(missing)} is not built, and Milepost would lack it. Run: make setup")


class BuildPy(build_py):
    """A wheel has all built files."""

    def run(self) -> None:
        if not self.editable_mode:
            require_built_files()
        super().run()


class Sdist(sdist):
    """So has a source distribution: whoever installs it has no Node."""

    def run(self) -> None:
        require_built_files()
        super().run()


setup(cmdclass={"build_py": BuildPy, "sdist": Sdist})
