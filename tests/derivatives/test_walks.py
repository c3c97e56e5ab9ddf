"""Walks along edges: what is reached, how often a node is visited, the number of paths."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import pytest
from hypothesis import given, settings

import opcount as oc
from opcount.derivatives.walks import reach, visits
from opcount.tracing.edges import IDENTITY, NEGATION
from tests.support.diamond import DIAMOND
from tests.support.programs import CASES, doubled, programs, rational_programs, squared

RANDOM = settings(derandomize=True, max_examples=60)


def test_the_naive_recursion_calls_a_node_once_for_each_path_to_it():
    assert dict(visits([0], DIAMOND)) == {0: 1, 1: 2, 2: 2, 3: 2, 4: 4}
    assert dict(visits([0, 1], DIAMOND)) == {0: 1, 1: 3, 2: 3, 3: 3, 4: 6}


def test_calls_are_integers_of_any_size():
    doublings = {node: [(node + 1, IDENTITY.pull)] * 2 for node in reversed(range(200))}
    assert dict(visits([0], doublings))[200] == 2**200


def test_numbers_of_calls_are_forgotten_once_they_are_passed_on():
    # as many bits as nodes: together they would be n * n / 2 bits, 50 MB here
    doublings = {node: [(node + 1, IDENTITY.pull)] * 2 for node in reversed(range(20_000))}
    tracemalloc.start()
    try:
        for node, number in visits([0], doublings):
            assert number.bit_length() == node + 1
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_reach_finds_the_sources_and_all_that_follows():
    users = [[(node, IDENTITY) for node in nodes] for nodes in ([], [2, 3], [4], [4], [], [4])]
    assert reach([1], users) == {1, 2, 3, 4}
    assert reach([5, 2], users) == {2, 4, 5}
    assert reach([4], users) == {4}


# --- the paths of a graph


def enumerated(graph):
    """Every path from each input to the output, as a list of edges, by walking all of them."""
    onward = {}
    for edge in graph.edges:
        onward.setdefault(edge.tail, []).append(edge)

    def walk(node):
        if graph.output is not None and node == graph.output.index:
            yield []
        for edge in onward.get(node, ()):
            for rest in walk(edge.head):
                yield [edge, *rest]

    return [list(walk(node.index)) for node in graph.inputs]


def factor(edge):
    """The number that a path picks up along an edge."""
    return {IDENTITY: 1, NEGATION: -1}.get(edge.map) or oc.unwrap(edge.map.partial)


@given(programs(most=6))
@RANDOM
def test_paths_are_as_many_as_can_be_enumerated(program):
    graph = oc.trace(program, program.x)
    assert graph.paths() == [len(paths) for paths in enumerated(graph)]


@given(rational_programs(most=4))
@RANDOM
def test_the_gradient_is_the_sum_over_paths_of_the_products_along_them(program):
    # Bauer's formula in plain fractions, with no help of the recursion or the sweep
    graph = oc.trace(program, program.x)
    expected = []
    for paths in enumerated(graph):
        total = Fraction(0)
        for path in paths:
            product = Fraction(1)
            for edge in path:
                product *= factor(edge)
            total += product
        expected.append(total)
    assert list(oc.gradient(program, program.x).gradient) == expected


@pytest.mark.parametrize("name", CASES)
def test_paths_of_the_hand_examples(name):
    case = CASES[name]
    assert oc.trace(case.f, case.x).paths() == case.paths


@pytest.mark.parametrize("f", [doubled(133), squared(133)])
def test_paths_are_integers_of_any_size(f):
    graph = oc.trace(f, 1.0)
    assert graph.paths() == [2**133]
    assert 2**133 > 10**40


@pytest.mark.parametrize(("width", "depth"), [(2, 3), (3, 2), (5, 30), (7, 50)])
def test_paths_through_full_layers_are_the_width_to_the_depth(width, depth):
    def f(x):
        layer = list(x)
        for _ in range(depth):
            sums = sum(layer[1:], layer[0])
            layer = [sums * (position + 1.0) * 0.1 for position in range(width)]
        return sum(layer[1:], layer[0])

    assert oc.trace(f, [1.0] * width).paths() == [width**depth] * width
