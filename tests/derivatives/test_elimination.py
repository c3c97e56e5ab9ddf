"""Vertex elimination: any order gives the Jacobian and counts as predicted, and two of them are the recursions."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest

import opcount as oc
from analysis.programs.functions import FUNCTIONS
from tests.support.programs import CASES
from tests.support.scrambled import scrambled

BOTH = pytest.mark.parametrize("unit_products", [False, True], ids=["free units", "unit products"])


def by_hand(graph, order):
    """What the literature counts, from a set of pairs: a product for each edge in and each edge out."""
    edges = Counter((edge.tail, edge.head) for edge in graph.edges)
    assert set(edges.values()) <= {1}, "parallel edges"
    used = {tail for tail, _ in edges} | {node.index for node in graph.inputs}
    pairs = set(edges)
    pairs |= {(node.index, ("copy", node.index)) for node in graph.outputs if node.index in used}
    products = additions = 0
    most = len(pairs)
    for vertex in order:
        tails = {tail for tail, head in pairs if head == vertex}
        heads = {head for tail, head in pairs if tail == vertex}
        products += len(tails) * len(heads)
        joined = set(itertools.product(tails, heads))
        additions += len(joined & pairs)
        pairs = {pair for pair in pairs | joined if vertex not in pair}
        most = max(most, len(pairs))
    return products, additions, most


# --- counts


@pytest.mark.parametrize("seed", range(30))
@BOTH
def test_executed_counts_and_live_edges_are_the_predicted_ones(seed, unit_products):
    f, x = scrambled(seed)
    graph = oc.trace(f, x, granularity="scalar")
    vertices = graph.intermediates
    random.Random(seed).shuffle(vertices)
    for order in (*oc.ORDERS, vertices):
        found = oc.jacobian(f, x, order, unit_products=unit_products)
        expected = graph.elimination(order, unit_products=unit_products)
        assert (found.order, found.counts, found.live_edges) == expected, order
        assert graph.predict_elimination(order, unit_products=unit_products) == found.counts


@pytest.mark.parametrize("seed", range(30))
@BOTH
def test_forward_and_reverse_are_the_recursions(seed, unit_products):
    f, x = scrambled(seed, several=False)
    graph = oc.trace(f, x, granularity="scalar")
    for order, method in (("forward", "memoized-tangent"), ("reverse", "memoized")):
        expected = graph.predict(method, unit_products=unit_products)
        assert oc.jacobian(f, x, order, unit_products=unit_products).counts == expected
        assert graph.predict_elimination(order, unit_products=unit_products) == expected
        if not unit_products:
            assert oc.gradient(f, x, method).phases["accumulation"] == expected


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_forward_and_reverse_of_the_cases_counted_by_hand(case):
    for order, method in (("forward", "memoized-tangent"), ("reverse", "memoized")):
        assert oc.jacobian(case.f, case.x, order).counts == oc.gradient(case.f, case.x, method).phases["accumulation"]


@pytest.mark.parametrize("seed", range(30))
@BOTH
def test_several_outputs_cost_what_they_cost_one_by_one(seed, unit_products):
    f, x = scrambled(seed)
    graph = oc.trace(f, x, granularity="scalar")
    inner = {edge.tail for edge in graph.edges} & {node.index for node in graph.outputs if hasattr(node, "index")}
    if not (unit_products and inner):  # the literature multiplies by the one on the edge to a copy, a recursion copies
        reverse = graph.predict_elimination("reverse", unit_products=unit_products)
        assert reverse == graph.predict_elimination("row-by-row", unit_products=unit_products)
        forward = graph.predict_elimination("forward", unit_products=unit_products)
        assert forward == graph.predict_elimination("column-by-column", unit_products=unit_products)
    distinct = {node.index for node in graph.outputs if hasattr(node, "index")}
    alone = [oc.trace(lambda x, k=k: f(x)[k], x, granularity="scalar") for k in range(len(graph.outputs))]
    total = {one.outputs[0].index: one.predict("memoized") for one in alone if hasattr(one.outputs[0], "index")}
    assert distinct == set(total)
    assert graph.predict_elimination("row-by-row") == sum(total.values(), oc.Counts())


@pytest.mark.parametrize("seed", range(30))
def test_unit_products_are_those_of_sets_of_pairs(seed):
    f, x = scrambled(seed, inputs=4, steps=18, parallel=False)
    graph = oc.trace(f, x, granularity="scalar")
    vertices = graph.intermediates
    random.Random(seed).shuffle(vertices)
    for order in ("forward", "reverse", "markowitz", "search", vertices):
        found = graph.elimination(order, unit_products=True)
        assert (found.counts.mul, found.counts.add, found.live_edges) == by_hand(graph, found.order)


def test_the_example_of_the_book():
    """Griewank and Walther's lighthouse, of which the second output uses the first."""
    f, point, *_ = FUNCTIONS["lighthouse"]
    graph = oc.trace(f, list(point))
    assert [graph.nodes[vertex].name for vertex in graph.intermediates] == ["mul", "tan", "mul", "sub", "div"]
    # in times out: speed * time, its tangent, distance * tangent, slope - tangent, y1 into itself and y2
    along = (2 * 1, 2 * 2, 3 * 1, 3 * 1, 4 * 2)
    against = (2 * 2, 2 * 2, 2 * 2, 1 * 2, 2 * 2)  # y1, the difference, the product, the tangent, speed * time
    assert graph.predict_elimination("forward", unit_products=True).mul == sum(along)
    assert graph.predict_elimination("reverse", unit_products=True).mul == sum(against)


# --- size


@pytest.mark.parametrize("steps", [2_500, pytest.param(25_000, marks=pytest.mark.slow)])
def test_ten_and_a_hundred_thousand_vertices(steps):
    def f(x):
        a, b = x
        for _ in range(steps):
            a, b = np.sin(a) * b, a + np.cos(b)
        return a, b

    graph = oc.trace(f, [0.1, 0.2])
    assert len(graph.intermediates) == 4 * steps - 2
    # Along, each of both inputs comes to a sine and a cosine, a product and a sum, and each of these goes to two
    # or to one: (1 + 1 + 2 + 2) for either of the inputs, less at the first and the last step.
    found = {rule: graph.elimination(rule, unit_products=True) for rule in ("forward", "reverse", "markowitz")}
    assert found["forward"].counts.mul == 2 * 6 * steps - 2 - 8
    assert found["reverse"].counts.mul == 2 * 6 * steps - 8 - 2
    assert found["markowitz"].counts.mul < found["forward"].counts.mul
    if steps > 2_500:
        with pytest.raises(oc.InvalidValue, match=r"99,998 intermediate vertices.*10,000 is the most"):
            graph.predict_elimination("search")
