"""The form behind counts: exact, and tested on counts it was not made from; else an estimate by least squares.

A form is looked for modulo a prime first, then made and checked exactly. It is accepted if it gives the counts at
the sizes it was not made from too, and if these are so many that it cannot do so by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product, zip_longest
from typing import Final, NamedTuple

from opcount.laws.exact import (
    PRIME,
    interpolated,
    length_modulo,
    modulo,
    rational_roots,
    shortest_recurrence,
    solved,
)
from opcount.laws.forms import Form, Polynomial, QuasiPolynomial, Recurrence
from opcount.laws.growth import Closed
from opcount.laws.points import FEWEST
from opcount.laws.progressions import Domain, Point, domain

LONGEST_PERIOD: Final = 12


class Asked(NamedTuple):
    """The evidence that a form needs, in bits."""

    of_recurrences: float = 12  # with rational roots alone
    of_irrational: float = 20  # more, since recurrences that hold by chance have irrational roots
    of_gap: float = 3  # times the square of how many sizes are hidden between those given
    of_gaps: float = 64  # the most that hidden sizes require


ASKED: Final = Asked()
MORE: Final = 4
"""How many more sizes each residue must have than its polynomial has coefficients: as many as n // 2 has on
1, ..., 12. So a form of two residues or more is tested on eight counts at least: eight bits of evidence."""


class Given(NamedTuple):
    """What is known: the count at each point, in order, how the sizes continue, and how many are hidden between."""

    names: tuple[str, ...]
    counts: Mapping[Point, int]
    domain: Domain
    hidden: int
    asked: Asked

    def agrees(self, form: Form) -> bool:
        """Whether the form gives every count."""
        return all(form(point) == count for point, count in self.counts.items())

    def doubt(self, form: Form) -> str:
        """Why a form that agrees with the counts may do so by chance; empty if it may not.

        Counts that data changes by one, or seldom, are still near a line or a parabola. So with hidden sizes each
        count that such a form is tested on is one bit of evidence and no more. Nothing is that near a cubic.
        """
        held = len(self.counts) - form.determined_by
        if isinstance(form, Polynomial) and held < FEWEST - 1:
            return "so few sizes may agree by chance: give more"
        if isinstance(form, Recurrence) or not self.hidden:
            return ""
        low = len(self.names) == 1 and form.degree < 3
        different = 2 if low else int(max(self.counts.values())) + 1
        if _evidence(different, held) < min(self.asked.of_gap * self.hidden**2, self.asked.of_gaps):
            return "there are sizes between these: give more, or go on by equal steps"
        return ""


def form_of(names: tuple[str, ...], counts: Mapping[Point, int], asked: Asked = ASKED) -> tuple[Form | None, str]:
    """The form behind counts, None if there is none, and why to doubt it, empty if there is no reason to."""
    given = Given(names, counts, *domain(names, list(counts)), asked)
    for find in FORMS if len(names) == 1 else (_multivariate,):
        if (found := find(given)) is not None:
            return found, given.doubt(found)
    return None, ""


def estimate(names: tuple[str, ...], counts: Mapping[Point, int]) -> str:
    """A power of n fitted to the counts by least squares, on logarithmic scales.

    >>> estimate(("n",), {(1,): 3, (2,): 12, (4,): 48})
    'about 3·n^2.00, an estimate'
    """
    logarithms = [(math.log(point[0]), math.log(count)) for point, count in counts.items() if point[0] > 0 < count]
    if len(names) > 1 or len({x for x, _ in logarithms}) < 2:
        return "no estimate"
    x, y = (sum(column) / len(logarithms) for column in zip(*logarithms, strict=True))
    slope = sum((a - x) * (b - y) for a, b in logarithms) / sum((a - x) ** 2 for a, _ in logarithms)
    return f"about {math.exp(y - slope * x):.3g}·{names[0]}^{slope:.2f}, an estimate"


# --- how many counts a form is tested on


def _held_back(coefficients: int) -> int:
    """How many counts a form with so many coefficients is tested on, besides those it is made from."""
    return max(2, -(-coefficients // 3))


def _most(counts: int) -> int:
    """The most coefficients for which so many counts leave enough to test the form on."""
    return min(counts - 2, 3 * counts // 4)


def _longest(counts: int) -> int:
    """The most coefficients that a recurrence may have: they are half of what determines it."""
    return max((length for length in range(counts) if 2 * length + _held_back(length) <= counts), default=0)


def _evidence(different: int, held: int) -> float:
    """In bits, how improbable it is that `held` counts, each one of `different` possible ones, agree by chance.

    Counts that are all the same are taken for one of two, as if data decided between 0 and 1.
    """
    return held * math.log2(max(2, different))


def _bends(counts: Sequence[int]) -> list[int]:
    """The second differences of counts, which are 0 on a line."""
    rises = [b - a for a, b in pairwise(counts)]
    return [b - a for a, b in pairwise(rises)]


# --- polynomials


def _polynomial(given: Given) -> Polynomial | None:
    """The polynomial of least degree that gives the counts; None if there is none, or too few counts to test it on."""
    counts = given.counts
    sizes = [n for (n,) in counts]
    length = length_modulo(sizes, [modulo(count) for count in counts.values()], _most(len(counts)))
    if length is None or length + _held_back(length) > len(counts):
        return None
    found = _through(given, sizes[:length])
    return found if given.agrees(found) else None


def _through(given: Given, sizes: Sequence[int]) -> Polynomial:
    """The polynomial through the counts at these sizes."""
    coefficients = interpolated([(n, Fraction(given.counts[n,])) for n in sizes])
    return Polynomial(given.names, {(power,): c for power, c in enumerate(coefficients) if c})


def _multivariate(given: Given) -> Polynomial | None:
    """A polynomial through a corner of the grid, tested on the rest of it, at least two sizes of each parameter."""
    names, counts = given.names, given.counts
    modular = {point: modulo(count) for point, count in counts.items()}
    corner = []
    for axis in range(len(names)):
        sizes = sorted({point[axis] for point in counts})
        length = length_modulo(sizes, _mixed(modular, axis, sizes), len(sizes) - 2)
        if length is None:
            return None
        corner.append(sizes[: max(1, length)])
    table = {point: Fraction(counts[point]) for point in product(*corner)}
    for axis, sizes in enumerate(corner):
        through: dict[Point, Fraction] = {}
        for rest in product(*(range(len(c)) if a < axis else c for a, c in enumerate(corner) if a != axis)):
            line = [(n, table[(*rest[:axis], n, *rest[axis:])]) for n in sizes]
            for power, c in zip_longest(range(len(line)), interpolated(line), fillvalue=Fraction(0)):
                through[(*rest[:axis], int(power), *rest[axis:])] = c
        table = through
    found = Polynomial(names, {exponents: c for exponents, c in table.items() if c})
    return found if given.agrees(found) else None


def _mixed(modular: Mapping[Point, int], axis: int, sizes: Sequence[int]) -> list[int]:
    """For each size of a parameter a sum over all other parameters, modulo the prime, to find the degree along it.

    Each term has a factor of its own, so that terms cancel only if they are chosen to.
    """
    found = dict.fromkeys(sizes, 0)
    for point, residue in modular.items():
        others = point[:axis] + point[axis + 1 :]
        found[point[axis]] += residue * pow(3, 1 + sum(n * 10_007**k for k, n in enumerate(others)), PRIME)
    return [residue % PRIME for residue in found.values()]


def _quasi_polynomial(given: Given) -> QuasiPolynomial | None:
    """A polynomial for each residue, with the fewest coefficients in all."""
    counts = given.counts
    modular = {n: modulo(count) for (n,), count in counts.items()}
    fewest: tuple[int, int, list[list[int]]] | None = (
        None  # coefficients in all, and of each residue, and the sizes by residue
    )
    for period in range(2, LONGEST_PERIOD + 1):
        length = 1
        classes = [[n for n in modular if n % period == residue] for residue in range(period)]
        for sizes in classes:
            most = min(len(sizes) - MORE, _most(len(counts)) // period)
            found = length_modulo(sizes, [modular[n] for n in sizes], most)
            if found is None or not sizes or (fewest and period * max(length, found) >= fewest[0]):
                break
            length = max(length, found)
        else:
            coefficients = period * length
            enough = coefficients + _held_back(coefficients) <= len(counts)
            if enough and min(map(len, classes)) >= length + MORE:
                fewest = coefficients, length, classes
    if fewest is None:
        return None
    _, length, classes = fewest
    form = QuasiPolynomial(tuple(_through(given, sizes[:length]) for sizes in classes))
    return form if given.agrees(form) else None


# --- recurrences


def _recurrence(given: Given) -> Recurrence | None:
    """A linear recurrence along sizes that continue by equal steps or equal factors."""
    counts = list(given.counts.values())
    sizes = given.domain.axes[0]
    if given.hidden or (sizes.factor > 1 and sizes.step != sizes.first * (sizes.factor - 1)):
        return None
    found = shortest_recurrence(counts, _longest(len(counts)))
    if not found or not found[-1]:
        return None
    length, roots = len(found), rational_roots(found)
    if roots is None and len(counts) < 4 * length + 2:  # periods are among these, and can hold by chance
        return None
    bends = _bends(counts)
    spread = min(max(bends) - min(bends), max(counts) - min(counts)) + 1
    asked = given.asked.of_irrational if roots is None else given.asked.of_recurrences
    if roots != {Fraction(1): length} and _evidence(spread, len(counts) - 2 * length) < asked:
        return None
    initial = tuple(counts[:length])
    closed = None if roots is None else _closed(roots, initial)
    return Recurrence(given.names[0], replace(sizes, onwards=True), tuple(found), initial, closed)


def _closed(roots: Mapping[Fraction, int], initial: Sequence[int]) -> Closed:
    """The closed form with these roots, of these multiplicities, and with these initial values."""
    basis = [(root, power) for root, multiplicity in roots.items() for power in range(multiplicity)]
    rows = [
        [*(root**k * Fraction(k) ** power for root, power in basis), Fraction(count)] for k, count in enumerate(initial)
    ]
    return {term: c for term, c in zip(basis, solved(rows), strict=True) if c}


FORMS: Final = (_polynomial, _quasi_polynomial, _recurrence)
"""The functions that look for a form in one parameter, in the order in which they are tried."""
