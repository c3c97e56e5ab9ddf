"""The command line, read: sizes, points, and what is wrong on one line."""

from __future__ import annotations

import shlex

import pytest

import opcount as oc
from opcount.cli.arguments import parsed, point, sizes_of


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
