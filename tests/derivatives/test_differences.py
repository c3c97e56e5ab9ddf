"""Finite differences: their steps, their counts, and what they leave alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import opcount as oc


def test_the_differences_of_exact_numbers_are_exact_quotients():
    g = oc.gradient(lambda x: x * x, Fraction(1, 3), "finite-difference", step=Fraction(1, 10))
    assert g.gradient == Fraction(2, 3)  # central differences of a square have no error but rounding
    cubic = oc.gradient(lambda x: x * x * x, Fraction(1, 3), "finite-difference", step=Fraction(1, 10))
    assert cubic.gradient - Fraction(1, 3) == Fraction(1, 100)  # ... and of a cube h squared


@pytest.mark.parametrize("x", [1e-8, 1.0, 1e8, 1e200, -1e8])
def test_the_default_step_grows_with_x(x):
    g = oc.gradient(lambda x: x + x, x, "finite-difference")
    assert g.gradient == pytest.approx(2.0, rel=1e-6)


def test_the_phases_of_finite_differences():
    g = oc.gradient(lambda w: np.tanh(w[0] * w[1]) * w[0], [0.5, 2.0], "finite-difference")
    assert g.phases == {
        "primal": {"mul": 10, "tanh": 5},
        "partials": {},
        "accumulation": {"add": 2, "sub": 4, "div": 2},
    }


def test_finite_differences_over_budget_do_not_evaluate_at_all():
    calls = []
    with pytest.raises(oc.BudgetExceeded) as raised:
        oc.gradient(lambda x: calls.append(1) or x[0], [1.0] * 5, "finite-difference", budget=19)
    assert raised.value.predicted == {"add": 5, "sub": 10, "div": 5}
    assert calls == []
    assert raised.value.counts.total == 0


@pytest.mark.parametrize("method", oc.METHODS)
def test_one_wrapped_number_twice_in_x_is_two_inputs(method):
    number = oc.wrap(2.0)
    g = oc.gradient(lambda x: x[0] * x[1] + x[0], [number, number], method)
    assert g.gradient == pytest.approx([3.0, 2.0])
