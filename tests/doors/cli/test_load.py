"""The function that is named: of a module or a script, run to its end, and what cannot be loaded."""

from __future__ import annotations

import sys

import pytest


def test_a_module_is_found_in_the_current_directory(run, folder):
    (folder / "a_package").mkdir()
    (folder / "a_package" / "deep.py").write_text((folder / "program.py").read_text())
    assert run("law", "a_package.deep:square", "--sizes", "1:7") == run("law", "program.py:square", "--sizes", "1:7")
    assert "2n³ − n²" in run("law", "a_package.deep:square", "--sizes", "1:7")[1]


SCRIPT = """
from __future__ import annotations
from dataclasses import dataclass

from beside import f


@dataclass
class Point:
    x: float
"""


def test_a_script_imports_from_its_own_folder_and_may_have_the_name_of_a_module(run, folder):
    (folder / "inside").mkdir()
    (folder / "inside" / "random.py").write_text(SCRIPT)  # a dataclass looks for its module
    (folder / "inside" / "beside.py").write_text("def f(x):\n    return x * x\n")
    before = sys.modules.get("random")
    assert run("count", "inside/random.py:f", "--at", "2", "--csv")[1] == "region,mul,total\nall,1,1\n"
    assert sys.modules.get("random") is before


def test_an_exit_in_good_order_is_an_end(run):
    assert run("count", "program.py:leaves_in_good_order") == (0, "mul    1\n--------\ntotal  1\n", "")


FAILING = {
    "no such module": (("count", "no_such.module:f"), 1, "cannot load no_such.module:f: ModuleNotFoundError: No mod"),
    "no such script": (("count", "no_such.py:f"), 1, "cannot load no_such.py:f: FileNotFoundError: "),
    "a folder": (("count", "folder.py:f"), 1, "cannot load folder.py:f: IsADirectoryError: "),
    "no such name": (("count", "program.py:nothing"), 1, "has no attribute 'nothing'"),
    "no such inner name": (("count", "program.py:Model.walk"), 1, "has no attribute 'walk'"),
    "no function": (("count", "program.py:number"), 1, "program.py:number is an int, and no function"),
    "no name": (("count", "program.py"), 2, "'program.py' names no function: write package.module:name or"),
    "an empty name": (("count", "program.py:"), 2, "names no function"),
    "an empty module": (("count", ":f"), 2, "names no function"),
    "a relative module": (("count", ".program:f"), 1, "cannot load .program:f: TypeError: "),
    "a syntax error": (
        ("count", "wrong.py:f"),
        1,
        "cannot load wrong.py:f: SyntaxError: invalid syntax (wrong.py, lin",
    ),
    # a SyntaxError, before Python 3.11.4 a ValueError
    "a null byte": (("count", "null.py:f"), 1, "Error: source code string cannot contain null bytes"),
    "raises on import": (("count", "raises.py:f"), 1, "cannot load raises.py:f: ZeroDivisionError: division by zero"),
    "exits on import": (("count", "exits.py:f"), 1, "cannot load exits.py:f: SystemExit: 0"),
    "no such make": (("law", "numpy:sum", "--make", "program.py:no", "--sizes", "4:9"), 1, "has no attribute 'no'"),
}


@pytest.mark.parametrize("name", FAILING)
def test_what_cannot_be_loaded_is_one_line_and_a_status(fails, folder, name):
    (folder / "folder.py").mkdir()
    (folder / "wrong.py").write_text("def f(:\n")
    (folder / "null.py").write_text("x = 1\0\n")
    (folder / "raises.py").write_text("1 / 0\n")
    (folder / "exits.py").write_text("import sys\nsys.exit(0)\n")
    fails(*FAILING[name])
