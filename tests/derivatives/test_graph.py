"""The graph of an evaluation: what enters it, its edges, its paths, and what its predictions say."""

from __future__ import annotations

import weakref
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, settings

import opcount as oc
from opcount.tracing.edges import IDENTITY, NEGATION
from tests.support.programs import programs

CHAIN_RULE_METHODS = [method for method in oc.METHODS if method != "finite-difference"]
RANDOM = settings(derandomize=True, max_examples=60)


def names(graph):
    return [node.name for node in graph.nodes]


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


def test_the_graph_of_an_expression_has_these_vertices_to_eliminate():
    graph = oc.trace(lambda x: (x[0] * x[1] + x[0], np.sin(x[1]) * 2.0), [3.0, 4.0])
    assert graph.intermediates == [node.index for node in graph.nodes if node not in (*graph.inputs, *graph.outputs)]
    assert len(graph.intermediates) == 2
    free = oc.jacobian(lambda x: (x[0] * x[1] + x[0], np.sin(x[1]) * 2.0), [3.0, 4.0], order="forward")
    assert graph.predict_elimination("forward") == free.phases["accumulation"]
    assert graph.predict_elimination("forward", unit_products=True) != free.phases["accumulation"]


@pytest.mark.parametrize(("join", "needed"), [(np.add, False), (np.multiply, True)])
def test_values_that_no_edge_needs_are_freed_before_the_accumulation(join, needed):
    memory, alive = [], []

    def pull(adjoint, y, x):
        alive.append(memory[0]() is not None)
        return adjoint

    seen = oc.primitive(lambda x: x + 0.0, pull=pull)

    def f(x):
        inner = x + 1.0
        memory.append(weakref.ref(inner.value._plain()))
        return np.sum(join(seen(x * 2.0), inner))

    oc.gradient(f, np.ones(3))
    assert alive == [needed]
