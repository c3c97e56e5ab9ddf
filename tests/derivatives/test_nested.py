"""Gradients inside a function that is differentiated: every method in every other, and no value of one in another."""

from __future__ import annotations

import operator
import threading
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount.tracing import nodes
from tests.support.faults import planted
from tests.support.gradients import METHODS

EXACT = [method for method in METHODS if method != "finite-difference"]


def check_no_perturbation_is_confused(outer, inner):
    """d/dx of x times d/dy of something with x in it: J. M. Siskind and B. A. Pearlmutter (2005)."""

    def slope(f, y):
        return oc.gradient(f, y, inner).gradient

    x, y = Fraction(3), Fraction(2)
    assert oc.gradient(lambda x: x * slope(lambda y: x + y, y), x, outer).gradient == 1
    assert oc.gradient(lambda x: x * slope(lambda y: x * y, y), x, outer).gradient == 2 * x
    assert oc.gradient(lambda x: slope(lambda y: y * y * y, x), x, outer).gradient == 6 * x
    # three deep: 2 x y y, then 4 x x
    three = oc.gradient(lambda x: oc.gradient(lambda y: slope(lambda z: x * y * z * z, y), x, outer).gradient, x, inner)
    assert three.gradient == 8 * x


@pytest.mark.parametrize("inner", EXACT)
@pytest.mark.parametrize("outer", EXACT)
def test_no_perturbation_is_confused(outer, inner):
    check_no_perturbation_is_confused(outer, inner)


def test_perturbations_that_are_confused_are_noticed():
    def outermost(one, other):  # the tape that began first records all
        return one if one.level < other.level else other

    with planted(nodes, inner=outermost), pytest.raises((AssertionError, oc.InvalidType)):
        check_no_perturbation_is_confused("backprop", "forward")


MATRIX = np.array([[0.3, -1.1, 0.4], [0.9, 0.2, -0.7], [-0.5, 0.6, 1.2]])
POINT = np.array([0.6, -0.8, 1.1])
DATA = np.array([0.5, 1.5, -0.4])

NESTED = {
    "a closure": lambda x, d: np.sum(d(lambda y: np.sum(x * y * y), DATA).gradient * x),
    "the same x": lambda x, d: np.sum(d(lambda y: np.sum(y * y * y), x).gradient),
    "x times a sum": lambda x, d: np.sum(x * d(lambda y: np.sum(x + y), DATA).gradient),
    "a matrix": lambda x, d: np.sum(d(lambda y: np.sum(np.tanh(MATRIX @ y) * x) * y[0], x).gradient * DATA),
    "a value": lambda x, d: d(lambda y: np.sum(np.exp(y) * x), DATA).value,
    "by a number": lambda x, d: d(lambda y: y * y * np.sum(x * x) * y, 1.5).gradient,
    "elements": lambda x, d: d(lambda y: y[0] * y[1] * x[1] + y[2] * x[0], x).gradient[1],
    "a tree": lambda x, d: operator.mul(
        *(np.sum(part) for part in d(lambda y: np.sum(y[0] ** 2 * x) * y[1] ** 2, [x * 2, x[0]]).gradient)
    ),
}


@pytest.mark.parametrize("inner", METHODS)
@pytest.mark.parametrize("name", NESTED)
def test_every_method_nests_in_every_other_at_both_granularities(name, inner):
    def program(granularity):
        return lambda x: NESTED[name](x, lambda f, y: oc.gradient(f, y, inner, granularity=granularity))

    expected = None
    for granularity in ("array", "scalar"):
        f = program(granularity)
        if expected is None:
            steps = 1e-5 * np.eye(3)
            rises = [float(oc.unwrap(f(POINT + step))) - float(oc.unwrap(f(POINT - step))) for step in steps]
            expected = np.array(rises) / 2e-5
        for outer in ("backprop", "forward", "finite-difference"):
            for around in ("array", "scalar"):
                g = oc.gradient(f, POINT, outer, granularity=around)
                near = 1e-3 if "finite-difference" in (inner, outer) else 1e-6
                np.testing.assert_allclose(g.gradient, expected, rtol=near, atol=near)


def filled(x, y):
    w = np.zeros_like(y)
    w[:2] = x[1:] * 2
    part = w[1:]
    part[0] = y[0]
    part *= x[0]
    w[2] += x[2] * y[1]
    return np.sum(w * w * w)


CLOSURES = {
    "joined": lambda x, y: np.sum(np.concatenate([x, y, x * y]) ** 3),
    "stacked": lambda x, y: np.sum(np.stack([x, y]) ** 3 @ y),
    "elements": lambda x, y: np.sum(np.array([x[0] * y[1], x[1], y[2] ** 2]) ** 2),
    "chosen": lambda x, y: np.sum(np.where(y > x, x * y, y * y * x)) + np.sum(np.maximum(x, y) ** 3),
    "contracted": lambda x, y: np.sum(np.einsum("i,j,k->ijk", x, y, x) ** 2) * y[0],
    "solved": lambda x, y: np.sum(np.linalg.solve(MATRIX + 3 * np.eye(3) + np.outer(x, y), x * y) ** 2),
    "convolved": lambda x, y: np.sum(np.convolve(x, y) ** 2) + np.sum(np.correlate(x * y, x, "same") ** 2),
    "powers": lambda x, y: np.sum(np.abs(y) ** x) + np.sum(np.abs(x) ** y),
    "filled": filled,
}


@pytest.mark.parametrize("name", CLOSURES)
def test_functions_of_values_of_two_evaluations(name):
    def f(x):
        return np.sum(oc.gradient(lambda y: CLOSURES[name](x, y), DATA).gradient * x)

    steps = 1e-5 * np.eye(3)
    expected = [(float(oc.unwrap(f(POINT + step))) - float(oc.unwrap(f(POINT - step)))) / 2e-5 for step in steps]
    for outer in ("backprop", "forward"):
        for granularity in ("array", "scalar"):
            found = oc.gradient(f, POINT, outer, granularity=granularity).gradient
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_an_outer_array_does_not_hold_values_of_an_inner_evaluation():
    def f(x):
        y = x * 1.0

        def inner(z):
            y[0] = z[0]
            return np.sum(y * z)

        return np.sum(oc.gradient(inner, x).gradient)

    with pytest.raises(oc.Uncounted, match="zeros_like"):
        oc.gradient(f, POINT)


def test_inside_results_are_nodes_and_outside_plain():
    seen = []

    def f(x):
        seen.append(oc.gradient(lambda y: np.sum(y * y * x), x))
        return np.sum(seen[-1].gradient)

    found = oc.gradient(f, POINT)
    assert type(found.gradient) is np.ndarray
    assert type(seen[0].gradient).__name__ == "ArrayNode"
    assert type(seen[0].value).__name__ == "Node"
    np.testing.assert_array_equal(oc.unwrap(seen[0].gradient), 2 * POINT * POINT)
    assert type(oc.gradient(lambda x: oc.gradient(lambda y: y * y, 2.0).gradient * x, 3.0).gradient) is float


def test_what_is_inside_counts_once_in_the_primal_phase():
    def inside(x):
        return oc.gradient(lambda y: y * y * y, x).gradient

    alone = oc.gradient(lambda y: y * y * y, 2.0)
    assert oc.gradient(inside, 2.0).phases["primal"] == alone.counts
    with oc.count() as tally:
        nested = oc.gradient(inside, 2.0)
    assert tally.counts == nested.counts


@pytest.mark.parametrize("order", ["markowitz", "forward", "reverse", "row-by-row", "column-by-column"])
def test_jacobians_nest(order):
    def f(x):
        j = oc.jacobian(lambda y: [y[0] * y[1] * x[0], y[1] * y[1] * x[1]], [x[0], Fraction(2)], order)
        return np.sum(j.matrix * j.matrix)

    # rows (2x, x*x), (0, 4y): 4xx + xxxx + 16yy
    x, y = Fraction(3), Fraction(1, 2)
    assert oc.gradient(f, [x, y], granularity="scalar").gradient == [8 * x + 4 * x**3, 32 * y]
    np.testing.assert_allclose(
        oc.gradient(f, np.array([3.0, 0.5])).gradient, [float(8 * x + 4 * x**3), float(32 * y)], rtol=1e-12
    )


def test_a_jacobian_of_a_gradient_is_symmetric_and_exact():
    def f(x):
        return x[0] * x[0] * x[1] / (x[0] + x[2] * x[2])

    x = [Fraction(1, 2), Fraction(3), Fraction(-2, 3)]
    matrices = [oc.jacobian(lambda x: oc.gradient(f, x).gradient, x, order).matrix for order in oc.ORDERS]
    for matrix in matrices:
        assert (matrix == matrix.T).all()
        assert (matrix == matrices[0]).all()


# --- a value of an evaluation that is over


KEPT = []


def keeping(y):
    KEPT.append(y)
    return np.sum(y * y)


def after_an_error(x):
    def failing(y):
        KEPT.append(y)
        raise KeyError

    with pytest.raises(KeyError):
        oc.gradient(failing, x)
    return np.sum(x * KEPT[-1])


LEAKS = {
    "an operand": lambda x: (oc.gradient(keeping, x), np.sum(x * KEPT[-1]))[1],
    "returned": lambda x: (oc.gradient(keeping, x), np.sum(KEPT[-1]))[1],
    "an x": lambda x: (oc.gradient(keeping, x), oc.gradient(np.sum, KEPT[-1]).value)[1],
    "in a closure": lambda x: (
        oc.gradient(keeping, x),
        oc.gradient(lambda y: np.sum(y * KEPT[-1]), DATA).value,
    )[1],
    "a direction": lambda x: (oc.gradient(keeping, x), np.sum(oc.jvp(lambda y: y * y, x, KEPT[-1]).product))[1],
    "after an error": after_an_error,
    "a trace's result": lambda x: np.sum(oc.trace(lambda y: y * y, x).result * x),
}


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("name", LEAKS)
def test_a_value_of_an_evaluation_that_is_over_is_refused(name, granularity):
    KEPT.clear()
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.gradient(LEAKS[name], POINT, granularity=granularity)


def test_a_leak_that_is_not_refused_is_noticed():
    KEPT.clear()
    with planted(nodes, inner=lambda one, other: one if one.is_open else other):
        found = oc.gradient(LEAKS["an operand"], POINT, granularity="scalar").gradient
    assert (found != 2 * POINT).all()  # silently, and wrongly


# --- writes


def writing_into_the_outer_array(x):
    y = x * 1.0

    def inner(z):
        product = z * y
        y[0] = 100.0
        return np.sum(product * product)

    return np.sum(oc.gradient(inner, x).gradient)


def writing_into_the_result(x):
    found = oc.gradient(lambda z: np.sum(z * x), x * 2).gradient
    found[0] = 0.0
    return np.sum(found * x)


def writing_inside(z):
    def inner(y):
        y = y * 1.0
        y[0] = y[1] * z[0]
        y += z
        y[1:] *= 2.0
        return np.sum(y * y * z)

    return np.sum(oc.gradient(inner, z).gradient * z)


@pytest.mark.parametrize("f", [writing_into_the_outer_array, writing_into_the_result, writing_inside])
def test_writes_inside_and_between(f):
    steps = 1e-6 * np.eye(3)
    expected = [(float(oc.unwrap(f(POINT + step))) - float(oc.unwrap(f(POINT - step)))) / 2e-6 for step in steps]
    for granularity in ("array", "scalar"):
        found = oc.gradient(f, POINT, granularity=granularity).gradient
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_gradient_in_a_thread_inside():
    def f(x):
        found = []

        def work():
            found.append(oc.gradient(lambda y: x * y * y, 2.0).gradient)

        thread = threading.Thread(target=oc.propagate(work))
        thread.start()
        thread.join()
        return found[0] * x

    g = oc.gradient(f, 3.0)
    assert (g.value, g.gradient, g.phases["primal"]) == (36.0, 24.0, {"mul": 4, "add": 1})
