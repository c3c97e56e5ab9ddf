"""Elements chosen by truth or by position, and written where they are."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from opcount.functions.op_counts import NoRule, OpCounts, is_complex, is_truth
from opcount.functions.rows import CONSTANT, FREE, MOVES, POSITIONS, Function, Seeing, each
from opcount.wrapping import shapes
from opcount.wrapping.shapes import Axis
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.stand_ins import BESIDE_SIZES, BY_VALUE, EXACT, SMALL


def truth_of_each(a: Any) -> OpCounts:
    """The counts of finding out which elements are not zero; for truth values this is free."""
    return {} if is_truth(a) else {"ne": np.size(a)}


def _trim_zeros(filt: Any, trim: str = "fb", axis: Axis = None) -> OpCounts:
    return truth_of_each(filt)


def _truth_of(name: str, index: int) -> Seeing:
    """A rule for functions that find out which elements of an argument are not zero; for truth values this is free."""

    def rule(wrapped: Set[Any], *args: Any, **keywords: Any) -> OpCounts:
        mask = args[index] if len(args) > index else keywords[name]
        if is_truth(mask):
            return {}
        if is_complex(mask):
            raise NoRule("the truth of a complex number has no exact count: write abs(z) != 0")
        return {"ne": np.size(mask)} if wrapped & {name, index} else {}

    return Seeing(rule)


# --- shapes


def _take_shape(a: Any, indices: Any, axis: Any = None, out: object = None, mode: object = "raise") -> Any:
    a = a.ravel() if axis is None else a
    axis = range(a.ndim)[0 if axis is None else axis]
    if mode == "raise":
        return a[(slice(None),) * axis + (np.asarray(indices),)]
    return Spec(a.shape[:axis] + np.shape(indices) + a.shape[axis + 1 :], a.dtype)


def _take_along_axis_shape(arr: Any, indices: Any, axis: Any = -1) -> Spec:
    arr = arr.ravel() if axis is None else arr
    axis = range(arr.ndim)[0 if axis is None else axis]
    shape = (*arr.shape[:axis], indices.shape[axis], *arr.shape[axis + 1 :])
    return Spec(shapes.broadcast(shape, indices.shape), arr.dtype)


# --- functions that write into their first argument: whether it fits


def _copyto_shape(dst: Any, src: Any, casting: Any = "same_kind", where: ArrayLike = True) -> None:
    dst[...] = src
    np.copyto(np.empty(0, dst.dtype), np.empty(0, src.dtype) if hasattr(src, "dtype") else src, casting)


def _fill_diagonal_shape(a: Held, val: object, wrap: bool = False) -> None:
    np.fill_diagonal(np.ones((2,) * a.ndim), 1.0)  # NumPy's own errors


def _put_shape(a: Held, ind: object, v: ArrayLike, mode: object = "raise") -> None:
    if mode == "raise":
        a.ravel()[np.asarray(ind)]


def _put_along_axis_shape(arr: Held, indices: object, values: object, axis: object) -> None:
    _take_along_axis_shape(arr, indices, axis)


def _putmask_shape(a: Held, mask: Any, values: object) -> None:
    if np.size(mask) != a.size:
        raise ValueError("putmask: mask and data must be the same size")


ROWS: Final = (
    Function("where", _truth_of("condition", 0), BESIDE_SIZES, MOVES,
             alone=Function("where", _truth_of("condition", 0), BY_VALUE, MOVES, gives=POSITIONS)),
    *each("nonzero flatnonzero argwhere", truth_of_each, BY_VALUE, CONSTANT, gives=POSITIONS),
    Function("trim_zeros", _trim_zeros, BY_VALUE, opened=True),
    Function("compress", _truth_of("condition", 0), BY_VALUE, MOVES),
    Function("extract", _truth_of("condition", 0), BY_VALUE, MOVES),
    Function("place", _truth_of("mask", 1), BY_VALUE, writes=0),
    Function("putmask", _truth_of("mask", 1), _putmask_shape, writes=0),
    Function("select", FREE, SMALL, MOVES),
    Function("choose", FREE, SMALL, MOVES, indexes=0),
    Function("take", FREE, _take_shape, MOVES, indexes=1),
    Function("take_along_axis", FREE, _take_along_axis_shape, MOVES, indexes=1),
    Function("put", FREE, _put_shape, MOVES, writes=0, indexes=1),
    Function("put_along_axis", FREE, _put_along_axis_shape, MOVES, writes=0, indexes=1),
    Function("copyto", FREE, _copyto_shape, MOVES, writes=0),
    Function("fill_diagonal", FREE, _fill_diagonal_shape, MOVES, writes=0),
    *each("delete insert", FREE, EXACT, MOVES, indexes=1),
    *each("diag_indices_from tril_indices_from triu_indices_from", FREE, EXACT, MOVES, gives=POSITIONS),
)  # fmt: skip
