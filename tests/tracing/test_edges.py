"""Edges push and pull, and structure is free: what each product and each sum executes."""

from __future__ import annotations

import pytest

import opcount as oc
from opcount.tracing.edges import ANY_NUMBER, IDENTITY, NEGATION, Cost, Scale, as_map, edge_of_sign
from opcount.tracing.structural import plus, times
from opcount.tracing.units import MINUS_ONE, ONE
from opcount.wrapping import operations

TWO, THREE = oc.Scalar(2), oc.Scalar(3)


@pytest.mark.parametrize(
    ("a", "b", "expected", "counts"),
    [
        (ONE, ONE, ONE, {}),
        (ONE, MINUS_ONE, MINUS_ONE, {}),
        (MINUS_ONE, ONE, MINUS_ONE, {}),
        (MINUS_ONE, MINUS_ONE, ONE, {}),
        (ONE, THREE, 3, {}),
        (THREE, ONE, 3, {}),
        (MINUS_ONE, THREE, -3, {"neg": 1}),
        (THREE, MINUS_ONE, -3, {"neg": 1}),
        (TWO, THREE, 6, {"mul": 1}),
        # One by value is a number like any other.
        (oc.Scalar(1), THREE, 3, {"mul": 1}),
        (oc.Scalar(-1), THREE, -3, {"mul": 1}),
        (oc.Scalar(0), THREE, 0, {"mul": 1}),
    ],
)
def test_a_product_multiplies_only_what_is_not_structural(a, b, expected, counts):
    with oc.count() as tally:
        product = times(a, b)
    assert oc.unwrap(product) == expected
    assert tally.counts == counts


@pytest.mark.parametrize("unit", [ONE, MINUS_ONE])
def test_a_product_of_structural_ones_stays_structural(unit):
    assert times(unit, MINUS_ONE) is times(MINUS_ONE, unit)
    assert times(times(unit, MINUS_ONE), MINUS_ONE) is unit


def test_a_copy_is_the_same_value_and_no_new_one():
    assert times(ONE, THREE) is THREE
    assert times(THREE, ONE) is THREE


@pytest.mark.parametrize(
    ("total", "term", "expected", "counts"),
    [
        (None, THREE, 3, {}),
        (TWO, THREE, 5, {"add": 1}),
        (ONE, THREE, 4, {"add": 1}),
        (THREE, MINUS_ONE, 2, {"add": 1}),
        (ONE, ONE, 2, {"add": 1}),
        # A sum that happens to vanish was still executed, and is a number from here on.
        (ONE, MINUS_ONE, 0, {"add": 1}),
    ],
)
def test_a_sum_adds_from_the_second_term_on(total, term, expected, counts):
    with oc.count() as tally:
        result = plus(total, term)
    assert oc.unwrap(result) == expected
    assert type(result) is oc.Scalar
    assert tally.counts == counts


@pytest.mark.parametrize("unit", [ONE, MINUS_ONE])
def test_a_first_term_that_is_structural_stays_structural(unit):
    assert plus(None, unit) is unit


@pytest.mark.parametrize("direction", ["push", "pull"])
@pytest.mark.parametrize(
    ("edge", "expected", "counts"),
    [(IDENTITY, 3, {}), (NEGATION, -3, {"neg": 1}), (Scale(TWO), 6, {"mul": 1})],
)
def test_an_edge_applies_its_partial_from_either_side(edge, expected, counts, direction):
    with oc.count() as tally:
        result = getattr(edge, direction)(THREE)
    assert oc.unwrap(result) == expected
    assert tally.counts == counts


def test_pushing_and_pulling_multiply_in_their_own_order():
    # ... which matters once partials are matrices: a tangent stands right of the partial, an adjoint left of it.
    class Word:
        def __init__(self, text):
            self.text = text

        def __mul__(self, other):
            return Word(self.text + other.text)

    edge = Scale(Word("partial "))
    assert edge.push(Word("tangent ")).text == "partial tangent "
    assert edge.pull(Word("adjoint ")).text == "adjoint partial "


@pytest.mark.parametrize("direction", ["push", "pull"])
@pytest.mark.parametrize("edge", [IDENTITY, NEGATION, Scale(oc.Scalar(2))])
def test_a_priced_edge_costs_what_the_edge_executes_on_a_number(edge, direction):
    with oc.count() as executed:
        getattr(edge, direction)(THREE)
    with oc.count() as free:
        told = getattr(edge.priced(), direction)(ANY_NUMBER)
    assert {kind: getattr(told.cost, kind) for kind in ("mul", "neg", "add")} == {
        kind: executed.counts[kind] for kind in ("mul", "neg", "add")
    }
    assert free.counts.total == 0


@pytest.mark.parametrize("direction", ["push", "pull"])
@pytest.mark.parametrize("unit", [ONE, MINUS_ONE])
@pytest.mark.parametrize("edge", [IDENTITY, NEGATION])
def test_priced_structure_is_that_structure(edge, unit, direction):
    assert getattr(edge.priced(), direction)(unit) is getattr(edge, direction)(unit)


@pytest.mark.parametrize(("unit", "kind"), [(ONE, "copy"), (MINUS_ONE, "neg")])
def test_a_priced_derivative_meets_a_structural_derivative(unit, kind):
    assert Scale(TWO).priced().push(unit).kind == kind
    assert Scale(TWO).priced().pull(unit).kind == kind


def test_priced_derivatives_name_their_last_step():
    assert [ANY_NUMBER.kind, (-ANY_NUMBER).kind, (ANY_NUMBER * ANY_NUMBER).kind] == ["copy", "neg", "mul"]


def test_priced_edges_forget_the_numbers():
    edge = Scale(oc.Scalar(2))
    assert edge.priced() is Scale(oc.Scalar(7)).priced()
    assert edge.priced().partial is ANY_NUMBER


def test_costs_add_kind_by_kind():
    cost = Cost(mul=1, neg=2, add=3) + Cost(mul=10**40, add=30)
    assert (cost.mul, cost.neg, cost.add) == (10**40 + 1, 2, 33)
    often = Cost(mul=1, neg=2, add=3) * 10**40
    assert (often.mul, often.neg, often.add) == (10**40, 2 * 10**40, 3 * 10**40)


@pytest.mark.parametrize(("partial", "edge"), [(operations.ONE, IDENTITY), (operations.MINUS_ONE, NEGATION)])
def test_a_structural_partial_is_the_edge_that_all_share(partial, edge):
    assert as_map(partial) is edge_of_sign(partial) is edge


@pytest.mark.parametrize(("edge", "unit"), [(IDENTITY, ONE), (NEGATION, MINUS_ONE)], ids=["identity", "negation"])
@pytest.mark.parametrize("direction", ["push", "pull"])
def test_a_structural_edge_takes_the_derivative_one_to_its_own_unit(edge, unit, direction):
    assert edge.unit is unit
    assert getattr(edge, direction)(ONE) is unit
    assert getattr(edge, direction)(MINUS_ONE) is -unit


def test_a_number_becomes_a_scale_by_a_wrapped_number():
    assert as_map(TWO).partial is TWO
    assert repr(as_map(2.5)) == "Scale(Scalar(2.5))"


def test_units_negate_into_each_other():
    assert -ONE is MINUS_ONE
    assert -MINUS_ONE is ONE
    assert [ONE.sign, MINUS_ONE.sign] == [1, -1]
