"""The study of cheap gradients: rows counted by hand, reciprocals instead of quotients, and planted faults."""

from __future__ import annotations

import math

import numpy as np
import pytest

import opcount as oc
from analysis.programs.families import FAMILIES, determinant, dominant
from analysis.studies.cheap_gradient import measure as cheap_gradient
from tests.support.studied import changed, each_fault, failing, more_than


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_product_of_n_numbers_by_hand(n):
    row = cheap_gradient.measure(cheap_gradient.Point("Speelpenning", n))
    # n - 1 products; against the graph two for each but the last, whose adjoint is 1
    assert (row["value"], row["reverse"]) == (n - 1, n - 1 + 2 * (n - 2))
    assert (row["nonscalar, value"], row["nonscalar, reverse"]) == (n - 1, 3 * n - 5)
    # a column for each input: the first two meet the product at once, the others later, and the seed is copied
    tangents = 2 * (n - 2) + sum(n - 1 - k for k in range(2, n))
    assert row["forward once"] == n - 1 + tangents
    assert row["forward"] == n * (n - 1) + tangents


@pytest.mark.parametrize(
    ("f", "x", "counts"),
    [
        (lambda x: x[0] * x[1], [2.0, 3.0], (1, 1)),
        (lambda x: 2 * (x[0] * x[1]), [2.0, 3.0], (1, 1)),  # the adjoint is 2, a scalar
        (lambda x: (x[0] * x[1]) * x[2], [2.0, 3.0, 4.0], (2, 4)),
        (lambda x: x[0] * x[0], [2.0], (1, 1)),
        (lambda x: (x[0] / 3) * x[0], [2.0], (1, 1)),  # the partials 1/3 and x, the adjoints x and 1: x/3 is scalar
        (lambda x: x[0] / x[1], [2.0, 3.0], (1, 3)),  # 1 / b and y / b
        (lambda x: 5 / x[0], [2.0], (1, 2)),
        (lambda x: x[0] / 5, [2.0], (0, 0)),
        (lambda x: x[0] ** 2, [2.0], (1, 1)),  # its partial is 2 x
        (lambda x: x[0] ** 3, [2.0], (2, 3)),  # 3 x²
        (lambda x: (x[0] ** 2) ** 2, [2.0], (2, 3)),
        (lambda x: x[0] + 3 * x[1] - 4, [2.0, 3.0], (0, 0)),
        (lambda x: (x[0] / x[1]) * (x[0] + x[1]), [2.0, 3.0], (2, 6)),
    ],
)  # fmt: skip
def test_nonscalar_operations_counted_by_hand(f, x, counts):
    assert cheap_gradient.nonscalar(oc.trace(f, x)) == counts


def with_reciprocals(x):
    """`quotients`, each a product with a reciprocal."""
    result = x[0]
    for divisor in x[1:]:
        result = result * (1 / divisor)
    return result


def determinant_with_reciprocals(x):
    n = math.isqrt(len(x))
    rows = [list(x[n * i : n * (i + 1)]) for i in range(n)]
    result = rows[0][0]
    for k in range(1, n):
        pivot = rows[k - 1]
        for row in rows[k:]:
            factor = row[k - 1] * (1 / pivot[k - 1])
            for j in range(k, n):
                row[j] = row[j] - factor * pivot[j]
        result = result * rows[k][k]
    return result


@pytest.mark.parametrize(
    ("name", "size", "rewritten"),
    [("quotients", 2, with_reciprocals), ("quotients", 7, with_reciprocals),
     ("determinant", 2, determinant_with_reciprocals), ("determinant", 5, determinant_with_reciprocals)],
)  # fmt: skip
def test_a_reciprocal_in_place_of_a_quotient_is_one_more_on_both_sides(name, size, rewritten):
    row = cheap_gradient.measure(cheap_gradient.Point(name, size))
    _, x = FAMILIES[name].build(size)
    g = oc.gradient(rewritten, x)
    assert (g.phases["primal"].total, g.counts.total) == (
        row["value"] + row["quotients"],
        row["reverse"] + row["quotients"],
    )
    assert cheap_gradient.nonscalar(oc.trace(rewritten, x)) == (
        row["nonscalar, value"] + row["quotients"],
        row["nonscalar, reverse"] + row["quotients"],
    )


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_gradient_of_the_determinant_holds_the_cofactors(n):
    x = dominant(n)
    matrix = np.array(x).reshape(n, n)
    g = oc.gradient(determinant, x)
    assert g.value == pytest.approx(np.linalg.det(matrix))
    assert np.array(g.gradient).reshape(n, n) == pytest.approx(g.value * np.linalg.inv(matrix).T)


def test_what_operations_cost_by_hand():
    costs = {row["operation"]: row for row in map(cheap_gradient.operation, cheap_gradient.OPERATIONS)}
    parts = ("itself", "partials", "products and signs", "sums")
    expected = {
        "add": (1, 0, 0, 2),
        "sub": (1, 0, 1, 2),  # a sign
        "neg": (1, 0, 1, 1),
        "mul": (1, 0, 2, 2),
        "div": (1, 3, 2, 2),  # 1 / b, -y, -y / b
        "reciprocal": (1, 2, 1, 1),
        "exp": (1, 0, 1, 1),
        "tanh": (1, 2, 1, 1),  # 1 - y * y
    }
    assert {name: tuple(costs[name][part] for part in parts) for name in expected} == expected


# --- faults in what the study measured

FAULTS = [
    ("cheap_gradient", changed(0, "reverse", more_than(3), function="mixture"), "By reverse, a value"),
    ("cheap_gradient", changed(0, "reverse", more_than(3), function="mixture"), "No function costs more"),
    ("cheap_gradient", changed(1, "all", operation="mul"), "Of sums, differences"),
    ("cheap_gradient", changed(1, "all", lambda value: 5, operation="div"), "A quotient costs more"),
    ("cheap_gradient", changed(0, "reverse", more_than(2), function="quotients", size=8), "With each quotient"),
    ("cheap_gradient", changed(0, "nonscalar, reverse", more_than(2), function="determinant", size=8), "Of nonscalar"),
    ("cheap_gradient", changed(0, "nonscalar, reverse", more_than(2), function="speelpenning"), "Of nonscalar"),
    ("cheap_gradient", changed(0, "forward", lambda value: 7 * 50 - 1, function="question"), "By dual numbers"),
    ("cheap_gradient", changed(0, "forward", function="perceptron", size=8), "As the inputs grow"),
    ("cheap_gradient", changed(0, "reverse", function="Helmholtz", size=8), "As the inputs grow"),
]  # fmt: skip


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
