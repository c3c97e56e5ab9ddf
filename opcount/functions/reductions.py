"""Sums, products, extremes, truths and running totals, of all numbers or of those that are not nan."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from opcount.counting.errors import Uncounted
from opcount.counting.symbolic import positive_part
from opcount.functions.applications import accumulated, alone, reduction
from opcount.functions.of_nodes import reduced_axes, refuse_keywords, slices_along
from opcount.functions.op_counts import OpCounts, Rule, dtype_of, is_truth, no_truths
from opcount.functions.rows import CONSTANT, POSITIONS, TRUTHS, Function, each
from opcount.wrapping import shapes
from opcount.wrapping.shapes import Axis
from opcount.wrapping.spec import Spec
from opcount.wrapping.stand_ins import BY_VALUE, QUIET, SMALL, by_stand_ins, inferred, spec_of
from opcount.wrapping.trees import shape_of


def _reducing(kind: str) -> Rule:
    def rule(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: object = None,
             keepdims: bool = False, initial: object = np._NoValue, where: object = True) -> OpCounts:  # fmt: skip
        no_truths(dtype, a)
        return {kind: reduction(a, axis, initial, given_where(where))[0]}

    return rule


def _extreme(kind: str) -> Rule:
    def rule(a: ArrayLike, axis: Axis = None, out: object = None, keepdims: bool = False,
             initial: object = np._NoValue, where: object = True) -> OpCounts:  # fmt: skip
        return {} if is_truth(a) else {kind: reduction(a, axis, initial, given_where(where))[0]}

    return rule


def _truths(kind: str) -> Rule:
    def rule(
        a: ArrayLike, axis: Axis = None, out: object = None, keepdims: bool = False, *, where: object = True
    ) -> OpCounts:
        if is_truth(a):
            return {}
        return {kind: reduction(a, axis, where=given_where(where))[0], "ne": alone(a, axis, where=given_where(where))}

    return rule


def given_where(where: object) -> Any:
    return True if where is np._NoValue else where


def _position(kind: str) -> Rule:
    def rule(a: ArrayLike, axis: Axis = None, out: object = None, *, keepdims: bool = False) -> OpCounts:
        return {} if is_truth(a) else {kind: reduction(a, axis)[0]}

    return rule


def _runs(kind: str) -> Rule:
    def rule(
        a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: object = None, **_: object
    ) -> OpCounts:
        no_truths(dtype, a)
        return {kind: positive_part(np.size(a) - 1) if axis is None else accumulated(a, axis)}

    return rule


def _trace(
    a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: DTypeLike | None = None, out: object = None
) -> OpCounts:
    *results, length = shapes.diagonal(np.shape(a), offset, axis1, axis2)
    return {"add": math.prod(results) * positive_part(length - 1)}


def _linalg_trace(x: ArrayLike, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> OpCounts:
    return _trace(x, offset, -2, -1)


def _count_nonzero(a: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> OpCounts:
    size = np.size(a)
    return {"ne": 0 if is_truth(a) else size, "add": reduction(a, axis)[0]}


# --- what is not a number


def nans(a: ArrayLike) -> dict[str, int]:
    """The counts of a test for nan of each element, if its type has a nan."""
    return {"isnan": np.size(a)} if dtype_of(a).kind in "fc" else {}


def with_nans(rule: Rule) -> Rule:
    """The rule of a function that first replaces nan."""
    return lambda a, *arguments, **keywords: {**nans(a), **rule(a, *arguments, **keywords)}


def _nan_extreme(kind: str) -> Rule:
    def rule(a: ArrayLike, axis: Axis = None, out: object = None, keepdims: bool = False,
             initial: object = np._NoValue, where: object = True) -> OpCounts:  # fmt: skip
        steps, results = reduction(a, axis, initial, given_where(where))
        return {} if is_truth(a) else {kind: steps, "isnan": results}

    return rule


# --- shapes


def _running(function: Callable[..., Any]) -> Callable[..., Any]:
    def rule(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: object = None) -> Any:
        a = spec_of(a)
        return inferred(function, (a.ravel() if axis is None else a, axis or 0, dtype), {}, by_stand_ins)

    return rule


def _cumulative(function: Callable[..., Any]) -> Callable[..., Any]:
    def rule(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: DTypeLike | None = None,
        out: object = None,
        include_initial: bool = False,
    ) -> Any:
        axis = 0 if axis is None else axis
        x = x if x.ndim else x.ravel()
        result = function(x, axis, dtype)
        first = Spec(tuple(1 if index == range(x.ndim)[axis] else n for index, n in enumerate(x.shape)), result.dtype)
        return np.concatenate([first, result], axis) if include_initial else result

    return rule


def _count_nonzero_shape(a: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Any:
    result = by_stand_ins(np.count_nonzero, (a, axis), {"keepdims": keepdims})
    return Spec((), np.intp) if type(result) is int else result


# --- as they are differentiated, in NumPy's other functions


def _prod_of_nodes(a: Any, axis: Any = None, dtype: DTypeLike | None = None, out: object = None, keepdims: bool = False,
                   initial: object = np._NoValue, where: ArrayLike = True) -> Any:  # fmt: skip
    """A product for each element after the first, one after the other."""
    refuse_keywords("prod", dtype=dtype, out=out, initial=initial, where=where)
    if isinstance(axis, tuple):
        raise Uncounted("np.prod over several axes has no derivative here: take one axis after the other")
    shape = shape_of(a)
    kept = [1 if index in reduced_axes(axis, len(shape)) else size for index, size in enumerate(shape)]
    axis = axis if shape or axis not in (0, -1) else None
    a = np.reshape(a, -1) if axis is None else a
    found = None
    for part in slices_along(a, axis or 0):
        found = part if found is None else found * part
    found = np.ones(()) if found is None else found
    return np.reshape(found, kept) if keepdims is True else found


def _cumprod_of_nodes(a: Any, axis: Any = None, dtype: DTypeLike | None = None, out: object = None) -> Any:
    refuse_keywords("cumprod", dtype=dtype, out=out)
    a = np.reshape(a, -1) if axis is None else a
    found: list[Any] = []
    for part in slices_along(a, axis or 0):
        found.append(found[-1] * part if found else part)
    return np.stack(found, axis or 0)


def _trace_of_nodes(
    a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: DTypeLike | None = None, out: object = None
) -> Any:
    refuse_keywords("trace", dtype=dtype, out=out)
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


def _linalg_trace_of_nodes(x: ArrayLike, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> Any:
    return _trace_of_nodes(x, offset, -2, -1, dtype)


ROWS: Final = (
    Function("sum", _reducing("add"), SMALL, "sum"),
    Function("prod", _reducing("mul"), SMALL, _prod_of_nodes),
    *each("max amax", _extreme("maximum"), SMALL, "max"),
    *each("min amin", _extreme("minimum"), SMALL, "min"),
    Function("all", _truths("logical_and"), SMALL, CONSTANT, gives=TRUTHS),
    Function("any", _truths("logical_or"), SMALL, CONSTANT, gives=TRUTHS),
    Function("argmax", _position("gt"), BY_VALUE, CONSTANT, gives=POSITIONS),
    Function("argmin", _position("lt"), BY_VALUE, CONSTANT, gives=POSITIONS),
    Function("count_nonzero", _count_nonzero, _count_nonzero_shape, CONSTANT),
    Function("trace", _trace, SMALL, _trace_of_nodes),
    Function("linalg.trace", _linalg_trace, SMALL, _linalg_trace_of_nodes),
    Function("cumsum", _runs("add"), _running(np.cumsum), "cumsum"),
    Function("cumprod", _runs("mul"), _running(np.cumprod), _cumprod_of_nodes),
    Function("cumulative_sum", _runs("add"), _cumulative(np.cumsum), opened=True),
    Function("cumulative_prod", _runs("mul"), _cumulative(np.cumprod), opened=True),
    Function("nansum", with_nans(_reducing("add")), SMALL, opened=True),
    Function("nanprod", with_nans(_reducing("mul")), SMALL, opened=True),
    Function("nanmax", _nan_extreme("fmax"), QUIET, opened=True),
    Function("nanmin", _nan_extreme("fmin"), QUIET, opened=True),
    Function("nanargmax", with_nans(_position("gt")), BY_VALUE, CONSTANT, gives=POSITIONS),
    Function("nanargmin", with_nans(_position("lt")), BY_VALUE, CONSTANT, gives=POSITIONS),
    Function("nancumsum", with_nans(_runs("add")), _running(np.nancumsum), opened=True),
    Function("nancumprod", with_nans(_runs("mul")), _running(np.nancumprod), opened=True),
)
