"""Polynomials with rational coefficients in named dimensions, found from values and printed as formulas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import sympy

GridPoint = tuple[int, ...]  # an integer for each dimension: the sizes of a point, or the exponents of a term

SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Polynomial(NamedTuple):
    """A polynomial: the coefficients that are not 0, by the exponents of their terms.

    >>> total = Polynomial(("m", "k", "n"), {(1, 1, 1): Fraction(2), (1, 0, 1): Fraction(-1)})
    >>> print(total, "=", total((3, 4, 5)), "at m=3, k=4, n=5")
    2mkn − mn = 105 at m=3, k=4, n=5
    """

    dimensions: tuple[str, ...]
    terms: Mapping[GridPoint, Fraction]

    def __call__(self, point: GridPoint) -> Fraction:
        value = Fraction(0)
        for exponents, coefficient in self.terms.items():
            for size, exponent in zip(point, exponents, strict=True):
                coefficient *= size**exponent
            value += coefficient
        return value

    def __str__(self) -> str:
        text = ""
        for exponents in sorted(self.terms, key=lambda exponents: (sum(exponents), exponents), reverse=True):
            coefficient = self.terms[exponents]
            sign = (" − " if coefficient < 0 else " + ") if text else ("−" if coefficient < 0 else "")
            text += sign + self.term(abs(coefficient), exponents)
        return text or "0"

    def term(self, coefficient: Fraction, exponents: GridPoint) -> str:
        powers = "".join(
            name + (str(exponent).translate(SUPERSCRIPTS) if exponent > 1 else "")
            for name, exponent in zip(self.dimensions, exponents, strict=True)
            if exponent
        )
        top, bottom = coefficient.numerator, coefficient.denominator
        return (powers if powers and top == 1 else f"{top}{powers}") + (f"/{bottom}" if bottom > 1 else "")


def of_symbols(dimensions: Sequence[str], count: Any) -> Polynomial:
    """A count from an `oc.spec` with these named sizes, a SymPy expression, as a polynomial in them.

    >>> import opcount as oc
    >>> count = oc.measure(lambda a: a @ a, oc.spec(("n", "n"))).counts.total
    >>> print(of_symbols(["n"], count))
    2n³ − n²
    """
    terms = sympy.Poly(count, *map(sympy.Symbol, dimensions)).terms()
    return Polynomial(
        tuple(dimensions), {exponents: Fraction(int(coefficient)) for exponents, coefficient in terms if coefficient}
    )


def fitted(dimensions: Sequence[str], values: Mapping[GridPoint, int], grid: Sequence[GridPoint]) -> Polynomial | None:
    """The polynomial through the values on a grid if all other values lie on it too, else None."""
    found = through(dimensions, {point: values[point] for point in grid})
    held_out = values.keys() - {*grid}
    return found if all(found(point) == values[point] for point in held_out) else None


def through(dimensions: Sequence[str], values: Mapping[GridPoint, int]) -> Polynomial:
    """The polynomial through values on a grid; in each dimension its degree is below the number of sizes.

    >>> print(through(["n"], {(1,): 0, (2,): 1, (3,): 3}))
    n²/2 − n/2
    """
    table = {point: Fraction(value) for point, value in values.items()}
    for axis in range(len(dimensions)):
        table = coefficients_along(axis, table)
    return Polynomial(tuple(dimensions), {point: value for point, value in table.items() if value})


def coefficients_along(axis: int, table: Mapping[GridPoint, Fraction]) -> dict[GridPoint, Fraction]:
    """The table transformed along one axis, from values at sizes to coefficients of exponents."""
    basis = lagrange(sorted({point[axis] for point in table}))
    result: dict[GridPoint, Fraction] = defaultdict(Fraction)
    for point, value in table.items():
        for exponent, coefficient in enumerate(basis[point[axis]]):
            result[(*point[:axis], exponent, *point[axis + 1 :])] += coefficient * value
    return result


def lagrange(sizes: Sequence[int]) -> dict[int, list[Fraction]]:
    """For each size, the coefficients of the polynomial that is 1 there and 0 at the other sizes, constant first."""
    basis = {}
    for size in sizes:
        coefficients = [Fraction(1)]
        for other in sizes:
            if other != size:
                raised, kept = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
                coefficients = [(a - other * b) / (size - other) for a, b in zip(raised, kept, strict=True)]
        basis[size] = coefficients
    return basis
