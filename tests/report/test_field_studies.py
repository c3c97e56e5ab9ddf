"""The studies of cheap gradients and of forward mode: rows counted by hand, functions, and planted faults."""

from __future__ import annotations

import math

import numpy as np
import pytest

import opcount as oc
from analysis.programs.families import FAMILIES, determinant, dominant
from analysis.programs.networks import layered, random_map
from analysis.studies import forward_wins
from analysis.studies.cheap_gradient import measure as cheap_gradient
from tests.support.studied import each_fault, failing, studied

# --- how cheap is a gradient


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


# --- when does forward win


@pytest.mark.parametrize(("n", "h", "m"), [(1, 2, 4), (3, 2, 2), (4, 3, 1)])
def test_the_products_of_layers_by_hand(n, h, m):
    rows = forward_wins.measure(forward_wins.Point(forward_wins.LAYERS, n, m, width=h))
    free = {row["order"]: row["products"] for row in rows if row["convention"] == forward_wins.FREE}
    # forward copies the first weights, and takes for each input a product at each tanh and each later weight
    assert free["forward"] == n * (h + h * h + h + h * m)
    assert free["reverse"] == m * (h + h * h + h + h * n)
    assert all(row["executed products"] == row["products"] for row in rows)


def test_layers_are_what_matrices_would_be():
    f, x = layered((3, 4, 2))
    weights = np.sin(np.arange(1.0, 21))
    first, second = weights[:12].reshape(4, 3) / math.sqrt(3), weights[12:].reshape(2, 4) / 2
    assert f(x) == pytest.approx(second @ np.tanh(first @ np.array(x)))


@pytest.mark.parametrize(("n", "m"), [(1, 12), (4, 3), (12, 1), (2, 2)])
def test_a_random_program_has_its_shape_and_is_the_same_in_every_run(n, m):
    f, x = random_map(3, n, m)
    graph, again = oc.trace(f, x), oc.trace(f, x)
    assert (len(graph.inputs), len(graph.outputs)) == (n, m)
    assert repr(graph.nodes) == repr(again.nodes)
    used = {edge.tail for edge in graph.edges} | {output.index for output in graph.outputs}
    assert used == set(range(len(graph.nodes)))


def test_the_crossing_lies_between_the_shapes_around_it():
    rows = studied("forward_wins").tables["crossings"].frame
    crossings = dict(zip(rows.convention, rows["inputs / outputs"].astype(float), strict=True))
    assert crossings[forward_wins.FREE] == 1
    assert 4 / 9 < crossings[forward_wins.EVERY] < 1


# --- faults in what a study measured


def changed(call, column, change=lambda value: value + 1, **where):
    """A fault: a number changed in the one row, of those that a call of map gave, with these values."""

    def plant(found):
        rows = [row for rows in found[call] for row in (rows if isinstance(rows, list) else [rows])]
        (row,) = [row for row in rows if all(row[key] == where[key] for key in where)]
        row[column] = change(row[column])

    return plant


def more_than(factor):
    return lambda value: factor * value


LAYERS = {"function": "layers", "convention": forward_wins.FREE}
EVERY = {"function": "layers", "convention": forward_wins.EVERY}
BOTH = "Where every product counts, it takes fewer than both"
CROSSING = "Where every product counts, the two do not cross"
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
    ("forward_wins", changed(0, "products", order="forward", inputs=6, **LAYERS), "In layers, with products"),
    ("forward_wins", changed(0, "products", order="reverse", inputs=2, **LAYERS), "There forward on n"),
    ("forward_wins", changed(0, "products", lambda _: 1344, inputs=6, order="reverse", **EVERY), CROSSING),
    ("forward_wins", changed(0, "products", lambda value: 1, order="markowitz", inputs=2, **LAYERS), "Markowitz' rule"),
    ("forward_wins", changed(0, "products", more_than(9), order="markowitz", inputs=2, **EVERY), "Markowitz' rule"),
    ("forward_wins", changed(0, "products", more_than(2), order="markowitz", inputs=6, **EVERY), BOTH),
    ("forward_wins", changed(0, "products", more_than(2), order="search", inputs=6, **LAYERS), "Search takes"),
    ("forward_wins", changed(0, "products", order="row-by-row", inputs=9, **LAYERS), "With products by ±1 free"),
    ("forward_wins", changed(0, "executed products", order="reverse", inputs=9, **LAYERS), "Wherever an accumulation"),
    ("forward_wins", changed(0, "executed operations", order="search", inputs=9, **LAYERS), "Wherever an accumulation"),
    (
        "forward_wins",
        lambda found: [
            row.update(products=1)
            for rows in found[0]
            for row in rows
            if row["function"] == "random program" and row["order"] == "reverse"
        ],
        "In random programs",
    ),
]  # fmt: skip


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
