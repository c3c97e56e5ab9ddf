"""Edges as linear maps, pushed forward or pulled back, and the structure that is free.

In accumulation what is known from the operation alone is free; `structural` has the rule. The
edges multiply by that rule, and every algorithm goes along these edges, so it is free for all of
them. Between numbers an edge is a `Scale` or a `Sign`. Between arrays it is one of these for each
element, or a `PushPull`, which moves elements or sums them, or a `Contraction`, the product with
another array.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from opcount.arrays.array import Array, array_of
from opcount.arrays.scalar import Scalar, wrapped
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidValue, Uncounted
from opcount.counting.meters import charge
from opcount.tracing.contraction import contracted, label_sizes, record_product
from opcount.tracing.indexed import gathered, masked, scattered
from opcount.tracing.structural import (
    NUMBER,
    UNPLACED,
    Derivative,
    Structured,
    Unplaced,
    collected,
    count_of,
    is_zero,
    known_size,
    number,
    of_nodes,
    placed,
    plain_of,
    plus,
    reshaped,
    selected,
    spread,
    structured,
    summed,
    times,
    turned,
)
from opcount.tracing.units import MINUS_ONE, ONE, ZERO, Unit
from opcount.wrapping.operations import Structural
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import Number, Wrapped


class Cost:
    """The products, negations and sums of an accumulation; light, since a prediction adds one for every edge."""

    __slots__ = ("add", "mul", "neg")

    def __init__(self, mul: int = 0, neg: int = 0, add: int = 0) -> None:
        self.mul = mul
        self.neg = neg
        self.add = add

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.mul + other.mul, self.neg + other.neg, self.add + other.add)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.mul * times, self.neg * times, self.add * times)

    @property
    def counts(self) -> Counts:
        return Counts(mul=self.mul, neg=self.neg, add=self.add)


class Priced:
    """A derivative of which only two things are known: it is a number, and what the last step to it cost.

    It can be multiplied and negated like a wrapped number, but computes nothing: with it a prediction
    finds out from `times` what an execution would count.
    """

    __slots__ = ("cost",)

    def __init__(self, cost: Cost) -> None:
        self.cost = cost

    @property
    def kind(self) -> str:
        """The kind of the last step, "copy" if it executed nothing."""
        return "mul" if self.cost.mul else "neg" if self.cost.neg else "copy"

    __array_ufunc__ = None  # an Array leaves the product to us

    def __mul__(self, other: object) -> Any:
        return _PRODUCT if type(other) is Priced else ANY_ARRAY * other

    def __rmul__(self, other: object) -> Any:
        return other * ANY_ARRAY

    def __neg__(self) -> Priced:
        return _NEGATIVE


ANY_NUMBER: Final = Priced(Cost())
ANY_ARRAY: Final = Array(Spec((), np.float64))  # the same, where it meets arrays
_PRODUCT: Final = Priced(Cost(mul=1))
_NEGATIVE: Final = Priced(Cost(neg=1))


class LinearMap(Protocol):
    """The derivative of a node with respect to one operand, applied from either side."""

    def push(self, tangent: Derivative) -> Any:
        """The tangent of the node, from the operand's (JVP)."""

    def pull(self, adjoint: Derivative) -> Any:
        """The operand's share of the adjoint, from the node's (VJP)."""

    def priced(self) -> LinearMap:
        """This map with its numbers forgotten, to be applied to a Unit or a Priced."""


class Scale:
    """Multiplication by a local partial, a wrapped number: the edge between scalars."""

    __slots__ = ("partial",)

    def __init__(self, partial: object) -> None:
        self.partial = partial

    # In both, the product that matters for speed is written out; `times` is the rule.

    def push(self, tangent: Any) -> Any:
        return times(self.partial, tangent) if type(tangent) is Unit else self.partial * tangent

    def pull(self, adjoint: Any) -> Any:
        return times(adjoint, self.partial) if type(adjoint) is Unit else adjoint * self.partial

    def priced(self) -> LinearMap:
        kind = type(self.partial)
        is_array = kind is Array or kind is Structured or getattr(self.partial, "_is_array", False)
        return Scale(priced_values(self.partial)) if is_array else SCALE

    def __repr__(self) -> str:
        return f"Scale({self.partial!r})"


class Sign:
    """Multiplication by a structural 1 or -1, `unit`: a copy, or a negation."""

    __slots__ = ("pull", "push", "unit")

    def __init__(self, unit: Unit, along: Callable[[Any], Any]) -> None:
        self.unit = unit
        self.push = self.pull = along

    def priced(self) -> Sign:
        return self

    def __repr__(self) -> str:
        return f"Constant({self.unit!r})"


def _copy(derivative: Derivative) -> Any:
    return derivative


IDENTITY: Final = Sign(ONE, _copy)
NEGATION: Final = Sign(MINUS_ONE, operator.neg)
SCALE: Final = Scale(ANY_NUMBER)


def edge_of_sign(partial: Structural) -> Sign:
    """The edge of a partial that is structural."""
    return IDENTITY if partial.sign == 1 else NEGATION


# --- edges between arrays


def priced_values(values: Any) -> Any:
    """What is known of wrapped values apart from their numbers."""
    if type(values) is Structured:
        return structured(values.states, priced_values(values.dense()), values.shape)
    plain = values._plain()
    return Array(Spec(shape_of(plain), np.result_type(plain)))


def priced_between_arrays(edge: LinearMap) -> LinearMap:
    """An edge without its numbers, for derivatives that are arrays."""
    return Scale(ANY_ARRAY) if type(edge) is Scale and isinstance(edge.partial, Number) else edge.priced()


class PushPull:
    """A linear map as a pair of functions, one for each direction; it holds no numbers that `priced` would forget."""

    __slots__ = ("pull", "push")

    def __init__(self, push: Callable[[Any], Any], pull: Callable[[Any], Any]) -> None:
        self.push = push
        self.pull = pull

    def priced(self) -> LinearMap:
        return self

    def transposed(self) -> PushPull:
        return PushPull(self.pull, self.push)


def copying(shape: tuple[Any, ...], to: tuple[Any, ...]) -> PushPull:
    """An array, copied along new axes and those of length one: what broadcasting does."""
    return PushPull(partial(spread, shape=to), partial(collected, shape=shape))


def summing(shape: tuple[Any, ...], axes: tuple[int, ...], to: tuple[Any, ...]) -> PushPull:
    """The edge of a sum over these axes, in the shape `to`, which has them with length one or not at all."""

    def push(tangent: Derivative) -> Any:
        return reshaped(summed(tangent, axes), to)

    def pull(adjoint: Derivative) -> Any:
        if type(adjoint) is not Unit:
            adjoint = reshaped(adjoint, tuple(1 if axis in axes else size for axis, size in enumerate(shape)))
        return spread(adjoint, shape)

    return PushPull(push, pull)


def reshaping(shape: tuple[Any, ...], to: tuple[Any, ...]) -> PushPull:
    return PushPull(partial(reshaped, shape=to), partial(reshaped, shape=shape))


def turning(there: Callable[[Any], Any], back: Callable[[Any], Any], shape: Any, to: Any) -> PushPull:
    """The edge of a permutation of the elements: `there` executes it, `back` its inverse."""
    return PushPull(partial(turned, turn=there, shape=to), partial(turned, turn=back, shape=shape))


def selecting(key: object, shape: tuple[Any, ...]) -> PushPull:
    """The edge to the elements at a basic index."""
    return PushPull(partial(selected, key=key), partial(placed, key=key, shape=shape))


def gathering(indices: np.ndarray, shape: tuple[int, ...]) -> PushPull:
    """The edge to elements by their indices in the flat array, counted from one; 0 is for none of them."""
    return PushPull(partial(gathered, indices=indices), partial(scattered, indices=indices, shape=shape))


def choosing(shape: tuple[Any, ...], to: tuple[Any, ...]) -> PushPull:
    """The edge of a maximum or minimum of specs: as many elements as the result has, at unknown positions."""

    def push(tangent: Derivative) -> Any:
        if type(tangent) is not Array:
            raise Uncounted(UNPLACED)
        return Array(Spec(to, tangent.dtype))

    return PushPull(push, lambda adjoint: Unplaced(math.prod(to), shape))


def accumulating(axis: int) -> PushPull:
    """The edge of running sums along an axis."""
    return PushPull(partial(running, axis=axis, backward=False), partial(running, axis=axis, backward=True))


def running(derivative: Any, axis: int, backward: bool) -> Any:
    """A derivative's running sums along an axis, from its beginning or, with `backward`, from its end."""
    if type(derivative) is Unit:
        return derivative
    shape = shape_of(derivative)
    along = (slice(None),) * axis + (slice(None, None, -1 if backward else 1),)
    if type(derivative) is not Structured:
        return np.cumsum(derivative[along], axis=axis)[along]
    if of_nodes(derivative):
        total = found = None
        places = range(known_size(shape[axis]))
        for place in reversed(places) if backward else places:
            key = (*along[:-1], place)
            total = plus(total, selected(derivative, key))
            found = plus(found, placed(total, key, shape))
        return found
    states = derivative.states
    if states.shape[axis] != shape[axis]:
        states = np.repeat(states, known_size(shape[axis]), axis)
    states = states[along]
    terms = np.cumsum(states != 0, axis=axis)
    charge({"add": count_of((states != 0) & (terms > 1), shape)})
    found = np.where(terms > 1, NUMBER, np.cumsum(states, axis=axis)).astype(np.int8)[along]
    values = np.cumsum(plain_of(derivative)[along], axis=axis)[along]
    return structured(found, wrapped(values), shape)


class Chain(NamedTuple):
    """Two maps, one applied after the other."""

    first: LinearMap
    second: LinearMap

    def push(self, tangent: Derivative) -> Any:
        return self.second.push(self.first.push(tangent))

    def pull(self, adjoint: Derivative) -> Any:
        return self.first.pull(self.second.pull(adjoint))

    def priced(self) -> LinearMap:
        return Chain(priced_between_arrays(self.first), priced_between_arrays(self.second))


class Matrices(NamedTuple):
    """How a product of two matrices is executed on plain ones, and by which axis of the adjoint its pull multiplies."""

    pushed: Callable[[Any, Any], Any] | None = None
    pulled: Callable[[Any, Any], Any] | None = None
    shared: int = 0


EINSUM: Final = Matrices()


class Contraction:
    """The product of an array of this shape with `other`, by einsum's labels for both and for the result.

    `matrices`, if they are two, execute it on plain arrays faster than einsum. `kept` selects the elements that depend
    on an input; None: all.
    """

    __slots__ = ("kept", "labels", "matrices", "other", "shape")

    def __init__(
        self,
        other: Array,
        labels: tuple[str, str, str],
        shape: tuple[Any, ...],
        matrices: Matrices = EINSUM,
        kept: np.ndarray | None = None,
    ) -> None:
        self.other = other
        self.labels = labels
        self.shape = shape
        self.matrices = matrices
        self.kept = kept

    @property
    def sizes(self) -> dict[str, Any]:
        """The size of each label."""
        return label_sizes(self.labels[:2], (self.shape, shape_of(self.other)))

    def push(self, tangent: Derivative) -> Any:
        return contracted(tangent, self.other, self.labels, self.sizes, self.matrices.pushed)

    def pull(self, adjoint: Any) -> Any:
        pulled, shared = self.matrices.pulled, self.matrices.shared
        plain = type(adjoint) is Array is type(self.other)
        if plain and pulled is not None and self.kept is None:  # most of most accumulations
            results = math.prod(self.shape)
            record_product(results * adjoint._held.shape[shared], results)
            return array_of(pulled(adjoint._held, self.other._held))
        mine, others, result = self.labels
        found = contracted(adjoint, self.other, (result, others, mine), self.sizes, pulled, self.kept)
        return collected(found, self.shape)

    def priced(self) -> LinearMap:
        return self._with(priced_values(self.other), self.kept)

    def restricted(self, active: np.ndarray) -> LinearMap:
        return self._with(self.other, active)

    def _with(self, other: Array, kept: np.ndarray | None) -> Contraction:
        return Contraction(other, self.labels, self.shape, self.matrices, kept)


class Applied(NamedTuple):
    """A map between arrays of these shapes as two functions, of an array of numbers and of the arrays `held`."""

    pushed: Callable[..., Any]
    pulled: Callable[..., Any]
    shape: tuple[Any, ...]
    to: tuple[Any, ...]
    held: tuple[Any, ...] = ()

    def push(self, tangent: Derivative) -> Any:
        return self._applied(self.pushed, tangent, self.to, "push")

    def pull(self, adjoint: Derivative) -> Any:
        return self._applied(self.pulled, adjoint, self.shape, "pull")

    def priced(self) -> LinearMap:
        return self._replace(held=tuple(priced_values(each) if type(each) is Array else each for each in self.held))

    def _applied(self, function: Callable[..., Any], derivative: Derivative, shape: tuple[Any, ...], name: str) -> Any:
        if is_zero(derivative):
            return spread(ZERO, shape)
        found = function(number(derivative), *self.held)
        if shape_of(found) != shape:
            raise InvalidValue(
                f"the {name} of a primitive gave an array of shape {shape_of(found)}, and it has to be {shape}"
            )
        return found if isinstance(found, Wrapped) else wrapped(np.asarray(found)[()])


class Restricted(NamedTuple):
    """A map of an array with constant elements: `active` selects the others, `reached` what depends on those."""

    edge: LinearMap
    active: np.ndarray
    reached: np.ndarray

    def push(self, tangent: Derivative) -> Any:
        return self.edge.push(tangent)

    def pull(self, adjoint: Derivative) -> Any:
        return masked(self.edge.pull(masked(adjoint, self.reached)), self.active)

    def priced(self) -> LinearMap:
        return self._replace(edge=priced_between_arrays(self.edge))


def restricted(edge: LinearMap, active: np.ndarray, reached: np.ndarray) -> LinearMap:
    if isinstance(edge, Contraction):
        return edge.restricted(active)
    return Restricted(edge, active, reached)


def as_map(slope: Any, shape: tuple[Any, ...] = (), to: tuple[Any, ...] = ()) -> LinearMap:
    """The edge of a local partial as the table of primitives gives it: a number for each element, or a map already.

    `shape` and `to` are the shapes of the operand and of the node, to which it is broadcast.
    """
    kind = type(slope)
    if kind in _MAPS:
        return slope  # type: ignore[no-any-return]
    edge: LinearMap
    if kind is Structural:
        edge = edge_of_sign(slope)
    elif kind is Array or kind is Structured or isinstance(slope, Wrapped):
        edge = Scale(slope)
    else:
        edge = Scale(wrapped(slope) if isinstance(slope, (np.ndarray, np.generic)) else Scalar(slope))
    if shape == to:
        return edge
    return copying(shape, to) if edge is IDENTITY else Chain(copying(shape, to), edge)


_MAPS: Final = frozenset({PushPull, Contraction, Chain, Applied})
