"""The forms of laws: their values, how they grow, and their texts."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

import opcount as oc
from opcount.laws.forms import Polynomial, QuasiPolynomial, Recurrence
from opcount.laws.growth import Growth, fastest
from opcount.laws.progressions import Progression

LINE = Polynomial(("n",), {(1,): Fraction(1, 2)})
CUBIC = Polynomial(("n",), {(3,): Fraction(1, 3), (0,): Fraction(-2)})
TWO = Polynomial(("m", "n"), {(1, 2): Fraction(4), (2, 1): Fraction(1), (0, 0): Fraction(7, 2)})
BY_THIRDS = QuasiPolynomial((LINE, CUBIC, LINE))


def test_a_polynomial():
    assert (LINE((3,)), CUBIC((3,)), TWO((2, 3))) == (Fraction(3, 2), 7, 72 + 12 + Fraction(7, 2))
    assert (str(LINE), str(CUBIC), str(TWO)) == ("n/2", "n³/3 − 2", "m²n + 4mn² + 7/2")
    assert [(form.degree, form.determined_by) for form in (LINE, CUBIC, TWO)] == [(1, 1), (3, 2), (3, 3)]
    assert [term.growth.power for term in TWO.terms()] == [3, 3, 0]
    nothing = Polynomial(("n",), {})
    assert (nothing((5,)), str(nothing), nothing.terms(), nothing.degree) == (0, "0", [], 0)


def test_a_quasi_polynomial_grows_as_its_fastest_residue():
    assert [BY_THIRDS((n,)) for n in (3, 4, 5)] == [Fraction(3, 2), Fraction(64, 3) - 2, Fraction(5, 2)]
    assert BY_THIRDS.terms() == CUBIC.terms() and BY_THIRDS.degree == 3 and BY_THIRDS.determined_by == 4
    assert str(BY_THIRDS) == "n/2 (n mod 3 = 0); n³/3 − 2 (n mod 3 = 1); n/2 (n mod 3 = 2)"
    assert str(QuasiPolynomial((CUBIC, LINE))) == "n³/3 − 2 (n even); n/2 (n odd)"
    assert oc.law_of({n: n**2 if n % 2 else n for n in range(1, 30)}).leading == (0, 1)


def recurrence(first, step, factor, count, closed=True):
    """The form that is found behind twenty counts."""
    sizes = Progression(first, step, factor)
    found = oc.law_of({n: count(k) for k, n in zip(range(20), sizes, strict=False)}).form
    assert isinstance(found, Recurrence) and (found.closed is not None) == closed
    assert [found((n,)) for _, n in zip(range(20), sizes, strict=False)] == [count(k) for k in range(20)]
    return found


def pell(k):
    return 2 * pell(k - 1) + pell(k - 2) if k > 1 else k


RECURRENCES = {  # first, step, factor, count by k, whether there is a closed form, text, growth
    "by ones": (3, 1, 1, lambda k: 5 * 2**k, True, "5·2ⁿ/8", Growth(2.0, 0, 0)),
    "k 2^k by ones": (1, 1, 1, lambda k: k * 2**k, True, "n·2ⁿ/2 − 2ⁿ/2", Growth(2.0, 1, 0)),
    "by threes": (1, 3, 1, lambda k: 8**k + k, True, "8^k + k, where n = 1 + 3k", Growth(2.0, 0, 0)),
    "by fours": (1, 3, 4, lambda k: 6 * 2**k, True, "6n^(1/2), where n = 4^k", Growth(1.0, 0.5, 0)),
    "from four": (4, 4, 2, lambda k: (k + 2) * 2**k, True, "(n log2 n)/4, where n = 2^k", Growth(1.0, 1.0, 1)),
    "from three": (
        3,
        3,
        2,
        lambda k: 3 * (k + 1) * 2**k,
        True,
        "n log2 (n/3) + n, where n = 3·2^k",
        Growth(1.0, 1.0, 1),
    ),
    "from three, irrational": (
        3,
        3,
        2,
        lambda k: 3**k,
        True,
        "(n/3)^log2(3), where n = 3·2^k",
        Growth(1.0, math.log2(3), 0),
    ),
    "Pell": (
        5,
        1,
        1,
        lambda k: pell(k + 1),
        False,
        "T(n) = 2T(n−1) + T(n−2), T(5) = 1, T(6) = 2",
        Growth(1 + math.sqrt(2), 0, 0),
    ),
    "Pell by twos": (
        5,
        2,
        1,
        lambda k: pell(k + 1),
        False,
        "T(k) = 2T(k−1) + T(k−2), T(0) = 1, T(1) = 2, where n = 5 + 2k",
        Growth(math.sqrt(1 + math.sqrt(2)), 0, 0),
    ),
    "Pell at powers of two": (
        1,
        1,
        2,
        lambda k: pell(k + 1),
        False,
        "T(k) = 2T(k−1) + T(k−2), T(0) = 1, T(1) = 2, where n = 2^k",
        Growth(1.0, math.log2(1 + math.sqrt(2)), 0),
    ),
    "Pell at powers": (
        3,
        6,
        3,
        lambda k: pell(k + 1),
        False,
        "T(k) = 2T(k−1) + T(k−2), T(0) = 1, T(1) = 2, where n = 3·3^k",
        Growth(1.0, math.log(1 + math.sqrt(2), 3), 0),
    ),
}


@pytest.mark.parametrize("name", RECURRENCES)
def test_a_recurrence_reads_and_grows(name):
    first, step, factor, count, closed, shown, growth = RECURRENCES[name]
    form = recurrence(first, step, factor, count, closed)
    found = oc.law_of({n: count(k) for k, n in zip(range(20), form.sizes, strict=False)})
    assert str(found) == shown
    assert fastest(form.terms()) == pytest.approx(growth)
    assert form.determined_by == 2 * len(form.initial)


@pytest.mark.parametrize("name", ["Pell", "Pell by twos", "Pell at powers of two", "Pell at powers"])
def test_the_largest_root_and_its_coefficient_say_how_large_the_values_become(name):
    form = recurrence(*RECURRENCES[name][:5])
    ((coefficient, shown, (base, power, _)),) = form.terms()
    *_, n = (size for size, _ in zip(form.sizes, range(40), strict=False))
    assert coefficient * base**n * n**power == pytest.approx(float(form((n,))), rel=1e-9)
    assert shown == (f"n^{power:.6g}" if power else f"{base:.6g}ⁿ")
