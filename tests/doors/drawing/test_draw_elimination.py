"""Vertex elimination in pictures: the last stage is the Jacobian, and nothing covers anything else."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given

import opcount as oc
from opcount.derivatives.linearized import linearized as linearized_of
from opcount.derivatives.walks import reach
from opcount.drawing import elimination
from tests.support.drawings import GRAPHS, RANDOM, check_drawing, diamond, inner, used_output
from tests.support.programs import QUESTION, doubled, programs, question_loss, squared


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
    stages = elimination.stages(linearized_of(graph), order(inner(graph)))
    assert pattern(graph, stages) == jacobian_pattern(graph)
    assert len(stages) == len(inner(graph)) + 1


@RANDOM
@given(programs())
def test_the_last_stage_is_the_jacobian_of_random_programs(program):
    graph = oc.trace(program, list(program.x))
    stages = elimination.stages(linearized_of(graph), sorted(inner(graph), key=lambda node: node * 7 % 5))
    assert pattern(graph, stages) == jacobian_pattern(graph)


def test_a_lost_fill_in_is_noticed():
    graph = oc.trace(diamond, [2.0, 3.0])
    stages = elimination.stages(linearized_of(graph), inner(graph))
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
    stage = elimination.stages(linearized_of(graph), [2])[-1]
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
