"""How the terms of a law grow, and the closed form of a linear recurrence, in the size instead of its index."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from opcount.laws import text
from opcount.laws.exact import integer_log, rational_log
from opcount.laws.progressions import Progression

Closed = Mapping[tuple[Fraction, int], Fraction]
"""A sum of c root^k k^power: each coefficient c by its root and power."""


class Growth(NamedTuple):
    """The order of growth of a term, base^n n^power (log n)^logs."""

    base: float = 0.0
    power: float = 0.0
    logs: int = 0


class Term(NamedTuple):
    """A coefficient, the text of what it multiplies, and how that grows."""

    coefficient: Any  # a Fraction; a float where roots are irrational
    text: str
    growth: Growth


def fastest(terms: Iterable[Term]) -> Growth:
    """The growth of the term that grows fastest."""
    return max((term.growth for term in terms), default=Growth())


def written(terms: Iterable[Term]) -> str:
    """The sum of terms as text."""
    return text.total((term.coefficient, term.text) for term in terms)


def arithmetic_terms(name: str, sizes: Progression, closed: Closed) -> list[Term]:
    """The terms of a closed form for sizes by equal steps, the fastest-growing first; in n if the step is 1, else k."""
    consecutive = sizes.step == 1
    variable, offset = (name, sizes.first) if consecutive else ("k", 0)
    return _sorted(
        Term(
            c,
            text.power_times_exponential(root, power, variable),
            Growth(abs(float(root)) ** (1 / sizes.step), power, 0),
        )
        for (root, power), c in _shifted(closed, offset).items()
        if c
    )


def geometric_terms(name: str, sizes: Progression, closed: Closed) -> list[Term]:
    """The terms of a closed form for sizes by equal factors, in n and its logarithm, the fastest-growing first."""
    first, ratio = sizes.first, sizes.factor
    offset = integer_log(first, ratio)  # k = log n - offset; None: k = log(n / first)
    scaled = name if offset is not None else f"({name}/{first})"
    terms = []
    for (root, logs), c in _shifted(closed, offset or 0).items():
        if not c:
            continue
        exponent = rational_log(root, ratio)
        base = scaled
        if offset is None and exponent is not None and exponent.denominator == 1:
            c, base = c * Fraction(1, first) ** int(exponent), name
        power = text.power_of_size(base, root, ratio, exponent)
        shown = text.with_logarithm(power, f"log{ratio} {scaled}", logs)
        terms.append(Term(c, shown, Growth(1.0, math.log(abs(root), ratio), logs)))
    return _sorted(terms)


def dominant_term(name: str, sizes: Progression, coefficients: Sequence[Fraction], initial: Sequence[int]) -> Term:
    """The term of the largest root of a recurrence with irrational roots, in floats."""
    roots = np.roots([1.0, *(-float(c) for c in coefficients)])
    powers = np.vander(roots, increasing=True).T
    amounts = np.linalg.lstsq(powers, np.array(initial, float), rcond=None)[0]
    largest = int(np.argmax(abs(roots)))
    root, amount = float(abs(roots[largest])), float(amounts[largest].real)
    if sizes.factor > 1:
        exponent = math.log(root, sizes.factor)
        return Term(amount / sizes.first**exponent, f"{name}^{exponent:.6g}", Growth(1.0, exponent, 0))
    base = root ** (1 / sizes.step)
    return Term(amount / base**sizes.first, text.exponential(f"{base:.6g}", name), Growth(base, 0, 0))


def _sorted(terms: Iterable[Term]) -> list[Term]:
    return sorted(terms, key=lambda term: term.growth, reverse=True)


def _shifted(closed: Closed, offset: int) -> dict[tuple[Fraction, int], Fraction]:
    """The closed form in k + offset instead of k."""
    found: dict[tuple[Fraction, int], Fraction] = {}
    for (root, power), c in closed.items():
        c /= root**offset
        for j in range(power + 1):
            part = c * math.comb(power, j) * (-offset) ** (power - j)
            found[root, j] = found.get((root, j), Fraction(0)) + part
    return found
