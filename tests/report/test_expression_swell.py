"""SymPy's derivatives as operations: trees counted by hand, the sharing, the laws, and claims that can fail."""

from __future__ import annotations

import functools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import sympy

import opcount as oc
from analysis.programs import symbolic
from analysis.programs.symbolic import Kept, Symbolic
from analysis.studies.expression_swell.claims import Found, claim
from analysis.studies.expression_swell.laws import law
from analysis.studies.expression_swell.measure import QUESTIONS, Case, build, equal, measure
from tests.support.studied import studied

x, y = sympy.symbols("x y")


# --- an expression as operations


@pytest.mark.parametrize(
    ("expression", "counts"),
    [
        (x + y, {"add": 1}),
        (x - y, {"sub": 1}),
        (1 - x, {"sub": 1}),
        (x - 1, {"sub": 1}),
        (-x - y, {"neg": 1, "sub": 1}),
        (x + y + 1, {"add": 2}),
        (x - 2 * y, {"mul": 1, "sub": 1}),
        (-x, {"neg": 1}),
        (-x * y, {"mul": 1, "neg": 1}),
        (-2 * x * y, {"mul": 2}),
        (x / 2, {"mul": 1}),
        (x / y, {"div": 1}),
        (1 / x, {"div": 1}),
        (1 / (x * y), {"div": 2}),
        (x / y**2, {"mul": 1, "div": 1}),
        (x**2, {"mul": 1}),
        (x**5, {"mul": 3}),
        (x * x * y, {"mul": 2}),
        (sympy.tanh(x) ** 2, {"tanh": 1, "mul": 1}),
        (sympy.log(1 + sympy.exp(x)), {"exp": 1, "add": 1, "log": 1}),
        (Kept(x * y), {"mul": 1}),
        (x, {}),
        (sympy.Integer(3), {}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")
def test_an_expression_counts_what_a_person_would_compute(expression, counts):
    f = Symbolic(expression, [], [x, y])
    values, executed = oc.measure(functools.partial(symbolic.tree, f), Fraction(3, 2), Fraction(7, 5))
    assert executed == oc.Counts(counts)
    assert executed == symbolic.size(expression, {})
    expected = expression.replace(Kept, lambda inner: inner).subs({x: sympy.Rational(3, 2), y: sympy.Rational(7, 5)})
    assert float(values[0]) == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize("expression", [sympy.sqrt(x), x**y, sympy.sin(x)], ids=str)
def test_what_has_no_rule_is_not_counted_as_nothing(expression):
    with pytest.raises((TypeError, KeyError)):
        symbolic.size(expression, {})


# --- the logistic map, by hand


def test_the_trees_of_one_and_two_iterations_are_those_counted_by_hand():
    # 4 x (1 - x): 1 sub, 2 mul. 4 - 8 x: 1 sub, 1 mul.
    one = build(Case("logistic map", 1)).symbolic
    assert one.partials == [4 - 8 * x]
    assert symbolic.size(one.value, {}) == oc.Counts(sub=1, mul=2)
    assert symbolic.size(one.partials[0], {}) == oc.Counts(sub=1, mul=1)

    # With u = 1 - x and v = 1 - 4 x (1 - x), of 1 sub, and of 2 mul and 2 sub: 16 x u v is 3 mul, 1 + 2 sub and 2 mul.
    two = build(Case("logistic map", 2)).symbolic
    u, v = 1 - x, 1 - 4 * x * (1 - x)
    assert two.value == 16 * x * u * v
    assert symbolic.size(two.value, {}) == oc.Counts(mul=5, sub=3)
    # 16 x u (8 x - 4) + 16 u v - 16 x v: 3 + 1 mul and 1 + 1 sub; 2 + 2 mul and 1 + 2 sub; 2 + 2 mul and 2 sub;
    # and the sum itself 1 add, 1 sub.
    assert two.partials == [16 * x * u * (8 * x - 4) + sympy.Mul(16, u, v) - 16 * x * v]
    assert symbolic.size(two.partials[0], {}) == oc.Counts(mul=12, sub=8, add=1)
    assert symbolic.predicted(two, "tree") == 29


def test_a_memo_computes_equal_subexpressions_once_and_cse_what_sympy_finds():
    f = Symbolic(x * y + 1, [(x * y) ** 2], [x, y])
    counts = {name: oc.measure(functools.partial(way, f), 2.0, 3.0).counts for name, way in symbolic.SHARING.items()}
    assert counts["tree"] == oc.Counts(add=1, mul=4)  # SymPy has x**2 y**2
    f = Symbolic(sympy.tanh(x * y) + 1, [sympy.tanh(x * y) + sympy.exp(x + y), sympy.exp(x + y)], [x, y])
    counts = {name: oc.measure(functools.partial(way, f), 2.0, 3.0).counts for name, way in symbolic.SHARING.items()}
    assert counts["tree"] == oc.Counts(tanh=2, mul=2, add=4, exp=2)
    assert counts["values"] == oc.Counts(tanh=1, mul=1, add=4, exp=2)
    assert counts["memo"] == counts["cse"] == oc.Counts(tanh=1, mul=1, add=3, exp=1)


CASES = [
    *(Case("logistic map", k, nested=nested) for k in (1, 2, 5) for nested in (False, True)),
    *map(Case, QUESTIONS),
    Case("MLP 2-2-1", sizes=(2, 2, 1)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_line_has_the_gradient_and_the_operations_that_were_predicted(case):
    for row in measure(case):
        assert row["executed"] == "yes"
        shared = row["line"].startswith(("memo,", "cse")) or row["line"] == "memo"
        assert row["predicted"] == ("" if shared else row["operations"])
        assert row["same gradient"] == ("exactly" if case.iterations or "rational" in case.name else "to rounding")


def test_a_gradient_that_differs_is_seen():
    exact = [Fraction(1, 3), Fraction(2)]
    assert equal(exact, exact) == "exactly"
    assert equal([Fraction(1, 3), Fraction(2) + Fraction(1, 10**40)], exact) == "no"
    assert equal([1.0, 2.0 + 1e-12], [1.0, 2.0]) == "to rounding"
    assert equal([1.0, 2.0 + 1e-6], [1.0, 2.0]) == "no"


# --- laws


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (lambda k: 8 * k - 2, "8k − 2"),
        (lambda k: 2 * k**2 + 4 * k - 2, "2k² + 4k − 2"),
        (lambda k: 4 * 2**k + 3 * k - 5, "4 · 2ᵏ + 3k − 5"),
        (lambda k: (k + 1) * 2**k - 7, "(k + 1) · 2ᵏ − 7"),
    ],
)
def test_a_law_is_found_and_holds_at_sizes_that_were_held_out(count, text):
    counts = {k: count(k) for k in range(3, 10)}
    assert str(law(counts)) == text
    for k in counts:
        assert law(counts | {k: counts[k] + 1}) is None


# --- the claims


@functools.cache
def measured() -> tuple[pd.DataFrame, pd.DataFrame]:
    found = studied("expression_swell")
    return found.tables["operations"].frame, found.tables["rewritten"].frame


def failing(table: pd.DataFrame, polynomials: pd.DataFrame | None = None) -> list[str]:
    found = Found(table, measured()[1] if polynomials is None else polynomials)
    return [judged.text for judged in claim.judged(found) if not judged.holds]


def test_the_claims_hold():
    assert failing(measured()[0]) == []


@pytest.mark.parametrize(
    ("line", "column", "value", "claim"),
    [
        ("tree", "operations", 101, "executed and predicted"),
        ("tree", "operations", 101, "outgrows the naive recursion"),
        ("tree, nested", "operations", 79, "outgrows the naive recursion"),
        ("naive", "operations", 37, "outgrows the naive recursion"),
        ("naive", "operations", 30, "not quite doubles"),
        ("values", "operations", 43, "computed again"),
        ("cse, nested", "operations", 20, "linear, as backprop"),
        ("backprop", "operations", 23, "linear, as backprop"),
        ("cse", "operations", 29, "a square of the iterations"),
        ("memo", "operations", 41, "a square of the iterations"),
        ("memo", "same gradient", "no", "equal in fractions"),
    ],
)
def test_a_wrong_number_makes_a_claim_fail(line, column, value, claim):
    table = measured()[0].copy()
    place = table.index[(table.iterations == 3) & (table.line == line)]
    assert len(place) == 1 and table.loc[place[0], column] != value
    table.loc[place, column] = value
    assert any(claim in text for text in failing(table))


def test_a_wrong_number_of_a_network_makes_a_claim_fail():
    table = measured()[0].copy()
    networks = (table.iterations == 0) & (table.function == "MLP 1-2-1")
    for line, operations in (("tree", 28), ("cse", 25)):
        wrong = table.copy()
        wrong.loc[networks & (wrong.line == line), "operations"] = operations
        assert any("On every network" in text for text in failing(wrong))
    wrong = table.copy()
    wrong.loc[networks & (wrong.line == "cse"), "same gradient"] = "no"
    assert any("agree to rounding" in text for text in failing(wrong))


def test_a_rewritten_derivative_that_grows_more_slowly_makes_a_claim_fail():
    polynomials = measured()[1].copy()
    polynomials.loc[(polynomials.iterations == 6) & (polynomials.form == "factored"), "cse"] = 200
    assert any("does not end the growth" in text for text in failing(measured()[0], polynomials))


def test_a_network_is_the_same_function_in_symbols_as_in_numbers():
    problem = build(Case("MLP 2-3-1", sizes=(2, 3, 1)))
    value = symbolic.tree(problem.symbolic, *problem.numbers)[0]
    assert value == pytest.approx(float(np.asarray(problem.f(problem.x))), rel=1e-12)
