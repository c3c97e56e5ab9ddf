"""The study of curvature: operations counted by hand, and planted faults."""

from __future__ import annotations

import math

import pytest

from analysis.studies import curvature
from tests.support.studied import changed, each_fault, failing, more_than, studied

PRODUCT, VALLEY, NETWORK, QUOTIENTS = "Speelpenning", "Rosenbrock", "perceptron", "quotients"
OVER, DUAL, BACK = "forward-over-reverse", "forward-over-forward", "reverse-over-forward"


def test_a_product_of_three_by_hand():
    rows = {row["mode"]: row for row in curvature.measure(curvature.Point(PRODUCT, 3))}
    over = rows[OVER]
    # two products; two more of the adjoint; of the three that the gradient consists of, two products and a sum each
    assert (over["value"], over["gradient"], over["second"], over["product"]) == (2, 4, 9, 13)
    assert rows["reverse-over-reverse"]["product"] == 13
    assert rows[BACK]["alone"] == 11 * 3 - 19
    assert over["predicted"] == over["second"]


def test_vectors_have_the_structure_of_x():
    numbers = iter(range(9))
    assert curvature.replaced([{"w": [[1.0]], "b": (2.0,)}], lambda: next(numbers)) == [{"w": [[0]], "b": [1]}]
    assert curvature.leaves([{"w": [[1.0]], "b": (2.0,)}]) == [1.0, 2.0]


def test_a_deviation_is_over_the_largest_entry():
    assert curvature.deviation([[1.0, -4.0], [1.0, -2.0]]) == 0.5
    assert curvature.deviation([]) == 0
    assert curvature.deviation([[0.0], [0.0]]) == 0


def test_the_ratios_in_the_report_are_those_of_the_counts():
    study = studied("curvature")
    ratios = study.tables["ratios"].shown
    row = ratios[(ratios.function == PRODUCT) & (ratios.numbers == 32)].iloc[0]
    assert row[OVER] == pytest.approx((12 * 32 - 23) / 31, abs=0.005)
    assert math.isclose(row["reverse-over-reverse"], row[OVER])


SAME = "Every mode gives the same"
LAW = "For Speelpenning's product"
LEVEL = "The gradient included"
SWEEPS = "A whole Hessian of the product"
ZEROS = "What is structurally zero"
FAULTS = [
    ("curvature", changed(0, "deviation", lambda _: 1e-3, function=PRODUCT, size=8, mode=OVER), SAME),
    ("curvature", changed(0, "predicted", function=VALLEY, size=8, mode=OVER), SAME),
    ("curvature", changed(0, "product", function=PRODUCT, size=16, mode=OVER), LAW),
    ("curvature", changed(0, "product", function=PRODUCT, size=4, mode=BACK), LAW),
    ("curvature", changed(0, "product", more_than(2), function=VALLEY, size=32, mode=OVER), LEVEL),
    ("curvature", changed(0, "product", more_than(2), function=QUOTIENTS, size=16, mode=DUAL), "Forward over forward"),
    ("curvature", changed(0, "hessian", more_than(2), function=PRODUCT, size=32, mode=OVER), SWEEPS),
    ("curvature", changed(0, "hessian", more_than(2), function=PRODUCT, size=32, mode=DUAL), SWEEPS),
    ("curvature", changed(0, "hessian", more_than(2), function=VALLEY, size=32, mode=OVER), ZEROS),
    ("curvature", changed(0, "product", more_than(0.5), function=PRODUCT, size=32, mode=OVER), "At equal weights"),
    ("curvature", changed(0, "product", more_than(3), function=VALLEY, size=32, mode=OVER), "At equal weights"),
    ("curvature", changed(0, "product", more_than(2), function=NETWORK, size=2, mode=OVER), "Backprop below"),
]  # fmt: skip


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
