"""The command `opcount`: what it prints, and that whatever fails is one line and an exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import opcount as oc
from opcount.cli.commands import main, parsed, point, sizes_of

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio
import sys

import numpy as np

import opcount as oc


def square(n):
    print("at", n)
    a = oc.wrap(np.ones((n, n)))
    return a @ a


def half(n):
    for _ in range(n // 2):
        oc.wrap(1.0) * 2


def halving(n):
    while n > 1:
        n //= 2
        oc.wrap(1.0) * 2


def outer(m, n):
    return oc.wrap(np.ones((m, n))) * 2


def arrays(n):
    return np.ones(n), np.ones(n)


def jumps(n):
    for _ in range([977, 3, 512, 80, 6, 444, 909, 15, 230][n]):
        oc.wrap(1.0) * 2


def by_counts(n):
    return oc.Counts(mul=n * n)


def cube(x):
    return x**3 + 2 * x


def product(x):
    return x[0] * x[1] * x[0]


def loss(p):
    return (p["w"][0] * 0.5 + p["w"][1] + p["b"]) ** 2


class Model:
    @staticmethod
    def run(x):
        return x * x


def run():
    with oc.region("first"):
        for _ in range(int(sys.argv[1])):
            oc.wrap(2.0) * 3
    with oc.region("second"), oc.region("inner"):
        oc.wrap(2.0) + 3
    print(*sys.argv[1:])


def fails(n):
    if n == 6:
        raise ValueError("no\\n  sixes")


def falls_silent(n):
    raise KeyError


def leaves(n):
    sys.exit("enough")


def leaves_in_good_order():
    oc.wrap(2.0) * 3
    sys.exit(0)


def is_cancelled(n):
    raise asyncio.CancelledError


def interrupted(n):
    raise KeyboardInterrupt


def pipes(n):
    raise BrokenPipeError("mine")


def lazy(x):
    yield x * x


async def later(x):
    return x * x


async def lazy_later(x):
    yield x * x


number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current directory, with the program; what a run does to the process is undone."""
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    return tmp_path


@pytest.fixture
def run(capsys):
    def run(*arguments):
        """The exit status, stdout and stderr."""
        try:
            status = main(list(arguments))
        except SystemExit as ended:  # argparse's
            status = ended.code
        return status, *capsys.readouterr()

    return run


# --- sizes and points


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("4:64:4", {"n": list(range(4, 65, 4))}),
        ("4:63:4", {"n": list(range(4, 61, 4))}),
        ("1:3", {"n": [1, 2, 3]}),
        ("5:5", {"n": [5]}),
        ("7", {"n": [7]}),
        ("0:2", {"n": [0, 1, 2]}),
        ("1,2,5", {"n": [1, 2, 5]}),
        ("1:1024:*2", {"n": [2**k for k in range(11)]}),
        ("3:100:*3", {"n": [3, 9, 27, 81]}),
        ("8, 4:6", {"n": [8, 4, 5, 6]}),
        ("m=1:3", {"m": [1, 2, 3]}),
        ("m=1:3,n=4,6", {"m": [1, 2, 3], "n": [4, 6]}),
        ("m=1,n=2,m=3", {"m": [1, 3], "n": [2]}),
    ],
)
def test_sizes(text, sizes):
    assert {name: list(found) for name, found in sizes_of(text).items()} == sizes


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "-3", "1.5", "1:", ":4", "1:2:3:4", "8:1", "1:3:0", "0:8:*2", "1:8:*1", "1:8:*", "1:8:2*"),
        *("n=", "=1:4", "1,,2", "2n=1:4", "1:4;2", "²", "9" * 5000),
    ],
)
def test_what_is_no_size_is_bad_usage(run, text):
    status, out, err = run("law", "program.py:half", f"--sizes={text}")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("opcount law: argument --sizes: ") and "opcount law --help" in err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3", 3),
        ("0.5", 0.5),
        (".5,1.", [0.5, 1.0]),
        ("-1e-3,2", [-0.001, 2]),
        ("[0.5]", [0.5]),
        ("[[1, 2], [3]]", [[1, 2], [3]]),
        ('{"w": [1, -2], "b": 0.5}', {"w": [1, -2], "b": 0.5}),
    ],
)
def test_points(text, found):
    assert point(text) == found and type(point(text)) is type(found)
    for given in (["--at", text], [f"--at={text}"]):
        assert parsed(["compare", "f:f", *given]).at == found


@pytest.mark.parametrize("text", ["x", "", "1,,2", "{", '"a"', "null", "[true]", '{"w": "a"}', "1 2", "[" * 100_000])
def test_what_is_no_point_is_bad_usage(run, text):
    status, out, err = run("compare", "program.py:cube", "--at", text)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("opcount compare: argument --at: ") and len(err) < 300


# --- law

SQUARE = """\
kind   operations  growth
mul    n³          Θ(n³)
add    n³ − n²     Θ(n³)
total  2n³ − n²    Θ(n³)
"""


def test_a_law_and_what_the_function_prints_apart(run):
    assert run("law", "program.py:square", "--sizes", "1:7") == (
        0,
        SQUARE,
        "".join(f"at {n}\n" for n in range(1, 8)),
    )


def test_a_module_is_found_in_the_current_directory(run, folder):
    (folder / "a_package").mkdir()
    (folder / "a_package" / "deep.py").write_text(PROGRAM)
    assert run("law", "a_package.deep:square", "--sizes", "1:7")[:2] == (0, SQUARE)


def test_a_law_as_json(run):
    status, out, _ = run("law", "program.py:square", "--sizes", "1:7", "--json")
    found = json.loads(out)
    expected = oc.law(lambda n: oc.wrap(np.ones((n, n))) @ np.ones((n, n)), range(1, 8)).to_dict()
    assert status == 0 and found == expected
    assert found["law"] == "2n³ − n²" and found["counts"][1] == [2, 12]


def test_a_law_as_csv(run):
    _, out, _ = run("law", "program.py:square", "--sizes", "1:7", "--csv")
    assert out == "kind,operations,growth\nmul,n³,Θ(n³)\nadd,n³ − n²,Θ(n³)\ntotal,2n³ − n²,Θ(n³)\n"


@pytest.mark.parametrize(
    ("arguments", "total"),
    [
        (("program.py:halving", "--sizes", "1:256:*2"), oc.law_of({2**k: k for k in range(9)})),
        (("program.py:half", "--sizes", "1:12"), oc.law_of({n: n // 2 for n in range(1, 13)})),
        (("program.py:by_counts", "--sizes", "1:8"), "n²"),
        (("numpy:dot", "--make", "program.py:arrays", "--sizes", "1:8"), "2n − 1"),
        (("program.py:outer", "--sizes", "m=1:4,n=1:5"), "mn"),
        (("program.py:outer", "--sizes", "m=1:4", "--sizes", "n=1:5"), "mn"),
        (("program.py:half", "--sizes", "2:6:2", "--sizes", "8:12:2"), "n/2, where n ≡ 0 (mod 2)"),
    ],
)
def test_laws(run, arguments, total):
    status, out, _ = run("law", *arguments, "--json")
    assert status == 0 and json.loads(out)["law"] == str(total)


def test_no_law_is_an_answer(run):
    status, out, err = run("law", "program.py:jumps", "--sizes", "0:8")
    assert (status, err) == (0, "")
    assert [line.split("  ")[-1].split(";")[0] for line in out.splitlines()[1:]] == [
        "no exact law found in 9 sizes"
    ] * 2


def test_a_law_is_verified_far_away(run):
    status, out, err = run("law", "program.py:half", "--sizes", "2:12:2", "--verify", "400,1000")
    assert (status, err) == (0, "") and out.endswith("\nverified at n = 400 and n = 1000\n")
    found = json.loads(run("law", "program.py:outer", "--sizes", "m=1:4,n=1:4", "--verify", "m=9,n=7", "--json")[1])
    assert found["verified"] == [[9, 7, 63]]
    status, out, err = run("law", "program.py:half", "--sizes", "2:12:2", "--verify", "401")
    assert (status, out, err.count("\n")) == (2, "", 1) and "verify: the law will be for the sizes 2, 4, 6" in err
    assert "none of them (n ≡ 0 (mod 2)); verify it at n = 402" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("law", "program.py:plain", "--sizes", "1:8"),
        ("count", "program.py:nothing"),
        ("compare", "program.py:constant", "--at", "1,2"),
    ],
)
def test_a_count_of_nothing_is_warned_of_on_one_line(run, folder, arguments):
    (folder / "program.py").write_text(
        "def plain(n):\n    return sum(range(n))\n\n\ndef nothing():\n    print()\n\n\n"
        "def constant(x):\n    return 3.0\n"
    )
    status, out, err = run(*arguments)
    assert status == 0 and out.split()[-1] in ("0", "Θ(0)")
    (line,) = err.strip().splitlines()
    assert line.startswith("opcount: nothing was counted: no operation that counts was executed on a wrapped value. ")


@pytest.mark.parametrize(
    ("sizes", "said"),
    [("1:3", "3 sizes of n are too few"), ("a=1:4,b=1:4,c=1:4,d=1:4", "one to three parameters, not of 4")],
)
def test_too_few_sizes_and_too_many_parameters(run, sizes, said):
    status, out, err = run("law", "program.py:half", "--sizes", sizes)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize(
    ("sizes", "number"),
    [
        ("1:1000000000", "1,000,000,000 sizes"),
        ("0:10000", "10,001 sizes"),
        (f"1:{10**4000}:*2", "10,001 sizes"),
        ("8,1:20001:2", "10,001 sizes"),
    ],
)
def test_sizes_that_nobody_waits_for_are_refused_at_once(run, sizes, number):
    status, out, err = run("law", "program.py:half", "--sizes", sizes)
    assert (status, out, err.count("\n")) == (2, "", 1) and len(err) < 500
    assert f"is {number}, each of which is run, and at most 10,000 are" in err
    assert "by larger steps, as 4:64:4, or by factors, as '" in err


def test_combinations_that_nobody_waits_for_are_refused_at_once(run):
    status, out, err = run("law", "program.py:outer", "--sizes", "m=1:1000,n=1:1000")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--sizes are 1,000,000 combinations, each of which is run, and at most 10,000 are" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "program.py:loss", "--at", "1,2"), "it was called with a list of 2 numbers, [1, 2]"),
        (("compare", "program.py:product", "--at", "0.5"), "it was called with the number 0.5"),
        (("compare", "program.py:cube", "--at", '{"w": 1, "b": 2}'), 'with a dict with w, b, {"w": 1, "b": 2}'),
        (("count", "program.py:cube", "--at", "1", "--at", "[[2]]"), "the number 1, and a list of 1 item, [[2]]"),
        (("count", "program.py:cube"), "it was called with no argument"),
    ],
)
def test_a_function_that_fails_on_its_arguments_says_what_they_were(run, arguments, said):
    status, out, err = run(*arguments)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert said in err


# --- compare


def test_a_comparison(run):
    status, out, err = run("compare", "program.py:product", "--at", "-3,4")
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["method", "phase", "executed", "mul", "div", "add", "sub", "total"]
    assert len(lines) == 1 + 3 * len(oc.METHODS)
    assert ["naive", "accumulation", "yes", "2", "0", "1", "0", "3"] in lines


@pytest.mark.parametrize("form", ["--json", "--csv"])
@pytest.mark.parametrize("budget", ["1000000", "3"])
def test_a_comparison_is_what_the_library_says(run, form, budget):
    namespace: dict = {}
    exec(PROGRAM, namespace)
    table = oc.compare(namespace["loss"], {"w": [0.5, -1], "b": 2}, budget=int(budget))
    _, out, _ = run("compare", "program.py:loss", "--at", '{"w": [0.5, -1], "b": 2}', "--budget", budget, form)
    if form == "--json":
        assert json.loads(out) == json.loads(table.to_json(orient="records"))
    else:
        assert out == table.to_csv(index=False)
    assert set(table.executed) == {budget == "1000000"}


def test_a_number_is_an_argument_too(run):
    status, out, _ = run("compare", "program.py:cube", "--at", "2", "--json")
    assert status == 0 and len(json.loads(out)) == 3 * len(oc.METHODS)


def test_without_pandas_there_is_a_table_nevertheless(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError):
        oc.compare(lambda x: x, 1.0)
    assert run("compare", "program.py:cube", "--at", "2")[0] == 0


@pytest.mark.parametrize("budget", ["0", "-1", "x", "1.5", ""])
def test_a_budget_that_is_none(run, budget):
    assert run("compare", "program.py:cube", "--at", "2", f"--budget={budget}")[0] == 2


# --- count


def test_the_counts_of_a_call(run):
    assert run("count", "program.py:cube", "--at", "0.5") == (0, "mul    3\nadd    1\n--------\ntotal  4\n", "")
    assert run("count", "program.py:Model.run", "--at", "-2")[1] == "mul    1\n--------\ntotal  1\n"
    assert run("count", "numpy:hypot", "--at", "3", "--at", "-4", "--csv")[1] == "region,hypot,total\nall,1,1\n"


REGIONS = """\
region        mul  add  total
first           3    0      3
second          0    1      1
second/inner    0    1      1
all             3    1      4
"""


@pytest.mark.parametrize("arguments", ["3 4", "3 -- 4", "-- 3 4"])
def test_a_program_finds_its_arguments_and_its_regions_are_shown(run, arguments):
    assert run("count", "program.py:run", *arguments.split()) == (0, REGIONS, "3 4\n")


def test_options_of_the_program_stand_behind_dashes(run):
    assert run("count", "program.py:run", "--csv", "--", "3", "--json") == (
        0,
        "region,mul,add,total\nfirst,3,0,3\nsecond,0,1,1\nsecond/inner,0,1,1\nall,3,1,4\n",
        "3 --json\n",
    )
    status, out, err = run("law", "program.py:half", "--sizes", "1:8", "--", "3")
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_counts_as_json(run):
    _, out, _ = run("count", "program.py:run", "3", "--json")
    assert json.loads(out) == {
        "counts": {"mul": 3, "add": 1},
        "total": 4,
        "regions": {"first": {"mul": 3}, "second": {"add": 1}, "second/inner": {"add": 1}},
    }
    _, out, _ = run("count", "program.py:cube", "--at", "2", "--json")
    assert json.loads(out) == {"counts": {"mul": 3, "add": 1}, "total": 4}


def test_counts_that_are_returned_are_the_counts_as_in_a_law(run):
    Path("returns.py").write_text("import opcount as oc\ndef f():\n    return oc.Counts(mul=7)\n")
    assert json.loads(run("count", "returns.py:f", "--json")[1])["total"] == 7


def test_an_exit_in_good_order_is_an_end(run):
    assert run("count", "program.py:leaves_in_good_order") == (0, "mul    1\n--------\ntotal  1\n", "")


def test_named_sizes_are_strings_in_json(run, folder):
    (folder / "named.py").write_text("import opcount as oc\ndef f():\n    oc.spec(('m', 'n')) * 2\n")
    assert json.loads(run("count", "named.py:f", "--json")[1]) == {"counts": {"mul": "m*n"}, "total": "m*n"}


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


# --- plots


@pytest.mark.parametrize(
    "arguments",
    [("law", "program.py:half", "--sizes", "2:16:2"), ("compare", "program.py:loss", "--at", '{"w": [1, 2], "b": 3}')],
    ids=["law", "compare"],
)
@pytest.mark.parametrize(("name", "head"), [("out.svg", b"<?xml"), ("out.png", b"\x89PNG")])
def test_a_plot(run, folder, arguments, name, head):
    plain = run(*arguments)
    assert run(*arguments, "--plot", name) == plain
    assert (folder / name).read_bytes().startswith(head)


@pytest.mark.parametrize("name", ["nowhere/out.svg", "out.xyz"])
def test_a_plot_that_cannot_be_written_loses_no_result(run, name):
    status, out, err = run("law", "program.py:half", "--sizes", "2:16:2", "--plot", name)
    assert (status, err.count("\n")) == (1, 1) and "n/2" in out


def test_a_plot_is_of_one_parameter(run):
    status, out, err = run("law", "program.py:outer", "--sizes", "m=1:4,n=1:4", "--plot", "out.svg")
    assert (status, out) == (2, "") and "m, n" in err


def test_without_matplotlib_a_plot_says_what_to_install_before_anything_runs(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert run("law", "program.py:square", "--sizes", "1:8", "--plot", "out.svg") == (
        1,
        "",
        "opcount: --plot needs matplotlib: pip install opcount[draw]\n",
    )


# --- what fails

SIZES = ("--sizes", "4:9")

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
    "fails": (("law", "program.py:fails", *SIZES), 1, "program.py:fails at n = 6: ValueError: no sixes"),
    "fails in make": (
        ("law", "numpy:sum", "--make", "program.py:fails", *SIZES),
        1,
        "numpy:sum at n = 4: InvalidType: ",
    ),
    "no such make": (("law", "numpy:sum", "--make", "program.py:no", *SIZES), 1, "has no attribute 'no'"),
    "no message": (("count", "program.py:falls_silent", "--at", "1"), 1, "program.py:falls_silent: KeyError"),
    "exits": (("count", "program.py:leaves", "--at", "1"), 1, "program.py:leaves: Exited: sys.exit('enough')"),
    "exits at a size": (("law", "program.py:leaves", *SIZES), 1, "at n = 4: Exited: sys.exit('enough')"),
    "is cancelled": (("law", "program.py:is_cancelled", *SIZES), 1, "CancelledError"),
    "has a broken pipe of its own": (("count", "program.py:pipes", "--at", "1"), 1, "BrokenPipeError: mine"),
    "is interrupted": (("law", "program.py:interrupted", *SIZES), 130, "interrupted"),
    "is lazy": (("count", "program.py:lazy", "--at", "1"), 1, "it returned a generator, which has not run yet"),
    "is async": (("count", "program.py:later", "--at", "1"), 1, "it returned a coroutine, which has not run yet"),
    "is both": (("count", "program.py:lazy_later", "--at", "1"), 1, "it returned an async_generator, which has"),
    "takes another argument": (("compare", "program.py:product", "--at", "1"), 1, "program.py:product: TypeError: "),
    "takes fewer arguments": (
        ("count", "program.py:cube", "--at", "1", "--at", "2"),
        1,
        "program.py:cube: TypeError: ",
    ),
    "gives no number": (("compare", "program.py:run", "--at", "1"), 1, "program.py:run: TypeError: "),
    "leaves the count": (("count", "math:sin", "--at", "1"), 1, "math:sin: Uncounted: "),
    "no command": ((), 2, "COMMAND"),
    "no such command": (("guess",), 2, "invalid choice: 'guess'"),
    "no sizes": (("law", "program.py:half"), 2, "--sizes"),
    "no point": (("compare", "program.py:cube"), 2, "--at"),
    "two forms": (("count", "program.py:cube", "--at", "1", "--json", "--csv"), 2, "not allowed with"),
    "no such option": (("count", "program.py:cube", "--fast"), 2, "--fast"),
}


@pytest.mark.parametrize("name", FAILING)
def test_what_fails_is_one_line_and_a_status(run, folder, name):
    (folder / "folder.py").mkdir()
    (folder / "wrong.py").write_text("def f(:\n")
    (folder / "null.py").write_text("x = 1\0\n")
    (folder / "raises.py").write_text("1 / 0\n")
    (folder / "exits.py").write_text("import sys\nsys.exit(0)\n")
    arguments, status, said = FAILING[name]
    found, out, err = run(*arguments)
    assert (found, out) == (status, "")
    assert err.count("\n") == 1 and err.startswith("opcount") and said in err
    assert "Traceback" not in err


# --- as a process


def command(*arguments, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(ROOT), **options.pop("env", {"PYTHONIOENCODING": "utf-8"})}
    words = [sys.executable, "-m", "opcount", *arguments]
    return subprocess.run(words, env=environment, stderr=subprocess.PIPE, check=False, encoding="utf-8", **options)


def test_as_a_module():
    done = command("law", "program:half", "--sizes", "2:16:2", stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "n/2" in done.stdout


def test_a_reader_that_has_gone_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = command("compare", "program.py:cube", "--at", "2", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        done = command("count", "program.py:cube", "--at", "2", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("opcount: cannot write: OSError: ") and done.stderr.count("\n") == 1


def test_an_encoding_without_the_characters_is_no_error():
    done = command(
        "law", "program.py:half", "--sizes", "2:16:2", stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u0398(n)" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals are another thing there")
def test_an_interrupt_from_the_keyboard(folder):
    (folder / "waits.py").write_text(
        "import os, signal, time\ndef f():\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n"
    )
    done = command("count", "waits.py:f", stdout=subprocess.PIPE, preexec_fn=interruptible)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "opcount: interrupted\n")


def interruptible():
    signal.signal(signal.SIGINT, signal.default_int_handler)


# --- help


def test_the_version(run):
    assert run("--version") == (0, f"opcount {oc.__version__}\n", "")


@pytest.mark.parametrize("name", ["law", "compare", "count"])
def test_the_help_of_a_command_has_an_example_that_parses(run, name):
    status, out, err = run(name, "--help")
    assert (status, err) == (0, "")
    examples = [shlex.split(line)[1:] for line in out.splitlines() if line.startswith("  opcount ")]
    assert examples
    for example in examples:
        assert parsed(example).function == example[1]


def test_the_help_names_every_command(run):
    status, out, _ = run("--help")
    assert status == 0 and all(f"\n    {name} " in out for name in ("law", "compare", "count"))


def test_csv_can_be_read_back(run):
    _, out, _ = run("law", "program.py:outer", "--sizes", "m=1:4,n=1:4", "--csv")
    assert list(csv.reader(io.StringIO(out)))[-1] == ["total", "mn", "Θ(mn)"]
