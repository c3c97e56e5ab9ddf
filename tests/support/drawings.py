"""Graphs to draw, and what holds for every drawing: nothing covers anything else."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
from hypothesis import settings
from matplotlib.backends.backend_agg import FigureCanvasAgg

import opcount as oc
from tests.support.programs import QUESTION, doubled, question_loss, squared

RANDOM = settings(derandomize=True, max_examples=12)


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
