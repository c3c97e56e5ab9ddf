"""Textbook algorithms: their values, counts by hand, and what the texts say of them."""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from analysis.programs import algorithms as a
from analysis.programs import textbooks
from analysis.programs.algorithms import total
from analysis.programs.networks import mlp
from analysis.programs.textbooks import CASES, beyond

SIZES = [1, 2, 3, 5, 8]
POWERS = [1, 2, 4, 8, 16]


def at_sizes(sizes):
    return pytest.mark.parametrize("n", sizes)


# --- the algorithms compute what they should


@at_sizes(SIZES)
def test_polynomials_have_the_values_of_numpys(n):
    coefficients, points = textbooks.vectors(2, n)
    assert a.horner(coefficients, 0.7) == pytest.approx(np.polyval(coefficients, 0.7))
    assert a.horner_at_points(coefficients, points) == pytest.approx(np.polyval(coefficients, points))
    assert a.convolution(coefficients, points) == pytest.approx(np.convolve(coefficients, points))


@at_sizes(SIZES)
def test_newtons_coefficients_interpolate(n):
    points = [Fraction(k * k + k) for k in range(n)]
    values = [Fraction(k**3 - 4, 7) for k in range(n)]
    found = a.divided_differences(points, values)
    for x, y in zip(points, values, strict=True):
        assert sum(c * math.prod(x - z for z in points[:k]) for k, c in enumerate(found)) == y


@at_sizes(POWERS)
def test_fast_products_and_transforms_are_the_slow_ones(n):
    x, y = textbooks.vectors(2, n)
    assert a.karatsuba(x, y) == pytest.approx(np.convolve(x, y))
    real, imaginary = a.fft(x, y)
    assert np.array(real) + 1j * np.array(imaginary) == pytest.approx(np.fft.fft(np.array(x) + 1j * np.array(y)))
    one, other = textbooks.matrix(n), textbooks.definite(n)
    assert np.array(a.strassen(one, other)) == pytest.approx(np.array(one) @ other)


@at_sizes(range(1, 40))
def test_powers_by_squaring(n):
    assert a.power(n, 3) == 3**n


@at_sizes(SIZES)
def test_factorizations_and_solutions(n):
    matrix, b = np.array(textbooks.matrix(n)), np.array(textbooks.numbers(n))
    rows = matrix.tolist()
    assert np.array(a.product(rows, rows)) == pytest.approx(matrix @ matrix)
    packed = np.array(a.lu(rows))
    assert (np.tril(packed, -1) + np.eye(n)) @ np.triu(packed) == pytest.approx(matrix)
    assert a.gaussian_elimination(rows, b.tolist()) == pytest.approx(np.linalg.solve(matrix, b))
    assert a.back_substitution(rows, b.tolist()) == pytest.approx(np.linalg.solve(np.triu(matrix), b))
    assert np.array(a.gauss_jordan_inverse(rows)) == pytest.approx(np.linalg.inv(matrix))
    assert a.laplace(rows) == pytest.approx(np.linalg.det(matrix))
    q, r = (np.array(part) for part in a.modified_gram_schmidt(rows))  # q holds its columns as rows
    assert q @ q.T == pytest.approx(np.eye(n)) and r.T @ q == pytest.approx(matrix)
    definite = np.array(textbooks.definite(n))
    assert np.array(a.cholesky(definite.tolist())) == pytest.approx(np.linalg.cholesky(definite))
    below, diagonal, above, _ = textbooks.tridiagonals(n)
    band = np.diag(diagonal) + np.diag(above, 1) + np.diag(below, -1)
    assert a.tridiagonal(below, diagonal, above, b.tolist()) == pytest.approx(np.linalg.solve(band, b))


@at_sizes(SIZES)
def test_toeplitz_systems(n):
    r, b = textbooks.correlations(n), textbooks.numbers(n)
    row = [1.0, *r[:-1]]
    toeplitz = np.array([[row[abs(i - j)] for j in range(n)] for i in range(n)])
    assert a.durbin(r) == pytest.approx(np.linalg.solve(toeplitz, -np.array(r)))
    assert a.levinson(r, b) == pytest.approx(np.linalg.solve(toeplitz, b))


def test_the_power_iteration_finds_the_largest_eigenvalue():
    assert a.power_iteration([[5.0, 1.0], [1.0, 1.0]], [1.0, 1.0]) == pytest.approx(3 + math.sqrt(5), rel=1e-6)


def test_shortest_paths_edits_and_chains_by_brute_force():
    far = math.inf
    d = [[0, 3, 8, far], [far, 0, 2, 5], [1, far, 0, 1], [7, far, far, 0]]

    def shortest(i, j):
        others = [k for k in range(4) if k not in (i, j)]
        routes = (route for length in range(3) for route in itertools.permutations(others, length))
        return min(sum(d[u][v] for u, v in itertools.pairwise((i, *route, j))) for route in routes)

    assert a.floyd_warshall(d) == [[0 if i == j else shortest(i, j) for j in range(4)] for i in range(4)]
    assert a.edit_distance([*"kitten"], [*"sitting"], 0, 1, 1) == 3
    assert a.edit_distance([], [*"abc"], 0, 1, 1) == 3
    assert a.matrix_chain([30, 35, 15, 5, 10, 20, 25]) == 15125  # the example of Introduction to Algorithms


@at_sizes([2, 3, 5, 8, 16])
def test_sorting_searching_and_sums(n):
    x = textbooks.shuffled(n)
    for sort in (a.insertion_sort, a.bubble_sort, a.merge_sort, *([a.bitonic_sort] if n in POWERS else [])):
        assert sort(x) == sorted(x)
    assert [a.binary_search(sorted(x), key) for key in (-1, 0, 1, n - 1, n)] == [0, 0, 1, n - 1, n]
    assert a.minimum_and_maximum(x) == (0, n - 1)
    assert a.prefix_sums(x) == a.parallel_prefix_sums(x) == [*itertools.accumulate(x)]


@pytest.mark.parametrize("digits", [*itertools.product((0, 1), repeat=4)])
def test_the_sorting_network_sorts_zeros_and_ones_and_so_everything(digits):
    assert a.bitonic_sort(digits) == sorted(digits)


def test_recursions():
    assert [a.fibonacci(n, 0, 1) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]
    assert [a.memoized_fibonacci(n, 0, 1) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]
    assert [a.hanoi(n, 0) for n in range(5)] == [0, 1, 3, 7, 15]


def test_the_energy_of_three_bodies():
    assert a.pair_energies([0, 3, 0], [0, 0, 4], [0, 0, 0]) == pytest.approx(-(1 / 3 + 1 / 4 + 1 / 5))


# --- counts by hand


@pytest.mark.parametrize(
    ("name", "n", "counts"),
    [
        ("Horner's rule", 3, {"mul": 3, "add": 3}),
        ("product of matrices", 2, {"mul": 8, "add": 4}),
        ("Strassen's product", 2, {"mul": 7, "add": 12, "sub": 6}),
        ("Karatsuba's product", 2, {"mul": 3, "add": 2, "sub": 2}),
        ("fast Fourier transform", 2, {"mul": 4, "add": 3, "sub": 3}),
        ("LU without pivoting", 2, {"div": 1, "mul": 1, "sub": 1}),
        ("Cholesky", 2, {"sqrt": 2, "div": 1, "mul": 1, "sub": 1}),
        ("Thomas' tridiagonal solver", 2, {"div": 3, "mul": 3, "sub": 3}),
        ("divided differences", 1, {"div": 1, "sub": 2}),
        ("Laplace's determinant", 2, {"mul": 2, "sub": 1}),
        ("Floyd–Warshall", 2, {"add": 8, "lt": 8}),
        ("edit distance", 1, {"add": 5, "lt": 2, "eq": 1}),
        ("insertion sort, reversed", 4, {"gt": 6}),
        ("Fibonacci numbers, naive", 5, {"add": 7}),
        ("power by squaring, any n", 13, {"mul": 5}),
        ("energy of n bodies", 2, {"sub": 3, "mul": 3, "add": 2, "sqrt": 1, "div": 1, "neg": 1}),
    ],
)
def test_counts_of_small_runs_by_hand(name, n, counts):
    with oc.count() as tally:
        CASES[name].run(n)
    assert tally.counts == oc.Counts(counts)


def test_what_a_network_accumulates_is_what_is_predicted():
    f, x = mlp(textbooks.deep(3))
    for method in ("backprop", "naive", "forward"):
        executed = oc.gradient(f, x, method).phases["accumulation"]
        assert textbooks.accumulated(method, textbooks.deep, 3) == executed


def test_counts_that_a_function_returns_are_its_counts_whatever_it_runs_on_the_way():
    def predicted(n):
        return oc.trace(lambda x: total([v * v for v in x]), [1.0] * n).predict("backprop")

    assert str(oc.law(predicted, range(2, 8))) == "n"


# --- what the texts say


def number(formula, n):
    """A formula as it is printed, as the number that it is at n."""
    text = formula.translate(str.maketrans("−", "-")).replace("ⁿ", "^n")
    text = re.sub("[²³]", lambda power: "^" + {"²": "2", "³": "3"}[power[0]], text)
    text = text.replace("⌊log2 n⌋", "floor").replace("the ones of n in binary", "ones").replace("log2 n", "lg")
    text = re.sub(r"⌈(.*?)⌉", r"ceil(\1)", text)
    text = re.sub(r"(?<=[\dn)])\s*(?=n\b|lg|\()", "*", text).replace("ceil*", "ceil").replace("·", "*")
    known = {"n": Fraction(n), "lg": textbooks.log2(n), "floor": textbooks.log2(n), "ones": n.bit_count()}
    return eval(text.replace("^", "**"), {"__builtins__": {}, "ceil": math.ceil}, known)


PRINTED = [
    (name, text)
    for name, case in CASES.items()
    for text in case.texts
    if text.value is not None and not re.search(r"F\(|\.\.\.|O\(", text.says)
]


@pytest.mark.parametrize(("name", "text"), PRINTED, ids=[f"{name}: {text.says}" for name, text in PRINTED])
def test_a_formula_says_what_is_computed_for_it(name, text):
    assert len(PRINTED) > 35
    for n in CASES[name].sizes:
        if n > 0:
            assert number(text.says, n) == text.value(n)


def test_a_formula_of_factorials_and_one_of_fibonacci_numbers():
    (laplace,) = CASES["Laplace's determinant"].texts
    assert [laplace.value(n) for n in (1, 2, 3, 4)] == [0, 2, 9, 40]
    assert [textbooks.fibonacci_number(n) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]


@pytest.mark.parametrize("name", CASES)
def test_sizes_beyond_are_beyond(name):
    assert min(beyond(CASES[name])) > max(CASES[name].sizes)
