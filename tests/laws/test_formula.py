"""Formulas as text: read exactly, or refused; and compared with a law."""

from __future__ import annotations

from fractions import Fraction

import pytest

import opcount as oc
from opcount.laws.formula import differs, exceeds, formula


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("2*n**3 - n**2", (3,), 45),
        ("n*(n - 1)/2", (4,), 6),
        ("n/2", (3,), Fraction(3, 2)),
        ("-n // 2", (3,), -2),
        ("+n", (3,), 3),
        (" n*log2(n) ", (8,), 24),
        ("2**-n", (2,), Fraction(1, 4)),
        ("10**30 + n", (1,), 10**30 + 1),
        ("10**30 - 10**30/3*3", (1,), 0),
    ],
)
def test_a_formula_is_exact(text, point, value):
    assert formula(text)(point) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2n³ − n²", "is no formula"),
        ("", "is no formula"),
        ("m", "'m' has no place in a formula: integers, n,"),
        ("2.0*n", "'2.0' has no place"),
        ("True", "'True' has no place"),
        ("__import__('os')", "has no place"),
        ("n.real", "has no place"),
        ("n if n else 1", "has no place"),
        ("n % 2", "has no place"),
        ("log2(n)", "log2(6) is not exact"),
        ("n**(1/2)", "a power is exact where"),
        ("1/(n - 6)", "divides by zero at n = 6"),
        ("9**9**9**9", "too large"),
    ],
)
def test_what_is_no_formula_is_refused(text, says):
    with pytest.raises(oc.InvalidValue) as error:
        formula(text)((6,))
    assert says in str(error.value)


# --- compared with a law

SAME = None  # whatever differs exceeds too
SQUARES = oc.law_of({n: n * n for n in range(1, 8)}, verify={20: 400})


@pytest.mark.parametrize(
    ("text", "difference", "excess"),
    [
        ("n**2", "", ""),
        ("n*n/1", "", ""),
        ("n**2 + 1/2", "at n = 1: 1 counted, and the formula is 3/2", ""),
        ("n**2 - 1/2", "at n = 1: 1 counted, and the formula is 1/2", SAME),
        # at the far size, and at sizes beyond those counted, where the formula is another one than it was
        ("n**2 - n//20", "at n = 20: 400 counted, and the formula is 399", SAME),
        ("n**2 - n//9 + 2*(n//20)", "at n = 9: the law is 81, and the formula 80", SAME),
        ("n**2 + n//14 - n//20", "at n = 14: the law is 196, and the formula 197", "no exact law found behind the"),
        ("n**3", "at n = 2: 4 counted, and the formula is 8", ""),
        ("60*n", "at n = 1: 1 counted, and the formula is 60", "the law grows as Θ(n²), and the formula as Θ(n)"),
    ],
)
def test_a_law_is_compared_with_a_formula_at_its_sizes_and_at_as_many_larger_ones(text, difference, excess):
    assert differs(SQUARES, formula(text)) == difference
    excess = difference if excess is SAME else excess
    found = exceeds(SQUARES, formula(text))
    assert found.startswith(excess) and bool(found) == bool(excess)


def test_counts_without_a_law_are_said_to_have_none_where_they_are_the_formulas():
    none = oc.law_of({n: n * n for n in range(1, 5)})
    assert differs(none, formula("n**2")).startswith("no exact law found behind the counts, which are the formula's")
    assert exceeds(none, formula("n**2")).startswith("no exact law found behind the counts, none of which is larger")
    assert exceeds(none, formula("n")) == "at n = 2: 4 counted, and the formula is 2"
