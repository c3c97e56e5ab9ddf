"""Scalars in code that knows nothing of them: NumPy on object arrays, and textbook algorithms."""

import bisect
import functools
import heapq
import itertools
import math
import operator
import random
import statistics
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opcount as oc
import opcount.arrays.scalar
from opcount import Counts, Scalar
from tests.support.reference import by_type, reference

# --- NumPy on object arrays counts what a loop written by hand would


V, W = np.array([0.5, -1.5, 2.25, 0.75, 1.25]), np.array([2.0, 0.5, -1.0, 3.0, 1.5])
A, B = np.arange(1.0, 7.0).reshape(2, 3), np.arange(2.0, 14.0).reshape(3, 4)
BY_HAND = [
    ("v @ w", lambda v, w: v @ w, {"mul": 5, "add": 4}),
    ("np.dot", np.dot, {"mul": 5, "add": 4}),
    ("np.inner", np.inner, {"mul": 5, "add": 4}),
    ("np.vdot", np.vdot, {"mul": 5, "add": 4}),
    ("np.vecdot", np.vecdot, {"mul": 5, "add": 4}),
    ("np.outer", np.outer, {"mul": 25}),
    ("np.kron", np.kron, {"mul": 25}),
    ("np.add.outer", np.add.outer, {"add": 25}),
    ("np.sum", lambda v, w: np.sum(v), {"add": 4}),
    ("np.sum with initial", lambda v, w: np.sum(v, initial=0), {"add": 5}),
    ("np.prod", lambda v, w: np.prod(v), {"mul": 4}),
    ("np.mean", lambda v, w: np.mean(v), {"add": 4, "div": 1}),
    ("np.var", lambda v, w: np.var(v), {"add": 8, "div": 2, "sub": 5, "mul": 5}),
    ("np.std", lambda v, w: np.std(v), {"add": 8, "div": 2, "sub": 5, "mul": 5, "sqrt": 1}),
    ("np.cumsum", lambda v, w: np.cumsum(v), {"add": 4}),
    ("np.cumprod", lambda v, w: np.cumprod(v), {"mul": 4}),
    ("np.diff", lambda v, w: np.diff(v), {"sub": 4}),
    ("np.average", lambda v, w: np.average(v), {"add": 4, "div": 1}),
    ("np.tanh", lambda v, w: np.tanh(v), {"tanh": 5}),
    ("np.exp", lambda v, w: np.exp(v), {"exp": 5}),
    ("np.abs", lambda v, w: np.abs(v), {"abs": 5}),
    ("np.square", lambda v, w: np.square(v), {"mul": 5}),
    ("np.reciprocal", lambda v, w: np.reciprocal(v), {"div": 5}),
    ("np.linalg.norm", lambda v, w: np.linalg.norm(v), {"mul": 5, "add": 4, "sqrt": 1}),
    ("the 1-norm", lambda v, w: np.linalg.norm(v, 1), {"abs": 5, "add": 4}),
    ("np.where", lambda v, w: np.where(v > w, v, w), {"gt": 5}),
    ("np.max", lambda v, w: np.max(v), {"ge": 4}),
    ("np.min", lambda v, w: np.min(v), {"le": 4}),
    ("np.maximum", lambda v, w: np.maximum(v, w), {"ge": 5}),
    ("np.argmax", lambda v, w: np.argmax(v), {"gt": 4}),
    ("np.convolve", lambda v, w: np.convolve(v, w), {"mul": 25, "add": 16}),
    ("np.polyval", lambda v, w: np.polyval(v, w[0]), {"mul": 5, "add": 5}),
    ("np.einsum i,i", lambda v, w: np.einsum("i,i", v, w), {"mul": 5, "add": 5}),  # it starts from a zero
    ("np.einsum i,j->ij", lambda v, w: np.einsum("i,j->ij", v, w), {"mul": 25, "add": 25}),
    ("np.trapezoid", lambda v, w: np.trapezoid(v), {"add": 7, "mul": 4, "div": 4}),
    ("v ** 2", lambda v, w: v**2, {"mul": 5}),
    ("v ** 10", lambda v, w: v**10, {"mul": 20}),
    ("v ** -1", lambda v, w: v**-1, {"div": 5}),
    ("v * 2 + w", lambda v, w: v * 2 + w, {"mul": 5, "add": 5}),
    ("2 - v / w", lambda v, w: 2 - v / w, {"div": 5, "sub": 5}),
    ("-v", lambda v, w: -v, {"neg": 5}),
    ("v // w", lambda v, w: v // w, {"floordiv": 5}),
    ("v % w", lambda v, w: v % w, {"mod": 5}),
    ("v == w", lambda v, w: v == w, {"eq": 5}),
    ("v * plain", lambda v, w: v * np.arange(5.0), {"mul": 5}),
    ("plain @ v", lambda v, w: np.arange(5.0) @ v, {"mul": 5, "add": 4}),
    ("v * one scalar", lambda v, w: v * w[0], {"mul": 5}),
    ("one scalar - v", lambda v, w: w[0] - v, {"sub": 5}),
    ("np.add.reduce", lambda v, w: np.add.reduce(v), {"add": 4}),
    ("np.add.accumulate", lambda v, w: np.add.accumulate(v), {"add": 4}),
    ("reshaping and indexing", lambda v, w: np.concatenate([v[::-1], w[1:3], np.roll(w, 1)])[[0, 3]], {}),
]
MATRICES = [
    ("A @ B", lambda a, b: a @ b, {"mul": 24, "add": 16}),
    ("np.dot", np.dot, {"mul": 24, "add": 16}),
    ("np.matmul", np.matmul, {"mul": 24, "add": 16}),
    ("np.einsum", lambda a, b: np.einsum("ij,jk->ik", a, b), {"mul": 24, "add": 24}),
    ("np.tensordot", lambda a, b: np.tensordot(a, b, 1), {"mul": 24, "add": 16}),
    ("np.sum", lambda a, b: np.sum(a), {"add": 5}),
    ("np.sum axis 0", lambda a, b: np.sum(a, axis=0), {"add": 3}),
    ("np.sum axis 1", lambda a, b: np.sum(a, axis=1), {"add": 4}),
    ("np.mean axis 1", lambda a, b: np.mean(a, axis=1), {"add": 4, "div": 2}),
    ("np.prod axis 0", lambda a, b: np.prod(b, axis=0), {"mul": 8}),
    ("np.trace", lambda a, b: np.trace(a), {"add": 1}),
    ("the Frobenius norm", lambda a, b: np.linalg.norm(a), {"mul": 6, "add": 5, "sqrt": 1}),
    ("np.linalg.multi_dot", lambda a, b: np.linalg.multi_dot([a, b, b.T]), {"mul": 24 + 24, "add": 16 + 18}),
    ("a cube", lambda a, b: np.linalg.matrix_power(a @ a.T, 3), {"mul": 12 + 16, "add": 8 + 8}),
    ("broadcasting", lambda a, b: a + a[0], {"add": 6}),
    ("a layer", lambda a, b: np.tanh(a @ b + b[0]), {"mul": 24, "add": 16 + 8, "tanh": 8}),
    ("transposing", lambda a, b: a.T.copy(), {}),
]


def check_numpy(program, arrays, kinds):
    """Counts are those of the hand and of the reference; the value is that of the plain arrays."""
    wrapped = [oc.wrap(array.astype(object)) for array in arrays]
    with oc.count() as tally:
        result = program(*wrapped)
    assert tally.counts == kinds
    value, seen = reference(program, *arrays)
    assert tally.counts == seen
    np.testing.assert_allclose(oc.unwrap(result), program(*arrays), rtol=1e-12)
    np.testing.assert_array_equal(oc.unwrap(result), value)  # the same operations, so the same bits


@pytest.mark.parametrize(("program", "kinds"), [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND])
def test_numpy_on_vectors_counts_what_a_loop_by_hand_counts(program, kinds):
    check_numpy(program, (V, W), kinds)


@pytest.mark.parametrize(("program", "kinds"), [row[1:] for row in MATRICES], ids=[row[0] for row in MATRICES])
def test_numpy_on_matrices_counts_what_a_loop_by_hand_counts(program, kinds):
    check_numpy(program, (A, B), kinds)


@pytest.mark.parametrize("program", [
    np.sort, np.argsort, np.unique, np.median, np.ptp, lambda v: np.partition(v, 2),
    lambda v: np.searchsorted(np.sort(v), v[0]),
    lambda v: np.lexsort((v, v)), lambda v: np.clip(v, 0, 1), sorted, max, min, lambda v: np.cross(v[:3], v[1:4]),
    lambda v: np.vander(v, 3), lambda v: np.apply_along_axis(np.sum, 0, v), lambda v: np.around(v, 1),
    lambda v: np.nansum(v),
    lambda v: np.isin(v, v[:2]), lambda v: np.correlate(v, v, "full"),
    lambda v: np.linspace(v[0], v[1], 4)[:3], lambda v: np.trapezoid(v, v),
])  # fmt: skip
def test_numpy_counts_what_the_reference_counts_in_the_same_places(program):
    # how many comparisons a sort makes is NumPy's affair; that none is missed is ours
    with oc.count() as tally:
        program(oc.wrap(V.astype(object)))
    _, seen = reference(program, V)
    assert seen and tally.counts == seen


def of_scalars(fault):
    """The inner product, with a fault where Scalars are multiplied."""
    return lambda a, b: fault(a, b) if isinstance(a[0], Scalar) else np.dot(a, b)


@pytest.mark.parametrize(("program", "kinds"), [
    (np.dot, {"mul": 5, "add": 3}),  # not what is counted by hand
    (of_scalars(lambda a, b: np.dot(a, b) * 1), {"mul": 6, "add": 4}),  # not what the reference counts
    (of_scalars(lambda a, b: np.dot(a, b[::-1])), {"mul": 5, "add": 4}),  # another value
    (of_scalars(lambda a, b: oc.wrap(np.nextafter(oc.unwrap(np.dot(a, b)), 9))), {"mul": 5, "add": 4}),  # a bit away
])  # fmt: skip
def test_the_check_against_the_reference_catches_a_planted_fault(program, kinds):
    check_numpy(np.dot, (V, W), {"mul": 5, "add": 4})
    with pytest.raises(AssertionError):
        check_numpy(program, (V, W), kinds)


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (1, 5, 1), (4, 1, 4), (2, 3, 5), (8, 8, 8)])
def test_a_product_of_matrices_is_mkn_products_and_mkn_minus_mn_sums(m, k, n):
    a, b = np.ones((m, k)), np.ones((k, n))
    assert oc.measure(np.matmul, a, b).counts == Counts(mul=m * k * n, add=m * (k - 1) * n)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12))
def test_random_vectors_sum_and_multiply_exactly(numbers):
    v = np.array(numbers)
    n = len(numbers)
    assert oc.measure(np.sum, v) == (sum(numbers), Counts(add=n - 1))
    assert oc.measure(np.dot, v, v) == (sum(x * x for x in numbers), Counts(mul=n, add=n - 1))


# --- textbook algorithms that know nothing of opcount


def horner(coefficients, x):
    result = coefficients[0]
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a


def newton_sqrt(x, steps):
    guess = x
    for _ in range(steps):
        guess = (guess + x / guess) / 2
    return guess


def gram_schmidt(rows):
    basis = []
    for row in rows:
        for direction in basis:
            row = row - (direction @ row) * direction
        basis.append(row / np.sqrt(row @ row))
    return np.stack(basis)


def fft(pairs):
    """Radix two, on pairs of a real and an imaginary part; n log2(n) / 2 butterflies."""
    n = len(pairs)
    if n == 1:
        return pairs
    even, odd = fft(pairs[::2]), fft(pairs[1::2])
    out = [None] * n
    for k in range(n // 2):
        c, s = math.cos(2 * math.pi * k / n), -math.sin(2 * math.pi * k / n)
        re, im = odd[k][0] * c - odd[k][1] * s, odd[k][0] * s + odd[k][1] * c
        out[k] = (even[k][0] + re, even[k][1] + im)
        out[k + n // 2] = (even[k][0] - re, even[k][1] - im)
    return out


def lu(matrix):
    """Elimination without pivoting, in place in a copy."""
    a = [list(row) for row in matrix]
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i][k] = a[i][k] / a[k][k]
            for j in range(k + 1, n):
                a[i][j] = a[i][j] - a[i][k] * a[k][j]
    return a


@pytest.mark.parametrize("degree", [0, 1, 7, 50])
def test_horner(degree):
    coefficients = [float(k + 1) for k in range(degree + 1)]
    value, counts = oc.measure(horner, coefficients, 0.5)
    assert counts == Counts(mul=degree, add=degree)
    assert value == horner(coefficients, 0.5)


@pytest.mark.parametrize(("a", "b", "steps"), [(48, 18, 3), (17, 5, 3), (5, 17, 4), (7, 0, 0), (10**40, 10**39 * 3, 2)])
def test_euclid(a, b, steps):
    assert oc.measure(gcd, a, b) == (math.gcd(a, b), Counts(mod=steps, ne=steps + 1))


def test_fibonacci_numbers_take_euclid_the_most_steps():
    fibonacci = [1, 2]
    while len(fibonacci) < 60:
        fibonacci.append(sum(fibonacci[-2:]))
    assert oc.measure(gcd, fibonacci[59], fibonacci[58]).counts.mod == 59


@pytest.mark.parametrize("number", [2.0, Fraction(2), Decimal(2), np.float32(2)], ids=by_type)
def test_newton(number):
    value, counts = oc.measure(lambda x: newton_sqrt(x, 5), number)
    assert counts == Counts(div=10, add=5)
    assert value == newton_sqrt(number, 5) and type(value) is type(number)


@pytest.mark.parametrize(("k", "n"), [(1, 3), (3, 3), (4, 6)])
def test_gram_schmidt(k, n):
    rows = np.random.default_rng(0).normal(size=(k, n))
    value, counts = oc.measure(gram_schmidt, rows)
    pairs = k * (k - 1) // 2
    assert counts == Counts(
        mul=pairs * 2 * n + k * n, add=pairs * (n - 1) + k * (n - 1), sub=pairs * n, sqrt=k, div=k * n
    )
    np.testing.assert_allclose(value @ value.T, np.eye(k), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 8, 32])
def test_fft(n):
    signal = np.random.default_rng(0).normal(size=n)
    value, counts = oc.measure(fft, [(x, 0.0) for x in signal.tolist()])
    butterflies = n * (n.bit_length() - 1) // 2
    assert counts == Counts(mul=4 * butterflies, add=3 * butterflies, sub=3 * butterflies)
    np.testing.assert_allclose([complex(*pair) for pair in value], np.fft.fft(signal), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_lu(n):
    matrix = np.random.default_rng(0).integers(1, 9, size=(n, n)) + 20 * np.eye(n, dtype=int)
    exact = [[Fraction(int(number)) for number in row] for row in matrix]
    value, counts = oc.measure(lu, exact)
    products = sum(k * k for k in range(n))
    assert counts == Counts(mul=products, sub=products, div=n * (n - 1) // 2)
    upper = math.prod(value[k][k] for k in range(n))
    assert float(upper) == pytest.approx(np.linalg.det(matrix), rel=1e-9)


class Ordered:
    """Counts how often it is compared: the reference for the sorting functions of the library."""

    seen: ClassVar = Counter()

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        Ordered.seen["lt"] += 1
        return self.value < other.value

    def __eq__(self, other):
        Ordered.seen["eq"] += 1
        return self.value == other.value


def heap_sorted(numbers):
    heap = list(numbers)
    heapq.heapify(heap)
    return [heapq.heappop(heap) for _ in range(len(heap))]


@pytest.mark.parametrize(
    "sort", [sorted, heap_sorted, lambda xs: heapq.nsmallest(len(xs), xs),
             lambda xs: list(heapq.merge(xs[:1], xs[1:2])),
             statistics.median_low, lambda xs: bisect.insort(sorted(xs), xs[0])],
    ids=["sorted", "heapq", "nsmallest", "merge", "median", "insort"],
)  # fmt: skip
@pytest.mark.parametrize("n", [2, 17, 100])
def test_sorting_counts_every_comparison_that_is_made(sort, n):
    numbers = random.Random(n).sample(range(1000), n)
    Ordered.seen = Counter()
    sort([Ordered(number) for number in numbers])
    assert oc.measure(sort, numbers).counts == Ordered.seen
    assert Ordered.seen["lt"] >= 1


@pytest.mark.parametrize("n", [1, 2, 3, 100, 1023, 1024])
def test_bisection_takes_a_comparison_per_halving(n):
    _, counts = oc.measure(lambda x: bisect.bisect_left(range(n), x), -1)
    assert counts.total == counts.gt + counts.lt == n.bit_length()


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        (sum, {"add": 6}),  # sum starts from 0
        (lambda xs: sum(xs[1:], xs[0]), {"add": 5}),
        (math.prod, {"mul": 6}),
        (lambda xs: functools.reduce(operator.mul, xs), {"mul": 5}),
        (lambda xs: list(itertools.accumulate(xs)), {"add": 5}),
        (lambda xs: list(itertools.accumulate(xs, operator.mul)), {"mul": 5}),
        (lambda xs: [b - a for a, b in itertools.pairwise(xs)], {"sub": 5}),
        (max, {"gt": 5}),
        (min, {"lt": 5}),
        (lambda xs: sum(map(operator.mul, xs, xs)) / len(xs), {"mul": 6, "add": 6, "div": 1}),
        (lambda xs: sum(x > 3 for x in xs), {"gt": 6}),
        (lambda xs: xs.index(4.0), {"eq": 4}),
        (lambda xs: 99 in xs, {"eq": 6}),
        (lambda xs: xs.count(4.0), {"eq": 6}),
        (statistics.median_high, {"lt": 5}),  # already in order
        (lambda xs: statistics.median(xs), {"lt": 5, "add": 1, "div": 1}),
    ],
)
def test_pythons_own_tools_count_what_they_execute(program, kinds):
    numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    value, counts = oc.measure(program, numbers)
    assert counts == kinds and value == program(numbers)


def test_a_diamond_counts_each_operation_once():
    def diamond(x):
        for _ in range(100):
            x = x + x
        return x

    assert oc.measure(diamond, 1) == (2**100, Counts(add=100))


def test_a_program_in_fractions_is_exact():
    def harmonic(one):
        return sum(one / k for k in range(1, 31))

    value, counts = oc.measure(harmonic, Fraction(1))
    assert value == sum(Fraction(1, k) for k in range(1, 31))
    assert counts == Counts(div=30, add=30)


def test_the_exact_value_of_a_mixture_with_fractions():
    x = oc.wrap(Fraction(1, 3))
    with oc.count() as tally:
        result = Fraction(1, 6) + 2 * x - x / Fraction(2) - np.int64(1)
    assert oc.unwrap(result) == Fraction(1, 6) + Fraction(2, 3) - Fraction(1, 6) - 1
    assert tally.counts == Counts(add=1, mul=1, sub=2, div=1)
