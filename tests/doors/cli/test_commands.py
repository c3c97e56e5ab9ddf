"""The commands law, compare and count: what they print, and that whatever fails is one line and an exit status."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest

import opcount as oc

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
def test_a_comparison_is_what_the_library_says(run, folder, form, budget):
    namespace: dict = {}
    exec((folder / "program.py").read_text(), namespace)
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


def test_counts_that_are_returned_are_the_counts_as_in_a_law(run, folder):
    (folder / "returns.py").write_text("import opcount as oc\ndef f():\n    return oc.Counts(mul=7)\n")
    assert json.loads(run("count", "returns.py:f", "--json")[1])["total"] == 7


def test_named_sizes_are_strings_in_json(run, folder):
    (folder / "named.py").write_text("import opcount as oc\ndef f():\n    oc.spec(('m', 'n')) * 2\n")
    assert json.loads(run("count", "named.py:f", "--json")[1]) == {"counts": {"mul": "m*n"}, "total": "m*n"}


# --- what fails

SIZES = ("--sizes", "4:9")

FAILING = {
    "fails": (("law", "program.py:fails", *SIZES), 1, "program.py:fails at n = 6: ValueError: no sixes"),
    "fails in make": (
        ("law", "numpy:sum", "--make", "program.py:fails", *SIZES),
        1,
        "numpy:sum at n = 4: InvalidType: ",
    ),
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
def test_what_fails_is_one_line_and_a_status(fails, name):
    fails(*FAILING[name])


def test_the_counts_of_each_line(run, folder):
    (folder / "lines.py").write_text("import numpy as np\ndef f(x):\n    y = x * x\n    return np.exp(y) + y\n")
    _, text, _ = run("count", "lines.py:f", "--at", "3", "--by", "line")
    assert text.splitlines() == [
        "line        mul  add  exp  total",
        "lines.py:3    1    0    0      1",
        "lines.py:4    0    1    1      2",
        "all           1    1    1      3",
    ]
    data = json.loads(run("count", "lines.py:f", "--at", "3", "--by", "function", "--json")[1])
    assert data["parts"] == {"np.multiply": {"mul": 1}, "np.exp": {"exp": 1}, "np.add": {"add": 1}}
    assert "lines.py:4,0,1,1,2" in run("count", "lines.py:f", "--at", "3", "--by", "line", "--csv")[1]


def test_a_function_of_a_library_has_the_line_of_the_library(run):
    text = run("count", "numpy:outer", "--at", "1,2", "--at", "3,4", "--by", "line")[1]
    assert re.fullmatch(r"numeric\.py:\d+ +4 +4", text.splitlines()[1])


def test_the_source_with_its_counts_is_written_to_a_file(run, fails, folder):
    (folder / "lines.py").write_text("def f(x):\n    return x * x\n")
    run("count", "lines.py:f", "--at", "3", "--html", "lines.html")
    assert "mul 1</td><td><pre>    return x * x</pre>" in (folder / "lines.html").read_text()
    fails(("count", "lines.py:f", "--at", "3", "--html", "lines.html", "--by", "function"), 2, "--html is of lines")
