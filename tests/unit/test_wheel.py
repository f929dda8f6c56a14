"""What is installed is what is tested: the wheel, built without a network, holds every file of the package."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Built from a copy, so that nothing is left in the checkout."""
    copy = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, "dist"], cwd=copy, check=True, capture_output=True, timeout=120)
    [built] = copy.glob("dist/milepost-*.whl")
    return ZipFile(built)


def test_every_file_of_the_package_is_in_the_wheel(wheel: ZipFile) -> None:
    package = ROOT / "src" / "milepost"
    files = {
        str(file.relative_to(package.parent))
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    inside = {name for name in wheel.namelist() if not name.partition("/")[0].endswith(".dist-info")}
    assert inside == files


@pytest.mark.parametrize(
    "name", ["py.typed", "store/schema/001_events_and_signals.sql", "control/migrations/versions/0001_first_tables.py"]
)
def test_what_is_easily_forgotten_is_in_the_wheel(wheel: ZipFile, name: str) -> None:
    assert f"milepost/{name}" in wheel.namelist()


def test_the_wheel_brings_the_command_and_the_licence(wheel: ZipFile) -> None:
    [entry_points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "milepost = milepost.cli:main" in wheel.read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
