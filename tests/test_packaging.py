"""The wheel and the sdist: what they hold, and that the wheel works where it is the only opcount."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

import opcount as oc

ROOT = Path(__file__).parents[1]

EXAMPLE = """
import opcount as oc
with oc.count() as tally:
    x = oc.wrap(3.0)
    y = 2 * x * x + 1
assert oc.unwrap(y) == 19.0
assert tally.counts == {"mul": 2, "add": 1}
print(oc.__file__)
print(oc.accelerated)
"""


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist and of the wheel that is made from it; hatchling is in the test extra."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, cwd=ROOT)
    return folder


def modules(folder: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")}


def test_wheel_holds_opcount_and_its_plugin_alone(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    extension = {name for name in names if re.fullmatch(r"opcount/_accelerated\.[\w.-]+\.(so|pyd)", name)}
    assert names - metadata - extension == modules("opcount") | {"opcount/py.typed", "pytest_opcount.py"}
    assert len(extension) == (not is_pure(wheel))
    assert any(name.endswith("licenses/LICENSE") for name in metadata)
    (entries,) = (name for name in metadata if name.endswith("entry_points.txt"))
    assert zipfile.ZipFile(wheel).read(entries).decode().split() == [
        *("[console_scripts]", "opcount", "=", "opcount.__main__:main"),
        *("[pytest11]", "opcount", "=", "pytest_opcount"),
    ]


def is_pure(wheel: Path) -> bool:
    return wheel.name.endswith("-py3-none-any.whl")


def test_wheel_has_the_accelerator_where_this_opcount_has_it(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert is_pure(wheel) or oc.accelerated
    assert not (is_pure(wheel) and oc.accelerated)


@pytest.mark.skipif(os.name == "nt", reason="names the compiler by CC")
def test_wheel_is_pure_where_there_is_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "no-compiler"))
    monkeypatch.delenv("OPCOUNT_PURE", raising=False)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, cwd=ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    assert is_pure(wheel)
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "_accelerated" in name]


def test_sdist_holds_analysis_and_tests_too(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    files = {
        "README.md",
        "CHANGELOG.md",
        "CITATION.cff",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "hatch_build.py",
        "opcount/_accelerated.c",
        "pyproject.toml",
        "docs/conf.py",
        "docs/index.md",
        "opcount/py.typed",
        "pytest_opcount.py",
    }
    assert names >= modules("opcount") | modules("analysis") | modules("tests") | files


def test_wheel_works_in_a_clean_environment(built: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (wheel,) = built.glob("*.whl")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    (packages,) = {path.parents[1] for path in (tmp_path / "venv").rglob("opcount/__init__.py")}
    (packages / "numpy.pth").write_text(str(Path(np.__file__).parents[1]))
    where, accelerated = run(python, "-I", "-c", EXAMPLE, cwd=tmp_path).split("\n")[:2]
    assert Path(where).parent == packages / "opcount"
    assert accelerated == str(not is_pure(wheel))
    assert run(python.with_name("opcount"), "count", "numpy:exp", "--at", "1", "--csv", cwd=tmp_path).endswith(
        "all,1,1\n"
    )
    # the packages of the path file have pytest, which finds the plugin by the wheel's entry point
    (tmp_path / "test_it.py").write_text(f"{EXAMPLE}\ndef test_it(ops): 2 * x; assert ops.total == 1\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # or a folder above may have settings
    run(python, "-I", "-m", "pytest", "--ops-report", "test_it.py", cwd=tmp_path)


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    said = dict(re.findall(r"^([\w-]+): (.+)$", citation, re.MULTILINE))
    dates = dict(
        re.findall(r"^## \[([\d.]+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert said["cff-version"] == "1.2.0"
    assert (said["title"], said["abstract"]) == (project["name"], project["description"])
    assert (said["version"], said["date-released"]) == (oc.__version__, dates[oc.__version__])
    assert said["license"] == project["license"]
    names = re.findall(r"^  - name: (.+)$", citation, re.MULTILINE)
    keywords = re.findall(r"^  - (?!name: )(.+)$", citation, re.MULTILINE)
    assert names == [author["name"] for author in project["authors"]]
    assert keywords == project["keywords"]
