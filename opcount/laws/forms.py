"""The forms that a law can have: a polynomial, a polynomial for each residue, a linear recurrence.

Each has a value at a point of sizes, terms that say how it grows, and a text form. Quasi-polynomials: R. P. Stanley,
Enumerative Combinatorics 1, 2nd ed., 2012, section 4.4. Where sizes are a geometric progression n = c r^k,
recurrences in k are the laws of divide and conquer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from opcount.laws import text
from opcount.laws.growth import Closed, Growth, Term, arithmetic_terms, dominant_term, fastest, geometric_terms, written
from opcount.laws.progressions import Point, Progression


@dataclass(frozen=True)
class Polynomial:
    """A polynomial: rational coefficients by the exponents of the parameters, without those that are 0."""

    kind: ClassVar = "polynomial"

    names: tuple[str, ...]
    coefficients: Mapping[Point, Fraction]

    @property
    def determined_by(self) -> int:
        """How many counts determine it."""
        return len(self.coefficients)

    @property
    def degree(self) -> int:
        """The largest sum of exponents."""
        return max(map(sum, self.coefficients), default=0)

    def __call__(self, point: Point) -> Fraction:
        """The value at a point of sizes."""
        scale = math.lcm(*(c.denominator for c in self.coefficients.values()))  # so that the sum is one of integers
        value = 0
        for exponents, c in self.coefficients.items():
            parts = (n**exponent for n, exponent in zip(point, exponents, strict=True))
            value += c.numerator * (scale // c.denominator) * math.prod(parts)
        return Fraction(value, scale)

    def terms(self) -> list[Term]:
        """The terms, in descending degree."""
        ordered = sorted(self.coefficients, key=lambda exponents: (sum(exponents), exponents), reverse=True)
        return [
            Term(
                self.coefficients[exponents],
                "".join(map(text.power, self.names, exponents)),
                Growth(1.0, sum(exponents), 0),
            )
            for exponents in ordered
        ]

    def __str__(self) -> str:
        return written(self.terms())


@dataclass(frozen=True)
class QuasiPolynomial:
    """A polynomial for each residue of n."""

    kind: ClassVar = "quasi-polynomial"

    residues: tuple[Polynomial, ...]

    @property
    def determined_by(self) -> int:
        """How many counts determine it."""
        return sum(each.determined_by for each in self.residues)

    @property
    def degree(self) -> int:
        """The largest exponent."""
        return max(each.degree for each in self.residues)

    def __call__(self, point: Point) -> Fraction:
        """The value at a size."""
        return self.residues[point[0] % len(self.residues)](point)

    def terms(self) -> list[Term]:
        """The terms of the residue whose polynomial grows fastest."""
        return max((each.terms() for each in self.residues), key=fastest)

    def __str__(self) -> str:
        period, name = len(self.residues), self.residues[0].names[0]
        said = ["even", "odd"] if period == 2 else [f"mod {period} = {residue}" for residue in range(period)]
        return "; ".join(f"{each} ({name} {when})" for each, when in zip(self.residues, said, strict=True))


@dataclass(frozen=True)
class Recurrence:
    """T(k) = c1 T(k-1) + c2 T(k-2) + ... for the k-th of sizes that continue by equal steps, or by equal factors."""

    kind: ClassVar = "linear recurrence"

    name: str
    sizes: Progression
    coefficients: tuple[Fraction, ...]
    initial: tuple[int, ...]
    closed: Closed | None  # None if there are irrational roots

    @property
    def determined_by(self) -> int:
        """How many counts determine it: one for each coefficient, and one for each initial value."""
        return 2 * len(self.initial)

    def __call__(self, point: Point) -> Fraction:
        """The value at a size, which must be in the progression."""
        k = self.sizes.index(point[0])
        assert k is not None  # the law has checked that it is in its domain
        if self.closed is not None:
            return sum((c * root**k * k**power for (root, power), c in self.closed.items()), Fraction(0))
        values = [Fraction(value) for value in self.initial]
        while len(values) <= k:
            latest = zip(self.coefficients, reversed(values), strict=False)
            values.append(sum((c * value for c, value in latest), Fraction(0)))
        return values[k]

    @property
    def in_k(self) -> bool:
        """Whether the text is a formula in k, which then says what k is."""
        return self.closed is None if self.sizes.factor > 1 else self.sizes.step > 1

    def terms(self) -> list[Term]:
        """The terms of the closed form, the fastest-growing first; with irrational roots, that of the largest alone."""
        if self.closed is None:
            return [dominant_term(self.name, self.sizes, self.coefficients, self.initial)]
        terms = geometric_terms if self.sizes.factor > 1 else arithmetic_terms
        return terms(self.name, self.sizes, self.closed)

    def __str__(self) -> str:
        if self.closed is not None:
            said = written(self.terms())
        else:
            variable, start = ("k", 0) if self.in_k else (self.name, self.sizes.first)
            said = text.recurrence(variable, start, self.coefficients, self.initial)
        return f"{said}, where {self.name} = {text.of_k(self.sizes)}" if self.in_k else said


Form = Polynomial | QuasiPolynomial | Recurrence
