"""Vertex elimination: any order gives the Jacobian and counts as predicted, and two of them are the recursions."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from analysis.programs.functions import FUNCTIONS
from opcount.derivatives import elimination, orders
from tests.support.programs import CASES

BOTH = pytest.mark.parametrize("unit_products", [False, True], ids=["free units", "unit products"])
ELIMINATED = [name for name in oc.ORDERS if name not in ("row-by-row", "column-by-column")]


def scrambled(seed, inputs=3, steps=14, outputs=3, several=True, parallel=True):
    """A random function: diamonds, signs, dead code, outputs of every sort, with parallel edges or without."""
    source = random.Random(seed)
    plan = [
        (source.choice("++--***dsnqt" if parallel else "++--***dsn"), source.random(), source.random())
        for _ in range(steps)
    ]
    ends = [source.random() for _ in range(outputs)]
    kinds = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "d": lambda a, b: 2 * a,
        "s": lambda a, b: np.sin(a),
        "n": lambda a, b: -a,
        "q": lambda a, b: a * a,
        "t": lambda a, b: a + a,
    }

    def f(x):
        values = list(x)
        for kind, first, second in plan:
            recent, any_one = len(values) - 1 - int(first * min(4, len(values))), int(second * len(values))
            if not parallel and recent == any_one:
                any_one = recent - 1
            values.append(kinds[kind](values[recent], values[any_one]))
        if not several:
            return values[-1]
        return [7.0 if parallel and end < 0.05 else values[int(end * len(values))] for end in ends] + [values[-1]]

    return f, [source.uniform(-1, 1) for _ in range(inputs)]


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


def differences(f, x):
    """A Jacobian from differences, of the fourth order."""
    columns = []
    for place in range(len(x)):
        rise = 0
        for factor, times in ((8, 1), (-8, -1), (-1, 2), (1, -2)):
            moved = list(x)
            moved[place] += times * 1e-3
            rise = rise + factor * np.array(f(moved), float)
        columns.append(rise / 12e-3)
    return np.array(columns).T


# --- the Jacobian


@pytest.mark.parametrize("seed", range(15))
@BOTH
def test_every_order_gives_the_jacobian(seed, unit_products):
    f, x = scrambled(seed)
    expected = differences(f, x)
    for order in oc.ORDERS:
        found = oc.jacobian(f, x, order, unit_products=unit_products)
        np.testing.assert_allclose(found.matrix, expected, rtol=1e-6, atol=1e-8 * (1 + abs(expected).max()))
        assert found.value == f(x)


@pytest.mark.parametrize("seed", range(10))
def test_over_fractions_every_order_gives_the_same_jacobian_exactly(seed):
    def f(x):
        a, b, c = x
        d = a * b - c
        e = d / (1 + d * d)
        return [e * e, d - e * a, c]

    x = [Fraction(seed + 1, 7), Fraction(2, 3), Fraction(-1, seed + 2)]
    expected = oc.jacobian(f, x, "row-by-row").matrix
    assert all(type(entry) is Fraction for entry in expected.flat)
    vertices = oc.trace(f, x).intermediates
    random.Random(seed).shuffle(vertices)
    for order in (*oc.ORDERS, vertices):
        assert (oc.jacobian(f, x, order).matrix == expected).all()


def test_a_wrong_weight_is_found(monkeypatch):
    f, x = scrambled(3)
    right = oc.jacobian(f, x, "markowitz").matrix
    monkeypatch.setattr(elimination, "times", lambda a, b: a)
    monkeypatch.setattr(elimination.accumulate, "__defaults__", (None, lambda a, b: a, elimination.plus))
    assert not np.allclose(oc.jacobian(f, x, "markowitz").matrix, right)


def test_structure_and_types_of_the_result():
    found = oc.jacobian(lambda p: {"sum": np.sum(p["w"] * p["w"]), "same": p["b"]}, {"w": np.ones((2, 2)), "b": 3.0})
    assert found.matrix.shape == (2, 5) and found.matrix.dtype == np.float64
    assert found.matrix.tolist() == [[2, 2, 2, 2, 0], [0, 0, 0, 0, 1]]
    assert found.value == {"sum": 4.0, "same": 3.0}
    assert found.counts == found.phases["accumulation"] and found.phases["primal"] == oc.Counts(mul=4, add=3)


def test_a_jacobian_counts_for_whoever_counts():
    f, x = scrambled(1)
    with oc.count() as tally:
        found = oc.jacobian(f, x, "reverse")
    assert tally.counts == sum(found.phases.values(), oc.Counts())


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


# --- orders


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
        whole = elimination.linearized(graph)
        order = random.Random(1).sample(whole.intermediates, 12)
        masks, vertices = orders.masks_of(whole, unit_products)
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


# --- bad input


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


@pytest.mark.parametrize("order", [*oc.ORDERS, [], ()])
def test_without_intermediate_vertices(order):
    found = oc.jacobian(lambda x: [x[0] * x[1], x[1] + x[1]], [3.0, 4.0], order)
    assert found.matrix.tolist() == [[4, 3], [0, 2]]
    assert found.counts == oc.Counts(add=1) and found.order == ()


@pytest.mark.parametrize("order", oc.ORDERS)
@BOTH
def test_outputs_that_are_inputs_constants_or_twice_the_same(order, unit_products):
    def f(x):
        y = np.sin(x[0])
        return [x[1], 7.0, y, y, x[0], oc.wrap(3.0), x[1], y * 2]

    found = oc.jacobian(f, [0.0, 2.0, 9.0], order, unit_products=unit_products)
    expected = [[0, 1, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [2, 0, 0]]
    assert found.matrix.tolist() == expected


@pytest.mark.parametrize("order", oc.ORDERS)
def test_functions_without_outputs_and_constants_alone(order):
    assert oc.jacobian(lambda x: [], [1.0, 2.0], order).matrix.shape == (0, 2)
    found = oc.jacobian(lambda x: [1.0, np.floor(x[0])], [1.5, 2.0], order)
    assert found.matrix.tolist() == [[0, 0], [0, 0]] and found.counts == oc.Counts()


def test_what_cannot_be_eliminated_says_so():
    graph = oc.trace(lambda x: np.sum(np.sin(x)), np.ones(3))
    for ask in (
        lambda: graph.predict_elimination("forward"),
        lambda: graph.intermediates,
        lambda: graph.predict("backprop", unit_products=True),
    ):
        with pytest.raises(oc.InvalidType, match='trace with granularity="scalar"'):
            ask()
    with pytest.raises(oc.InvalidType, match="which has none: give an array"):
        oc.jacobian(np.sum, oc.spec(3))
    own = oc.primitive(lambda x: 2 * x, push=lambda t, y, x: 2 * t, pull=lambda a, y, x: 2 * a)
    with pytest.raises(oc.InvalidType, match="give a primitive of your own its partials"):
        oc.jacobian(own, 1.0)
    with pytest.raises(oc.InvalidType):
        oc.jacobian(lambda x: None, 1.0)
    with pytest.raises(oc.InvalidType, match="f"):
        oc.jacobian(3, 1.0)


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
