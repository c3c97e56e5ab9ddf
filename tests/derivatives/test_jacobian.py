"""Jacobians: any order gives the same, in the types of its inputs."""

from __future__ import annotations

import dataclasses
import random
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount.derivatives.elimination import accumulate, weight
from opcount.derivatives.linearized import linearized
from tests.support.scrambled import scrambled

BOTH = pytest.mark.parametrize("unit_products", [False, True], ids=["free units", "unit products"])


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


def accumulated(f, x, **arithmetic):
    """The entries of a Jacobian that an elimination leaves, by this arithmetic."""
    graph = oc.trace(f, x, granularity="scalar")
    found = linearized(graph)
    left, _ = accumulate(found, lambda edge: weight(edge, True), graph.elimination("markowitz").order, **arithmetic)
    return [[oc.unwrap(left.into.get(row, {}).get(node, [0.0])[0]) for node in found.inputs] for row in found.rows]


def test_a_wrong_weight_is_found():
    f, x = scrambled(3)
    right = oc.jacobian(f, x, "markowitz").matrix
    np.testing.assert_allclose(accumulated(f, x), right)
    assert not np.allclose(accumulated(f, x, times=lambda a, b: a), right)
    assert not np.allclose(accumulated(f, x, plus=lambda a, b: a), right)


def test_a_zero_of_the_matrix_is_of_the_kind_of_its_input():
    square = oc.jacobian(lambda x: [x[0] * x[0]], [np.float32(2), np.float64(3)]).matrix
    assert square.tolist() == [[4, 0]] and square.dtype == np.float64
    assert oc.jacobian(lambda x: [x[0] * x[0]], [np.float32(2), np.float32(3)]).matrix.dtype == np.float32


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


# --- corners


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


def test_a_jacobian_does_not_change():
    found = oc.jacobian(lambda x: x * x, 3.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.matrix = None
