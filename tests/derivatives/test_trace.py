"""What is refused when a function is evaluated, and that a graph that is recorded is finished."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import opcount as oc
from tests.support.programs import chain


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
