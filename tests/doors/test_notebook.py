"""In IPython: the magic `count`, and the tables that a notebook shows."""

from __future__ import annotations

import builtins
import functools
import operator
import re
import sys
import warnings
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import opcount as oc
from opcount.counting import render

matplotlib.use("Agg")

from matplotlib import pyplot


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


# --- what the last line of a cell shows

FORMATTER = DisplayFormatter()
FORMATTER.active_types = FORMATTER.format_types  # as a notebook has it; a terminal shows text alone


def displayed(value):
    """What a notebook is sent for a value, by type of content; an error in a representation is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, _ = FORMATTER.format(value)
    return found


def test_a_gradient_shows_its_value_its_gradient_and_its_phases():
    html = displayed(oc.gradient(lambda x: x * x * x, 2.0))["text/html"]
    assert ">method</th><th>backprop</th>" in html
    assert ">value</th><td style='text-align:left'>8.0<" in html
    assert ">gradient</th><td style='text-align:left'>12.0<" in html
    assert all(f">{name}</th>" in html for name in (*oc.PHASES, "all"))


def test_a_gradient_of_a_structure_shows_a_row_for_each_item():
    x = {"<w>": np.ones((3, 2)), "b": [1.0, 2.0]}
    html = displayed(oc.gradient(lambda x: np.sum(x["<w>"]) * x["b"][0] + x["b"][1], x))["text/html"]
    assert ">gradient[&#x27;&lt;w&gt;&#x27;]</th>" in html and "<w>" not in html
    assert "<pre>array([[1., 1.],\n       [1., 1.],\n       [1., 1.]])</pre>" in html
    assert ">gradient[&#x27;b&#x27;]</th><td style='text-align:left'>[6.0, 1.0]<" in html


@pytest.mark.parametrize("x", [np.ones(100_000), [1.0] * 1000, [np.ones(2)] * 1000, {str(i): 1.0 for i in range(1000)}])
def test_what_is_long_is_cut(x):
    html = displayed(oc.gradient(lambda x: oc.wrap(1.0), x))["text/html"]
    assert "..." in html and len(html) < 5000


def test_a_jacobian_shows_its_matrix_and_its_counts():
    html = displayed(SHOWN["Jacobian"]())["text/html"]
    row = "".join(f"<td style='text-align:right'>{entry}</td>" for entry in (2, 1))
    assert f"<th></th><th>x[0]</th><th>x[1]</th></tr></thead><tbody><tr><th style='text-align:left'>y</th>{row}" in html
    assert ">accumulation</th>" in html


def test_a_large_jacobian_is_cut_on_both_sides():
    html = displayed(oc.jacobian(lambda x: [each * 2 for each in x], [1.0] * 13))["text/html"]
    assert "x[11]" in html and "y[11]" in html and "x[12]" not in html and "y[12]" not in html


def test_a_graph_shows_its_picture_and_makes_no_figure_of_pyplots():
    graph = oc.trace(lambda x: np.sin(x[0] * x[1]), [1.0, 2.0])
    figures = pyplot.get_fignums()
    svg = displayed(graph)["image/svg+xml"]
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("}svg") and root.get("role") == "img"
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]  # text, not outlines of letters
    assert texts == ["x[0]", "x[1]", "×", "sin"]
    assert displayed(graph)["image/svg+xml"] == svg
    assert displayed(graph)["text/plain"] == repr(graph)
    assert pyplot.get_fignums() == figures


def test_a_picture_escapes_the_names_of_operations():
    def evil(x):
        return x * 2.0

    evil.__name__ = EVIL
    graph = oc.trace(oc.primitive(evil, partials=lambda y, x: 2.0), 1.0)
    svg = displayed(graph)["image/svg+xml"]
    assert "&lt;script&gt;" in svg and "<script" not in svg


def test_a_graph_that_is_too_large_to_be_read_shows_as_text():
    def chain(nodes):
        return oc.trace(lambda x: functools.reduce(operator.mul, [x] * nodes), 1.0)

    assert "image/svg+xml" in displayed(chain(40))
    assert displayed(chain(41)) == {"text/plain": "Graph(41 nodes, 1 inputs, 1 outputs)"}


@pytest.mark.parametrize("library", ["matplotlib", "igraph"])
def test_a_graph_shows_as_text_without_a_library_that_draws(monkeypatch, library):
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    assert displayed(oc.trace(lambda x: x * x, 1.0)) == {"text/plain": "Graph(2 nodes, 1 inputs, 1 outputs)"}


@pytest.mark.parametrize("name", ["METHODS", "ORDERS"])
def test_names_show_with_what_each_is_and_no_function(name):
    named = getattr(oc, name)
    shown = displayed(named)
    assert shown["text/plain"] == repr(named)
    lines = shown["text/plain"].split("\n")
    assert [line.split("  ")[0] for line in lines[1:]] == list(named)
    for key, each in named.items():
        assert (
            str(each) in shown["text/plain"] and f">{key}</th><td style='text-align:left'>{each}<" in shown["text/html"]
        )
    assert "<function" not in f"{shown}{dict(named)}"


def test_the_lines_of_a_cell_have_the_name_of_the_cell(shell):
    shell.execution_count = 7
    shell.run_cell("def f(y):\n    return y * y", store_history=True)
    shell.run_cell("with oc.count(by='line') as lines:\n    f(x)\n    x + 1", store_history=True)
    found = shell.user_ns["lines"]
    assert {name: counts.to_dict() for name, counts in found.parts.items()} == {
        "In[7]:2": {"mul": 1},
        "In[8]:3": {"add": 1},
    }
    assert "In[8]:3" in found._repr_html_()
