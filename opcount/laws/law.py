"""Laws: what a count is at every size, found from counts at several sizes.

A law is accepted if it gives the counts at sizes it was not made from too (see `fit`); otherwise there is none. It
holds for the sizes that continue those it was found on (see `progressions`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from numbers import Rational
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, SupportsIndex

from opcount.arrays.wrap import warn_of_nothing
from opcount.counting import render
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.laws.fit import estimate, form_of
from opcount.laws.forms import Form, QuasiPolynomial, Recurrence
from opcount.laws.growth import fastest
from opcount.laws.points import FEWEST, Sizes, as_size, at, check_enough, check_far, checked_far, checked_points
from opcount.laws.progressions import Domain, Point, domain
from opcount.laws.runs import run_all
from opcount.wrapping.inputs import check_function

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from matplotlib.axes import Axes

NO_LAW: Final = "no exact law found"


@dataclass(frozen=True, eq=False)
class Law:
    """The law of a count, if there is one: `law(n)` is its exact value, `str(law)` its formula.

    >>> import opcount as oc
    >>> found = oc.law_of({n: oc.Counts(mul=n**3, add=n**2 * (n - 1)) for n in range(1, 8)})
    >>> str(found), found(100), str(found["add"])
    ('2n³ − n²', 1990000, 'n³ − n²')
    >>> found.degree, found.leading, found.big_theta, found.domain
    (3, 2, 'Θ(n³)', Domain(every n))

    `law` is that of all operations together, `law["mul"]` that of one kind; `kinds` has the laws of all kinds.
    `counts` has the count at each size. `form` is None if no exact law was found. A law holds for the sizes in its
    `domain`, which continue those it was found on: test `n in law.domain`, or read `str(law)`, as in
    "n²/4, where n ≡ 0 (mod 4)". `far` has the counts at the far sizes where it was verified. `a <= b` is whether a
    grows no faster than b. The properties that describe the law raise InvalidValue if there is none.
    """

    names: tuple[str, ...]
    counts: Mapping[Point, int]
    form: Form | None
    kinds: Mapping[str, Law] = field(default_factory=dict)
    why: str = ""
    far: Mapping[Point, int] = field(default_factory=dict)

    @property
    def verified(self) -> tuple[Point, ...]:
        """The far sizes that were run too and agree with the law, a tuple of one integer for each parameter.

        >>> import opcount as oc
        >>> oc.law_of({n: n**2 for n in range(1, 8)}, verify={1000: 1_000_000}).verified
        ((1000,),)
        """
        return tuple(self.far) if self.exact else ()

    @cached_property
    def domain(self) -> Domain:
        """The sizes that the law holds for: `n in law.domain`, or `(m, n) in law.domain`.

        >>> import opcount as oc
        >>> domain = oc.law_of({n: n**2 // 4 for n in range(4, 40, 4)}).domain
        >>> domain, 400 in domain, 401 in domain
        (Domain(n ≡ 0 (mod 4)), True, False)
        """
        return domain(self.names, list(self.counts), onwards=isinstance(self.form, Recurrence))[0]

    @property
    def formula(self) -> str:
        """The law as a formula alone, without the sizes that it holds for; raises InvalidValue if there is none.

        >>> import opcount as oc
        >>> found = oc.law_of({n: n**2 // 4 for n in range(4, 40, 4)})
        >>> found.formula, str(found)
        ('n²/4', 'n²/4, where n ≡ 0 (mod 4)')
        """
        return str(self._found())

    @property
    def exact(self) -> bool:
        """Whether an exact law was found.

        >>> import opcount as oc
        >>> oc.law_of({n: n**2 for n in range(1, 9)}).exact, oc.law_of({n: hash(n**9) % 7 for n in range(1, 9)}).exact
        (True, False)
        """
        return self.form is not None

    def __getitem__(self, kind: str) -> Law:
        try:
            return self.kinds[kind]
        except KeyError:
            raise InvalidValue(f"no {kind!r} was counted; the kinds are {', '.join(self.kinds) or 'none'}") from None

    def _found(self) -> Form:
        if self.form is None:
            raise InvalidValue(f"{NO_LAW}{self.why}: there is nothing to evaluate")
        return self.form

    def __call__(self, *sizes: SupportsIndex, **named: SupportsIndex) -> int:
        """The count at a size; raises InvalidValue if no law was found, or the size is not in its domain."""
        form = self._found()
        given = sizes or tuple(named[name] for name in self.names if name in named)
        if len(given) != len(self.names) or (sizes and named):
            raise InvalidType(f"the law is of {', '.join(self.names)}: give a number for each")
        point = tuple(map(as_size, given, self.names))
        inside = point in self.domain
        value = form(point) if inside or not isinstance(form, Recurrence) else Fraction(0)
        wrong = f"{form} is {value} there, which is no count" if value.denominator != 1 or value < 0 else ""
        if not inside:
            raise InvalidValue(f"the law is for {self.domain.outside(point)}" + (f"; {wrong}" if wrong else ""))
        if wrong:
            raise InvalidValue(f"{wrong}: it was found from other sizes")
        return int(value)

    @property
    def degree(self) -> float:
        """The power of n that the count grows with, an int where it is one; infinite if growth is exponential.

        >>> import opcount as oc
        >>> oc.law_of({n: n**3 + n for n in range(1, 9)}).degree, oc.law_of({n: 2**n for n in range(1, 9)}).degree
        (3, inf)

        Raises InvalidValue if there is no law.
        """
        base, power, _ = fastest(self._found().terms())
        return math.inf if base > 1 else int(power) if float(power).is_integer() else power

    @property
    def leading(self) -> Any:
        """The coefficient of the term that grows fastest, an int or a Fraction; a tuple by residue, if these differ.

        >>> import opcount as oc
        >>> print(oc.law_of({n: n * (n - 1) // 2 for n in range(1, 9)}).leading)
        1/2

        Raises InvalidValue if there is no law.
        """
        form = self._found()
        growth = fastest(form.terms())
        parts = form.residues if isinstance(form, QuasiPolynomial) else [form]
        found = [
            next((_as_int(term.coefficient) for term in part.terms() if term.growth == growth), 0) for part in parts
        ]
        return found[0] if len(set(found)) == 1 else tuple(found)

    @property
    def big_theta(self) -> str:
        """The order of growth as text, such as Θ(n³); raises InvalidValue if there is no law.

        >>> import opcount as oc
        >>> oc.law_of({n: 2 * n**3 - n**2 for n in range(1, 9)}).big_theta
        'Θ(n³)'
        """
        terms = self._found().terms()
        if not terms:
            return "Θ(0)"
        return f"Θ({' + '.join(term.text or '1' for term in terms if term.growth == terms[0].growth)})"

    def __le__(self, other: Law) -> bool:
        """Whether it grows no faster than the other law, whatever the coefficients."""
        return _not_faster(self, other)

    def __ge__(self, other: Law) -> bool:
        return _not_faster(other, self)

    def __lt__(self, other: Law) -> bool:
        return not _not_faster(other, self)

    def __gt__(self, other: Law) -> bool:
        return not _not_faster(self, other)

    def estimate(self) -> str:
        """A power of n fitted to the counts by least squares, as text: an estimate, not a law.

        >>> import opcount as oc
        >>> oc.law_of({n: n * n.bit_length() for n in range(1, 9)}).estimate()
        'about 1.13·n^1.58, an estimate'
        """
        return estimate(self.names, self.counts)

    def __str__(self) -> str:
        if self.form is None:
            return f"{NO_LAW}{self.why}; {self.estimate()}"
        said = self.domain.text and not (isinstance(self.form, Recurrence) and self.form.in_k)
        return f"{self.form}, where {self.domain.text}" if said else str(self.form)

    def __repr__(self) -> str:
        return f"Law({self}{self._verified()})"

    def _verified(self) -> str:
        return f"; verified {at(self.names, *self.verified)}" if self.verified else ""

    def to_dict(self) -> dict[str, Any]:
        """The law, its counts and the laws of its kinds as plain numbers and strings, which JSON can hold.

        >>> import opcount as oc
        >>> found = oc.law_of({n: n**2 for n in range(1, 9)}).to_dict()
        >>> found["law"], found["big_theta"], found["domain"], found["counts"][:3]
        ('n²', 'Θ(n²)', 'every n', [[1, 1], [2, 4], [3, 9]])
        """
        found: dict[str, Any] = {
            "law": str(self),
            "exact": self.exact,
            "form": self.form and self.form.kind,
            "big_theta": self.big_theta if self.exact else None,
            "domain": str(self.domain) if self.exact else None,
            "verified": [[*point, self.far[point]] for point in self.verified],
            "counts": [[*point, count] for point, count in self.counts.items()],
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
        """Plot the counts as points and the law as a line, on logarithmic axes if all are positive. Needs matplotlib.

        >>> import opcount as oc
        >>> from matplotlib.figure import Figure
        >>> ax = oc.law_of({n: n**2 for n in range(1, 9)}).plot(Figure().subplots())
        >>> [line.get_label() for line in ax.lines]
        ['counted', 'n²']

        Raises InvalidValue for a law of several parameters.
        """
        import matplotlib.pyplot as plt

        if len(self.names) > 1:
            raise InvalidValue(f"a plot is of one parameter, and this law has {', '.join(self.names)}")
        if ax is None:
            ax = plt.subplots()[1]
        sizes = [n for (n,) in self.counts]
        ax.plot(sizes, [float(count) for count in self.counts.values()], "o", label="counted")
        if self.form is not None:
            ax.plot(sizes, [float(self.form((n,))) for n in sizes], "-", label=str(self))
        ax.set(xlabel=self.names[0], ylabel="operations")
        if min(sizes) > 0 and min(self.counts.values()) > 0:
            ax.set(xscale="log", yscale="log")
        ax.legend()
        return ax


def _as_int(x: object) -> Any:
    """A Fraction that is an integer as an int; anything else as it is."""
    return int(x) if isinstance(x, Fraction) and x.denominator == 1 else x


def _not_faster(one: Any, other: Any) -> bool:
    for law in (one, other):
        if not isinstance(law, Law):
            raise InvalidType(f"a law is compared with a law, not with {law!r}")
    for a, b in zip(fastest(one._found().terms()), fastest(other._found().terms()), strict=True):
        if not math.isclose(a, b, rel_tol=1e-12):
            return a < b
    return True


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

    At each size `make(n)` gives the argument of f, or a tuple of several, which are wrapped. Without `make`, f is
    called with the size itself, and wraps what it computes with. An f that returns a Counts is counted as having
    executed these. If `sizes` is a dict by parameter, as {"m": [1, 2, 3, 4], "n": [1, 2, 3, 4]}, every combination
    is run, with the parameters passed by name. An `executor` of concurrent.futures may run the sizes; f and make must
    be such that it can send them.

    `verify` has far sizes, such as 1000, given as `sizes` are: if a law is found, they are run too, and if they
    disagree there is no law. Nothing else tells so cheaply whether a law holds beyond the sizes, so verify one
    wherever far runs are affordable.

    A law is a polynomial, a polynomial for each residue of n, a linear recurrence, or, if the sizes are a geometric
    progression, a recurrence in the logarithm of n. It is exact, and tested on a third as many more sizes as it has
    coefficients, at least two, and on more if it differs by residue or the sizes have gaps. It holds for sizes that
    continue the given ones: see `Law`. R. P. Stanley, Enumerative Combinatorics 1, 2nd ed. (2012), chapter 4.

    Raises InvalidValue for too few sizes, saying how many are needed, and for a size to verify that is not in the
    law's domain; SizeFailed if a run fails, with its size and the counts of the others. Warns NothingCounted if no run
    executed an operation on a wrapped value.
    """
    found, silent = law_of_runs(f, sizes, make, verify, executor)
    if silent:
        warn_of_silence()
    return found


def law_of_runs(
    f: Callable[..., Any],
    sizes: Sizes,
    make: Callable[..., Any] | None = None,
    verify: Sizes = (),
    executor: Executor | None = None,
) -> tuple[Law, bool]:
    """The law, and whether no run had anything to do with a wrapped value, of which the caller should warn."""
    check_function(f)
    names, points = checked_points(sizes)
    far = checked_far(names, points, verify)
    runs = run_all(f, make, names, points, executor, {})
    found = law_of({point: runs[point].counts for point in points}, names)
    if far and (found.exact or any(each.exact for each in found.kinds.values())):
        runs |= run_all(f, make, names, far, executor, runs)
        near, verified = ({point: runs[point].counts for point in part} for part in (points, far))
        found = law_of(near, names, verify=verified)
    return found, all(run.silent for run in runs.values())


def warn_of_silence() -> None:
    """Warn the caller of this library that no run had anything to do with a wrapped value."""
    warn_of_nothing("make= gives what f is called with, wrapped; without it f is called with a plain size")


def law_of(
    counts: Mapping[Any, Counts | int],
    names: Sequence[str] = ("n",),
    *,
    verify: Mapping[Any, Counts | int] | None = None,
) -> Law:
    """The exact law behind counts that are known already, by size.

    >>> import opcount as oc
    >>> print(oc.law_of({n: n * (n - 1) // 2 for n in range(1, 9)}))
    n²/2 − n/2

    A count is a Counts or an integer; a size is an integer, or a tuple with one for each of the `names`. `verify` has
    counts at far sizes; if they disagree there is no law. Raises InvalidValue for too few sizes, for a missing
    combination of them, and for a size to verify that is not in the law's domain, and InvalidType for a size or a
    count that is not an integer.
    """
    names = tuple(names)
    near = _by_point(counts, names)
    points = sorted(near)
    check_enough(names, points)
    if len(points) < math.prod(len({point[axis] for point in points}) for axis in range(len(names))):
        raise InvalidValue(f"counts are needed at every combination of the sizes of {', '.join(names)}")
    far = _by_point(verify or {}, names)
    check_far(names, points, far)

    def found(part: Callable[[Any], Any], kinds: Mapping[str, Law]) -> Law:
        law = _unverified(names, {point: part(near[point]) for point in points}, kinds)
        return _held_to(law, {point: part(counts) for point, counts in far.items()})

    kinds: dict[str, Law] = {}
    every = [*(near[point] for point in points), *far.values()]
    if all(isinstance(each, Counts) for each in every):
        kinds = {kind: found(itemgetter(kind), {}) for kind in dict.fromkeys(chain.from_iterable(every))}
    return found(lambda each: each.total if isinstance(each, Counts) else each, kinds)


def _by_point(counts: Mapping[Any, Any], names: tuple[str, ...]) -> dict[Point, Any]:
    given: dict[Point, Any] = {}
    for size, count in counts.items():
        point = size if isinstance(size, tuple) else (size,)
        if len(point) != len(names):
            raise InvalidValue(f"a size is a number for each of {', '.join(names)}, not {size!r}")
        if not isinstance(count, (Counts, Rational)):  # a Fraction where a formula gives one
            raise InvalidType(f"a count is an integer or a Counts, not {count!r}")
        given[tuple(map(as_size, point, names))] = count
    return given


def _unverified(names: tuple[str, ...], counts: Mapping[Point, int], kinds: Mapping[str, Law]) -> Law:
    """The law behind counts, or a Law without a form that says why there is none."""
    form, doubt = form_of(names, counts)
    if form is not None and not doubt:
        return Law(names, counts, form, kinds)
    why = f" in {len(counts)} sizes"
    if form is not None:
        why += f" ({form} would do, but {doubt})"
    elif len(names) == 1 and len(counts) > FEWEST:
        ((smallest,), _), *rest = counts.items()  # the smallest size is often a case of its own
        other, doubt = form_of(names, dict(rest))
        why += f" (without {names[0]} = {smallest}: {other})" if other is not None and not doubt else ""
    return Law(names, counts, None, kinds, why)


def _held_to(found: Law, far: Mapping[Point, Any]) -> Law:
    """The law if it gives the counts at far sizes; else one without a form, which says where it does not."""
    if found.form is not None:
        for point, count in far.items():
            if (expected := found.form(point)) != count:
                why = f": {found} is {expected} {at(found.names, point)}, where {count} were counted"
                return replace(found, form=None, why=why, far=far)
    return replace(found, far=far)
