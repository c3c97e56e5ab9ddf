"""What type checkers find in a user's script: nothing in `tests/types/users.py`, and every mistake that is planted."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import opcount as oc
import opcount.typing

ROOT = Path(__file__).parents[2]
USERS = (ROOT / "tests" / "types" / "users.py").read_text(encoding="utf-8")
IGNORED = re.compile(r"  # type: ignore\[[a-z-]+\]$", re.MULTILINE)
WRONG = """

assert_type(oc.wrap(1.0), oc.Array)
oc.wrap(1.0)  # type: ignore[arg-type]
"""


def lines_with(text: str, pattern: str) -> set[int]:
    return {number for number, line in enumerate(text.splitlines(), 1) if re.search(pattern, line)}


def found_by_mypy(folder: Path) -> set[tuple[str, int]]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", folder / "cache"]
    environment = os.environ | {"MYPYPATH": str(ROOT)}
    run = subprocess.run(
        [*command, "--ignore-missing-imports", "--follow-imports=silent", "users.py", "planted.py"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1, run.stdout + run.stderr
    return {(name, int(line)) for name, line in re.findall(r"^(\w+\.py):(\d+): error:", run.stdout, re.MULTILINE)}


def found_by_pyright(folder: Path) -> set[tuple[str, int]]:
    settings = {
        "include": ["users.py", "planted.py"],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson", "-p", folder]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in json.loads(run.stdout)["generalDiagnostics"]
        if each["severity"] == "error"
    }


@pytest.mark.parametrize(("module", "found_by"), [("mypy", found_by_mypy), ("basedpyright", found_by_pyright)])
def test_a_checker_finds_every_mistake_of_a_user_and_nothing_else(module, found_by, tmp_path):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: it comes with the extra for `make lint`")
    planted = IGNORED.sub("", USERS) + WRONG
    (tmp_path / "users.py").write_text(USERS, encoding="utf-8")
    (tmp_path / "planted.py").write_text(planted, encoding="utf-8")
    mistakes = lines_with(USERS, IGNORED.pattern)
    wrong = lines_with(planted, r"^assert_type|# type: ignore")
    assert len(mistakes) >= 15 and len(wrong) == 2
    assert found_by(tmp_path) == {("planted.py", line) for line in mistakes | wrong}


def test_the_names_that_checkers_know_are_those_that_there_are():
    assert get_args(opcount.typing.MethodName) == tuple(oc.METHODS)
    assert get_args(opcount.typing.OrderName) == tuple(oc.ORDERS)
    granularities = get_args(opcount.typing.Granularity)
    with pytest.raises(oc.InvalidValue, match=f"the granularities are {', '.join(granularities)}$"):
        oc.trace(lambda x: x, 1.0, granularity="cell")
