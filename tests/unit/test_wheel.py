"""What is installed is what is tested: sdist to wheel to an environment of its own, built without a network."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

import milepost
from milepost.testing.service import free_port, wait_for

ROOT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md")


def _copy_checkout(copy: Path) -> Path:
    """So that nothing is left in the real one."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", copy / "src", ignore=ignored)
    for name in (*SOURCES, "requirements.lock"):
        shutil.copy(ROOT / name, copy)
    return copy


def _build(what: str, folder: Path) -> subprocess.CompletedProcess[str]:
    build = f"import sys; from setuptools.build_meta import {what}; {what}(sys.argv[1])"
    return subprocess.run(
        [sys.executable, "-c", build, "dist"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, as an index's users would."""
    copy = _copy_checkout(tmp_path_factory.mktemp("checkout"))
    packed = _build("build_sdist", copy)
    assert packed.returncode == 0, packed.stderr
    [archive] = copy.glob("dist/milepost-*.tar.gz")
    unpacked = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(archive, unpacked)
    [source] = unpacked.iterdir()
    built = _build("build_wheel", source)
    assert built.returncode == 0, built.stderr
    [path] = source.glob("dist/milepost-*.whl")
    return path


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`milepost` of a fresh environment: the wheel, beside the dependencies that are installed here."""
    environment = tmp_path_factory.mktemp("fresh")
    venv.create(environment, symlinks=True)
    [packages] = environment.glob("lib/python*/site-packages")
    with ZipFile(wheel) as files:
        files.extractall(packages)
    # a path that a .pth file names has no .pth files of its own read, so the checkout's editable install is not seen
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = environment / "bin" / "milepost"
    python = environment / "bin" / "python"
    command.write_text(f"#!{python}\nfrom milepost.cli import main\nmain()\n")
    command.chmod(0o755)
    return command


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    package = ROOT / "src" / "milepost"
    files = {
        str(file.relative_to(package.parent))
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    inside = {name for name in ZipFile(wheel).namelist() if not name.partition("/")[0].endswith(".dist-info")}
    assert inside == files


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "static/mcx.js",
        "static/mcx-auto.js",
        "static/console/index.html",
        "static/console/pages.json",
        "store/schema/001_events_and_signals.sql",
        "control/migrations/versions/0001_first_tables.py",
    ],
)
def test_what_is_easily_forgotten_is_in_the_wheel(wheel: Path, name: str) -> None:
    assert f"milepost/{name}" in ZipFile(wheel).namelist()


def test_the_wheel_brings_the_command_and_the_licence(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    [entry_points] = [name for name in names if name.endswith("entry_points.txt")]
    assert "milepost = milepost.cli:main" in ZipFile(wheel).read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("what", ["build_wheel", "build_sdist"])
@pytest.mark.parametrize("name", ["mcx.js", "mcx-auto.js", "console/index.html"])
def test_a_build_without_a_built_file_fails_and_says_how_to_make_it(what: str, name: str, tmp_path: Path) -> None:
    copy = _copy_checkout(tmp_path)
    (copy / "src/milepost/static" / name).unlink()
    built = _build(what, copy)
    assert built.returncode != 0
    assert f"src/milepost/static/{name} is not built" in built.stderr
    assert "make setup" in built.stderr


def test_the_installed_command_says_its_version(command: Path, tmp_path: Path) -> None:
    said = subprocess.run([command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout == f"milepost {milepost.__version__}\n"


def test_the_installed_service_starts_outside_the_checkout_and_serves_what_was_built(
    command: Path, tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    words = ["serve", "--data", "data", "--tls", "off", "--api-port", str(ports[0]), "--app-port", str(ports[1])]
    log = tmp_path / "log"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("wb") as written:
        process = subprocess.Popen([command, *words], cwd=tmp_path, env=environment, stdout=written, stderr=written)
    try:
        script = wait_for(lambda: _get(f"http://127.0.0.1:{ports[0]}/mcx.js"), seconds=60, what=log.read_text())
        doctor = [str(command), "doctor", "--data", "data"]
        wait_for(lambda: _get(f"http://127.0.0.1:{ports[0]}/ready"), seconds=60, what="ready")
        page = (_get(f"http://127.0.0.1:{ports[1]}/events") or b"").decode()
        [entry] = re.findall(r'src="(/assets/[^"]+)"', page)
        program = _get(f"http://127.0.0.1:{ports[1]}{entry}")
        examined = subprocess.run(doctor, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    finally:
        process.terminate()
        process.wait(60)
    assert script == (ROOT / "src/milepost/static/mcx.js").read_bytes()
    assert program == (ROOT / f"src/milepost/static/console{entry}").read_bytes()
    assert examined.returncode == 0, examined.stdout + examined.stderr


def _get(url: str) -> bytes | None:
    """The body of a 200, else None."""
    try:
        answer = httpx.get(url)
    except httpx.TransportError:
        return None
    return answer.content if answer.status_code == 200 else None
