"""The scripts of examples/ say what they say, and so do the commands that their first lines show."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"

SAID = {
    "experiment": "sum after 2 layers: 0.6033\n",
    "network": (
        "naive {'mul': 12} [0.7259, 0.2227, -1.0354, -0.9155]\n"
        "memoized {'mul': 8} [0.7259, 0.2227, -1.0354, -0.9155]\n"
        "backprop {'mul': 8} [0.7259, 0.2227, -1.0354, -0.9155]\n"
    ),
    "processes": "[2.24, 7.07, 12.21, 17.38]\n{'mul': 12, 'add': 8, 'sqrt': 4}\n",
    "sorting": "[1.0, 2.0, 3.0, 4.0, 5.0]\nn²/2 − n/2, where n ≡ 0 (mod 4)\n",
    "threads": "60.0\n{'mul': 40, 'add': 40} {'mul': 40, 'add': 36}\n",
}
ANSWERED = {
    "experiment": r"all\s+48\s+39\s+12\s+99",
    "network": r"naive\s+accumulation\s+yes\s+12 .*\n(.*\n)*memoized\s+accumulation\s+yes\s+8 ",
    "sorting": r"total  n²/2 − n/2, where n ≡ 0 \(mod 4\)  Θ\(n²\)",
}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=100
    )


def commands() -> dict[str, list[str]]:
    """The arguments of the command line that each script shows in its docstring."""
    found = {}
    for path in EXAMPLES.glob("*.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        for line in re.findall(r"^opcount (.+)", text, re.MULTILINE):
            found[path.stem] = shlex.split(line)
    return found


def test_all_examples_are_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*SAID}
    assert {*commands()} == {*ANSWERED}


@pytest.mark.parametrize("name", SAID)
def test_an_example_says_what_it_says(name: str) -> None:
    done = run(EXAMPLES / f"{name}.py")
    assert (done.stdout, done.stderr) == (SAID[name], "")


@pytest.mark.parametrize("name", ANSWERED)
def test_the_command_of_an_example_is_answered(name: str) -> None:
    done = run("-m", "opcount", *commands()[name])
    assert done.returncode == 0, done.stderr
    assert re.search(ANSWERED[name], done.stdout), done.stdout
