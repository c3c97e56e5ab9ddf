"""The exact law behind counts at several sizes: found in exact arithmetic, and held to sizes kept back.

Polynomials go through the counts by Newton's divided differences, one for each residue where they are
quasi-polynomials (R. P. Stanley, Enumerative Combinatorics 1, 2nd ed., 2012, section 4.4). Linear
recurrences with constant coefficients come from the Berlekamp-Massey algorithm (J. L. Massey,
Shift-register synthesis and BCH decoding, IEEE Trans. Inf. Theory 15, 1969). Where sizes are a
geometric progression n = c r^k, recurrences in k are the laws of divide and conquer. Each is looked for
modulo a prime first, where numbers stay short, and then made and checked exactly. A law is accepted
where it gives the counts at the sizes that it was not made from, which must be so many that they do not
do so by chance; otherwise there is none. It is for sizes that go on as those do that it was found on.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from itertools import pairwise, product, zip_longest
from numbers import Rational
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from opcount.arrays.wrap import has_wrapped, warn_of_nothing, wrap
from opcount.counting import render
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue, SizeFailed
from opcount.counting.tally import count
from opcount.laws.progressions import Domain, Progression, domain
from opcount.wrapping.inputs import check_executed, check_function

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from matplotlib.axes import Axes

FEWEST: Final = 4  # sizes: two for a line, and two to hold it to
LONGEST_PERIOD: Final = 12
NONE: Final = "no exact law found"

Place = tuple[int, ...]  # a size, as a number for each parameter


def held_back(coefficients: int) -> int:
    """How many sizes a law with so many coefficients is held to, besides those it is made from."""
    return max(2, -(-coefficients // 3))


def rises(values: Sequence[int]) -> list[int]:
    """How much more or less counts rise from one size to the next than before: what a line leaves of them."""
    steps = [b - a for a, b in pairwise(values)]
    return [b - a for a, b in pairwise(steps)]


def evidence(different: int, held: int) -> float:
    """In bits, how improbable it is that so many counts agree with a law by chance, each one of so many different ones.

    Where they are all the same, as where data decides between 0 and 1, they are taken for one of two.
    """
    return held * math.log2(max(2, different))


# The evidence that is asked for, in bits.
OF_PERIODS: Final = 8
OF_RECURRENCES: Final = 12, 20  # where all roots are rational, and where they are not, as those of chance
OF_GAPS: Final = 3, 64  # of sizes with others between them: times the square of their number, and at the most
MORE: Final = 4  # sizes of each residue than a polynomial of it has coefficients: what n // 2 has on 1, ..., 12


class Growth(NamedTuple):
    """base^n n^power (log n)^logs, as which a law grows; the text without its coefficient."""

    base: float
    power: float
    logs: int
    text: str


class Term(NamedTuple):
    """A coefficient times what its growth says."""

    coefficient: Any  # a Fraction; a float where roots are irrational
    growth: Growth


# --- forms: each has a value at a size, and a text, and says how it grows


@dataclass(frozen=True)
class Polynomial:
    """Rational coefficients by the exponents of the parameters; those that are 0 are left out."""

    names: tuple[str, ...]
    terms: Mapping[Place, Fraction]

    @property
    def number(self) -> int:
        """How many numbers it is made of."""
        return len(self.terms)

    def __call__(self, place: Place) -> Fraction:
        scale = math.lcm(*(c.denominator for c in self.terms.values()))  # so that the sum is one of integers
        value = 0
        for powers, c in self.terms.items():
            parts = (n**power for n, power in zip(place, powers, strict=True))
            value += c.numerator * (scale // c.denominator) * math.prod(parts)
        return Fraction(value, scale)

    def powers(self) -> set[Place]:
        """The exponents of its terms."""
        return {*self.terms}

    def ordered(self) -> list[Term]:
        powers = sorted(self.terms, key=lambda each: (sum(each), each), reverse=True)
        return [Term(self.terms[each], Growth(1.0, sum(each), 0, self.written(each))) for each in powers]

    def written(self, powers: Place) -> str:
        return "".join(
            name + (_raised(power) if power > 1 else "")
            for name, power in zip(self.names, powers, strict=True)
            if power
        )

    def __str__(self) -> str:
        return _summed(self.ordered())


@dataclass(frozen=True)
class QuasiPolynomial:
    """A polynomial for each residue of n."""

    residues: tuple[Polynomial, ...]

    @property
    def number(self) -> int:
        return sum(each.number for each in self.residues)

    def __call__(self, place: Place) -> Fraction:
        return self.residues[place[0] % len(self.residues)](place)

    def powers(self) -> set[Place]:
        return {powers for each in self.residues for powers in each.terms}

    def ordered(self) -> list[Term]:
        return max(self.residues, key=lambda each: _rank(each.ordered())).ordered()

    def __str__(self) -> str:
        period, name = len(self.residues), self.residues[0].names[0]
        when = {(2, 0): "{} even", (2, 1): "{} odd"}
        return "; ".join(
            f"{each} ({when.get((period, residue), '{} mod ' + str(period) + ' = ' + str(residue)).format(name)})"
            for residue, each in enumerate(self.residues)
        )


@dataclass(frozen=True)
class Recurrence:
    """T(k) = c1 T(k-1) + c2 T(k-2) + ... over the k-th of sizes that go on by equal steps, or by equal factors."""

    name: str
    sizes: Progression
    coefficients: tuple[Fraction, ...]
    initial: tuple[int, ...]
    closed: Mapping[tuple[Fraction, int], Fraction] | None  # coefficients by root and power of k

    @property
    def number(self) -> int:
        return 2 * len(self.initial)

    def powers(self) -> set[Place]:
        return set()

    @property
    def first(self) -> int:
        return self.sizes.first

    @property
    def geometric(self) -> bool:
        return self.sizes.factor > 1

    @property
    def step(self) -> int:
        """The step or the factor from size to size."""
        return self.sizes.factor if self.geometric else self.sizes.step

    def __call__(self, place: Place) -> Fraction:
        k = self.sizes.index(place[0])
        assert k is not None  # which the domain of the law says first
        if self.closed is not None:
            return sum((c * root**k * k**power for (root, power), c in self.closed.items()), Fraction(0))
        values = [Fraction(value) for value in self.initial]
        while len(values) <= k:
            latest = zip(self.coefficients, reversed(values), strict=False)
            values.append(sum((c * value for c, value in latest), Fraction(0)))
        return values[k]

    @property
    def in_k(self) -> bool:
        """Whether the text is a formula of k, and says itself what k is."""
        return self.step != 1 and not (self.geometric and self.closed is not None)

    def ordered(self) -> list[Term]:
        terms = self._geometric_terms() if self.geometric else self._arithmetic_terms()
        return sorted(terms, key=lambda term: term.growth[:3], reverse=True)

    def _arithmetic_terms(self) -> list[Term]:
        if self.closed is None:
            largest, amount = self._dominant()
            base = largest ** (1 / self.step)
            return [Term(amount / base**self.first, Growth(base, 0, 0, f"{base:.6g}{_to_the(self.name)}"))]
        shifted: dict[tuple[Fraction, int], Fraction] = {}
        for (root, power), c in self.closed.items():
            if self.step == 1:  # k = n - first
                c /= root**self.first
                for j in range(power + 1):
                    part = c * math.comb(power, j) * (-self.first) ** (power - j)
                    shifted[root, j] = shifted.get((root, j), Fraction(0)) + part
            else:
                shifted[root, power] = c
        name = self.name if self.step == 1 else "k"
        return [
            Term(c, Growth(abs(float(root)) ** (1 / self.step), power, 0, _power_text(root, power, name)))
            for (root, power), c in shifted.items()
            if c
        ]

    def _dominant(self) -> tuple[float, float]:
        """The largest root, and what its power is multiplied by, where roots are irrational: in floats."""
        roots = np.roots([1.0, *(-float(c) for c in self.coefficients)])
        powers = np.vander(roots, increasing=True).T
        coefficients = np.linalg.lstsq(powers, np.array(self.initial, float), rcond=None)[0]
        largest = int(np.argmax(abs(roots)))
        return float(abs(roots[largest])), float(coefficients[largest].real)

    def _geometric_terms(self) -> list[Term]:
        if self.closed is None:
            largest, factor = self._dominant()
            grade = math.log(largest, self.step)
            return [Term(factor / self.first**grade, Growth(1.0, grade, 0, f"{self.name}^{grade:.6g}"))]
        shift = _whole_log(self.first, self.step)
        inside = f"{self.name}" if shift is not None else f"({self.name}/{self.first})"
        terms: dict[tuple[Fraction, int], Fraction] = {}
        for (root, power), c in self.closed.items():  # k = log n - shift, or else the log of n / first
            c /= root ** (shift or 0)
            for j in range(power + 1):
                part = c * math.comb(power, j) * (-(shift or 0)) ** (power - j)
                terms[root, j] = terms.get((root, j), Fraction(0)) + part
        found = []
        for (root, logs), c in terms.items():
            exponent = _exponent(root, self.step)
            amount: Any = c
            name = inside
            if shift is None and exponent is not None and exponent.denominator == 1:
                amount, name = c * Fraction(1, self.first) ** int(exponent), self.name
            text = _with_log(_size_text(name, root, self.step, exponent), f"log{self.step} {inside}", logs)
            if c:
                found.append(Term(amount, Growth(1.0, math.log(abs(root), self.step), logs, text)))
        return found

    def __str__(self) -> str:
        if self.closed is None:
            variable = before = "k" if self.in_k else self.name
            parts = [Term(c, Growth(0, 0, 0, f"T({before}−{j})")) for j, c in enumerate(self.coefficients, 1) if c]
            start = self.first if before == self.name else 0
            initial = ", ".join(f"T({start + j}) = {value}" for j, value in enumerate(self.initial))
            return f"T({variable}) = {_summed(parts)}, {initial}{self._where(variable)}"
        return _summed(self.ordered()) + self._where("k" if self.in_k else self.name)

    def _where(self, variable: str) -> str:
        if variable != "k":
            return ""
        scale = f"{self.first}·" if self.first > 1 else ""
        sizes = f"{scale}{self.step}^k" if self.geometric else f"{self.first} + {self.step}k"
        return f", where {self.name} = {sizes}"


Form = Polynomial | QuasiPolynomial | Recurrence


# --- text

_SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _raised(power: Any) -> str:
    return str(power).translate(_SUPERSCRIPTS)


def _to_the(name: str) -> str:
    return "ⁿ" if name == "n" else f"^{name}"


def _summed(terms: Iterable[Term]) -> str:
    text = ""
    for coefficient, growth in terms:
        sign = (" − " if coefficient < 0 else " + ") if text else ("−" if coefficient < 0 else "")
        top, bottom = abs(coefficient.numerator), coefficient.denominator
        whole = growth.text
        if not whole:
            shown = str(top)
        elif top == 1:
            shown = whole
        else:
            shown = f"{top}{'·' if whole[0].isdigit() or whole[0] == '(' else ' ' if 'log' in whole[:3] else ''}{whole}"
        text += sign + (f"({shown})/{bottom}" if bottom > 1 and " " in shown else shown + f"/{bottom}" * (bottom > 1))
    return text or "0"


def _power_text(root: Fraction, power: int, name: str) -> str:
    polynomial = (name + (_raised(power) if power > 1 else "")) if power else ""
    if root == 1:
        return polynomial
    base = str(root) if root > 0 and root.denominator == 1 else f"({root})"
    exponential = base + _to_the(name)
    return f"{polynomial}·{exponential}" if polynomial else exponential


def _size_text(name: str, root: Fraction, step: int, exponent: Fraction | None) -> str:
    if exponent is None:
        return f"{name}^log{step}({root})"
    if exponent.denominator > 1:
        return f"{name}^({exponent})"
    return "" if exponent == 0 else name + (_raised(exponent) if exponent != 1 else "")


def _with_log(size: str, logarithm: str, logs: int) -> str:
    if not logs:
        return size
    power = logarithm if logs == 1 else f"({logarithm}){_raised(logs)}"
    return f"{size} {power}" if size else power


# --- exact arithmetic


def _exponent(root: Fraction, step: int) -> Fraction | None:
    """The power of the step that the root is, where it is rational with a small denominator; else None."""
    if root <= 0:
        return None
    power = Fraction(math.log(root, step)).limit_denominator(12)
    raised, base = root**power.denominator, Fraction(step) ** power.numerator
    return power if raised == base else None


def _whole_log(number: int, base: int) -> int | None:
    power = 0
    while number > 1 and number % base == 0:
        number //= base
        power += 1
    return power if number == 1 else None


def _through(points: Sequence[tuple[int, Fraction]]) -> list[Fraction]:
    """The coefficients of the polynomial through points, the constant first, by Newton's divided differences.

    There are as many as it takes: those of higher powers that are 0 are left out.
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


PRIME: Final = 2**128 - 159  # of no form, so that no power of two is near to 1


def _modulo(value: Rational | int) -> int:
    return int(value.numerator) * pow(int(value.denominator), -1, PRIME) % PRIME


def _number_through(sizes: Sequence[int], values: Sequence[int], most: int) -> int | None:
    """How many coefficients the polynomial through all points has modulo the prime; None if more than `most`.

    By Newton's form, a point after the other: one that the polynomial so far goes through costs nothing but a look.
    """
    coefficients: list[int] = []  # up to the last that is not 0
    for k, (n, value) in enumerate(zip(sizes, values, strict=True)):
        found, factor = 0, 1
        for c, node in zip(coefficients, sizes, strict=False):
            found += c * factor
            factor = factor * (n - node) % PRIME
        if not (rest := (value - found) % PRIME):
            continue
        if k >= most:
            return None
        for node in sizes[len(coefficients) : k]:
            factor = factor * (n - node) % PRIME
        if not factor:  # two sizes that are one modulo the prime, which nobody has
            return None
        coefficients += [0] * (k - len(coefficients)) + [rest * pow(factor, -1, PRIME) % PRIME]
    return len(coefficients)


def _shortest_recurrence(values: Sequence[int]) -> list[Fraction]:
    """The shortest c with T(k) = c[0] T(k-1) + c[1] T(k-2) + ..., which holds for all the values; empty if none.

    It is found modulo the prime, its coefficients as the fractions that they are there, and holds exactly.
    """
    modular = _recurrence_modulo([_modulo(value) for value in values])
    length = len(modular)
    if 2 * length + held_back(length) > len(values):
        return []
    found = [_fraction(c) for c in modular]
    scale = math.lcm(*(c.denominator for c in found))
    whole = [int(c * scale) for c in found]
    for k in range(length, len(values)):
        if scale * values[k] != sum(c * values[k - 1 - j] for j, c in enumerate(whole)):
            return []
    return found


def _recurrence_modulo(values: Sequence[int]) -> list[int]:
    """The coefficients of the shortest linear recurrence modulo the prime, by Berlekamp and Massey."""
    current, previous = [1], [1]  # 1 - c[0] x - c[1] x^2 - ..., now and before its length last grew
    length, since, last = 0, 1, 1
    for k, value in enumerate(values):
        before = reversed(values[max(0, k + 1 - len(current)) : k])
        difference = (value + sum(map(operator.mul, current[1:], before))) % PRIME
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
    """The fraction with a small numerator and denominator that is so modulo the prime, by Euclid's algorithm."""
    (a, x), (b, y) = (PRIME, 0), (residue, 1)
    while b * b * 2 > PRIME:
        (a, x), (b, y) = (b, y), (a % b, x - a // b * y)
    return Fraction(b, y)


def _rational_roots(coefficients: Sequence[Fraction]) -> dict[Fraction, int] | None:
    """The roots of x^L = c[0] x^(L-1) + ..., with multiplicity; None unless all are rational."""
    polynomial = [Fraction(1), *(-c for c in coefficients)]
    roots: dict[Fraction, int] = {}
    while len(polynomial) > 1:
        scale = math.lcm(*(c.denominator for c in polynomial))
        whole = [int(c * scale) for c in polynomial]
        root = next((r for r in _candidates(whole) if not _value(polynomial, r)), None)
        if root is None:
            return None
        roots[root] = roots.get(root, 0) + 1
        quotient = [polynomial[0]]
        for c in polynomial[1:-1]:
            quotient.append(c + root * quotient[-1])
        polynomial = quotient
    return roots


def _candidates(whole: Sequence[int]) -> Iterable[Fraction]:
    """What a rational root can be: a divisor of the last coefficient over one of the first."""
    if abs(whole[-1]) > 10**9:
        return
    for top in _divisors(abs(whole[-1])):
        for bottom in _divisors(abs(whole[0])):
            yield Fraction(top, bottom)
            yield Fraction(-top, bottom)


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]


def _value(polynomial: Sequence[Fraction], x: Fraction) -> Fraction:
    value = Fraction(0)
    for c in polynomial:
        value = value * x + c
    return value


def _solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """The solution of a regular system, its right side the last column (Gauss and Jordan)."""
    for k in range(len(rows)):
        pivot = next(j for j in range(k, len(rows)) if rows[j][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for j in range(len(rows)):
            if j != k and rows[j][k]:
                rows[j] = [a - rows[j][k] * b for a, b in zip(rows[j], rows[k], strict=True)]
    return [row[-1] for row in rows]


# --- finding


class Given(NamedTuple):
    """What is known of counts: at each place in order, how the sizes go on, and how many are hidden between them."""

    names: tuple[str, ...]
    values: Mapping[Place, int]
    domain: Domain
    hidden: int

    def doubt(self, form: Form) -> str:
        """Why a law that agrees may do so by chance; empty where it does not.

        To a line or a parabola counts are near that data decides by one more or less, or seldom: each, held to sizes
        with others between them, has then been held to one bit alone. None is that near to a cubic.
        """
        held = len(self.values) - form.number
        if isinstance(form, Polynomial) and held < FEWEST - 1:
            return "so few sizes may agree by chance: give more"
        each, most = OF_GAPS
        low = len(self.names) == 1 and max(map(sum, form.powers()), default=0) < 3
        different = 2 if low else int(max(self.values.values())) + 1
        if evidence(different, held) < min(each * self.hidden**2, most):
            return "there are sizes between these: give more, or go on by equal steps"
        return ""


def _most(number: int) -> int:
    """The most coefficients of which so many counts hold a law to enough of them."""
    return min(number - 2, 3 * number // 4)


def _polynomial(given: Given) -> Polynomial | None:
    """A polynomial in each parameter, of the least degrees that do."""
    names, values = given.names, given.values
    if len(names) > 1:
        return _multivariate(given)
    sizes = [n for (n,) in values]
    length = _number_through(sizes, [_modulo(value) for value in values.values()], _most(len(values)))
    if length is None or length + held_back(length) > len(values):
        return None
    found = _of_one(names, _through([(n, Fraction(values[n,])) for n in sizes[:length]]))
    return found if _agree(found, values) else None


def _agree(form: Form, values: Mapping[Place, int]) -> bool:
    return all(form(place) == value for place, value in values.items())


def _of_one(names: tuple[str, ...], coefficients: Sequence[Fraction]) -> Polynomial:
    return Polynomial(names, {(power,): c for power, c in enumerate(coefficients) if c})


def _multivariate(given: Given) -> Polynomial | None:
    """A polynomial through a corner of the grid, held to the rest of it: two sizes of each parameter at the least."""
    names, values = given.names, given.values
    modular = {place: _modulo(value) for place, value in values.items()}
    corner = []
    for axis in range(len(names)):
        sizes = sorted({place[axis] for place in values})
        length = _number_through(sizes, _mixed(modular, axis, sizes), len(sizes) - 2)
        if length is None:
            return None
        corner.append(sizes[: max(1, length)])
    table = {place: Fraction(values[place]) for place in product(*corner)}
    for axis, sizes in enumerate(corner):
        through: dict[Place, Fraction] = {}
        for rest in product(*(range(len(c)) if a < axis else c for a, c in enumerate(corner) if a != axis)):
            line = [(n, table[(*rest[:axis], n, *rest[axis:])]) for n in sizes]
            for power, c in zip_longest(range(len(line)), _through(line), fillvalue=Fraction(0)):
                through[(*rest[:axis], int(power), *rest[axis:])] = c
        table = through
    found = Polynomial(names, {powers: c for powers, c in table.items() if c})
    return found if _agree(found, values) else None


def _mixed(modular: Mapping[Place, int], axis: int, sizes: Sequence[int]) -> list[int]:
    """One number for each size of a parameter, whose polynomial has the degree that all lines along it have.

    These are sums over the other parameters, each with a factor of its own, such that nothing cancels but by design.
    """
    found = dict.fromkeys(sizes, 0)
    for place, value in modular.items():
        others = place[:axis] + place[axis + 1 :]
        found[place[axis]] += value * pow(3, 1 + sum(n * 10_007**k for k, n in enumerate(others)), PRIME)
    return [value % PRIME for value in found.values()]


def _quasi_polynomial(given: Given) -> QuasiPolynomial | None:
    """A polynomial for each residue, with the fewest coefficients in all."""
    values = given.values
    modular = {n: _modulo(value) for (n,), value in values.items()}
    fewest: tuple[int, list[int]] | None = None
    different = min(len(set(rises([*values.values()]))), len(set(values.values())))
    for period in range(2, LONGEST_PERIOD + 1):
        length = 1
        classes = [[n for n in modular if n % period == residue] for residue in range(period)]
        for sizes in classes:
            most = min(len(sizes) - MORE, _most(len(values)) // period)
            found = _number_through(sizes, [modular[n] for n in sizes], most)
            if found is None or not sizes or (fewest and period * max(length, found) >= fewest[0]):
                break
            length = max(length, found)
        else:
            number = period * length
            enough = number + held_back(number) <= len(values) and min(map(len, classes)) >= length + MORE
            if enough and evidence(different, len(values) - number) >= OF_PERIODS:
                fewest = number, [length] * period
    if fewest is None:
        return None
    period = len(fewest[1])
    parts = []
    for residue, length in enumerate(fewest[1]):
        sizes = [n for n in modular if n % period == residue][:length]
        parts.append(_of_one(given.names, _through([(n, Fraction(values[n,])) for n in sizes])))
    form = QuasiPolynomial(tuple(parts))
    return form if _agree(form, values) else None


def _recurrence(given: Given) -> Recurrence | None:
    """A linear recurrence along sizes that go on by equal steps or equal factors."""
    counts = list(given.values.values())
    sizes = given.domain.axes[0]
    if given.hidden or (sizes.factor > 1 and sizes.step != sizes.first * (sizes.factor - 1)):
        return None
    found = _shortest_recurrence(counts)
    length = len(found)
    if not found or not found[-1]:
        return None
    roots = _rational_roots(found)
    bends = rises(counts)
    spread = min(max(bends) - min(bends), max(counts) - min(counts)) + 1
    if roots is None and len(counts) < 4 * length + 2:  # periods among them, which are met by chance like others
        return None
    asked = OF_RECURRENCES[roots is None]
    if roots != {Fraction(1): length} and evidence(spread, len(counts) - 2 * length) < asked:
        return None
    closed = None
    if roots is not None:
        basis = [(root, power) for root, times in roots.items() for power in range(times)]
        rows = [
            [root**k * Fraction(k) ** power for root, power in basis] + [Fraction(counts[k])] for k in range(length)
        ]
        closed = {term: c for term, c in zip(basis, _solved(rows), strict=True) if c}
    sizes = replace(sizes, onwards=True)
    return Recurrence(given.names[0], sizes, tuple(found), tuple(counts[:length]), closed)


FORMS: Final = (_polynomial, _quasi_polynomial, _recurrence)  # the one with the fewest coefficients first


def _form_of(names: tuple[str, ...], values: Mapping[Place, int]) -> tuple[Form | None, str]:
    """The law of counts, and why it is to be doubted; empty where it is not."""
    given = Given(names, values, *domain(names, list(values)))
    for look in FORMS if len(names) == 1 else FORMS[:1]:
        if (found := look(given)) is not None:
            return found, given.doubt(found)
    return None, ""


# --- what a user gets


def _rank(terms: Sequence[Term]) -> tuple[float, float, int]:
    return max((term.growth[:3] for term in terms), default=(0.0, 0.0, 0))


@dataclass(frozen=True, eq=False)
class Law:
    """The law of a count, if there is one: `law(n)` is its exact value, `str(law)` its formula.

    `law["mul"]` is the law of a kind, where `law` is that of all operations together; `kinds` has them all.
    `counts` has the count at each size. `form` is None where no exact law was found. A law is for the sizes of its
    `domain`, which go on as those do that it was found on: `n in law.domain`, and `str(law)` says it, as in
    "n²/4, where n ≡ 0 (mod 4)". `far` has the counts at far sizes that it was to be verified at.
    """

    names: tuple[str, ...]
    counts: Mapping[Place, int]
    form: Form | None
    kinds: Mapping[str, Law] = field(default_factory=dict)
    why: str = ""
    far: Mapping[Place, int] = field(default_factory=dict)

    @property
    def verified(self) -> tuple[Place, ...]:
        """The far sizes that were run too, and agree."""
        return tuple(self.far) if self.exact else ()

    @cached_property
    def domain(self) -> Domain:
        """The sizes that the law is for."""
        return domain(self.names, list(self.counts), onwards=isinstance(self.form, Recurrence))[0]

    @property
    def formula(self) -> str:
        """The law as a formula alone, without the sizes that it is for."""
        return str(self._found())

    @property
    def exact(self) -> bool:
        """Whether there is a law."""
        return self.form is not None

    def __getitem__(self, kind: str) -> Law:
        try:
            return self.kinds[kind]
        except KeyError:
            raise InvalidValue(f"no {kind!r} was counted; the kinds are {', '.join(self.kinds) or 'none'}") from None

    def _found(self) -> Form:
        if self.form is None:
            raise InvalidValue(f"{NONE}{self.why}: there is nothing to evaluate")
        return self.form

    def __call__(self, *place: Any, **named: Any) -> int:
        """The count at a size; raises InvalidValue where no law was found, or where it is not for that size."""
        form = self._found()
        sizes = place or tuple(named[name] for name in self.names if name in named)
        if len(sizes) != len(self.names) or (place and named):
            raise InvalidType(f"the law is of {', '.join(self.names)}: give a number for each")
        at = tuple(_size(n, name) for n, name in zip(sizes, self.names, strict=True))
        inside = at in self.domain
        value = form(at) if inside or not isinstance(form, Recurrence) else Fraction(0)
        wrong = f"{form} is {value} there, which is no count" if value.denominator != 1 or value < 0 else ""
        if not inside:
            raise InvalidValue(f"the law is for {self.domain.outside(at)}" + (f"; {wrong}" if wrong else ""))
        if wrong:
            raise InvalidValue(f"{wrong}: it was found from other sizes")
        return int(value)

    @property
    def degree(self) -> float:
        """The power of n that it grows with: an integer where it is one, infinite where growth is exponential."""
        base, power, _ = _rank(self._found().ordered())
        return math.inf if base > 1 else int(power) if float(power).is_integer() else power

    @property
    def leading(self) -> Any:
        """The coefficient of the term that grows the fastest; a tuple by residue, where it is not one for all."""
        form = self._found()
        parts = form.residues if isinstance(form, QuasiPolynomial) else [form]
        rank = _rank(form.ordered())
        found = [
            next((_whole(term.coefficient) for term in part.ordered() if term.growth[:3] == rank), 0) for part in parts
        ]
        return found[0] if len(set(found)) == 1 else tuple(found)

    @property
    def big_theta(self) -> str:
        """The order of growth, as in Θ(n³)."""
        terms = self._found().ordered()
        if not terms:
            return "Θ(0)"
        top = terms[0].growth[:3]
        return f"Θ({' + '.join(term.growth.text or '1' for term in terms if term.growth[:3] == top)})"

    def __le__(self, other: Law) -> bool:
        """Whether it grows no faster than the other."""
        return _not_faster(self, other)

    def __ge__(self, other: Law) -> bool:
        return _not_faster(other, self)

    def __lt__(self, other: Law) -> bool:
        return not _not_faster(other, self)

    def __gt__(self, other: Law) -> bool:
        return not _not_faster(self, other)

    def estimate(self) -> str:
        """A power of n fitted to the counts by least squares: an estimate, and no law."""
        points = [(math.log(place[0]), math.log(value)) for place, value in self.counts.items() if place[0] > 0 < value]
        if len(self.names) > 1 or len({x for x, _ in points}) < 2:
            return "no estimate"
        x, y = (sum(column) / len(points) for column in zip(*points, strict=True))
        slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
        return f"about {math.exp(y - slope * x):.3g}·{self.names[0]}^{slope:.2f}, an estimate"

    def __str__(self) -> str:
        if self.form is None:
            return f"{NONE}{self.why}; {self.estimate()}"
        said = self.domain.text and not (isinstance(self.form, Recurrence) and self.form.in_k)
        return f"{self.form}, where {self.domain.text}" if said else str(self.form)

    def __repr__(self) -> str:
        return f"Law({self}{self._verified()})"

    def _verified(self) -> str:
        return f"; verified {located(self.names, *self.verified)}" if self.verified else ""

    def to_dict(self) -> dict[str, Any]:
        """What it is, in plain numbers and strings, as JSON can hold it."""
        found: dict[str, Any] = {
            "law": str(self),
            "exact": self.exact,
            "form": next((name for name, kind in _NAMES.items() if isinstance(self.form, kind)), None),
            "big_theta": self.big_theta if self.exact else None,
            "domain": str(self.domain) if self.exact else None,
            "verified": [[*place, self.far[place]] for place in self.verified],
            "counts": [[*place, value] for place, value in self.counts.items()],
        }
        if self.kinds:
            found["kinds"] = {kind: law.to_dict() for kind, law in self.kinds.items()}
        return found

    def _repr_html_(self) -> str:
        return render.html(*self._table(), self._verified().removeprefix("; "))

    def _table(self) -> tuple[list[str], list[list[str]]]:
        laws = [*self.kinds.items(), ("total", self)]
        return ["kind", "operations", "growth"], [
            [kind, str(law), law.big_theta if law.exact else ""] for kind, law in laws
        ]

    def plot(self, ax: Axes | None = None) -> Axes:
        """The counts as points and the law as a line, on logarithmic axes; of one parameter. Needs matplotlib."""
        import matplotlib.pyplot as plt

        if len(self.names) > 1:
            raise InvalidValue(f"a plot is of one parameter, and this law has {', '.join(self.names)}")
        if ax is None:
            ax = plt.subplots()[1]
        sizes = [place[0] for place in self.counts]
        ax.plot(sizes, [float(value) for value in self.counts.values()], "o", label="counted")
        if self.form is not None:
            ax.plot(sizes, [float(self.form((n,))) for n in sizes], "-", label=str(self))
        ax.set(xlabel=self.names[0], ylabel="operations")
        if min(sizes) > 0 and min(self.counts.values()) > 0:
            ax.set(xscale="log", yscale="log")
        ax.legend()
        return ax


_NAMES: Final = {"polynomial": Polynomial, "quasi-polynomial": QuasiPolynomial, "linear recurrence": Recurrence}


def _whole(number: Any) -> Any:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number


def _not_faster(one: Law, other: Law) -> bool:
    if not isinstance(other, Law):
        raise InvalidType(f"a law is compared with a law, not with {other!r}")
    mine, its = _rank(one._found().ordered()), _rank(other._found().ordered())
    for a, b in zip(mine, its, strict=True):
        if not math.isclose(a, b, rel_tol=1e-12):
            return a < b
    return True


def _size(n: Any, name: str) -> int:
    try:
        found = operator.index(n)
    except TypeError:
        raise InvalidType(f"{name} must be an integer, not {n!r}") from None
    if isinstance(n, bool):
        raise InvalidType(f"{name} must be an integer, not {n!r}")
    return found


def law(
    f: Callable[..., Any],
    sizes: Sizes,
    make: Callable[..., Any] | None = None,
    *,
    verify: Sizes = (),
    executor: Executor | None = None,
) -> Law:
    """The exact law of what f executes, from counts of runs at these sizes.

    >>> import numpy as np
    >>> import opcount as oc
    >>> found = oc.law(lambda a: a @ a, range(1, 8), make=lambda n: np.ones((n, n)), verify=[40])
    >>> print(found, found["mul"], found(100), sep="; ")
    2n³ − n²; n³; 1990000

    At each size `make(n)` gives the argument of f, or a tuple of several, which are wrapped; without it f is called
    with the size itself, and what it computes on numbers that it wraps counts. An f that returns a Counts is
    taken at its word.
    Of a dict of sizes by parameter, as {"m": [1, 2, 3, 4], "n": [1, 2, 3, 4]}, every combination is run, with
    the parameters by name. An `executor` of concurrent.futures runs the sizes; f and make must be such that it
    can send them.

    `verify` are far sizes, as 1000, given as `sizes` are: they are run too, once there is a law, and must agree, or
    there is none. Nothing else tells so cheaply whether a law goes on, so verify one wherever far runs are affordable.

    A law is a polynomial, a polynomial by residue, a linear recurrence, or, where the sizes are a geometric
    progression, a recurrence in the logarithm of n; exact, and held to a third as many more sizes as it has
    coefficients, two at the least, and more where these are of several residues or with gaps between them.
    It is for sizes that go on as those given do: see `Law`. Raises InvalidValue for too few sizes, with the number
    that is needed, and for a size to verify that the law is not for; SizeFailed where a run fails, with its size
    and the counts of the others. Warns NothingCounted where no run executed an operation on a wrapped value.
    """
    found, silent = law_and_silence(f, sizes, make, verify, executor)
    if silent:
        warn_of_nothing(_HOW)
    return found


Sizes = Iterable[int] | Mapping[str, Iterable[int]]
_HOW: Final = "make= gives what f is called with, wrapped; without it f is called with a plain size"


def law_and_silence(
    f: Callable[..., Any],
    sizes: Sizes,
    make: Callable[..., Any] | None = None,
    verify: Sizes = (),
    executor: Executor | None = None,
) -> tuple[Law, bool]:
    """The law, and whether no run had anything to do with a wrapped value, which is to be warned of."""
    check_function(f)
    names, places = _checked_sizes(sizes)
    far = _far(names, places, verify)
    runs = _counted(f, make, names, places, {}, executor)
    found = law_of({place: runs[place].counts for place in places}, names)
    if far and (found.exact or any(each.exact for each in found.kinds.values())):
        runs |= _counted(f, make, names, far, runs, executor)
        near, verified = ({place: runs[place].counts for place in part} for part in (places, far))
        found = law_of(near, names, verify=verified)
    return found, all(run.silent for run in runs.values())


def _far(names: tuple[str, ...], places: Sequence[Place], verify: Any) -> list[Place]:
    """The sizes to verify a law at; raises InvalidValue for those that it will not be for."""
    given = verify if isinstance(verify, Mapping) else {names[0]: verify} if len(names) == 1 else verify
    if not isinstance(given, Mapping):
        if isinstance(given, Sequence) and not given:
            return []
        raise InvalidType(f"verify: sizes are of {', '.join(names)}: give a dict of them by parameter, as for sizes")
    if {*given} != {*names}:
        raise InvalidValue(f"verify: sizes are of {', '.join(names)}, and not of {', '.join(map(str, given))}")
    far = list(product(*(_axis(name, given[name], "verify") for name in names)))
    check_far(names, places, far)
    return far


def check_far(names: tuple[str, ...], places: Sequence[Place], far: Iterable[Place]) -> None:
    """Raise InvalidValue for a size to verify that the law of these places will not be for, with one that it will."""
    among, _ = domain(names, places, onwards=True)
    for place in far:
        if place not in among:
            near = tuple(axis.after(max(n, axis.first), 1)[0] for axis, n in zip(among.axes, place, strict=True))
            raise InvalidValue(f"verify: the law will be for {among.outside(place)}; verify it {located(names, near)}")


def law_of(
    counts: Mapping[Any, Counts | int],
    names: Sequence[str] = ("n",),
    *,
    verify: Mapping[Any, Counts | int] | None = None,
) -> Law:
    """The exact law behind counts by size, where they are known already.

    >>> print(law_of({n: n * (n - 1) // 2 for n in range(1, 9)}))
    n²/2 − n/2

    A count is a Counts or a number, a size a number or a tuple of one for each of the names; `verify` has counts at
    far sizes, which must agree, or there is no law. Raises as `law`.
    """
    names = tuple(names)
    given = _by_place(counts, names)
    ordered = sorted(given)
    _check_enough(names, ordered)
    if len(given) < math.prod(len({place[axis] for place in given}) for axis in range(len(names))):
        raise InvalidValue(f"counts are needed at every combination of the sizes of {', '.join(names)}")
    far = _by_place(verify or {}, names)
    check_far(names, ordered, far)
    kinds: dict[str, Law] = {}
    if all(isinstance(found, Counts) for found in [*given.values(), *far.values()]):
        for kind in dict.fromkeys(kind for place in [*ordered, *far] for kind in (given | far)[place]):
            values = {place: given[place][kind] for place in ordered}
            kinds[kind] = _held_to(_law(names, values), {place: far[place][kind] for place in far})
    totals = {place: found.total if isinstance(found, Counts) else found for place, found in (given | far).items()}
    found = _law(names, {place: totals[place] for place in ordered}, kinds)
    return _held_to(found, {place: totals[place] for place in far})


def _by_place(counts: Mapping[Any, Any], names: tuple[str, ...]) -> dict[Place, Any]:
    given: dict[Place, Any] = {}
    for place, found in counts.items():
        sizes = place if isinstance(place, tuple) else (place,)
        if len(sizes) != len(names):
            raise InvalidValue(f"a size is a number for each of {', '.join(names)}, not {place!r}")
        given[tuple(_size(n, name) for n, name in zip(sizes, names, strict=True))] = _number(found)
    return given


def _held_to(found: Law, far: Mapping[Place, Any]) -> Law:
    """The law where it gives the counts at far sizes, or none."""
    if found.form is None:
        return replace(found, far=far)
    for place, value in far.items():
        if (expected := found.form(place)) != value:
            why = f": {found} is {expected} {located(found.names, place)}, where {value} were counted"
            return replace(found, form=None, why=why, far=far)
    return replace(found, far=far)


def _law(names: tuple[str, ...], values: Mapping[Place, int], kinds: Mapping[str, Law] | None = None) -> Law:
    form, doubt = _form_of(names, values)
    why = ""
    if doubt:
        why = f" in {len(values)} sizes ({form} would do, but {doubt})"
        form = None
    elif form is None:
        why = f" in {len(values)} sizes"
        rest = dict(list(values.items())[1:])  # the smallest is often a case of its own
        if len(names) == 1 and len(rest) >= FEWEST:
            other, doubt = _form_of(names, rest)
            why += (
                f" (without {names[0]} = {next(iter(values))[0]}: {other})" if other is not None and not doubt else ""
            )
    return Law(names, values, form, kinds or {}, why)


def _number(found: Any) -> Any:
    """A count as a user has it: a Counts, or an integer; a Fraction where a formula gives one."""
    if not isinstance(found, (Counts, Rational)):
        raise InvalidType(f"a count is an integer or a Counts, not {found!r}")
    return found


def _check_enough(names: Sequence[str], places: Sequence[Place]) -> None:
    for axis, name in enumerate(names):
        number = len({place[axis] for place in places})
        if number < FEWEST:
            raise InvalidValue(
                f"{number} {'size' if number == 1 else 'sizes'} of {name} {'is' if number == 1 else 'are'} too few: a "
                f"law needs {FEWEST} at the least, one of k terms three more than k, and one of degree d needs d + 3"
            )


def _checked_sizes(sizes: Any) -> tuple[tuple[str, ...], list[Place]]:
    """The names of the parameters, and the places at which to count, in order."""
    if not isinstance(sizes, Mapping):
        sizes = {"n": sizes}
    if not 1 <= len(sizes) <= 3:
        raise InvalidValue(f"sizes are of one to three parameters, not of {len(sizes)}")
    axes = [_axis(name, given) for name, given in sizes.items()]
    places = list(product(*axes))
    _check_enough(tuple(sizes), places)
    return tuple(sizes), places


def _axis(name: str, given: Any, argument: str = "sizes") -> list[int]:
    """The sizes of a parameter, in order."""
    try:
        found = [_size(n, name) for n in given]
    except TypeError as error:
        if isinstance(error, InvalidType):
            raise
        raise InvalidType(f"{argument} must be integers, or lists of them by parameter, not {given!r}") from None
    if any(n < 0 for n in found):
        raise InvalidValue(f"{argument} must not be negative: {name} = {min(found)}")
    return sorted(set(found))


class Ran(NamedTuple):
    """What was executed at a size."""

    counts: Counts
    silent: bool  # nothing was, and no wrapped value was returned either


def _counted(
    f: Callable[..., Any],
    make: Callable[..., Any] | None,
    names: tuple[str, ...],
    places: Sequence[Place],
    before: Mapping[Place, Ran],
    executor: Executor | None,
) -> dict[Place, Ran]:
    """What is executed at each size; a run that fails loses neither the others nor those before."""
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor  # which take longer to import than this library

    runs: dict[Place, Callable[[], Ran]]
    if executor is None:
        runs = {place: partial(count_at, f, make, names, place) for place in places}
    else:
        runs = {place: executor.submit(count_at, f, make, names, place).result for place in places}
    ran: dict[Place, Ran] = {}
    failed: dict[Place, BaseException] = {}
    for place, run in runs.items():
        try:
            ran[place] = run()
        except BrokenExecutor:  # one worker took all others with it, and nobody knows which: each once more, alone
            try:
                with ProcessPoolExecutor(1, getattr(executor, "_mp_context", None)) as alone:
                    ran[place] = alone.submit(count_at, f, make, names, place).result()
            except BrokenExecutor as error:
                failed[place] = error
        except Exception as error:
            failed[place] = error
            if executor is None:
                break
    if failed:
        place, cause = next(iter(failed.items()))
        others = f", and at {len(failed) - 1} more" if len(failed) > 1 else ""
        said = "its worker died" if isinstance(cause, BrokenExecutor) else f"{type(cause).__name__}: {cause}"
        counts = {place: run.counts for place, run in {**before, **ran}.items()}
        raise SizeFailed(f"{located(names, place)}{others}: {said}", place, counts) from cause
    return ran


def located(names: Sequence[str], *places: Place) -> str:
    """Sizes as a message names them."""
    texts = (", ".join(f"{name} = {n}" for name, n in zip(names, place, strict=True)) for place in places)
    return f"at {' and '.join(texts)}"


def count_at(f: Callable[..., Any], make: Callable[..., Any] | None, names: tuple[str, ...], place: Place) -> Ran:
    """What f executes at one size."""
    given: Any = place if len(names) == 1 else ()
    named = {} if len(names) == 1 else dict(zip(names, place, strict=True))
    if make is not None:
        made = make(*given, **named)
        given, named = tuple(wrap(one) for one in (made if isinstance(made, tuple) else (made,))), {}
    with count() as tally:
        found = f(*given, **named)
        check_executed(found)
    if isinstance(found, Counts):  # what it ran on the way, as a trace, is not meant
        return Ran(found, False)
    return Ran(tally.counts, not tally.counts and not has_wrapped(found))
