"""Elements moved elsewhere: joined, split, repeated, in another shape."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from opcount.counting import symbolic
from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import known
from opcount.functions.numpys_own import as_array
from opcount.functions.of_nodes import ordered_axes, reduced_axes, refuse_keywords
from opcount.functions.op_counts import NoRule, OpCounts
from opcount.functions.rows import AS_NUMPY, FREE, MOVES, Free, Function, each
from opcount.wrapping import shapes
from opcount.wrapping.shapes import Axis
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.stand_ins import (
    AXES,
    BESIDE_SIZES,
    IN_OTHERS,
    SMALL,
    by_stand_ins,
    dtype_of_joined,
    inferred,
    one_of,
    shapes_in,
    spec_of,
)
from opcount.wrapping.trees import shape_of


def _pad(array: ArrayLike, pad_width: object, mode: object = "constant", **keywords: object) -> OpCounts:
    computes = callable(mode) or mode in ("linear_ramp", "maximum", "mean", "median", "minimum")
    if computes or keywords.get("reflect_type") == "odd":
        raise NoRule(f"padding by {mode!r} computes values: write it with operations that have a count")
    return {}


# --- shapes


def _ravel_shape(a: Held, order: object = "C") -> Spec:
    return Spec((a.size,), a.dtype)


def _reshape_shape(a: Held, /, shape: object, order: object = "C", *, copy: object = None) -> Any:
    return a.reshape(shape)


def _resize_shape(a: Held, new_shape: object) -> Spec:
    return Spec(tuple(new_shape) if isinstance(new_shape, (tuple, list)) else (new_shape,), a.dtype)


def _broadcast_to_shape(array: Held, shape: object, subok: bool = False) -> Spec:
    shape = tuple(map(symbolic.normal, shape if isinstance(shape, (tuple, list)) else (shape,)))
    if len(shape) < array.ndim or shapes.broadcast(array.shape, shape) != shape:
        raise ValueError(f"a shape {array.shape} does not broadcast to {shape}")
    return Spec(shape, array.dtype)


def _concatenate_shape(
    arrays: Any, axis: Any = 0, out: object = None, *, dtype: DTypeLike | None = None, casting: object = "same_kind"
) -> Any:
    arrays = [array if hasattr(array, "dtype") else np.asarray(array) for array in map(spec_of, arrays)]
    if axis is None:
        arrays, axis = [array.ravel() for array in arrays], 0
    found = dtype_of_joined(np.concatenate, *arrays, axis=axis, dtype=dtype, casting=casting)
    axis = range(arrays[0].ndim)[axis]
    rest = [array.shape[:axis] + array.shape[axis + 1 :] for array in arrays]
    if len(set(rest)) > 1:
        if shapes.are_numbers(*rest):
            raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
        raise shapes.unequal(*(array.shape for array in arrays))
    joined = sum(array.shape[axis] for array in arrays)
    return Spec((*rest[0][:axis], joined, *rest[0][axis:]), found)


def _stack_shape(
    arrays: Any, axis: Any = 0, out: object = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    arrays = [spec_of(array) for array in arrays]
    return np.concatenate([np.expand_dims(array, axis) for array in arrays], axis, dtype=dtype, casting=casting)


def _block_shape(arrays: object) -> Any:
    depth, inside = 0, arrays
    while isinstance(inside, list):
        depth, inside = depth + 1, inside[0]
    ndim = max(depth, *(len(shape) for shape in shapes_in(arrays)))
    return _joined(arrays, depth, ndim)


def _joined(arrays: object, depth: int, ndim: int) -> Any:
    if isinstance(arrays, list):
        return np.concatenate([_joined(part, depth - 1, ndim) for part in arrays], axis=-depth)
    x = spec_of(arrays)
    return Spec((1,) * (ndim - x.ndim) + x.shape, x.dtype)


def _column_stack_shape(tup: Iterable[Any]) -> Any:
    columns = [spec_of(array) for array in tup]
    return np.concatenate([a if a.ndim > 1 else np.atleast_2d(a).T for a in columns], 1)


def _append_shape(arr: Held, values: ArrayLike, axis: Any = None) -> Any:
    arrays = [spec_of(arr), spec_of(values)]
    return np.concatenate([a.ravel() for a in arrays] if axis is None else arrays, axis or 0)


def _unstack_shape(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.moveaxis(x, axis, 0))


def _squeeze_shape(a: Held, axis: Axis = None) -> Any:
    if axis is None:
        axis = tuple(
            index for index, size in enumerate(a.shape) if size == 1 or not (size == 0 or symbolic.is_long(size))
        )
    return inferred(np.squeeze, (a, axis), {}, by_stand_ins)


def _repeat_shape(a: Any, repeats: Any, axis: Any = None) -> Spec:
    a = a.ravel() if axis is None else a
    axis = range(a.ndim)[0 if axis is None else axis]
    size, times = a.shape[axis], np.asarray(repeats)
    if times.size == 1:
        size = size * int(times.reshape(-1)[0])
    elif len(times) == size:
        size = int(np.sum(times))
    else:
        raise ValueError(f"operands could not be broadcast summed with shape ({size},) ({len(times)},)")
    return Spec((*a.shape[:axis], size, *a.shape[axis + 1 :]), a.dtype)


def _tile_shape(A: Held, reps: object) -> Spec:
    times = tuple(reps) if isinstance(reps, (tuple, list, np.ndarray)) else (reps,)
    length = max(len(times), A.ndim)
    shape = (1,) * (length - A.ndim) + A.shape
    return Spec(tuple(a * b for a, b in zip(shape, (1,) * (length - len(times)) + times, strict=True)), A.dtype)


def _pad_shape(array: Held, pad_width: Any, mode: Any = "constant", **keywords: Any) -> Spec:
    longer = np.pad(one_of(array), pad_width, mode, **keywords).shape
    return Spec(tuple(size + more - 1 for size, more in zip(array.shape, longer, strict=True)), array.dtype)


def _sliding_window_view_shape(x: Any, window_shape: object, axis: Any = None, **_: object) -> Spec:
    windows = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = (
        range(x.ndim) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    )
    if len(windows) != len(axes):
        raise ValueError("window_shape must have a size for each of the axes")
    shape = list(x.shape)
    for index, window in zip(axes, windows, strict=True):
        shape[index] = symbolic.normal(shape[index] - window + 1)
        if symbolic.order(window, 0) < 0 or symbolic.order(shape[index], 1) < 0:
            raise ValueError(f"a window of {window} is not inside an axis of {x.shape[index]}")
    return Spec((*shape, *windows), x.dtype)


def _array_split_shape(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    size = ary.shape[axis]
    if np.ndim(indices_or_sections):
        ends = [0, *indices_or_sections, None]
        return [ary[_part_along(ary, axis, slice(a, b))] for a, b in itertools.pairwise(ends)]
    if (sections := operator.index(indices_or_sections)) <= 0:
        raise ValueError("number sections must be larger than 0.")
    length, longer = divmod(symbolic.known(size), sections)
    lengths = [length + (index < longer) for index in range(sections)]
    index = range(ary.ndim)[axis]
    return [Spec((*ary.shape[:index], part, *ary.shape[index + 1 :]), ary.dtype) for part in lengths]


def _split_shape(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    if not np.ndim(indices_or_sections) and symbolic.known(ary.shape[axis]) % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return _array_split_shape(ary, indices_or_sections, axis)


def _part_along(x: Any, axis: Any, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * range(x.ndim)[axis], part)


def _diagonal_shape(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Spec:
    np.diagonal(np.empty((0,) * a.ndim), offset, axis1, axis2)  # NumPy's own errors
    return Spec(shapes.diagonal(a.shape, offset, axis1, axis2), a.dtype)


def _linalg_diagonal_shape(x: Held, /, *, offset: object = 0) -> Spec:
    return _diagonal_shape(x, offset, -2, -1)


def _diag_shape(v: Held, k: Any = 0) -> Spec:
    if v.ndim == 1:
        return Spec((v.shape[0] + abs(k),) * 2, v.dtype)
    if v.ndim != 2:
        raise ValueError("Input must be 1- or 2-d.")
    return _diagonal_shape(v, k)


def _diagflat_shape(v: Held, k: object = 0) -> Spec:
    return _diag_shape(v.ravel(), k)


# --- as they are differentiated, in NumPy's other functions


def _swapaxes_of_nodes(a: ArrayLike, axis1: int, axis2: int) -> Any:
    axes = list(range(len(shape_of(a))))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return np.transpose(a, axes)


def _moveaxis_of_nodes(a: Any, source: Any, destination: Any) -> Any:
    origins, targets = ordered_axes(source, len(shape_of(a))), ordered_axes(destination, len(shape_of(a)))
    axes = [axis for axis in range(len(shape_of(a))) if axis not in origins]
    for target, axis in sorted(zip(targets, origins, strict=True)):
        axes.insert(target, axis)
    return np.transpose(a, axes)


def _expand_dims_of_nodes(a: ArrayLike, axis: Axis) -> Any:
    dimensions = len(shape_of(a)) + (len(axis) if isinstance(axis, tuple) else 1)
    new = ordered_axes(axis, dimensions)
    sizes = iter(shape_of(a))
    return np.reshape(a, tuple(1 if index in new else next(sizes) for index in range(dimensions)))


def _squeeze_of_nodes(a: ArrayLike, axis: Axis = None) -> Any:
    shape = shape_of(a)
    gone = [index for index, size in enumerate(shape) if size == 1] if axis is None else reduced_axes(axis, len(shape))
    if any(shape[index] != 1 for index in gone):
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return a if not shape else np.reshape(a, tuple(size for index, size in enumerate(shape) if index not in gone))


def _stack_of_nodes(
    arrays: Iterable[ArrayLike],
    axis: int = 0,
    out: object = None,
    *,
    dtype: DTypeLike | None = None,
    casting: object = None,
) -> Any:
    refuse_keywords("stack", out=out, dtype=dtype)
    arrays = [as_array(array) for array in arrays]
    axis = axis % (len(shape_of(arrays[0])) + 1)
    return np.concatenate([_expand_dims_of_nodes(array, axis) for array in arrays], axis)


_Widened = Callable[[tuple[Any, ...]], tuple[Any, ...]]
"""The shape of an array with axes of length one where it has too few."""


def _vector(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return shape or (1,)


def _row(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return (1,) * (2 - len(shape)) + shape


def _column(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return shape if len(shape) > 1 else (*_vector(shape), 1)


def _layer(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return shape if len(shape) > 2 else (*_row(shape), 1)


def _widening(widened: _Widened) -> Callable[..., Any]:
    def one(array: ArrayLike) -> Any:
        array = as_array(array)
        shape = widened(shape_of(array))
        return array if shape == shape_of(array) else np.reshape(array, shape)

    return lambda *arrays: one(arrays[0]) if len(arrays) == 1 else tuple(map(one, arrays))


def _stacking(name: str, axis: int, widened: _Widened) -> Callable[..., Any]:
    """Arrays joined along an axis, or their last one, each in the shape that `widened` makes of its own."""
    wide = _widening(widened)

    def stacked(tup: Iterable[ArrayLike], *, dtype: DTypeLike | None = None, casting: object = None) -> Any:
        refuse_keywords(name, dtype=dtype)
        arrays = [wide(array) for array in tup]
        return np.concatenate(arrays, min(axis, len(shape_of(arrays[0])) - 1))

    return stacked


def _array_split_of_nodes(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """A slice for each part: each knows where it stands."""
    size = known(shape_of(ary)[axis])
    before = (slice(None),) * (axis % len(shape_of(ary)))
    if np.ndim(indices_or_sections):
        ends = [0, *map(operator.index, indices_or_sections), size]
        return [ary[(*before, slice(start, end))] for start, end in itertools.pairwise(ends)]
    sections = operator.index(indices_or_sections)
    if sections <= 0:
        raise ValueError("number sections must be larger than 0.")
    if not symbolic.is_symbolic(size):
        sizes = (size // sections + (part < size % sections) for part in range(sections))
        ends = [0, *itertools.accumulate(sizes)]
        return [ary[(*before, slice(start, end))] for start, end in itertools.pairwise(ends)]
    equal = size // sections
    if size % sections != 0:
        raise InvalidValue(f"{size} is no multiple of {sections} for all sizes: use numbers for them")
    return [ary[(*before, slice(equal * part, equal * (part + 1)))] for part in range(sections)]


def _broadcast_arrays_of_nodes(*arrays: Any, subok: bool = False) -> Any:
    operands = [as_array(array) for array in arrays]
    shape = shapes.broadcast(*map(shape_of, operands))
    return tuple(a if shape_of(a) == shape else np.broadcast_to(a, shape) for a in operands)


ROWS: Final = (
    # the shape
    Function("reshape", FREE, _reshape_shape, "reshape", indexes=1),
    Function("ravel", FREE, _ravel_shape, "ravel"),
    Function("resize", FREE, _resize_shape, MOVES, indexes=1),
    Function("squeeze", FREE, _squeeze_shape, _squeeze_of_nodes),
    Function("expand_dims", FREE, AXES, _expand_dims_of_nodes),
    Function("atleast_1d", FREE, SMALL, _widening(_vector)),
    Function("atleast_2d", FREE, SMALL, _widening(_row)),
    Function("atleast_3d", FREE, SMALL, _widening(_layer)),
    Function("broadcast_to", FREE, _broadcast_to_shape, "broadcast_to", indexes=1),
    Function("broadcast_arrays", FREE, SMALL, _broadcast_arrays_of_nodes),
    Function("lib.stride_tricks.sliding_window_view", FREE, _sliding_window_view_shape, MOVES),
    # the order
    *each("transpose permute_dims", FREE, AXES, "transpose"),
    *each("matrix_transpose linalg.matrix_transpose", FREE, SMALL, lambda x, /: _swapaxes_of_nodes(x, -1, -2)),
    Function("swapaxes", FREE, SMALL, _swapaxes_of_nodes),
    Function("moveaxis", FREE, AXES, _moveaxis_of_nodes),
    *each("rollaxis flip rot90", FREE, AXES, MOVES),
    *each("fliplr flipud fft.fftshift fft.ifftshift", FREE, SMALL, MOVES),
    Function("roll", FREE, BESIDE_SIZES, MOVES, indexes=1),
    # the diagonal, and what is beside it
    Function("diagonal", FREE, _diagonal_shape, MOVES),
    Function("linalg.diagonal", FREE, _linalg_diagonal_shape, MOVES),
    Function("diag", FREE, _diag_shape, MOVES),
    Function("diagflat", FREE, _diagflat_shape, MOVES),
    *each("tril triu", FREE, BESIDE_SIZES, MOVES),
    # joined
    *each("concatenate concat", FREE, _concatenate_shape, "concatenate"),
    Function("stack", FREE, _stack_shape, _stack_of_nodes),
    Function("hstack", FREE, IN_OTHERS, _stacking("hstack", 1, _vector)),
    Function("vstack", FREE, IN_OTHERS, _stacking("vstack", 0, _row)),
    Function("dstack", FREE, IN_OTHERS, _stacking("dstack", 2, _layer)),
    Function("column_stack", FREE, _column_stack_shape, _stacking("column_stack", 1, _column)),
    Function("block", FREE, _block_shape, MOVES),
    Function("append", FREE, _append_shape, MOVES),
    # split
    Function("array_split", FREE, _array_split_shape, _array_split_of_nodes, indexes=1),
    Function("split", FREE, _split_shape, AS_NUMPY, indexes=1),
    *each("hsplit vsplit dsplit", FREE, IN_OTHERS, AS_NUMPY, indexes=1),
    Function("unstack", FREE, _unstack_shape, MOVES),
    # repeated, and continued beyond the edge
    Function("repeat", FREE, _repeat_shape, MOVES, indexes=1),
    Function("tile", FREE, _tile_shape, MOVES, indexes=1),
    Function("pad", Free(_pad), _pad_shape, MOVES),
)
