"""What a method counts, predicted: on steps by hand, on graphs, and equal to what is executed."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings

import opcount as oc
from opcount.derivatives.predict import ON_NUMBERS, difference_counts, own_costs
from opcount.derivatives.walks import visits
from opcount.tracing.edges import IDENTITY, NEGATION
from opcount.tracing.units import ONE
from tests.support.diamond import DIAMOND, NAIVE, ONCE, PRICED, scaled
from tests.support.programs import CASES, chain, doubled, programs, squared

CHAIN_RULE_METHODS = [method for method in oc.METHODS if method != "finite-difference"]


def predicted(own, times):
    total = {"mul": 0, "neg": 0, "add": 0}
    for node, cost in own.items():
        for kind in total:
            total[kind] += getattr(cost, kind) * times[node]
    return {kind: number for kind, number in total.items() if number}


def test_the_costs_of_the_nodes_are_what_backprop_executes():
    own = own_costs([4], PRICED, ON_NUMBERS)
    assert {node: (cost.mul, cost.neg, cost.add) for node, cost in own.items()} == {
        3: (0, 0, 0),  # a copy of the output's structural one
        2: (0, 0, 0),
        1: (2, 0, 1),
        0: (1, 0, 1),  # a product, and a copy along the structural edge
    }
    assert predicted(own, dict.fromkeys(own, 1)) == ONCE


def test_predictions_execute_nothing():
    with oc.count() as tally:
        own_costs([4], PRICED, ON_NUMBERS)
        dict(visits([0], DIAMOND))
    assert tally.counts.total == 0


def two_sources(*relevant):
    """Sources 5 and 6 of tangents: 3 is -x5 + 2 x6, 2 is x5 alone, 1 their product by numbers."""
    every = {
        3: [(5, NEGATION), (6, scaled(2))],
        2: [(5, IDENTITY)],
        1: [(3, scaled(3)), (2, NEGATION)],
        0: [(1, NEGATION)],
    }
    found = {node: [(n, edge.priced().push) for n, edge in ns if n in relevant] for node, ns in every.items()}
    return {node: ns for node, ns in found.items() if ns}


def totals(own):
    return [sum(getattr(cost, kind) for cost in own.values()) for kind in ("mul", "neg", "add")]


def test_several_sources_are_predicted_together_as_each_alone():
    five = own_costs([5], two_sources(5, 0, 1, 2, 3), ON_NUMBERS)
    six = own_costs([6], two_sources(6, 0, 1, 3), ON_NUMBERS)
    together = own_costs([5, 6], two_sources(5, 6, 0, 1, 2, 3), ON_NUMBERS)
    # from 5: 3 and 2 are structural, 1 is a product's copy by sign, an add and a structural term, 0 negates the sum
    assert totals(five) == [0, 2, 1]
    assert totals(six) == [1, 1, 0]
    assert totals(together) == [1, 3, 1]


@pytest.mark.parametrize(("five", "six"), [(1, 1), (2, 2), (3, 3), (1, 2), (2, 1), (4, 7)])
def test_a_source_that_stands_for_several_costs_as_often(five, six):
    own = own_costs({5: (ONE, five), 6: (ONE, six)}, two_sources(5, 6, 0, 1, 2, 3), ON_NUMBERS)
    assert totals(own) == [six, 2 * five + six, five]


@pytest.mark.parametrize("sizes", [(1, 1), (2, 2), (3, 3), (1, 2), (4, 7)])
@pytest.mark.parametrize("method", CHAIN_RULE_METHODS)
def test_an_array_counts_for_each_of_its_numbers(method, sizes):
    def f(x):
        return np.sum(np.sin(x[0]) * 2.0) * np.sum(x[1] * x[1])

    x = [np.linspace(0.1, 0.9, size) for size in sizes]
    assert oc.trace(f, x).predict(method) == oc.gradient(f, x, method).phases["accumulation"]


@pytest.mark.parametrize(
    ("inputs", "counts"), [(1, {"add": 1, "sub": 2, "div": 1}), (7, {"add": 7, "sub": 14, "div": 7})]
)
def test_central_differences_shift_twice_subtract_and_divide_for_each_input(inputs, counts):
    assert difference_counts(inputs) == counts


def test_the_naive_recursion_executes_a_nodes_sum_once_for_each_path_to_it():
    own = own_costs([4], PRICED, ON_NUMBERS)
    assert predicted(own, dict(visits([0], DIAMOND))) == NAIVE


# --- of a graph


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
@settings(derandomize=True, max_examples=25)
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


def test_unit_products_are_predicted_as_they_are_executed():
    f = lambda x: np.sin(x[0] + x[1]) * (x[0] - x[1]) + x[0]  # noqa: E731
    graph = oc.trace(f, [0.5, 0.75])
    found = oc.jacobian(f, [0.5, 0.75], order="reverse", unit_products=True)
    assert graph.predict("backprop", unit_products=True).mul > graph.predict("backprop").mul
    assert graph.predict("backprop", unit_products=True).mul == found.phases["accumulation"].mul


@pytest.mark.parametrize("shape", [(4,), (2, 4)])
def test_the_structure_of_derivatives_of_arrays_is_predicted(shape):
    for f in (
        lambda x: x @ np.arange(4.0),
        lambda x: np.sum(x) * np.sum(x * x),
        lambda x: np.sum(x[0]) + np.sum(x[-1] * x[0]),
    ):
        f = functools.partial(lambda f, x: np.sum(f(x)), f)
        x = np.linspace(1.0, 2.0, int(np.prod(shape))).reshape(shape)
        for method in ("naive", "backprop", "forward"):
            executed = oc.gradient(f, x, method).phases["accumulation"]
            assert oc.trace(f, x).predict(method) == oc.trace(f, oc.spec(shape)).predict(method) == executed
