"""In IPython: the magic `count`, and the tables that a notebook shows."""

from __future__ import annotations

import builtins
import re

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import opcount as oc
from opcount.counting import render


@pytest.fixture(scope="module")
def one_shell(tmp_path_factory):
    config = Config()
    config.HistoryManager.enabled = False  # no file, no thread
    config.InteractiveShell.ipython_dir = str(tmp_path_factory.mktemp("ipython"))
    shell = InteractiveShell.instance(config=config)
    shell.run_cell("%load_ext opcount")
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(one_shell, monkeypatch):
    monkeypatch.delattr(builtins, "_", raising=False)  # doctest sets it, and IPython then leaves its own alone
    one_shell.user_ns.update(oc=oc, np=np, x=oc.wrap(3.0))
    yield one_shell
    one_shell.reset(new_session=False)


def run(shell, cell):
    """The result of a cell, what it printed, its own value included, and what it displayed, as text and as HTML."""
    with capture_output() as seen:
        result = shell.run_cell(cell)
    return result, plain(seen.stdout), [each.data for each in seen.outputs]


def in_a_terminal(shell, cell):
    """What a cell prints where everything that is displayed is printed, in order."""
    with capture_output(display=False) as seen:
        shell.run_cell(cell)
    return plain(seen.stdout)


def plain(text):
    return re.sub(r"\x1b\[[\d;]*m", "", text)


TABLE = "mul    1\nadd    1\n--------\ntotal  2"


def test_a_cell_is_counted_shows_its_value_and_then_the_table(shell):
    result, printed, shown = run(shell, "%%count\ny = x * x\ny + 1")
    assert result.success
    assert shown == [{"text/plain": TABLE, "text/html": oc.Counts(mul=1, add=1)._repr_html_()}]
    assert printed.endswith(": Scalar(10.0)\n") and printed.startswith("Out[")
    assert shell.user_ns["y"] == 9.0  # what it assigns persists
    assert shell.user_ns["_"] == 10.0  # and its value is the last one
    assert in_a_terminal(shell, "%%count\nx * x + 1").split(": ", 1)[1] == f"Scalar(10.0)\n{TABLE}\n"


@pytest.mark.parametrize(
    ("cell", "first"),
    [
        ("y = x * x + 1", TABLE),  # no expression
        ("x * x + 1;", TABLE),  # silenced
        ("# nothing\n", "--------\ntotal  0"),
        ("def f(x):\n    return x * x + 1\nz = f(x)\nNone", TABLE),
        ("a = !echo 1\ny = x * x + 1", TABLE),  # IPython's own syntax
        ("'''a string'''\ny = x * x + 1", TABLE),
    ],
)
def test_a_cell_without_a_value_to_show_has_the_table_alone(shell, cell, first):
    result, printed, shown = run(shell, f"%%count\n{cell}")
    assert result.success and printed == ""
    assert [each["text/plain"].split("\n")[-2:] for each in shown] == [first.split("\n")[-2:]]


def test_a_name_takes_the_counts(shell):
    assert run(shell, "%%count cost\nx * x")[0].success
    assert type(shell.user_ns["cost"]) is oc.Counts
    assert shell.user_ns["cost"] == {"mul": 1}


def test_regions_are_in_the_table(shell):
    _, _, shown = run(shell, "%%count\nwith oc.region('<one>'):\n    x * x\nx + 1;")
    assert shown[0]["text/plain"] == ("region  mul  add  total\n<one>     1    0      1\nall       1    1      2")
    assert "&lt;one&gt;" in shown[0]["text/html"] and "<one>" not in shown[0]["text/html"]


@pytest.mark.parametrize("name", ["2", "a b", "x * x"])
def test_what_is_no_name_is_refused(shell, name):
    result, _, shown = run(shell, f"%%count {name}\nx * x")
    assert isinstance(result.error_in_exec, UsageError) and repr(name) in str(result.error_in_exec)
    assert shown == []


def test_an_error_goes_on_its_way_with_the_line_of_the_cell(shell):
    result, printed, shown = run(shell, "%%count cost\nbefore = x * x\n1 / 0\nafter = 1")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert "1 / 0" in printed and "Cell In" in printed
    assert shown == []
    assert "before" in shell.user_ns and not {"after", "cost"} & shell.user_ns.keys()
    with oc.count() as tally:  # and no count was left open
        shell.user_ns["x"] * 2
    assert tally.counts == {"mul": 1}


def test_a_syntax_error_runs_nothing(shell):
    result, _, _ = run(shell, "%%count\nbefore = 1\nx +")
    assert isinstance(result.error_in_exec, SyntaxError)
    assert "before" not in shell.user_ns


@pytest.mark.parametrize("cell", ["await f()", "y = 1\nawait f()", "y = await f()", "async with f(): pass"])
def test_a_cell_that_awaits_is_refused_and_says_what_to_write(shell, cell):
    result, _, _ = run(shell, f"%%count\n{cell}")
    assert isinstance(result.error_in_exec, UsageError)
    assert "with opcount.count() as tally:" in str(result.error_in_exec)
    assert "y" not in shell.user_ns


def test_a_line_is_counted_and_gives_its_value(shell):
    result, printed, shown = run(shell, "%count x * x + 1")
    assert result.result == 10.0 and ": Scalar(10.0)\n" in printed
    assert [each["text/plain"] for each in shown] == [TABLE]


@pytest.mark.parametrize("line", ["z = %count x * x + 1", "%count z = x * x + 1", "%count z = x * x + 1;"])
def test_a_line_assigns(shell, line):
    _, printed, shown = run(shell, line)
    assert printed == ""
    assert shell.user_ns["z"] == 10.0
    assert [each["text/plain"] for each in shown] == [TABLE]


def test_braces_and_dollars_of_a_line_stay_as_they_are(shell):
    assert run(shell, "%count '{x} $x'")[0].result == "{x} $x"


def test_a_line_in_a_function_sees_its_variables(shell):
    result, _, _ = run(shell, "def f(inside):\n    return get_ipython().run_line_magic('count', 'inside * 2')\nf(x)")
    assert result.result == 6.0


def test_a_count_around_has_it_too(shell):
    with oc.count() as around:
        run(shell, "%%count\nx * x")
    assert around.counts == {"mul": 1}


def test_the_extension_can_be_unloaded(shell):
    run(shell, "%unload_ext opcount")
    assert not run(shell, "%count 1")[0].success
    assert run(shell, "%load_ext opcount\n%count 1")[0].result == 1


# --- tables

EVIL = "<script>&'\""


def law_with_kinds():
    return oc.law(lambda n: oc.wrap(np.ones(n)) * 2, range(1, 6))


SHOWN = {
    "Counts": lambda: oc.Counts(mul=1),
    "Law": law_with_kinds,
    "Jacobian": lambda: oc.jacobian(lambda x: [x[0] * x[1]], [1.0, 2.0]),
    "Gradient": lambda: oc.gradient(lambda x: x * x, 2.0),
    "Measured": lambda: oc.measure(lambda x: x * x, 2.0),
    "Tally": lambda: counted(),
}


def counted():
    with oc.count() as tally, oc.region("a"):
        oc.wrap(2.0) * 2
    return tally


@pytest.mark.parametrize("name", SHOWN)
def test_every_result_shows_as_a_table(name):
    found = SHOWN[name]()
    assert type(found).__name__ == name
    html = found._repr_html_()
    assert html.startswith("<table>") and html.endswith("</tbody></table>")
    assert html.count("<tr>") == html.count("</tr>") >= 3
    assert ">mul<" in html and ">total<" in html


def test_a_measured_shows_its_value_escaped_and_cut():
    html = oc.measure(lambda x: [x * x, EVIL * 20], 2.0)._repr_html_()
    assert "<caption>value: [4.0, " in html and "...</caption>" in html
    assert "<script>" not in html


def test_a_jacobian_shows_its_shape_and_its_phases():
    html = SHOWN["Jacobian"]()._repr_html_()
    assert "<caption>Jacobian, 1 by 2, 0 vertices eliminated</caption>" in html
    assert all(f">{name}</th>" in html for name in (*oc.PHASES, "all"))


def test_a_gradient_from_named_sizes_shows_as_a_table():
    html = oc.gradient(lambda x: np.sum(x * x), oc.spec("n"))._repr_html_()
    assert ">n - 1</td>" in html


def test_a_tally_with_regions_shows_them():
    assert str(counted()) == "region  mul  total\na         1      1\nall       1      1"
    assert counted()._repr_html_() == render.html(("region", "mul", "total"), [("a", 1, 1), ("all", 1, 1)])


def test_text_is_escaped_in_every_place():
    html = render.html((EVIL,), [(EVIL,)], EVIL)
    assert html.count("&lt;script&gt;&amp;&#x27;&quot;") == 3 and "<script>" not in html
