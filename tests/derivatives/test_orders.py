"""Orders of elimination: by a rule, by search, the best there is; and what is no order."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

import opcount as oc
from opcount.derivatives.linearized import linearized
from opcount.derivatives.orders.masks import masks_of
from tests.support.scrambled import scrambled

BOTH = pytest.mark.parametrize("unit_products", [False, True], ids=["free units", "unit products"])
ELIMINATED = [name for name in oc.ORDERS if name not in ("row-by-row", "column-by-column")]


def test_markowitz_takes_the_least_product_of_degrees_and_the_lowest_among_equals():
    def f(x):
        a = x[0] * x[1]  # 2 * 2
        b = np.sin(a)  # 1 * 1
        c = np.cos(a)  # 1 * 1
        return b * c + x[2]

    graph = oc.trace(f, [1.0, 2.0, 3.0])
    assert [graph.nodes[v].name for v in graph.elimination("markowitz").order] == ["sin", "cos", "mul", "mul"]


@pytest.mark.parametrize("seed", range(30))
def test_markowitz_by_a_slow_hand(seed):
    f, x = scrambled(seed, steps=24)
    graph = oc.trace(f, x, granularity="scalar")
    left, order = set(graph.intermediates), []
    pairs = {(edge.tail, edge.head) for edge in graph.edges}
    pairs |= {(node.index, ("copy", node.index)) for node in graph.outputs if getattr(node, "index", None) in left}
    while left:
        degrees = {v: (sum(h == v for _, h in pairs) * sum(t == v for t, _ in pairs), v) for v in left}
        vertex = min(left, key=degrees.__getitem__)
        tails, heads = [t for t, h in pairs if h == vertex], [h for t, h in pairs if t == vertex]
        pairs = {pair for pair in pairs | set(itertools.product(tails, heads)) if vertex not in pair}
        left.discard(vertex)
        order.append(vertex)
    assert list(graph.elimination("markowitz").order) == order


def graphs_with(vertices, number, **keywords):
    """So many graphs of random functions with that many intermediate vertices."""
    graphs = (oc.trace(*scrambled(seed, **keywords), granularity="scalar") for seed in itertools.count())
    return itertools.islice((graph for graph in graphs if len(graph.intermediates) == vertices), number)


@BOTH
def test_the_best_order_is_that_of_all_orders(unit_products):
    for graph in graphs_with(5, 60, inputs=2, steps=8, outputs=2):
        all_orders = itertools.permutations(graph.intermediates)
        least = min(graph.predict_elimination(order, unit_products=unit_products).mul for order in all_orders)
        assert graph.predict_elimination("optimal", unit_products=unit_products).mul == least


@BOTH
def test_masks_count_the_products_of_an_order(unit_products):
    for graph in graphs_with(12, 40, inputs=4, steps=20):
        found = linearized(graph)
        order = random.Random(1).sample(found.intermediates, 12)
        masks, vertices = masks_of(found, unit_products)
        products = sum(masks.eliminate(vertices.index(vertex)) for vertex in order)
        assert products == graph.predict_elimination(order, unit_products=unit_products).mul


@pytest.mark.parametrize("seed", range(20))
@BOTH
def test_no_order_is_better_than_the_best_and_a_search_is_no_worse_than_where_it_starts(seed, unit_products):
    f, x = scrambled(seed, steps=20)
    graph = oc.trace(f, x, granularity="scalar")
    products = {order: graph.predict_elimination(order, unit_products=unit_products).mul for order in ELIMINATED}
    assert products["optimal"] == min(products.values())
    explicit = {rule: graph.elimination(rule).order for rule in ("forward", "reverse", "markowitz")}
    for order in explicit.values():
        assert products["search"] <= graph.predict_elimination(order, unit_products=unit_products).mul


def test_a_search_is_deterministic_under_a_seed_and_steps_are_its_budget():
    f, x = scrambled(5, inputs=5, steps=60)
    graph = oc.trace(f, x, granularity="scalar")
    found = [graph.elimination("search", steps=300, seed=seed).order for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    costs = [graph.predict_elimination("search", steps=steps).mul for steps in (0, 3000)]
    assert costs[1] < costs[0]


def test_a_best_order_of_more_vertices_than_fit_a_word_of_neighbours():
    def f(x):  # 70 inputs, each with an edge to both of two vertices
        a, b = np.sum(np.sin(x)), np.sum(np.cos(x))
        return a * b

    with pytest.raises(oc.InvalidValue, match=r"278 intermediate vertices.*at most 25"):
        oc.jacobian(f, np.ones(70) / 70, "optimal")

    def g(x):
        return [oc_dot(x), np.sin(oc_dot(x[::-1]))]

    def oc_dot(x):
        return GATHER(*x)

    graph = oc.trace(g, [0.1 * k for k in range(70)], granularity="scalar")
    assert graph.predict_elimination("optimal", unit_products=True).mul == 70


def _gathered(*x):
    total = x[0]
    for one in x[1:]:
        total = total + one
    return total


def _gathered_partial(place):
    return lambda y, *x: 1.0 + place


GATHER = oc.primitive(_gathered, partials=tuple(_gathered_partial(place) for place in range(70)))


# --- what is no order


def small(x):
    a = x[0] * x[1]
    b = np.sin(a)
    return b * x[0], a


@pytest.mark.parametrize(
    ("order", "error", "words"),
    [
        ("fastest", oc.InvalidValue, "no order 'fastest'; the orders are forward, reverse"),
        ([2, 2], oc.InvalidValue, "vertex 2, which is eliminated before"),
        ([2], oc.InvalidValue, "lacks 1 of the 2 intermediate vertices: 3"),
        ([], oc.InvalidValue, "lacks 2 of the 2 intermediate vertices: 2, 3"),
        ([2, 3, 99], oc.InvalidValue, "vertex 99, which does not exist: the graph has vertices 0 to 4"),
        ([-1, 2, 3], oc.InvalidValue, "vertex -1, which does not exist"),
        ([0, 2, 3], oc.InvalidValue, "vertex 0, which is an input"),
        ([2, 3, 4], oc.InvalidValue, "vertex 4, which is an output"),
        ([2.0, 3.0], oc.InvalidType, "2.0 is none"),
        (itertools.cycle([2, 3]), oc.InvalidType, "a sequence of vertices, not <itertools.cycle"),
        ({2, 3}, oc.InvalidType, "a sequence of vertices"),
        (None, oc.InvalidType, "a sequence of vertices, not None"),
        (3, oc.InvalidType, "a sequence of vertices, not 3"),
    ],
)
def test_an_order_that_is_none(order, error, words):
    graph = oc.trace(small, [1.0, 2.0])
    for refused in (lambda: oc.jacobian(small, [1.0, 2.0], order), lambda: graph.predict_elimination(order)):
        with pytest.raises(error) as raised:
            refused()
        assert words in str(raised.value)


def test_a_vertex_without_an_output_is_none_of_the_order():
    def f(x):
        np.exp(x * x)
        return np.sin(x) * 2

    assert oc.trace(f, 1.0).intermediates == [3]
    with pytest.raises(oc.InvalidValue, match="vertex 1, on which no output depends"):
        oc.jacobian(f, 1.0, [1, 3])


def test_orders_may_be_arrays_ranges_and_tuples():
    for order in (np.array([3, 2]), range(2, 4), (2, 3)):
        assert oc.jacobian(small, [1.0, 2.0], order).order == tuple(order)


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"order": "markowitz", "steps": 10}, oc.InvalidValue, 'steps and seed are for order="search", not for'),
        ({"order": "row-by-row", "seed": 1}, oc.InvalidValue, "steps and seed are for"),
        ({"order": [2, 3], "seed": 0}, oc.InvalidValue, "steps and seed are for"),
        ({"order": "search", "steps": -1}, oc.InvalidValue, "steps must not be negative: -1"),
        ({"order": "search", "steps": 1.5}, oc.InvalidType, "steps must be an integer, not 1.5"),
        ({"order": "search", "seed": "a"}, oc.InvalidType, "seed must be an integer, not 'a'"),
    ],
)
def test_the_arguments_of_a_search(keywords, error, words):
    with pytest.raises(error) as raised:
        oc.jacobian(small, [1.0, 2.0], **keywords)
    assert words in str(raised.value)
