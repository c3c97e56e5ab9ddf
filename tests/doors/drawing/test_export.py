"""Graphs for other tools: networkx counts the same paths, and Graphviz reads the same graph."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

import opcount as oc
from opcount.drawing import contents
from tests.support.drawings import RANDOM, check_drawing, diamond, network, used_output
from tests.support.programs import CASES, doubled, programs, squared

ROOT = Path(__file__).parents[3]


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
    assert [contents.path_counts(graph)[node.index] for node in graph.inputs] == case.paths


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
    assert labels == contents.labels_of(graph)
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


def test_graphviz_text_needs_no_package():
    program = (
        "import sys\nfor name in ('networkx', 'igraph', 'matplotlib'): sys.modules[name] = None\n"
        "import opcount as oc\nprint(oc.trace(lambda x: x * x, 3.0).to_dot())"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert read(run.stdout[:-1])[1] == [(0, 1), (0, 1)]
