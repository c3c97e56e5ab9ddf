"""Graphs for other tools, drawings in which nothing covers anything else, and vertex elimination in pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import matplotlib
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from matplotlib.backends.backend_agg import FigureCanvasAgg

import opcount as oc
from opcount.derivatives.chain_rule import reach
from opcount.derivatives.elimination import linearized as linearized_of
from opcount.drawing import draw
from tests.support.programs import CASES, QUESTION, doubled, programs, question_loss, squared

matplotlib.use("Agg")

import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[2]
RANDOM = settings(deadline=None, derandomize=True, max_examples=12)


@pytest.fixture(autouse=True)
def _no_figure_stays():
    yield
    plt.close("all")


def diamond(x):
    """Two ways from each of two inputs to two outputs, through one product."""
    p = x[0] * x[1]
    return [np.sin(p), p + x[1]]


def used_output(x):
    """An output that another output uses, one that is an input, one that is constant, and one that comes twice."""
    p = x[0] * x[1]
    q = p * np.sin(x[1])
    return [q, p, x[0], 3.0, p]


def layer(p):
    hidden = [np.tanh(p["w"][i] @ np.array([0.5, -1.5]) + p["b"][i]) for i in range(2)]
    return (p["v"][0] * hidden[0] + p["v"][1] * hidden[1] - 1.0) ** 2


NETWORK = {"w": np.array([[0.1, 0.2], [0.3, -0.4]]), "b": [0.1, 0.2], "v": [0.5, -0.6]}


def network(granularity="scalar"):
    return oc.trace(layer, NETWORK, granularity=granularity)


def joined(number):
    """A graph of that many nodes, deep and with edges over several layers."""

    def f(x):
        pool = list(x)
        for place in range(number - len(pool)):
            back = pool[max(len(pool) - 1 - (1, 2, 7, 3)[place % 4], 0)]
            pool.append((np.arctan2, np.multiply, np.add, np.logaddexp)[place % 3](pool[-1], back))
        return pool[-1]

    return oc.trace(f, [0.5, 0.7, 0.9])


def inner(graph):
    return [node.index for node in graph.nodes if node.primitive is not None and graph.users[node.index]]


# --- for networkx


def test_nodes_and_edges_with_their_attributes():
    found = oc.trace(lambda x: np.sin(x[0] * x[1]) - x[0], [3.0, 4.0]).to_networkx()
    assert list(found.nodes(data=True)) == [
        (0, {"operation": "input", "role": "input", "value": 3.0}),
        (1, {"operation": "input", "role": "input", "value": 4.0}),
        (2, {"operation": "mul", "role": "intermediate", "value": 12.0}),
        (3, {"operation": "sin", "role": "intermediate", "value": np.sin(12.0)}),
        (4, {"operation": "sub", "role": "output", "value": np.sin(12.0) - 3.0}),
    ]
    assert set(found.edges(data="partial")) == {(0, 2, 4.0), (1, 2, 3.0), (2, 3, np.cos(12.0)), (3, 4, 1), (0, 4, -1)}
    assert {(tail, head): position for tail, head, position in found.edges(data="position")}[0, 4] == 1


def test_parallel_edges_are_two():
    found = oc.trace(lambda x: x * x, Fraction(3)).to_networkx()
    assert [data for *_, data in found.edges(data=True)] == [
        {"position": 0, "partial": Fraction(3)},
        {"position": 1, "partial": Fraction(3)},
    ]


def test_what_no_output_depends_on_is_left_out_but_inputs_stay():
    found = oc.trace(lambda x: (np.exp(x[0]), x[1] * 2.0)[1], [1.0, 2.0]).to_networkx()
    assert dict(found.nodes(data="role")) == {0: "input", 1: "input", 3: "output"}


def test_constant_outputs_are_no_nodes_and_inputs_that_are_outputs_stay_inputs():
    found = oc.trace(used_output, [2.0, 3.0]).to_networkx()
    roles = {node: data["role"] for node, data in found.nodes(data=True)}
    assert roles == {0: "input", 1: "input", 2: "output", 3: "intermediate", 4: "output"}
    assert not oc.trace(lambda x: 3.0, 1.0).to_networkx().edges


def test_arrays_are_nodes_with_linear_maps_and_specs_have_no_values():
    found = network("array").to_networkx()
    assert isinstance(found.nodes[0]["value"], np.ndarray) and found.nodes[0]["value"].shape == (2, 2)
    partials = {found.nodes[head]["operation"]: partial for _, head, partial in found.edges(data="partial")}
    assert partials["matmul"] is None and isinstance(partials["tanh"], float)
    blank = oc.trace(lambda x: np.sum(np.tanh(x)), oc.spec(("n", "m"))).to_networkx()
    assert {value for _, value in blank.nodes(data="value")} == {None}
    assert {partial for *_, partial in blank.edges(data="partial")} == {None}


def paths_by_networkx(graph):
    found = graph.to_networkx()
    assert nx.is_directed_acyclic_graph(found)
    paths = Counter({graph.output.index: 1} if graph.output is not None else {})
    for node in reversed(list(nx.topological_sort(found))):
        paths[node] += sum(paths[head] for _, head in found.out_edges(node))
    return [paths[node.index] for node in graph.inputs]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_networkx_finds_as_many_paths(case):
    graph = oc.trace(case.f, case.x)
    assert paths_by_networkx(graph) == case.paths
    assert [draw.path_counts(graph)[node.index] for node in graph.inputs] == case.paths


@RANDOM
@given(programs())
def test_networkx_finds_as_many_paths_in_random_programs(program):
    graph = oc.trace(program, list(program.x))
    assert paths_by_networkx(graph) == graph.paths()
    assert graph.to_networkx().number_of_edges() == len(graph.edges)


def test_a_lost_edge_is_noticed(monkeypatch):
    graph = oc.trace(doubled(3), 1.0)
    monkeypatch.setattr(nx, "MultiDiGraph", nx.DiGraph)
    assert paths_by_networkx(graph) != graph.paths()


# --- for Graphviz


NODE = re.compile(r'^  (\d+) \[label="((?:[^"\\]|\\.)*)",', re.M)
EDGE = re.compile(r"^  (\d+) -> (\d+)$", re.M)
RANK = re.compile(r"rank=(\w+); ([\d; ]+)")


def read(dot):
    """Labels by node, edges and ranks of a text in Graphviz's language."""
    assert dot.startswith("digraph {\n") and dot.endswith("\n}\n")
    unquoted = {
        int(node): re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), text) for node, text in NODE.findall(dot)
    }
    edges = [(int(tail), int(head)) for tail, head in EDGE.findall(dot)]
    return (
        unquoted,
        edges,
        {rank: [int(node) for node in re.findall(r"\d+", nodes)] for rank, nodes in RANK.findall(dot)},
    )


@pytest.mark.parametrize(("f", "x"), [(diamond, [2.0, 3.0]), (used_output, [2.0, 3.0]), (squared(3), 1.5)])
def test_graphviz_reads_the_same_graph(f, x):
    graph = oc.trace(f, x)
    labels, edges, ranks = read(graph.to_dot())
    assert labels == draw.labels_of(graph)
    assert edges == [(edge.tail, edge.head) for edge in graph.edges]
    assert ranks["source"] == [node.index for node in graph.inputs]
    found = graph.to_networkx()
    assert ranks["sink"] == [node for node, role in found.nodes(data="role") if role == "output" and not found[node]]


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash\\", "two\nlines", "a -> b; }", "$x$", "<b>"])
def test_any_name_can_be_a_label(name):
    def function(x):
        return x * 2.0

    function.__name__ = name
    f = oc.primitive(function, partials=lambda y, x: 2.0)
    graph = oc.trace(lambda x: np.sin(f(x)), 1.0)
    assert read(graph.to_dot())[0] == {0: "x", 1: name, 2: "sin"}
    check_drawing(graph.draw())


def test_the_text_is_the_same_each_time():
    assert network().to_dot() == network().to_dot()
    assert "rank=sink" not in oc.trace(lambda x: 3.0, 1.0).to_dot()


def test_labels_are_numbered_where_there_are_several():
    assert list(draw.labels_of(oc.trace(lambda x: x / 2.0, 1.0)).values()) == ["x", "÷"]
    assert list(draw.labels_of(oc.trace(diamond, [1.0, 2.0])).values()) == ["x[0]", "x[1]", "×", "sin", "+"]


# --- drawings


def check_drawing(ax):
    """No label covers another or leaves its box or the picture, and no edge goes through a box or upwards."""
    figure = ax.get_figure(root=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    extents = {text: text.get_window_extent(renderer) for text in ax.texts}
    boxes = [patch for patch in ax.patches if type(patch).__name__ == "FancyBboxPatch"]
    for text, extent in extents.items():
        assert ax.bbox.padded(1).contains(*extent.min) and ax.bbox.padded(1).contains(*extent.max), text
    for (one, first), (other, second) in combinations(extents.items(), 2):
        assert not first.overlaps(second), (one, other)
    places = [box.get_window_extent(renderer) for box in boxes]
    assert not any(first.padded(-1).overlaps(second.padded(-1)) for first, second in combinations(places, 2))
    for place, text in zip(places, ax.texts[-len(places) :], strict=True):
        assert place.padded(1).contains(*extents[text].min) and place.padded(1).contains(*extents[text].max), text
    for route in routes_of(ax):
        assert (np.diff(route.vertices[:, 1]) <= 1e-9).all()
        shown = route.transformed(ax.transData)
        assert not any(shown.intersects_bbox(place.padded(-2), filled=False) for place in places)


def routes_of(ax):
    return [patch._path_original for patch in ax.patches if type(patch).__name__ == "FancyArrowPatch"]


def words(ax):
    return [text.get_text() for text in ax.texts]


GRAPHS = {
    "y = y + y": lambda: oc.trace(doubled(3), 1.0),
    "diamond": lambda: oc.trace(lambda x: np.sin(x[0] * x[1]) * x[1], [2.0, 3.0]),
    "the question's network": lambda: oc.trace(question_loss((0.5, 1.0)), QUESTION),
    "a network": network,
    "a network of arrays": lambda: network("array"),
    "shapes alone": lambda: oc.trace(lambda x: np.sum(np.tanh(x @ x)), oc.spec((3, 3))),
    "40 nodes": lambda: joined(40),
    "a constant": lambda: oc.trace(lambda x: 3.0, [1.0, 2.0]),
    "fractions": lambda: oc.trace(squared(5), Fraction(2, 3)),
    "huge integers": lambda: oc.trace(squared(14), 3),
}


@pytest.mark.parametrize("show", draw.SHOWN)
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_covers_anything_else(name, show):
    graph = GRAPHS[name]()
    ax = graph.draw(show=show)
    check_drawing(ax)
    assert len(routes_of(ax)) == len(graph.edges)
    assert [text.partition("\n")[0] for text in words(ax)[-len(graph.nodes) :]] == [*draw.labels_of(graph).values()]


@RANDOM
@given(programs())
def test_nothing_covers_anything_else_in_random_programs(program):
    for show in ("adjoints", "partials"):
        ax = oc.trace(program, list(program.x)).draw(show=show)
        check_drawing(ax)
        plt.close(ax.figure)


def test_a_label_that_is_moved_is_noticed():
    ax = network().draw()
    ax.texts[0].set_position(ax.texts[1].get_position())
    with pytest.raises(AssertionError):
        check_drawing(ax)


def test_inputs_are_above_everything_and_unused_outputs_below():
    graph = oc.trace(used_output, [2.0, 3.0])
    boxes = draw.layout(draw.labels_of(graph), [(edge.tail, edge.head) for edge in graph.edges]).boxes
    heights = [round(boxes[node].y, 6) for node in range(5)]
    assert heights[0] == heights[1] > max(heights[2:4]) and heights[4] == min(heights) < min(heights[:4])


def test_parallel_edges_are_two_curves():
    first, second = routes_of(oc.trace(lambda x: x * x, 3.0).draw())
    assert (first.vertices[:, 0] < second.vertices[:, 0]).all()


def test_what_is_shown_beside_the_operations():
    graph = oc.trace(lambda x: x[0] * x[0] - x[1], [3.0, 4.0])
    with oc.count() as tally:
        assert words(graph.draw(show="paths")) == ["x[0]\n2", "x[1]\n1", "×\n1", "−\n1"]
        assert words(graph.draw(show="adjoints")) == ["x[0]\n6.0", "x[1]\n-1", "×\n1", "−\n1"]
        assert sorted(words(graph.draw(show="partials"))[:4]) == ["-1", "1", "3.0", "3.0"]
    assert not tally.counts


def test_the_adjoints_of_inputs_are_the_gradient():
    graph = oc.trace(question_loss((0.5, 1.0)), QUESTION)
    g = oc.gradient(question_loss((0.5, 1.0)), QUESTION).gradient
    assert [draw.adjoints(graph)[node.index] for node in graph.inputs] == [*g["w"], *g["b"]]


def test_several_outputs_have_paths_in_total_and_no_adjoints():
    graph = oc.trace(used_output, [2.0, 3.0])
    assert draw.path_counts(graph) == [4, 4, 3, 1, 1]  # a row for each output, the constant one without
    check_drawing(graph.draw(show="paths"))
    with pytest.raises(oc.InvalidType, match="5 outputs"):
        graph.draw(show="adjoints")
    with pytest.raises(oc.InvalidType, match="of shape"):
        oc.trace(np.tanh, np.ones(3)).draw(show="adjoints")


@pytest.mark.parametrize("engine", [None, "constrained", "tight"])
def test_axes_that_are_given_are_drawn_into_and_pyplot_is_left_alone(engine):
    figure = matplotlib.figure.Figure(figsize=(6, 3), layout=engine)
    axes = figure.subplots(1, 3)
    settings_before = dict(matplotlib.rcParams)
    for ax, graph in zip(axes, (network(), joined(25), oc.trace(doubled(3), 1.0)), strict=True):
        assert graph.draw(ax) is ax
    for ax in axes:
        check_drawing(ax)
    assert not plt.get_fignums() and dict(matplotlib.rcParams) == settings_before


def test_an_unknown_show_and_a_graph_that_is_too_large_are_refused():
    with pytest.raises(oc.InvalidValue, match="operation, paths, adjoints, partials"):
        network().draw(show="values")
    with pytest.raises(oc.InvalidValue, match=r"201 nodes.*to_dot\(\)"):
        oc.trace(doubled(200), 1.0).draw()
    assert len(routes_of(oc.trace(doubled(30), 1.0).draw(show="paths"))) == 60
    assert not set(plt.get_fignums()) - {1}  # and a refusal leaves no figure behind


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("networkx", lambda graph: graph.to_networkx()),
        ("igraph", lambda graph: graph.draw()),
        ("matplotlib", lambda graph: graph.draw()),
        ("matplotlib", lambda graph: graph.draw_elimination([1, 2])),
    ],
)
def test_without_a_package_it_says_what_to_install(monkeypatch, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(oc.InvalidType, match=rf"{package}: pip install opcount\[draw\]"):
        call(oc.trace(doubled(3), 1.0))


def test_graphviz_text_needs_no_package():
    program = (
        "import sys\nfor name in ('networkx', 'igraph', 'matplotlib'): sys.modules[name] = None\n"
        "import opcount as oc\nprint(oc.trace(lambda x: x * x, 3.0).to_dot())"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert read(run.stdout[:-1])[1] == [(0, 1), (0, 1)]


# --- vertex elimination


def pattern(graph, stages):
    """The last stage's edges as rows and columns of the Jacobian; every one must lead from an input to an output."""
    places = {node.index: place for place, node in enumerate(graph.inputs)}
    rows = linearized_of(graph).rows
    assert {head for _, head in stages[-1].edges} <= set(rows)
    return {(row, places[tail]) for tail, head in stages[-1].edges for row, vertex in enumerate(rows) if vertex == head}


def jacobian_pattern(graph):
    """The nonzero entries, by a tangent sweep from each input."""
    found = set()
    for place, node in enumerate(graph.inputs):
        reached = reach([node.index], graph.users)
        found |= {(row, place) for row, index in enumerate(graph.output_indices) if index in reached}
    return found


@pytest.mark.parametrize("order", [lambda nodes: nodes, lambda nodes: nodes[::-1]], ids=["forward", "reverse"])
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (diamond, [2.0, 3.0]),
        (used_output, [2.0, 3.0]),
        (squared(3), 1.5),
        (question_loss((0.5, 1.0)), QUESTION),
        (lambda x: [x[0] * 2.0, x[1]], [1.0, 2.0]),
    ],
)
def test_the_last_stage_is_the_jacobian(f, x, order):
    graph = oc.trace(f, x)
    stages = draw.stages(linearized_of(graph), order(inner(graph)))
    assert pattern(graph, stages) == jacobian_pattern(graph)
    assert len(stages) == len(inner(graph)) + 1


@RANDOM
@given(programs())
def test_the_last_stage_is_the_jacobian_of_random_programs(program):
    graph = oc.trace(program, list(program.x))
    stages = draw.stages(linearized_of(graph), sorted(inner(graph), key=lambda node: node * 7 % 5))
    assert pattern(graph, stages) == jacobian_pattern(graph)


def test_a_lost_fill_in_is_noticed():
    graph = oc.trace(diamond, [2.0, 3.0])
    stages = draw.stages(linearized_of(graph), inner(graph))
    stages[-1] = stages[-1]._replace(edges=stages[-1].edges[1:])
    assert pattern(graph, stages) != jacobian_pattern(graph)


def products_in_titles(figure):
    found = re.findall(r"(\d+)·(\d+) products", " ".join(ax.get_title() for ax in figure.axes))
    return sum(int(into) * int(out) for into, out in found)


def test_products_and_additions_of_a_diamond_by_hand():
    # p has two predecessors and two successors, and x[1] reaches p + x[1] already
    graph = oc.trace(diamond, [2.0, 3.0])
    figure = graph.draw_elimination([2])
    assert products_in_titles(figure) == 4
    assert [ax.get_title() for ax in figure.axes] == ["eliminate 2 (×):\n2·2 products", "the Jacobian:\n4 entries"]
    stage = draw.stages(linearized_of(graph), [2])[-1]
    assert (stage.new, stage.absorbed) == ([(0, 3), (0, 4), (1, 3)], [(1, 4)])


def sine_of_sine(x):
    return np.sin(np.sin(x[0] + x[1] + x[2]))


def test_the_order_decides_how_many_products():
    # sin of sin of a sum of three: from the inputs on 3 + 3, from the output back 1 + 3
    graph = oc.trace(sine_of_sine, [0.1, 0.2, 0.3])
    forward, reverse = (graph.draw_elimination(order) for order in ([3, 4, 5], [5, 4, 3]))
    assert (products_in_titles(forward), products_in_titles(reverse)) == (2 + 3 + 3, 1 + 2 + 2)


@pytest.mark.parametrize(
    "name", ["y = y + y", "diamond", pytest.param("the question's network", marks=pytest.mark.slow)]
)
def test_nothing_covers_anything_else_in_any_stage(name):
    graph = GRAPHS[name]()
    figure = graph.draw_elimination(inner(graph))
    figure.canvas.draw()
    titles = [ax.title.get_window_extent() for ax in figure.axes]
    pictures = [ax.get_window_extent() for ax in figure.axes]
    assert not any(first.overlaps(second) for first, second in combinations(titles, 2))
    assert not any(title.overlaps(picture) for title in titles for picture in pictures)
    (legend,) = figure.legends
    assert not any(legend.get_window_extent().overlaps(picture) for picture in pictures)
    assert all(figure.bbox.contains(*corner) for title in titles for corner in (title.min, title.max))
    for ax in figure.axes:
        check_drawing(ax)


def test_positions_stay_and_vertices_go():
    graph = oc.trace(used_output, [2.0, 3.0])
    figure = graph.draw_elimination([3, 2])
    shown = [{text.get_position(): text.get_text() for text in ax.texts} for ax in figure.axes]
    assert [sorted(labels.values()) for labels in shown] == [
        ["sin", "x[0]", "x[1]", "y[1]", "y[2]", "×", "×"],
        ["x[0]", "x[1]", "y[1]", "y[2]", "×", "×"],
        ["x[0]", "x[1]", "y[1]", "y[2]", "×"],
    ]
    assert shown[2].items() <= shown[1].items() <= shown[0].items()


@pytest.mark.parametrize("order", [[], [2], [2, 2], [2, 3, 4], [0, 2, 3], [2, 5], "fastest", ["2", "3"]])
def test_an_order_that_is_none_is_refused(order):
    graph = oc.trace(used_output, [2.0, 3.0])
    with pytest.raises((oc.InvalidValue, oc.InvalidType), match=r"vertex|order|vertices"):
        graph.draw_elimination(order)


def test_an_order_may_have_a_name():
    graph = oc.trace(sine_of_sine, [0.1, 0.2, 0.3])
    for order in ("forward", "reverse", "markowitz", "search", "optimal"):
        expected = graph.predict_elimination(order, unit_products=True).mul
        assert products_in_titles(graph.draw_elimination(order)) == expected


def test_an_elimination_that_is_too_large_is_refused():
    for times, match in ((24, None), (25, "25 pictures"), (40, "41 nodes")):
        graph = oc.trace(doubled(times), 1.0)
        if match is None:
            assert len(graph.draw_elimination(inner(graph)).axes) == 24
        else:
            with pytest.raises(oc.InvalidValue, match=match):
                graph.draw_elimination(inner(graph))
