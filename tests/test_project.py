"""What stands in the repository: the expected files and nothing from anybody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {
    ".ci",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "analysis",
    "docs",
    "examples",
    "hatch_build.py",
    "opcount",
    "pyproject.toml",
    "pytest_opcount.py",
    "reports",
    "tests",
}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root|tmp|work|mnt|private)/\w|\b[A-Z]:\\Users\b")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """What git tracks here or would add."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def test_top_level_holds_the_expected_files(files: list[Path]) -> None:
    assert {path.relative_to(ROOT).parts[0] for path in files} == TOP_LEVEL


def test_pre_commit_runs_make_lint_and_fetches_nothing() -> None:
    configuration = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (.+)", configuration) == ["local"]
    assert re.findall(r"entry: (.+)", configuration) == ["make lint"]
    assert "language: system" in configuration


def test_no_file_names_a_machine_path(files: list[Path]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", ["home", "Users", "tmp", "work"])
def test_a_machine_path_is_recognized(folder: str) -> None:
    assert MACHINE_PATH.search(f"see /{folder}/someone/file")
    assert not MACHINE_PATH.search(f"https://example.org/{folder}/page")
