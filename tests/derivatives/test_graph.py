"""The graph of an evaluation: what enters it, its edges, its paths, and what its predictions say."""

from __future__ import annotations

import sys
from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

import opcount as oc
from opcount.tracing.edges import IDENTITY, NEGATION
from tests.support.programs import CASES, chain, doubled, programs, rational_programs, squared

CHAIN_RULE_METHODS = [method for method in oc.METHODS if method != "finite-difference"]
RANDOM = settings(deadline=None, derandomize=True, max_examples=60)


def names(graph):
    return [node.name for node in graph.nodes]


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


# --- what a graph holds


def test_nodes_stand_in_the_order_of_evaluation_inputs_first():
    graph = oc.trace(lambda x: np.tanh(x["b"] * x["a"][1]) - np.exp(x["a"][0]), {"a": [1.0, 2.0], "b": 3.0})
    assert names(graph) == ["input", "input", "input", "mul", "tanh", "exp", "sub"]
    assert [oc.unwrap(node) for node in graph.inputs] == [1.0, 2.0, 3.0]
    assert [node.index for node in graph.nodes] == list(range(7))
    assert [oc.unwrap(node.value) for node in graph.nodes] == [
        1,
        2,
        3,
        6,
        np.tanh(6),
        np.exp(1),
        np.tanh(6) - np.exp(1),
    ]


def test_edges_lead_from_operand_to_node_in_the_order_of_evaluation():
    graph = oc.trace(lambda x: x[0] * x[1] - x[0], [3.0, 4.0])
    assert [(edge.tail, edge.head, edge.position) for edge in graph.edges] == [
        (0, 2, 0),
        (1, 2, 1),
        (2, 3, 0),
        (0, 3, 1),
    ]
    assert [factor(edge) for edge in graph.edges] == [4.0, 3.0, 1, -1]


def test_operands_that_are_data_have_no_edge():
    graph = oc.trace(lambda x: 2 / (x * 3.0) + oc.wrap(5.0), 4.0)
    assert names(graph) == ["input", "mul", "div", "add"]
    assert [(edge.tail, edge.head, edge.position) for edge in graph.edges] == [(0, 1, 0), (1, 2, 1), (2, 3, 0)]


def test_data_alone_stays_outside_and_is_counted_where_it_is_wrapped():
    data = oc.wrap(2.0)
    with oc.count() as tally:
        graph = oc.trace(lambda x: x + data * data, 1.0)
    assert names(graph) == ["input", "add"]
    assert tally.counts == {"mul": 1, "add": 1}


def test_what_is_structurally_constant_stays_outside():
    graph = oc.trace(lambda x: x * np.floor(x) + x**0, 2.5)
    assert names(graph) == ["input", "mul", "add"]
    assert oc.unwrap(graph.result) == 6.0


def test_comparisons_are_control_flow_and_count_without_entering():
    with oc.count() as tally:
        graph = oc.trace(lambda x: x * 2 if x > 1 else x * 3, 4.0)
    assert names(graph) == ["input", "mul"]
    assert tally.counts == {"gt": 1, "mul": 1}


def test_dead_code_is_evaluated_and_gets_no_edges():
    with oc.count() as tally:
        graph = oc.trace(lambda x: (np.tanh(x), x * x)[1], 3.0)
    assert names(graph) == ["input", "tanh", "mul"]
    assert {edge.head for edge in graph.edges} == {2}
    assert tally.counts == {"tanh": 1, "mul": 1}  # and no partial of tanh


def test_what_comes_after_the_output_gets_no_edges():
    def f(x):
        y = x * x
        np.exp(y)
        return y

    graph = oc.trace(f, 3.0)
    assert {edge.head for edge in graph.edges} == {1}
    assert graph.paths() == [2]


def test_an_unused_input_is_a_node_without_edges():
    graph = oc.trace(lambda x: x[1] * 2.0, [1.0, 2.0, 3.0])
    assert len(graph.inputs) == 3
    assert {edge.tail for edge in graph.edges} == {1}
    assert graph.paths() == [0, 1, 0]


def test_the_same_output_twice_is_two_outputs_and_one_set_of_edges():
    def f(x):
        y = x * 2.0
        return [y, y, {"again": y}]

    graph = oc.trace(f, 3.0)
    assert [output.index for output in graph.outputs] == [1, 1, 1]
    assert len(graph.edges) == 1
    assert oc.unwrap(graph.result) == [6.0, 6.0, {"again": 6.0}]


def test_several_outputs_are_traced_together_and_refuse_what_is_about_one():
    graph = oc.trace(lambda x: (x * x, np.sin(x), 3.0), 2.0)
    assert len(graph.outputs) == 3
    assert {edge.head for edge in graph.edges} == {1, 2}
    for ask in (graph.paths, lambda: graph.predict("naive"), lambda: graph.predict("backprop")):
        with pytest.raises(oc.InvalidType, match="3 outputs"):
            ask()


def test_a_constant_result_has_no_paths_and_costs_nothing():
    graph = oc.trace(lambda x: 3.0, [1.0, 2.0])
    assert graph.paths() == [0, 0]
    assert graph.edges == []
    assert all(graph.predict(method).total == 0 for method in CHAIN_RULE_METHODS)


def test_an_input_returned_is_the_output():
    graph = oc.trace(lambda x: x[1], [1.0, 2.0])
    assert graph.outputs[0] is graph.inputs[1]
    assert graph.paths() == [0, 1]


def test_inputs_follow_the_structure_in_reading_order():
    Pair = namedtuple("Pair", "left right")
    x = {"z": [1.0, (2.0, Pair(3.0, 4.0))], "a": np.array([[5.0, 6.0], [7.0, 8.0]])}
    graph = oc.trace(lambda x: x["z"][1][1].right * x["a"][1, 0], x, granularity="scalar")
    assert [oc.unwrap(node) for node in graph.inputs] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert graph.paths() == [0, 0, 0, 1, 0, 0, 1, 0]
    whole = oc.trace(lambda x: x["z"][1][1].right * x["a"][1, 0], x)
    assert [np.shape(node) for node in whole.inputs] == [(), (), (), (), (2, 2)]
    assert whole.paths() == [0, 0, 0, 1, 1]
    assert (whole.size, graph.size) == (8, 8)


def test_a_graph_prints_what_it_holds():
    graph = oc.trace(lambda x: x[0] * x[1], [3.0, 4.0])
    assert repr(graph) == "Graph(3 nodes, 2 inputs, 1 outputs)"
    assert repr(graph.nodes[2]) == "Node(2, mul, Scalar(12.0))"


def test_a_trace_counts_the_primal_and_the_partials():
    with oc.count() as tally:
        oc.trace(lambda x: np.tanh(x) * x, 0.5)
    assert tally.counts == {"tanh": 1, "mul": 2, "sub": 1}


@given(programs())
@RANDOM
def test_every_operand_comes_before_its_node(program):
    graph = oc.trace(program, program.x)
    assert all(edge.tail < edge.head for edge in graph.edges)
    assert [edge.head for edge in graph.edges] == sorted(edge.head for edge in graph.edges)
    assert names(graph)[: len(program.x)] == ["input"] * len(program.x)


@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")  # some are constant
@given(programs())
@RANDOM
def test_an_evaluation_that_is_traced_counts_what_the_function_counts(program):
    g = oc.gradient(program, program.x)
    measured = oc.measure(program, program.x)
    assert g.phases["primal"] == measured.counts
    assert g.value == measured.value


# --- paths


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


# --- predictions


@pytest.mark.parametrize("method", CHAIN_RULE_METHODS)
@pytest.mark.parametrize("name", CASES)
def test_predictions_are_the_integers_counted_by_hand(name, method):
    case = CASES[name]
    assert oc.trace(case.f, case.x).predict(method) == case.expected(method)


@pytest.mark.parametrize("method", CHAIN_RULE_METHODS)
@pytest.mark.parametrize("name", CASES)
def test_executions_are_the_integers_counted_by_hand(name, method):
    case = CASES[name]
    assert oc.gradient(case.f, case.x, method).phases["accumulation"] == case.expected(method)


@pytest.mark.parametrize("name", CASES)
def test_finite_differences_execute_four_operations_for_each_input(name):
    case = CASES[name]
    inputs = len(case.paths)
    expected = {"add": inputs, "sub": 2 * inputs, "div": inputs}
    assert oc.trace(case.f, case.x).predict("finite-difference") == expected
    assert oc.gradient(case.f, case.x, "finite-difference").phases["accumulation"] == expected


@pytest.mark.parametrize("method", oc.METHODS)
@given(program=programs())
@settings(deadline=None, derandomize=True, max_examples=25)
def test_what_is_predicted_is_what_is_executed(method, program):
    predicted = oc.trace(program, program.x).predict(method)
    assert oc.gradient(program, program.x, method).phases["accumulation"] == predicted


@pytest.mark.parametrize("method", oc.METHODS)
def test_predicting_executes_nothing(method):
    graph = oc.trace(CASES["1-2-1, three points"].f, CASES["1-2-1, three points"].x)
    with oc.count() as tally:
        graph.predict(method)
        graph.paths()
    assert tally.counts.total == 0


@pytest.mark.parametrize(
    ("method", "adds"),
    [
        ("forward", 133),
        ("backprop", 133),
        ("memoized", 133),
        ("memoized-tangent", 133),
        ("naive", 2**133 - 1),
        ("naive-tangent", 2**133 - 1),
    ],
)
def test_naive_on_ten_to_the_forty_paths_is_a_number_not_a_wait(method, adds):
    assert oc.trace(doubled(133), 1.0).predict(method) == {"add": adds}


@pytest.mark.parametrize(
    ("method", "muls", "adds"),
    [("backprop", 2 * 132, 133), ("naive", 2**133 - 2, 2**133 - 1), ("naive-tangent", 2**133 - 2, 2**133 - 1)],
)
def test_naive_products_on_ten_to_the_forty_paths(method, muls, adds):
    # one product for each edge of a call but those of the last squaring: sum of 2 ** k for k from 1 to 132
    assert oc.trace(squared(133), 1.0).predict(method) == {"mul": muls, "add": adds}


@pytest.mark.parametrize("method", CHAIN_RULE_METHODS)
def test_a_chain_multiplies_on_every_edge_but_the_one_at_the_source(method):
    assert oc.trace(chain(500), 1.0).predict(method) == {"mul": 499}


def test_an_unknown_method_is_refused_with_those_that_exist():
    with pytest.raises(oc.InvalidValue, match="finite-difference, forward, naive"):
        oc.trace(lambda x: x, 1.0).predict("reverse")


# --- bad input


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([], oc.InvalidValue, "no numbers"),
        ({}, oc.InvalidValue, "no numbers"),
        (np.array([]), oc.InvalidValue, "no numbers"),
        ([1.0, "a"], oc.InvalidType, r"x\[1\] is 'a'"),
        (1j, oc.InvalidType, "complex"),
        (True, oc.InvalidType, "truth value"),
        (None, oc.InvalidType, "x is None"),
    ],
)
def test_an_x_that_holds_no_numbers_is_refused_before_f_is_called(x, error, message):
    def f(x):
        raise AssertionError("called")

    with pytest.raises(error, match=message):
        oc.trace(f, x)


@pytest.mark.parametrize(
    ("result", "message"),
    [(None, "return"), ("a", "'a'"), (1j, "complex"), (True, "truth value"), ([1.0, None], r"f\(x\)\[1\] is None")],
)
def test_a_result_that_holds_no_numbers_is_refused(result, message):
    with pytest.raises(oc.InvalidType, match=message):
        oc.trace(lambda x: result, 1.0)


def test_a_value_of_another_evaluation_is_refused():
    kept = []
    oc.trace(lambda x: kept.append(x) or x, 1.0)
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.trace(lambda x: x * kept[0], 1.0)
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.trace(lambda x: kept[0], 1.0)


def test_a_finished_graph_does_not_grow():
    graph = oc.trace(lambda x: x * x, 3.0)
    graph.result * 2.0
    assert len(graph.nodes) == 2
    assert graph.paths() == [2]


def test_a_graph_of_many_nodes_needs_no_recursion():
    before = sys.getrecursionlimit()
    graph = oc.trace(chain(20_000), 1.0)
    assert before < 20_000
    assert graph.paths() == [1]
