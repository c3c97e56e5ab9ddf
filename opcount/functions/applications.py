"""How often a ufunc is applied, by each of its methods; and how many numbers a reduction joins."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from opcount.counting.symbolic import positive_part, quotient
from opcount.functions.op_counts import NEW_TRUTHS, NoRule, OpCounts, integer_power, multiple, summed
from opcount.wrapping import shapes
from opcount.wrapping.shapes import Axis


def applications(*inputs: Any, where: Any = True, out: Any = (), **_: Any) -> int:
    """Applications by `ufunc(a, b)`: for each element of the result, or of `out`, or for each that `where` selects."""
    outputs = out if isinstance(out, tuple) else (out,)
    given = [np.shape(operand) for operand in (*inputs, *outputs) if operand is not None]
    if where is True:
        return math.prod(shapes.broadcast(*given))
    shape = np.broadcast_shapes(*given, np.shape(where))
    return int(np.count_nonzero(np.broadcast_to(where, shape)))


def _outer(a: Any, b: Any, where: Any = True, **_: object) -> int:
    if where is True:
        return math.prod(np.shape(a) + np.shape(b))
    return int(np.count_nonzero(np.broadcast_to(where, np.shape(a) + np.shape(b))))


def _reduce(
    a: ArrayLike,
    axis: Axis = 0,
    dtype: DTypeLike | None = None,
    out: object = None,
    keepdims: bool = False,
    initial: Any = np._NoValue,
    where: object = True,
) -> int:
    return reduction(a, axis, initial, where)[0]


def reduction(a: Any, axis: Axis = None, initial: Any = np._NoValue, where: Any = True) -> tuple[int, int]:
    """How often a reduction joins two numbers, and how many results it has.

    n numbers are joined n - 1 times, or n times if there is an initial one.
    """
    shape = np.shape(a)
    axes = axes_of(axis, len(shape))
    results = math.prod(size for index, size in enumerate(shape) if index not in axes)
    length = math.prod(shape[index] for index in axes)
    starts = initial is np._NoValue or initial is None  # from the first number of each
    if where is True:
        return results * (positive_part(length - 1) if starts else length), results
    taken = np.count_nonzero(np.broadcast_to(where, shape), axis=tuple(axes))
    return int(np.sum(np.maximum(taken - 1, 0) if starts else taken)), results


def alone(a: Any, axis: Axis = None, initial: Any = np._NoValue, where: Any = True) -> int:
    """How many results of a reduction to truth values come from a single number, whose own truth is then needed."""
    if initial is not np._NoValue and initial is not None:
        return 0
    shape = np.shape(a)
    axes = axes_of(axis, len(shape))
    if where is not True:
        return int(np.sum(np.count_nonzero(np.broadcast_to(where, shape), axis=tuple(axes)) == 1))
    length = math.prod(shape[index] for index in axes)
    return math.prod(size for index, size in enumerate(shape) if index not in axes) if length == 1 else 0


def alone_by_ufunc(method: str, a: ArrayLike, *arguments: Any, **keywords: Any) -> int:
    """How many numbers' own truth a method of a logical ufunc gives: of single ones, or the first of those it joins."""
    if method == "reduce":
        given = dict(zip(("axis", "dtype", "out", "keepdims", "initial", "where"), arguments, strict=False)) | keywords
        return alone(a, given.get("axis", 0), given.get("initial", np._NoValue), given.get("where", True))
    if method == "accumulate":
        lanes = dict(zip(("axis",), arguments, strict=False)) | keywords
        (index,) = axes_of(lanes.get("axis", 0), len(np.shape(a)))
        return math.prod(size for axis, size in enumerate(np.shape(a)) if axis != index or not size)
    if method == "reduceat":
        raise NoRule(NEW_TRUTHS)
    return 0


def axes_of(axis: object, dimensions: int) -> set[int]:
    if axis is None:
        return set(range(dimensions))
    given = axis if isinstance(axis, tuple) else (axis,)
    return {index % dimensions for index in map(operator.index, given)} if dimensions else set()


def accumulated(a: ArrayLike, axis: Axis = 0, *_: object, **__: object) -> int:
    shape = np.shape(a)
    (index,) = axes_of(axis, len(shape))
    steps: int = positive_part(shape[index] - 1)
    lanes: int = math.prod(shape[:index] + shape[index + 1 :])
    return lanes * steps


def _reduceat(a: ArrayLike, indices: ArrayLike, axis: Axis = 0, *_: object, **__: object) -> int:
    shape = np.shape(a)
    starts = np.asarray(indices)
    (index,) = axes_of(axis, len(shape))
    lengths = np.append(starts[1:], shape[index]) - starts
    lanes = math.prod(shape) // shape[index] if shape[index] else 0
    return lanes * int(np.sum(np.maximum(lengths - 1, 0)))


def _at(a: ArrayLike, indices: ArrayLike, *_: object) -> int:
    return math.prod(shapes.indexed(np.shape(a), indices))


APPLICATIONS: Final[dict[str, Callable[..., int]]] = {
    "__call__": applications,
    "outer": _outer,
    "reduce": _reduce,
    "accumulate": accumulated,
    "reduceat": _reduceat,
    "at": _at,
}


def integer_powers(method: str, *inputs: Any, where: Any = True, out: object = (), **_: object) -> OpCounts:
    """The sum of `integer_power` over all elements of a power with plain integer exponents."""
    if method == "outer":
        shape = np.shape(inputs[0]) + np.shape(inputs[1])
    elif method == "at":
        shape = shapes.indexed(np.shape(inputs[0]), inputs[1])
    else:
        outputs = [each for each in (out if isinstance(out, tuple) else (out,)) if each is not None]
        shape = shapes.broadcast(*map(np.shape, (*inputs, *outputs)), *([] if where is True else [np.shape(where)]))
    exponents, size = np.asarray(inputs[-1]), math.prod(shape)
    if where is not True:
        exponents = np.broadcast_to(exponents, shape)[np.broadcast_to(where, shape)]
        size = exponents.size
    if not exponents.size:
        return {}
    repeated = quotient(size, exponents.size)
    found, times = (part.tolist() for part in np.unique(exponents, return_counts=True))
    pairs = zip(found, times, strict=True)
    return summed(*(multiple(repeated * often, integer_power(exponent)) for exponent, often in pairs))
