"""How a law reads: signs, denominators, powers, logarithms and recurrences."""

from __future__ import annotations

from fractions import Fraction

import pytest

import opcount as oc
from opcount.laws import text

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("terms", "shown"),
    [
        ([], "0"),
        ([(3, "")], "3"),
        ([(-3, "")], "−3"),
        ([(1, "n"), (-1, "")], "n − 1"),
        ([(-1, "n"), (2, "m")], "−n + 2m"),
        ([(HALF, "n²"), (-HALF, "n")], "n²/2 − n/2"),
        ([(Fraction(-7, 3), "")], "−7/3"),
        ([(Fraction(3, 4), "n"), (Fraction(5, 6), "")], "3n/4 + 5/6"),
        ([(3, "2ⁿ"), (2, "(-2)ⁿ")], "3·2ⁿ + 2·(-2)ⁿ"),
        ([(Fraction(3, 2), "2ⁿ")], "3·2ⁿ/2"),
        # what has a space in it is in parentheses where it is divided, else the denominator is the last factor's
        ([(5, "n log2 n"), (4, "log2 n")], "5n log2 n + 4 log2 n"),
        ([(HALF, "n log2 n"), (Fraction(5, 3), "n log2 n")], "(n log2 n)/2 + (5n log2 n)/3"),
        ([(HALF, "log2 n"), (Fraction(3, 2), "log2 n")], "(log2 n)/2 + (3 log2 n)/2"),
    ],
)
def test_a_sum(terms, shown):
    assert text.total(terms) == shown


def test_denominators_in_the_formula_of_a_law():
    halves = {2**k: 2**k * k // 2 + 3 * 2 ** (k - 1) for k in range(1, 11)}
    assert oc.law_of(halves).formula == "(n log2 n)/2 + 3n/2"
    assert oc.law_of({n: n * (n * n - 1) // 3 for n in range(12)}).formula == "n³/3 − n/3"
    assert oc.law_of({2**k: k * (k + 1) // 2 for k in range(1, 14)}).formula == "((log2 n)²)/2 + (log2 n)/2"


@pytest.mark.parametrize(
    ("root", "exponent", "name", "shown"),
    [
        (1, 0, "n", ""),
        (1, 2, "n", "n²"),
        (2, 0, "n", "2ⁿ"),
        (2, 1, "k", "k·2^k"),
        (HALF, 0, "n", "(1/2)ⁿ"),
        (-1, 3, "k", "k³·(-1)^k"),
    ],
)
def test_a_power_times_an_exponential(root, exponent, name, shown):
    assert text.power_times_exponential(Fraction(root), exponent, name) == shown


@pytest.mark.parametrize(
    ("root", "ratio", "exponent", "shown"),
    [
        (3, 2, None, "n^log2(3)"),
        (1, 2, Fraction(0), ""),
        (2, 2, Fraction(1), "n"),
        (8, 2, Fraction(3), "n³"),
        (2, 4, Fraction(1, 2), "n^(1/2)"),
        (HALF, 2, Fraction(-1), "n⁻¹"),
    ],
)
def test_a_power_of_the_size(root, ratio, exponent, shown):
    assert text.power_of_size("n", Fraction(root), ratio, exponent) == shown


def test_logarithms_to_a_power():
    assert [text.with_logarithm("n", "log2 n", logs) for logs in range(3)] == ["n", "n log2 n", "n (log2 n)²"]
    assert [text.with_logarithm("", "log2 n", logs) for logs in range(3)] == ["", "log2 n", "(log2 n)²"]


def test_a_recurrence_leaves_out_what_is_multiplied_by_zero():
    shown = text.recurrence("k", 3, [Fraction(0), Fraction(-1), Fraction(1, 2)], [1, 5, 2])
    assert shown == "T(k) = −T(k−2) + T(k−3)/2, T(3) = 1, T(4) = 5, T(5) = 2"
