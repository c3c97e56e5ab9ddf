"""Second derivatives: a Hessian times a vector, and a whole Hessian, by either direction over either.

The inner direction computes a first derivative, each operation of which is recorded by the outer one.

    mode                   inner, of f                        outer, of what the inner one computed
    forward-over-reverse   backprop: the gradient             its tangent along v
    reverse-over-reverse   backprop: the gradient             backprop from the gradient, weighted by v
    forward-over-forward   dual numbers, once for each input  its tangent along v
    reverse-over-forward   dual numbers along v               backprop from the derivative along v
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.wrap import Tree
from opcount.counting import render
from opcount.counting.counts import Counts, table
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import Described, Named, instead
from opcount.counting.tally import isolated
from opcount.derivatives.choices import Granularity, MethodName, ModeName
from opcount.derivatives.coloring import Coloring, starred
from opcount.derivatives.gradient import Gradient, directions, gradient, is_finite, structural_seed
from opcount.derivatives.phases import collector_paused, frame_by_phase, phase
from opcount.derivatives.plain import array_given, as_given, gradient_array, plain_derivative
from opcount.derivatives.products import Product, alike, in_structure, jvp, own, plain_of, pulled, pushed, used_by
from opcount.derivatives.sparsity import sparse_array
from opcount.derivatives.trace import evaluate, wrapped
from opcount.tracing.nodes import value_of
from opcount.tracing.units import ONE
from opcount.wrapping.inputs import Inputs, checked_inputs, of_one_argument, one_output
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import flatten, rebuild

if TYPE_CHECKING:
    import pandas as pd

    from opcount.derivatives.graph import Graph

    Sweep = Callable[[Graph, Sequence[Any]], list[Any]]


class Mode(NamedTuple):
    """How a second derivative is computed: `about` describes it; `inner` is the method of the gradient."""

    about: str
    inner: MethodName
    forward: bool  # whether the outer direction is forward

    def __str__(self) -> str:
        return self.about

    def __repr__(self) -> str:
        return f"Mode({self.about!r})"


MODES: Final[Mapping[ModeName, Mode]] = Described(
    {
        "forward-over-reverse": Mode("dual numbers through backprop", "backprop", True),
        "reverse-over-reverse": Mode("backprop through backprop", "backprop", False),
        "forward-over-forward": Mode("dual numbers of dual numbers, once for each input", "forward", True),
        "reverse-over-forward": Mode("backprop through dual numbers", "forward", False),
    },
    "mode",
)
"""The modes by name."""

SECOND: Final = ("second partials", "second accumulation")
"""The phases that a second derivative has beside those of the first."""


@dataclass(frozen=True)
class _Second:
    """What `hvp` and `hessian` give: the value, the gradient, the mode, and what was executed, by phase."""

    value: Any
    gradient: Any
    mode: ModeName
    phases: Mapping[str, Counts]

    @property
    def counts(self) -> Counts:
        """The counts of the five phases together.

        >>> import opcount as oc
        >>> oc.hvp(lambda x: x * x * x, 2.0, 1.0).counts
        Counts({'mul': 10, 'add': 7})
        """
        return sum(self.phases.values(), Counts())

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with a row for each phase, a column for each kind that occurs and for the total. Needs pandas.

        >>> import opcount as oc
        >>> table = oc.hessian(lambda x: x[0] * x[1], [2.0, 3.0]).to_pandas()
        >>> list(table.index)
        ['primal', 'partials', 'accumulation', 'second partials', 'second accumulation']
        """
        return frame_by_phase(self.phases)

    def _html_of(self, parts: list[Any]) -> str:
        phases = table("phase", [*self.phases.items(), ("all", self.counts)])
        return render.html(("mode", self.mode), parts) + render.html(*phases)


@dataclass(frozen=True)
class HessianProduct(_Second):
    """A value, its gradient, its Hessian times a vector, and what computing them executed, by phase.

    >>> import opcount as oc
    >>> h = oc.hvp(lambda x: x[0] * x[0] * x[1], [3.0, 4.0], [1.0, 0.0])
    >>> h.value, h.gradient, h.product, h.mode
    (36.0, [24.0, 9.0], [8.0, 6.0], 'forward-over-reverse')
    >>> h.phases["accumulation"], h.phases["second accumulation"]
    (Counts({'mul': 2, 'add': 1}), Counts({'mul': 6, 'add': 4}))

    `gradient` and `product` are in the structure of x. `phases` has the "primal", "partials" and "accumulation" of the
    first derivative, and the "second partials" and the "second accumulation" of its own derivative.
    """

    product: Any

    def _repr_html_(self) -> str:
        parts = [("value", self.value), ("gradient", self.gradient), ("product", self.product)]
        return self._html_of([line for name, part in parts for line in render.parts(name, part)])


@dataclass(frozen=True)
class Hessian(_Second):
    """A value, its gradient, its Hessian as a plain matrix, and what computing them executed, by phase.

    >>> import opcount as oc
    >>> h = oc.hessian(lambda x: x[0] * x[0] * x[1], [3.0, 4.0])
    >>> h.value, h.gradient
    (36.0, [24.0, 9.0])
    >>> h.matrix
    array([[8., 6.],
           [6., 0.]])

    `gradient` is in the structure of x; `matrix` has a row and a column for each number of x, in flattened order.
    `phases` are as those of `HessianProduct`. `coloring` has the color of each number of x, where sweeps were shared.
    """

    matrix: Any
    coloring: Coloring | None = None

    def _repr_html_(self) -> str:
        parts = [*render.parts("value", self.value), *render.parts("gradient", self.gradient)]
        matrix = self.matrix if isinstance(self.matrix, np.ndarray) else self.matrix.toarray()
        return self._html_of(parts) + render.html(*render.matrix(matrix, "x", "x"), "Hessian")


def hvp(
    f: Callable[..., Any],
    x: Tree,
    v: Tree,
    mode: ModeName = "forward-over-reverse",
    *,
    granularity: Granularity = "array",
) -> HessianProduct:
    """The Hessian of f at x times a vector, without the Hessian, by the named mode, counted by phase.

    >>> import opcount as oc
    >>> def product(x):
    ...     return x[0] * x[1] * x[2] * x[3]
    >>> for mode in oc.MODES:
    ...     h = oc.hvp(product, [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 0.0], mode)
    ...     print(mode, h.product, h.counts.total)
    forward-over-reverse [0.0, 12.0, 8.0, 6.0] 25
    reverse-over-reverse [0.0, 12.0, 8.0, 6.0] 25
    forward-over-forward [0.0, 12.0, 8.0, 6.0] 41
    reverse-over-forward [0.0, 12.0, 8.0, 6.0] 28

    `x` is a number, an array or nested lists, tuples and dicts of them, f returns one number, and `v` is in the
    structure of x, in numbers that are data: a zero among them is multiplied like any number. `mode` is one of
    `MODES`. Each gives the gradient too, and the same product up to rounding. The outer direction follows what the
    gradient depends on: the value itself has no tangent, and is given no adjoint. So Speelpenning's product of n
    numbers takes 12n - 23 operations by backprop below, in either direction above, and 12n - 20 by
    "reverse-over-forward", which makes the gradient as the derivative by v. `granularity` is as for `oc.gradient`, and
    so is an `oc.spec`, except in "forward-over-forward". B. A. Pearlmutter, Fast exact multiplication by the Hessian,
    Neural Computation 6 (1994); B. Christianson, Automatic Hessians by reverse accumulation, IMA J. Numer. Anal. 12
    (1992).

    Raises InvalidType or InvalidValue for an argument it cannot work with, a vector in another structure than that
    of x, an unknown mode, and a result of f that is not one number; and whatever f raises.
    """
    f = of_one_argument(f, x)
    rule = mode_named(mode)
    vector = alike(x, v, "v", granularity)
    inputs = wrapped(checked_inputs(x, granularity))
    if mode == "reverse-over-forward":
        return _backprop_of_derivative(f, inputs, vector, granularity)
    first = _First(inputs, lambda x: gradient(f, x, rule.inner, granularity=granularity))
    with collector_paused(), phase(first.spent, "second accumulation"):
        found = (pushed if rule.forward else pulled)(first.graph, vector)
    product = in_structure(found, inputs, used_by(first.graph, vector))
    return HessianProduct(as_given(first.value), first.gradient(inputs), mode, first.spent, product)


def _backprop_of_derivative(
    f: Callable[[Any], Any], inputs: Inputs, vector: list[Any], granularity: Granularity
) -> HessianProduct:
    """Backprop from the derivative along v: by x it is the product with the Hessian, and by v the gradient."""
    both = Inputs((inputs.x, inputs.x), [*inputs.leaves, *vector], inputs.arrays_as_nodes)

    def along(pair: tuple[Any, Any]) -> Any:
        found = jvp(f, *pair, granularity=granularity)
        one_output(found.value)
        return found

    first = _First(both, along)
    with collector_paused(), phase(first.spent, "second accumulation"):
        found = pulled(first.graph, [ONE])
    used = used_by(first.graph, [])
    product, slopes = (
        in_structure(part, inputs, used) for part in (found[: len(inputs.leaves)], found[len(inputs.leaves) :])
    )
    return HessianProduct(as_given(first.value), slopes, "reverse-over-forward", first.spent, product)


def hessian(
    f: Callable[..., Any],
    x: Tree,
    mode: ModeName = "forward-over-reverse",
    *,
    granularity: Granularity = "array",
    order: Literal["compressed"] | None = None,
    sparse: bool = False,
) -> Hessian:
    """The Hessian of f at x, by the named mode, counted by phase: the gradient once, and a sweep for each number of x.

    >>> import opcount as oc
    >>> def rosenbrock(x):
    ...     return sum((1 - a) ** 2 + 100 * (b - a * a) ** 2 for a, b in zip(x, x[1:]))
    >>> h = oc.hessian(rosenbrock, [1.0, 1.0])
    >>> h.matrix
    array([[ 802., -400.],
           [-400.,  200.]])
    >>> oc.hessian(rosenbrock, [1.0] * 50, order="compressed").coloring.count
    3

    `x`, f, `mode` and `granularity` are as for `oc.hvp`. The direction of a sweep is structurally one in one number
    of x and zero in the others; in an array it is a dense array, one at one index. An outer forward sweep gives a
    column of the matrix, and a backward one a row. The matrix is symmetric up to rounding, and nothing is made of
    that, except by `order="compressed"`: it takes a sweep for each color of a star coloring of the graph of the
    gradient (`oc.coloring`), and finds each entry in one of the two places where it stands; arrays are opened into
    their numbers. With `sparse` the matrix is a `scipy.sparse.csr_array` of the entries that are not structurally
    zero. Over `Fraction` it is exact. T. F. Coleman and J. J. Moré, Estimation of sparse Hessian matrices and graph
    coloring problems, Mathematical Programming 28 (1984).

    Raises what `oc.hvp` raises, InvalidValue for an unknown order, and InvalidType for an `oc.spec` in x, which has no
    numbers, for "compressed" without networkx, and for `sparse` without SciPy.
    """
    if order not in (None, "compressed"):
        raise InvalidValue(f'there is no order {order!r} of a Hessian: it is "compressed", or None')
    if sparse and not order:
        raise InvalidValue('sparse is for order="compressed", which finds the entries that are not structurally zero')
    f = of_one_argument(f, x)
    rule = mode_named(mode)
    granularity = "scalar" if order else granularity
    if any(type(plain_of(leaf)) is Spec for leaf in flatten(x, arrays_as_leaves=True)):
        raise InvalidType("a Hessian is of numbers, and x has an oc.spec, which has none: give an array")
    inputs = wrapped(checked_inputs(x, granularity))
    first = _First(inputs, lambda x: gradient(f, x, rule.inner, granularity=granularity))
    sweep = pushed if rule.forward else pulled
    with collector_paused():
        matrix, colors = (
            _by_colors(first, inputs, sweep, sparse) if order else (_one_by_one(first, inputs, sweep), None)
        )
    return Hessian(as_given(first.value), first.gradient(inputs), mode, first.spent, matrix, colors)


def _one_by_one(first: _First, inputs: Inputs, sweep: Sweep) -> Any:
    """The matrix by a sweep for each number of x."""
    lines = []
    for seeds in _directions(inputs.leaves):
        with phase(first.spent, "second accumulation"), np.errstate(invalid="ignore"):
            found = sweep(first.graph, seeds)
        if any(type(seed) is Array for seed in seeds) and not all(map(is_finite, found)):
            with isolated():  # zeros of a seed met an infinity: they are structural, and skipped
                found = sweep(first.graph, [None if seed is None else structural_seed(seed) for seed in seeds])
        lines.append(_numbers(found, inputs))
    matrix = array_given(np.empty((len(lines), len(lines))), [entry for line in lines for entry in line])
    return matrix.T if sweep is pushed else matrix


def _by_colors(first: _First, inputs: Inputs, sweep: Sweep, sparse: bool) -> tuple[Any, Coloring]:
    """The matrix by a sweep for each color: an entry is where its column, or its row, is alone of its color."""
    (rows, columns), found = starred(first.graph)
    colors = found.colors
    swept = []
    for color in range(found.count):
        with phase(first.spent, "second accumulation"), np.errstate(invalid="ignore"):
            swept.append(sweep(first.graph, [ONE if each == color else None for each in colors]))
    places = [*zip(rows.tolist(), columns.tolist(), strict=True)]
    met = Counter((row, colors[column]) for row, column in places)
    values = [plain_of(leaf) for leaf in inputs.leaves]
    entries = []
    for row, column in places:
        alone = met[row, colors[column]] == 1
        derivative = swept[colors[column]][row] if alone else swept[colors[row]][column]
        entries.append(plain_derivative(derivative, values[column], {}))
    size = len(values)
    if sparse:
        return sparse_array(rows, columns, np.array(entries), (size, size)), found
    items = [plain_derivative(None, value, {}) for value in values] * size
    for (row, column), entry in zip(places, entries, strict=True):
        items[row * size + column] = entry
    return array_given(np.empty((size, size)), items), found


def mode_named(name: ModeName) -> Mode:
    """The mode of this name; raises InvalidValue, which lists those that exist."""
    try:
        return MODES[name]
    except (KeyError, TypeError):
        raise InvalidValue(f"there is no mode {name!r}; {instead([name], MODES, 'the modes')}") from None


class _First:
    """A first derivative that is recorded: its graph, with local partials, the value of f, and what it has spent."""

    def __init__(self, inputs: Inputs, derivative: Callable[[Any], Gradient | Product]) -> None:
        found: list[Any] = []

        def recorded(x: Any) -> list[Any]:
            found.append(derivative(x))
            leaves = flatten(
                found[0].gradient if type(found[0]) is Gradient else found[0].product, arrays_as_leaves=True
            )
            return [Array(leaf) if type(leaf) is np.ndarray else leaf for leaf in leaves]

        with collector_paused():
            self.graph = evaluate(recorded, inputs)
            self.spent = Named({**found[0].phases, **dict.fromkeys(SECOND, Counts())}, "phase")
            with phase(self.spent, "second partials"):
                self.graph.linearize()
        self.value = as_given(value_of(found[0].value))

    def gradient(self, inputs: Inputs) -> Any:
        """The gradient, if that is what was recorded, as users get it."""
        found = [own(as_given(value_of(output))) for output in self.graph.outputs]
        return rebuild(inputs.x, iter(found), gradient_array, inputs.arrays_as_nodes)


def _directions(leaves: list[Any]) -> Iterator[list[Any]]:
    """A direction for each number of x, with a derivative for each leaf; None for no derivative."""
    for position, leaf in enumerate(leaves):
        before, after = [None] * position, [None] * (len(leaves) - position - 1)
        for seed in directions(leaf):
            yield [*before, seed, *after]


def _numbers(derivatives: Sequence[Any], inputs: Inputs) -> list[Any]:
    """The derivatives as users get them, number by number."""
    found: list[Any] = []
    for derivative, leaf in zip(derivatives, inputs.leaves, strict=True):
        plain = plain_derivative(derivative, plain_of(leaf), {})
        found += list(plain.flat) if leaf._is_array else [plain]
    return found
