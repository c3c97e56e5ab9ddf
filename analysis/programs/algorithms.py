"""Algorithms as textbooks write them, in plain Python: matrices are lists of rows, polynomials lists of coefficients.

`textbooks` describes them, with the data that they run on and the operations that texts state.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.programs.networks import dot, total

Vector = Sequence[Any]
Matrix = list[list[Any]]


# --- polynomials


def horner(coefficients: Vector, x: Any) -> Any:
    """The value at x of a polynomial, its leading coefficient first."""
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def horner_at_points(coefficients: Vector, points: Vector) -> list[Any]:
    return [horner(coefficients, x) for x in points]


def divided_differences(points: Vector, values: Vector) -> list[Any]:
    """The coefficients of Newton's interpolating polynomial."""
    found = list(values)
    for order in range(1, len(points)):
        for k in range(len(points) - 1, order - 1, -1):
            found[k] = (found[k] - found[k - 1]) / (points[k] - points[k - order])
    return found


def convolution(a: Vector, b: Vector) -> list[Any]:
    return [
        total([a[j] * b[k - j] for j in range(max(0, k - len(b) + 1), min(k, len(a) - 1) + 1)])
        for k in range(len(a) + len(b) - 1)
    ]


def karatsuba(a: Vector, b: Vector) -> list[Any]:
    """The product of two polynomials with n coefficients each, the constant first; n is a power of two."""
    n = len(a)
    if n == 1:
        return [a[0] * b[0]]
    half = n // 2
    low = karatsuba(a[:half], b[:half])
    high = karatsuba(a[half:], b[half:])
    both = karatsuba(
        [x + y for x, y in zip(a[:half], a[half:], strict=True)],
        [x + y for x, y in zip(b[:half], b[half:], strict=True)],
    )
    middle = [x - y - z for x, y, z in zip(both, low, high, strict=True)]
    product = [*low, middle[half - 1], *high]
    for k in range(half - 1):  # where the middle product overlaps the two others
        product[half + k] = product[half + k] + middle[k]
        product[n + k] = product[n + k] + middle[half + k]
    return product


def fft(real: Vector, imaginary: Vector) -> tuple[list[Any], list[Any]]:
    """The discrete Fourier transform of n complex numbers, given as real and imaginary parts; n is a power of two."""
    n = len(real)
    if n == 1:
        return list(real), list(imaginary)
    a, b = fft(real[::2], imaginary[::2])
    c, d = fft(real[1::2], imaginary[1::2])
    x, y = [None] * n, [None] * n
    for k in range(n // 2):
        cosine, sine = math.cos(2 * math.pi * k / n), -math.sin(2 * math.pi * k / n)
        p = cosine * c[k] - sine * d[k]
        q = cosine * d[k] + sine * c[k]
        x[k], y[k] = a[k] + p, b[k] + q
        x[k + n // 2], y[k + n // 2] = a[k] - p, b[k] - q
    return x, y


def power(n: int, x: Any) -> Any:
    """x to the power n, by the binary digits of n from the left."""
    value = x
    for digit in f"{n:b}"[1:]:
        value = value * value
        if digit == "1":
            value = value * x
    return value


# --- matrices


def product(a: Matrix, b: Matrix) -> Matrix:
    columns = list(zip(*b, strict=True))
    return [[dot(row, column) for column in columns] for row in a]


def plus(a: Matrix, b: Matrix) -> Matrix:
    return [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]


def minus(a: Matrix, b: Matrix) -> Matrix:
    return [[x - y for x, y in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]


def strassen(a: Matrix, b: Matrix) -> Matrix:
    """The product of two matrices of order n by seven products of order n/2; n is a power of two."""
    half = len(a) // 2
    if not half:
        return [[a[0][0] * b[0][0]]]
    a11, a12, a21, a22 = quarters(a)
    b11, b12, b21, b22 = quarters(b)
    one = strassen(plus(a11, a22), plus(b11, b22))
    two = strassen(plus(a21, a22), b11)
    three = strassen(a11, minus(b12, b22))
    four = strassen(a22, minus(b21, b11))
    five = strassen(plus(a11, a12), b22)
    six = strassen(minus(a21, a11), plus(b11, b12))
    seven = strassen(minus(a12, a22), plus(b21, b22))
    c11 = plus(minus(plus(one, four), five), seven)
    c12 = plus(three, five)
    c21 = plus(two, four)
    c22 = plus(minus(plus(one, three), two), six)
    upper = [[*left, *right] for left, right in zip(c11, c12, strict=True)]
    return upper + [[*left, *right] for left, right in zip(c21, c22, strict=True)]


def quarters(a: Matrix) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    half = len(a) // 2
    upper, lower = a[:half], a[half:]
    return (
        [row[:half] for row in upper],
        [row[half:] for row in upper],
        [row[:half] for row in lower],
        [row[half:] for row in lower],
    )


def lu(a: Matrix) -> Matrix:
    """L below the diagonal and U on and above it, without pivoting."""
    a = [list(row) for row in a]
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i][k] = a[i][k] / a[k][k]
            for j in range(k + 1, n):
                a[i][j] = a[i][j] - a[i][k] * a[k][j]
    return a


def back_substitution(u: Matrix, b: Vector) -> list[Any]:
    n = len(b)
    x = list(b)
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            x[i] = x[i] - u[i][j] * x[j]
        x[i] = x[i] / u[i][i]
    return x


def gaussian_elimination(a: Matrix, b: Vector) -> list[Any]:
    """The solution of a x = b, without pivoting."""
    a = [list(row) for row in a]
    b = list(b)
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            factor = a[i][k] / a[k][k]
            for j in range(k + 1, n):
                a[i][j] = a[i][j] - factor * a[k][j]
            b[i] = b[i] - factor * b[k]
    return back_substitution(a, b)


def gauss_jordan_inverse(a: Matrix) -> Matrix:
    """The inverse, computed in place, without pivoting."""
    a = [list(row) for row in a]
    n = len(a)
    for k in range(n):
        pivot = 1 / a[k][k]
        others = [i for i in range(n) if i != k]
        for j in others:
            a[k][j] = a[k][j] * pivot
        for i in others:
            for j in others:
                a[i][j] = a[i][j] - a[i][k] * a[k][j]
            a[i][k] = -a[i][k] * pivot
        a[k][k] = pivot
    return a


def cholesky(a: Matrix) -> Matrix:
    n = len(a)
    lower: Matrix = [[0.0] * n for _ in range(n)]
    for j in range(n):
        for i in range(j, n):
            rest = a[i][j]
            for k in range(j):
                rest = rest - lower[i][k] * lower[j][k]
            lower[i][j] = np.sqrt(rest) if i == j else rest / lower[j][j]
    return lower


def modified_gram_schmidt(columns: Matrix) -> tuple[Matrix, Matrix]:
    """Orthonormal columns Q and the upper triangle R with Q R = A."""
    q = [list(column) for column in columns]
    n = len(q)
    r: Matrix = [[0.0] * n for _ in range(n)]
    for k in range(n):
        r[k][k] = np.sqrt(dot(q[k], q[k]))
        q[k] = [entry / r[k][k] for entry in q[k]]
        for j in range(k + 1, n):
            r[k][j] = dot(q[k], q[j])
            q[j] = [entry - r[k][j] * along for entry, along in zip(q[j], q[k], strict=True)]
    return q, r


def tridiagonal(below: Vector, diagonal: Vector, above: Vector, b: Vector) -> list[Any]:
    """The solution of a tridiagonal system, by Thomas' algorithm."""
    n = len(b)
    d, x = list(diagonal), list(b)
    for k in range(1, n):
        factor = below[k - 1] / d[k - 1]
        d[k] = d[k] - factor * above[k - 1]
        x[k] = x[k] - factor * x[k - 1]
    x[-1] = x[-1] / d[-1]
    for k in reversed(range(n - 1)):
        x[k] = (x[k] - above[k] * x[k + 1]) / d[k]
    return x


def durbin(r: Vector) -> list[Any]:
    """The solution of the Yule-Walker equations T y = -r, T the Toeplitz matrix with first row 1, r1, ..., r(n-1)."""
    y = [-r[0]]
    beta: Any = 1.0
    alpha = -r[0]
    for k in range(1, len(r)):
        beta = (1 - alpha * alpha) * beta
        alpha = -(r[k] + dot(r[:k][::-1], y)) / beta
        y = [*(a + alpha * b for a, b in zip(y, reversed(y), strict=True)), alpha]
    return y


def levinson(r: Vector, b: Vector) -> list[Any]:
    """The solution of T x = b, T the symmetric Toeplitz matrix with first row 1, r1, ..., r(n-1)."""
    y, x = [-r[0]], [b[0]]
    beta: Any = 1.0
    alpha = -r[0]
    for k in range(1, len(b)):
        beta = (1 - alpha * alpha) * beta
        mu = (b[k] - dot(r[:k], x[::-1])) / beta
        x = [*(a + mu * c for a, c in zip(x, reversed(y), strict=True)), mu]
        if k < len(b) - 1:
            alpha = -(r[k] + dot(r[:k][::-1], y)) / beta
            y = [*(a + alpha * c for a, c in zip(y, reversed(y), strict=True)), alpha]
    return x


def laplace(a: Matrix) -> Any:
    """The determinant, by expansion along the first row."""
    if len(a) == 1:
        return a[0][0]
    minors = [laplace([[*row[:j], *row[j + 1 :]] for row in a[1:]]) for j in range(len(a))]
    value = a[0][0] * minors[0]
    for j in range(1, len(a)):
        term = a[0][j] * minors[j]
        value = value - term if j % 2 else value + term
    return value


STEPS = 10


def power_iteration(a: Matrix, x: Vector) -> Any:
    """The dominant eigenvalue, after ten steps."""
    for _ in range(STEPS):
        y = [dot(row, x) for row in a]
        norm = np.sqrt(dot(y, y))
        x = [entry / norm for entry in y]
    return dot(x, [dot(row, x) for row in a])


# --- graphs, words, tables


def floyd_warshall(distances: Matrix) -> Matrix:
    d = [list(row) for row in distances]
    n = len(d)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                d[i][j] = min(d[i][j], d[i][k] + d[k][j])
    return d


def edit_distance(a: Vector, b: Vector, same: Any, change: Any, gap: Any) -> Any:
    """The least cost of turning one word into another, by letters kept, changed, inserted or deleted."""
    row = [same]
    for _ in b:
        row.append(row[-1] + gap)
    for letter in a:
        above, row = row, [row[0] + gap]
        for j, other in enumerate(b):
            diagonal = above[j] + (same if letter == other else change)
            row.append(min(diagonal, above[j + 1] + gap, row[j] + gap))
    return row[-1]


def matrix_chain(p: Vector) -> Any:
    """The fewest multiplications for a product of matrices, the k-th of shape (p[k], p[k + 1])."""
    n = len(p) - 1
    m: Matrix = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            m[i][j] = math.inf
            for k in range(i, j):
                cost = m[i][k] + p[i] * p[k + 1] * p[j + 1] + m[k + 1][j]
                if cost < m[i][j]:
                    m[i][j] = cost
    return m[0][-1]


def prefix_sums(x: Vector) -> list[Any]:
    sums = [x[0]]
    for entry in x[1:]:
        sums.append(sums[-1] + entry)
    return sums


def parallel_prefix_sums(x: Vector) -> list[Any]:
    """Prefix sums in rounds, each of which adds entries twice as far apart as the round before."""
    sums = list(x)
    distance = 1
    while distance < len(sums):
        sums = sums[:distance] + [a + b for a, b in zip(sums, sums[distance:], strict=False)]
        distance *= 2
    return sums


def pair_energies(x: Vector, y: Vector, z: Vector) -> Any:
    """The potential energy of n bodies with masses 1 and gravitational constant 1."""
    inverses = []
    for i in range(len(x)):
        for j in range(i):
            a, b, c = x[i] - x[j], y[i] - y[j], z[i] - z[j]
            inverses.append(1 / np.sqrt(a * a + b * b + c * c))
    return -total(inverses)


# --- sorting, searching, recursion


def insertion_sort(x: Vector) -> list[Any]:
    x = list(x)
    for j in range(1, len(x)):
        key = x[j]
        i = j
        while i and x[i - 1] > key:
            x[i] = x[i - 1]
            i -= 1
        x[i] = key
    return x


def bubble_sort(x: Vector) -> list[Any]:
    """Bubble sort, which stops after a pass that found nothing to exchange."""
    x = list(x)
    exchanged = True
    bound = len(x) - 1
    while exchanged:
        exchanged = False
        for j in range(bound):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
                exchanged = True
        bound -= 1
    return x


def merge_sort(x: Vector) -> list[Any]:
    if len(x) < 2:
        return list(x)
    half = len(x) // 2
    left, right = merge_sort(x[:half]), merge_sort(x[half:])
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if right[j] < left[i]:
            merged.append(right[j])
            j += 1
        else:
            merged.append(left[i])
            i += 1
    return merged + left[i:] + right[j:]


def bitonic_sort(x: Vector) -> list[Any]:
    """Batcher's bitonic sorting network; n is a power of two."""
    x = list(x)
    n = len(x)
    size = 2
    while size <= n:
        distance = size // 2
        while distance:
            for i in range(n):
                j = i ^ distance
                if j > i and (x[j] < x[i] if not i & size else x[i] < x[j]):
                    x[i], x[j] = x[j], x[i]
            distance //= 2
        size *= 2
    return x


def binary_search(x: Vector, key: Any) -> int:
    """How many of these sorted numbers are less than the key."""
    low, high = 0, len(x)
    while low < high:
        middle = (low + high) // 2
        if x[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


def minimum_and_maximum(x: Vector) -> tuple[Any, Any]:
    """The least and the greatest of these numbers, found together by taking them in pairs."""
    start = 1 if len(x) % 2 else 2
    least, most = (x[0], x[0]) if start == 1 else ((x[0], x[1]) if x[0] < x[1] else (x[1], x[0]))
    for k in range(start, len(x), 2):
        small, large = (x[k], x[k + 1]) if x[k] < x[k + 1] else (x[k + 1], x[k])
        least = small if small < least else least
        most = large if most < large else most
    return least, most


def fibonacci(n: int, zero: Any, one: Any) -> Any:
    if n < 2:
        return (zero, one)[n]
    return fibonacci(n - 1, zero, one) + fibonacci(n - 2, zero, one)


def memoized_fibonacci(n: int, zero: Any, one: Any) -> Any:
    memo = {0: zero, 1: one}

    def value(k: int) -> Any:
        if k not in memo:
            memo[k] = value(k - 1) + value(k - 2)
        return memo[k]

    return value(n)


def hanoi(discs: int, moves: Any) -> Any:
    """The number of moves so far, `moves`, plus those that a tower of discs takes."""
    if not discs:
        return moves
    moves = hanoi(discs - 1, moves)  # out of the way
    moves = moves + 1
    return hanoi(discs - 1, moves)  # and onto the largest
