"""Polynomials through counts: found, refused, and printed as mathematics."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from analysis.programs.polynomials import Polynomial, fitted, lagrange, through
from tests.support.formulas import evaluated


def polynomial(seed):
    rng = random.Random(seed)
    dimensions = "mkln"[: rng.randint(1, 4)]
    places = itertools.product(range(4), repeat=len(dimensions))
    terms = {place: Fraction(rng.randint(-9, 9), rng.randint(1, 6)) for place in places if rng.random() < 0.2}
    return Polynomial(tuple(dimensions), {place: coefficient for place, coefficient in terms.items() if coefficient})


def grid(dimensions, sizes=(2, 3, 5, 6)):
    return list(itertools.product(sizes, repeat=len(dimensions)))


@pytest.mark.parametrize("seed", range(30))
def test_a_polynomial_is_found_from_its_values(seed):
    known = polynomial(seed)
    assert through(known.dimensions, {place: known(place) for place in grid(known.dimensions)}) == known


@pytest.mark.parametrize("seed", range(30))
def test_a_polynomial_that_is_printed_reads_as_itself(seed):
    known = polynomial(seed)
    rng = random.Random(seed)
    for _ in range(5):
        place = tuple(rng.randint(1, 30) for _ in known.dimensions)
        assert evaluated(str(known), dict(zip(known.dimensions, place, strict=True))) == known(place)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({}, "0"),
        ({(0, 0): 1}, "1"),
        ({(0, 0): Fraction(-1, 2)}, "−1/2"),
        ({(1, 0): 1}, "m"),
        ({(0, 1): -1, (0, 0): 1}, "−n + 1"),
        ({(1, 1): 2, (1, 0): -1, (0, 1): 1}, "2mn − m + n"),
        ({(0, 3): Fraction(1, 3), (0, 2): Fraction(1, 2), (0, 1): Fraction(-5, 6)}, "n³/3 + n²/2 − 5n/6"),
        ({(2, 2): 1, (0, 12): 1}, "n¹² + m²n²"),
    ],
    ids=str,
)
def test_a_polynomial_is_written_as_mathematics(terms, text):
    assert str(Polynomial(("m", "n"), {place: Fraction(part) for place, part in terms.items()})) == text


def test_each_basis_polynomial_is_one_at_its_own_size_and_zero_at_the_others():
    for size, coefficients in lagrange((2, 4, 5, 7)).items():
        values = {at: sum(part * at**power for power, part in enumerate(coefficients)) for at in (2, 4, 5, 7)}
        assert values == {at: at == size for at in values}


@pytest.mark.parametrize(
    "count",
    [
        lambda m, n: n // 2,
        lambda m, n: 2**n,
        lambda m, n: n**4,
        lambda m, n: min(m, n),
        lambda m, n: n.bit_count(),
        lambda m, n: random.Random(m * 100 + n).randrange(10),
    ],
    ids=["half", "exponential", "fourth power", "smaller", "bits", "random"],
)
def test_what_is_no_polynomial_of_this_degree_is_refused(count):
    values = {place: count(*place) for place in itertools.product(range(2, 13), repeat=2)}
    assert fitted("mn", values, grid("mn")) is None


@pytest.mark.parametrize("wrong", [(7, 7), (2, 12), (12, 2)])
def test_one_count_that_lies_beside_the_polynomial_refuses_it(wrong):
    values = {(m, n): 2 * m * n - n for m, n in itertools.product(range(2, 13), repeat=2)}
    assert str(fitted("mn", values, grid("mn"))) == "2mn − n"
    assert fitted("mn", values | {wrong: values[wrong] + 1}, grid("mn")) is None
