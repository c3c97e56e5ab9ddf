"""Functions of whole arrays: moved, joined, searched, sorted, reduced."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from opcount.array_api.array import Array, call
from opcount.array_api.making import asarray, astype, zeros
from opcount.counting.errors import InvalidValue

Axes: TypeAlias = int | tuple[int, ...] | None

# --- elements by their index


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Any:
    """`take` of the array API standard."""
    return call(np.take, x, indices, axis)


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Any:
    """`take_along_axis` of the array API standard."""
    return call(np.take_along_axis, x, indices, axis)


# --- moved


def broadcast_arrays(*arrays: Array) -> list[Array]:
    """`broadcast_arrays` of the array API standard, as a list; what is constant data stays so."""
    shape = np.broadcast_shapes(*(one.shape for one in arrays))
    return [broadcast_to(one, shape) for one in arrays]


def broadcast_to(x: Array, /, shape: tuple[int, ...]) -> Any:
    """`broadcast_to` of the array API standard."""
    return call(np.broadcast_to, x, shape)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """`concat` of the array API standard: wrapped if one of the arrays is."""
    return call(np.concatenate, arrays, axis)


def expand_dims(x: Array, /, axis: int) -> Any:
    """`expand_dims` of the array API standard."""
    return call(np.expand_dims, x, axis)


def flip(x: Array, /, *, axis: Axes = None) -> Any:
    """`flip` of the array API standard."""
    return call(np.flip, x, axis)


def moveaxis(x: Array, source: Any, destination: Any, /) -> Any:
    """`moveaxis` of the array API standard."""
    return call(np.moveaxis, x, source, destination)


def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Any:
    """`permute_dims` of the array API standard."""
    return call(np.transpose, x, axes)


def repeat(x: Array, repeats: Any, /, *, axis: int | None = None) -> Any:
    """`repeat` of the array API standard."""
    return call(np.repeat, x, repeats, axis)


def reshape(x: Array, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
    """`reshape` of the array API standard."""
    if copy:
        return call(np.reshape, x.__copy__(), shape)
    result = call(np.reshape, x, shape)
    if copy is False and not np.may_share_memory(result._held, x._held):
        raise ValueError("copy=False, and this shape needs a copy of the array")
    return result


def roll(x: Array, /, shift: Any, *, axis: Axes = None) -> Any:
    """`roll` of the array API standard."""
    return call(np.roll, x, shift, axis)


def squeeze(x: Array, /, axis: Axes) -> Any:
    """`squeeze` of the array API standard."""
    return call(np.squeeze, x, axis)


def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """`stack` of the array API standard: wrapped if one of the arrays is."""
    return call(np.stack, arrays, axis)


def tile(x: Array, repetitions: tuple[int, ...], /) -> Any:
    """`tile` of the array API standard."""
    return call(np.tile, x, repetitions)


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """`unstack` of the array API standard."""
    if not x.ndim:
        raise ValueError("unstack of an array without axes")
    return tuple(moveaxis(x, axis, 0))


# --- searched, sorted, made unique


def argmax(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """`argmax` of the array API standard: plain positions."""
    return call(np.argmax, x, axis=axis, keepdims=keepdims)


def argmin(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """`argmin` of the array API standard: plain positions."""
    return call(np.argmin, x, axis=axis, keepdims=keepdims)


def count_nonzero(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """`count_nonzero` of the array API standard."""
    return asarray(call(np.count_nonzero, x, axis=axis, keepdims=keepdims))  # of older versions an int


def nonzero(x: Array, /) -> Any:
    """`nonzero` of the array API standard: plain positions."""
    if not x.ndim:
        raise ValueError("nonzero of an array without axes")
    return call(np.nonzero, x)


def searchsorted(
    x1: Array, x2: Array, /, *, side: Literal["left", "right"] = "left", sorter: Array | None = None
) -> Any:
    """`searchsorted` of the array API standard: plain positions."""
    return call(np.searchsorted, x1, x2, side, sorter)


def where(condition: Array, x1: Any, x2: Any, /) -> Any:
    """`where` of the array API standard: choosing is free, and what is chosen among constant data is constant."""
    return call(
        np.where, astype(condition, bool, copy=False)._held if isinstance(condition, Array) else condition, x1, x2
    )


def argsort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """`argsort` of the array API standard: plain positions."""
    if not descending:
        return call(np.argsort, x, axis=axis, stable=stable)
    upwards = flip(call(np.argsort, flip(x, axis=axis), axis=axis, stable=stable), axis=axis)
    return x.shape[axis] - 1 - upwards  # so that equal values keep their order


def sort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """`sort` of the array API standard."""
    upwards = call(np.sort, x, axis=axis, stable=stable)
    return flip(upwards, axis=axis) if descending else upwards


def unique_all(x: Array, /) -> Any:
    """`unique_all` of the array API standard."""
    return call(np.unique_all, x)


def unique_counts(x: Array, /) -> Any:
    """`unique_counts` of the array API standard."""
    return call(np.unique_counts, x)


def unique_inverse(x: Array, /) -> Any:
    """`unique_inverse` of the array API standard."""
    return call(np.unique_inverse, x)


def unique_values(x: Array, /) -> Any:
    """`unique_values` of the array API standard, in order, which NumPy's function of this name does not keep."""
    return call(np.unique, x, equal_nan=False)


# --- reduced


def all(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """`all` of the array API standard: free for truth values; n numbers are n - 1 `logical_and`."""
    return call(np.all, x, axis=axis, keepdims=keepdims)


def any(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """`any` of the array API standard: free for truth values; n numbers are n - 1 `logical_or`."""
    return call(np.any, x, axis=axis, keepdims=keepdims)


def max(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """`max` of the array API standard: n numbers are n - 1 `maximum`."""
    return call(np.max, x, axis=axis, keepdims=keepdims)


def mean(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """`mean` of the array API standard: n numbers are n - 1 `add` and one `div`."""
    return call(np.mean, x, axis=axis, keepdims=keepdims)


def min(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """`min` of the array API standard: n numbers are n - 1 `minimum`."""
    return call(np.min, x, axis=axis, keepdims=keepdims)


def prod(x: Array, /, *, axis: Axes = None, dtype: DTypeLike | None = None, keepdims: bool = False) -> Any:
    """`prod` of the array API standard: n numbers are n - 1 `mul`."""
    return call(np.prod, x, axis=axis, keepdims=keepdims, **_given(dtype))


def std(x: Array, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """`std` of the array API standard."""
    return call(np.std, x, axis=axis, ddof=correction, keepdims=keepdims)


def sum(x: Array, /, *, axis: Axes = None, dtype: DTypeLike | None = None, keepdims: bool = False) -> Any:
    """`sum` of the array API standard: n numbers are n - 1 `add`."""
    return call(np.sum, x, axis=axis, keepdims=keepdims, **_given(dtype))


def var(x: Array, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """`var` of the array API standard."""
    return call(np.var, x, axis=axis, ddof=correction, keepdims=keepdims)


def cumulative_prod(
    x: Array, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False
) -> Any:
    """`cumulative_prod` of the array API standard: n numbers are n - 1 `mul`."""
    return _with_initial(call(np.cumprod, x, _only_axis(x, axis), **_given(dtype)), axis, include_initial, 1)


def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False
) -> Any:
    """`cumulative_sum` of the array API standard: n numbers are n - 1 `add`."""
    return _with_initial(call(np.cumsum, x, _only_axis(x, axis), **_given(dtype)), axis, include_initial, 0)


def diff(x: Array, /, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """`diff` of the array API standard: a `sub` for each difference."""
    ends = {name: given for name, given in (("prepend", prepend), ("append", append)) if given is not None}
    return call(np.diff, x, n, axis, **ends)


def _given(dtype: DTypeLike | None) -> dict[str, Any]:
    return {} if dtype is None else {"dtype": dtype}


def _only_axis(x: Array, axis: int | None) -> int:
    if axis is None and x.ndim != 1:
        raise InvalidValue(f"axis has to be given for an array of {x.ndim} axes")
    return 0 if axis is None else axis


def _with_initial(running: Any, axis: int | None, wanted: bool, value: int) -> Any:
    if not wanted:
        return running
    axis = range(running.ndim)[0 if axis is None else axis]
    shape = (*running.shape[:axis], 1, *running.shape[axis + 1 :])
    return concat([zeros(shape, dtype=running.dtype) + value, running], axis=axis)
