"""The Apex of integrations/salesforce is Apex, by the word of a real parser."""

import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "integrations/salesforce"


@pytest.fixture(scope="module", autouse=True)
def _parser() -> None:
    if not (FOLDER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, capture_output=True)


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "check-syntax.mjs", str(folder)], cwd=FOLDER, check=False, capture_output=True, text=True
    )


def test_every_class_and_trigger_parses() -> None:
    result = check(FOLDER / "force-app")
    assert result.stdout.splitlines()[-1] == "4 files, 0 errors"
    assert result.returncode == 0


def test_a_class_with_an_error_does_not_parse(tmp_path: Path) -> None:
    (tmp_path / "Broken.cls").write_text("public class Broken { void go() { Integer x = ; } }")
    result = check(tmp_path)
    assert "Broken.cls:1:" in result.stdout
    assert result.returncode == 1


@pytest.mark.parametrize("kind", ["cls", "trigger"])
def test_every_source_has_its_metadata(kind: str) -> None:
    sources = sorted((FOLDER / "force-app").rglob(f"*.{kind}"))
    assert sources
    assert all(Path(f"{source}-meta.xml").is_file() for source in sources)
