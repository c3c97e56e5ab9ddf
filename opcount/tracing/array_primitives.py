"""The operations on whole arrays, a row each: what executes it, and an edge for each operand.

Their partials give edges, from the output, the operands and what else the operation was told (an axis, an index),
which has NO_DERIVATIVE. The operations that work element by element stand in `wrapping/operations.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from string import ascii_uppercase
from typing import Any, Final

import numpy as np

from opcount.arrays.scalar import Scalar, wrapped
from opcount.tracing.edges import (
    Contraction,
    LinearMap,
    Matrices,
    accumulating,
    choosing,
    copying,
    gathering,
    reshaping,
    selecting,
    summing,
    turning,
)
from opcount.wrapping.operations import NO_DERIVATIVE, ONE, Operation
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import Number, Wrapped


def as_wrapped(operand: object) -> Any:
    """An operand wrapped, also where it is plain data: what an edge computes from it counts too."""
    if isinstance(operand, Wrapped):
        return operand
    return wrapped(operand) if isinstance(operand, np.ndarray) else Scalar(operand)


def stacked_labels(a: object, b: object, first: str, second: str, result: str) -> tuple[str, str, str]:
    """The labels of a product of vectors or matrices on the last axes, stacked along the axes before these."""
    extra = [len(shape_of(operand)) - len(labels) for operand, labels in ((a, first), (b, second))]
    stacks = ascii_uppercase[: max(extra)]
    left, right = (stacks[len(stacks) - number :] for number in extra)
    return left + first, right + second, stacks + result


def _product_labels(a: object, b: object) -> tuple[str, str, str]:
    """The labels of a matrix product, in which either may be a vector."""
    m, n = "m" * (len(shape_of(a)) > 1), "n" * (len(shape_of(b)) > 1)
    return stacked_labels(a, b, f"{m}k", f"k{n}", m + n)


def _contraction(a: object, b: object, labels: tuple[str, str, str]) -> Contraction:
    return Contraction(as_wrapped(b), labels, shape_of(a))


_LEFT: Final = Matrices(lambda tangent, b: tangent @ b, lambda adjoint, b: adjoint @ b.T, 1)
_RIGHT: Final = Matrices(lambda tangent, a: a @ tangent, lambda adjoint, a: a.T @ adjoint, 0)


def _left_of_matmul(y: object, a: object, b: object) -> LinearMap:
    shape = shape_of(a)
    if len(shape) == len(shape_of(b)) == 2:
        return Contraction(as_wrapped(b), ("mk", "kn", "mn"), shape, _LEFT)
    return _contraction(a, b, _product_labels(a, b))


def _right_of_matmul(y: object, a: object, b: object) -> LinearMap:
    shape = shape_of(b)
    if len(shape) == len(shape_of(a)) == 2:
        return Contraction(as_wrapped(a), ("kn", "mk", "mn"), shape, _RIGHT)
    left, right, result = _product_labels(a, b)
    return _contraction(b, a, (right, left, result))


def _chosen(y: object, x: Any, axis: Any, position: Callable[..., Any]) -> LinearMap:
    """The edge of a maximum or minimum: it copies the elements that the comparisons have found."""
    shape = shape_of(x)
    plain = x._plain()
    if type(plain) is Spec:
        return choosing(shape, shape_of(y))
    flat = np.arange(1, math.prod(shape) + 1).reshape(shape)
    if axis is None:
        return gathering(flat.ravel()[position(plain)].reshape(shape_of(y)), shape)
    places = np.take_along_axis(flat, position(plain, axis=axis, keepdims=True), axis)
    return gathering(places.reshape(shape_of(y)), shape)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _transposing(y: object, x: object, axes: tuple[int, ...]) -> LinearMap:
    back = _inverse(axes)
    return turning(lambda a: np.transpose(a, axes), lambda a: np.transpose(a, back), shape_of(x), shape_of(y))


# fmt: off
_ROWS: Final = (
    Operation("matmul", None, operator.matmul, (_left_of_matmul, _right_of_matmul)),
    Operation("einsum", None, lambda a, b, labels, multiply: multiply(a, b), (
        lambda y, a, b, labels, _: _contraction(a, b, labels),
        lambda y, a, b, labels, _: _contraction(b, a, (labels[1], labels[0], labels[2])),
        NO_DERIVATIVE, NO_DERIVATIVE,
    )),
    Operation("sum", None, lambda x, axes, keepdims: x if isinstance(x, Number) else x.sum(axes, keepdims=keepdims),
              (lambda y, x, axes, _: summing(shape_of(x), axes, shape_of(y)), NO_DERIVATIVE, NO_DERIVATIVE)),
    Operation("max", None, lambda x, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims),
              (lambda y, x, axis, _: _chosen(y, x, axis, np.argmax), NO_DERIVATIVE, NO_DERIVATIVE)),
    Operation("min", None, lambda x, axis, keepdims: np.min(x, axis=axis, keepdims=keepdims),
              (lambda y, x, axis, _: _chosen(y, x, axis, np.argmin), NO_DERIVATIVE, NO_DERIVATIVE)),
    Operation("cumsum", None, lambda x, axis: np.cumsum(x, axis=axis),
              (lambda y, x, axis: accumulating(axis), NO_DERIVATIVE)),
    Operation("reshape", None, np.reshape, (lambda y, x, _: reshaping(shape_of(x), shape_of(y)), NO_DERIVATIVE)),
    Operation("transpose", None, np.transpose, (_transposing, NO_DERIVATIVE)),
    Operation("broadcast_to", None, np.broadcast_to,
              (lambda y, x, _: copying(shape_of(x), shape_of(y)), NO_DERIVATIVE)),
    Operation("index", None, operator.getitem, (lambda y, x, key: selecting(key, shape_of(x)), NO_DERIVATIVE)),
    Operation("astype", None, lambda x, dtype: x.astype(dtype), (ONE, NO_DERIVATIVE)),
)
# fmt: on

ARRAY_PRIMITIVES: Final = {row.name: row for row in _ROWS}
"""The operations on whole arrays, by name."""
