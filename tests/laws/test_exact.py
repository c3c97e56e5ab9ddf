"""Exact arithmetic: what is found meets the values that it was found from, and is as short as can be."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from opcount.laws import exact


@pytest.mark.parametrize("seed", range(20))
def test_a_random_recurrence_is_found_in_its_own_length(seed):
    source = random.Random(seed)
    length = source.randrange(1, 5)
    coefficients = [Fraction(source.choice([-3, -2, -1, 1, 2, 3])) for _ in range(length)]
    values = [source.randrange(-9, 9) or 1 for _ in range(length)]
    while len(values) < 4 * length + 4:
        values.append(int(sum(c * v for c, v in zip(coefficients, reversed(values), strict=False))))
    found = exact.shortest_recurrence(values, len(values) // 3)
    assert 0 < len(found) <= length
    for k in range(len(found), len(values)):
        assert values[k] == sum(c * values[k - 1 - j] for j, c in enumerate(found))


@pytest.mark.parametrize("seed", range(20))
def test_interpolation_meets_its_points(seed):
    source = random.Random(seed)
    points = [(n, Fraction(source.randrange(-50, 50))) for n in source.sample(range(30), 6)]
    found = exact.interpolated(points)
    assert len(found) <= 6
    for n, value in points:
        assert sum(c * n**power for power, c in enumerate(found)) == value


def test_a_recurrence_that_is_longer_than_the_most_is_none():
    tribonacci = [0, 0, 1]
    while len(tribonacci) < 20:
        tribonacci.append(sum(tribonacci[-3:]))
    assert exact.shortest_recurrence(tribonacci, 3) == [1, 1, 1]
    assert exact.shortest_recurrence(tribonacci, 2) == []
    assert exact.shortest_recurrence([*tribonacci[:-1], tribonacci[-1] + 1], 9) == []


def test_a_recurrence_with_fractions_is_found_and_one_that_holds_modulo_the_prime_alone_is_not():
    assert exact.shortest_recurrence([2**12 // 2**k * 3**k for k in range(12)], 3) == [Fraction(3, 2)]
    large = Fraction(10**6 + 3, 10**6)  # whose residue has a smaller fraction on the way to it
    assert exact.shortest_recurrence([10**48 * large**k for k in range(8)], 3) == [large]
    assert exact.shortest_recurrence([pow(2**100, k, exact.PRIME) for k in range(8)], 3) == []


def test_as_many_coefficients_as_it_takes():
    points = [(n, Fraction(3 * n**2 - n, 2)) for n in (1, 2, 5, 7, 8, 12)]
    assert exact.interpolated(points) == [0, Fraction(-1, 2), Fraction(3, 2)]
    sizes, residues = [n for n, _ in points], [exact.modulo(value) for _, value in points]
    assert exact.length_modulo(sizes, residues, 4) == exact.length_modulo(sizes, residues, 3) == 3
    assert exact.length_modulo(sizes, residues, 2) is None
    assert exact.length_modulo(sizes, [0] * 6, 0) == 0
    # by Newton's form the last point may bring in powers of which none was needed before
    assert exact.length_modulo(range(5), [7, 7, 7, 7, 8], 5) == 5
    assert exact.length_modulo(range(5), [7, 7, 7, 7, 8], 4) is None
    assert exact.length_modulo([1, 1 + exact.PRIME], [1, 2], 2) is None


def polynomial(*roots):
    """c with x^L = c[0] x^(L-1) + c[1] x^(L-2) + ..., such that these are the roots."""
    coefficients = [Fraction(1)]
    for root in roots:
        raised = itertools.zip_longest([*coefficients, 0], [0, *coefficients])
        coefficients = [a - root * b for a, b in raised]
    return [-c for c in coefficients[1:]]


@pytest.mark.parametrize(
    "roots",
    [(1,), (-1, 1), (2, 2, 2), (Fraction(1, 2), 3), (Fraction(-3, 2), Fraction(-3, 2), 6, 1), (10**9,), (36, 5, -4)],
)
def test_rational_roots_come_back_with_their_multiplicity(roots):
    assert exact.rational_roots(polynomial(*roots)) == {root: roots.count(root) for root in roots}


@pytest.mark.parametrize("coefficients", [[1, 1], [0, -1], [3, -1, -1], [10**9 + 1]])
def test_there_are_no_roots_unless_all_are_rational_and_small(coefficients):
    assert exact.rational_roots([Fraction(c) for c in coefficients]) is None


@pytest.mark.parametrize("seed", range(10))
def test_a_system_is_solved(seed):
    source = random.Random(seed)
    length = source.randrange(1, 6)
    matrix = [
        [Fraction(source.randrange(-9, 10), source.randrange(1, 5)) for _ in range(length)] for _ in range(length)
    ]
    matrix[0][0] = Fraction(0)  # so that rows must be exchanged
    for i in range(length):
        matrix[i][(i + 1) % length] += 100
    expected = [Fraction(source.randrange(-9, 10), 7) for _ in range(length)]
    rows = [[*row, sum(a * x for a, x in zip(row, expected, strict=True))] for row in matrix]
    assert exact.solved(rows) == expected


@pytest.mark.parametrize(
    ("x", "base", "exponent"),
    [
        (8, 2, 3),
        (8, 4, Fraction(3, 2)),
        (Fraction(1, 3), 9, Fraction(-1, 2)),
        (1, 2, 0),
        (3, 2, None),
        (-4, 2, None),
        (0, 2, None),
    ],
)
def test_a_logarithm_is_rational_or_none(x, base, exponent):
    assert exact.rational_log(Fraction(x), base) == exponent


def test_a_logarithm_is_an_integer_or_none():
    assert [exact.integer_log(n, 3) for n in (1, 2, 3, 6, 9, 81)] == [0, None, 1, None, 2, 4]
