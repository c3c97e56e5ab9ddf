"""Exact arithmetic: polynomials through points, linear recurrences behind values, rational roots and logarithms.

Polynomials are found by Newton's divided differences, linear recurrences with constant coefficients by the
Berlekamp-Massey algorithm (J. L. Massey, Shift-register synthesis and BCH decoding, IEEE Trans. Inf. Theory 15,
1969). Both are tried modulo a prime first, which keeps the integers short.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import zip_longest
from numbers import Rational
from typing import Final

PRIME: Final = (
    2**128 - 159
)  # of no special form, such as that of a Mersenne prime, modulo which powers of two are near to 1


def modulo(value: Rational | int) -> int:
    """The residue of a rational number modulo the prime."""
    return int(value.numerator) * pow(int(value.denominator), -1, PRIME) % PRIME


# --- polynomials


def interpolated(points: Sequence[tuple[int, Fraction]]) -> list[Fraction]:
    """The coefficients of the polynomial through these points, the constant first, by Newton's divided differences.

    >>> interpolated([(0, Fraction(1)), (1, Fraction(2)), (2, Fraction(5))])
    [Fraction(1, 1), Fraction(0, 1), Fraction(1, 1)]

    Leading coefficients that are 0 are left out.
    """
    sizes = [n for n, _ in points]
    differences = [value for _, value in points]
    for order in range(1, len(points)):
        for k in range(len(points) - 1, order - 1, -1):
            differences[k] = (differences[k] - differences[k - 1]) / (sizes[k] - sizes[k - order])
    while differences and not differences[-1]:
        differences.pop()
    found: list[Fraction] = []
    for n, difference in zip(reversed(sizes[: len(differences)]), reversed(differences), strict=True):
        raised = [difference, *found]
        found = [a - n * b for a, b in zip_longest(raised, found, fillvalue=Fraction(0))]
    return found


def length_modulo(sizes: Sequence[int], residues: Sequence[int], most: int) -> int | None:
    """How many coefficients the polynomial through all points has modulo the prime; None if more than `most`.

    Newton's form is built up one point after the other; a point that lies on the polynomial so far only needs a check.
    """
    coefficients: list[int] = []  # of Newton's form, up to the last that is not 0
    for k, (n, residue) in enumerate(zip(sizes, residues, strict=True)):
        found, factor = 0, 1
        for c, node in zip(coefficients, sizes, strict=False):
            found += c * factor
            factor = factor * (n - node) % PRIME
        if not (rest := (residue - found) % PRIME):
            continue
        if k >= most:
            return None
        for node in sizes[len(coefficients) : k]:
            factor = factor * (n - node) % PRIME
        if not factor:  # two sizes with the same residue: sizes beyond the prime do not occur
            return None
        coefficients += [0] * (k - len(coefficients)) + [rest * pow(factor, -1, PRIME) % PRIME]
    return len(coefficients)


# --- linear recurrences


def shortest_recurrence(values: Sequence[int], most: int) -> list[Fraction]:
    """The shortest c with T(k) = c[0] T(k-1) + c[1] T(k-2) + ... for all values; empty if longer than `most`.

    >>> shortest_recurrence([0, 1, 1, 2, 3, 5, 8, 13], most=3)
    [Fraction(1, 1), Fraction(1, 1)]

    It is found modulo the prime, its coefficients turned back into fractions, and then checked exactly.
    """
    modular = _recurrence_modulo([modulo(value) for value in values])
    length = len(modular)
    if length > most:
        return []
    found = [_fraction(c) for c in modular]
    scale, integers = _integers(found)
    for k in range(length, len(values)):
        if scale * values[k] != sum(c * values[k - 1 - j] for j, c in enumerate(integers)):
            return []
    return found


def _integers(fractions: Sequence[Fraction]) -> tuple[int, list[int]]:
    """The least common denominator, and the fractions times it."""
    scale = math.lcm(*(c.denominator for c in fractions))
    return scale, [int(c * scale) for c in fractions]


def _recurrence_modulo(residues: Sequence[int]) -> list[int]:
    """The coefficients of the shortest linear recurrence modulo the prime, by Berlekamp and Massey."""
    current, previous = [1], [1]  # as 1 - c[0] x - c[1] x^2 - ..., now and before its length last grew
    length, since, last = 0, 1, 1
    for k, residue in enumerate(residues):
        before = reversed(residues[max(0, k + 1 - len(current)) : k])
        difference = (residue + sum(map(operator.mul, current[1:], before))) % PRIME
        if not difference:
            since += 1
            continue
        factor = difference * pow(last, -1, PRIME)
        shifted = [0] * since + [factor * c for c in previous]
        updated = [(a - b) % PRIME for a, b in zip_longest(current, shifted, fillvalue=0)]
        if 2 * length <= k:
            previous, last, length, since = current, difference, k + 1 - length, 1
        else:
            since += 1
        current = updated
    return [-c % PRIME for c in (current[1:] + [0] * length)[:length]]


def _fraction(residue: int) -> Fraction:
    """The fraction with a small numerator and denominator that has this residue, by Euclid's algorithm."""
    (a, x), (b, y) = (PRIME, 0), (residue, 1)
    while b * b * 2 > PRIME:
        (a, x), (b, y) = (b, y), (a % b, x - a // b * y)
    return Fraction(b, y)


# --- roots and logarithms


def rational_roots(coefficients: Sequence[Fraction]) -> dict[Fraction, int] | None:
    """The roots of x^L = c[0] x^(L-1) + c[1] x^(L-2) + ..., with multiplicity; None unless all are rational.

    >>> rational_roots([Fraction(4), Fraction(-4)]), rational_roots([Fraction(1), Fraction(1)])
    ({Fraction(2, 1): 2}, None)
    """
    polynomial = [Fraction(1), *(-c for c in coefficients)]
    roots: dict[Fraction, int] = {}
    while len(polynomial) > 1:
        candidates = _candidates(_integers(polynomial)[1])
        root = next((r for r in candidates if not _value(polynomial, r)), None)
        if root is None:
            return None
        roots[root] = roots.get(root, 0) + 1
        quotient = [polynomial[0]]
        for c in polynomial[1:-1]:
            quotient.append(c + root * quotient[-1])
        polynomial = quotient
    return roots


def _candidates(integers: Sequence[int]) -> Iterator[Fraction]:
    """What a rational root can be: plus or minus a divisor of the last coefficient over one of the first."""
    if abs(integers[-1]) > 10**9:
        return
    for top in _divisors(abs(integers[-1])):
        for bottom in _divisors(abs(integers[0])):
            yield Fraction(top, bottom)
            yield Fraction(-top, bottom)


def _divisors(n: int) -> list[int]:
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return small + [n // d for d in reversed(small) if d * d != n]


def _value(polynomial: Sequence[Fraction], x: Fraction) -> Fraction:
    value = Fraction(0)
    for c in polynomial:
        value = value * x + c
    return value


def solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """The solution of a regular linear system with its right-hand side as last column, by Gauss-Jordan elimination."""
    for k in range(len(rows)):
        pivot = next(j for j in range(k, len(rows)) if rows[j][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for j in range(len(rows)):
            if j != k and rows[j][k]:
                rows[j] = [a - rows[j][k] * b for a, b in zip(rows[j], rows[k], strict=True)]
    return [row[-1] for row in rows]


def rational_log(x: Fraction, base: int) -> Fraction | None:
    """The logarithm of x if it is rational with a denominator of at most twelve, else None.

    >>> rational_log(Fraction(8), 4), rational_log(Fraction(3), 2)
    (Fraction(3, 2), None)
    """
    if x <= 0:
        return None
    power = Fraction(math.log(x, base)).limit_denominator(12)
    raised, expected = x**power.denominator, Fraction(base) ** power.numerator
    return power if raised == expected else None


def integer_log(n: int, base: int) -> int | None:
    """The logarithm of n if it is an integer, else None."""
    power = 0
    while n > 1 and n % base == 0:
        n //= base
        power += 1
    return power if n == 1 else None
