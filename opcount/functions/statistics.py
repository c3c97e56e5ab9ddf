"""Means, deviations and ranges."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import ArrayLike, DTypeLike

from opcount.counting.callers import warn
from opcount.functions.applications import applications, reduction
from opcount.functions.numpys_own import any_true, as_array, truths
from opcount.functions.of_nodes import in_dtype, ordered_axes, refuse_keywords
from opcount.functions.op_counts import NoRule, OpCounts, Rule, asks_for_complex, is_complex, no_truths
from opcount.functions.reductions import given_where, nans, with_nans
from opcount.functions.rows import AS_EXECUTED, NUMPY, Executed, Function
from opcount.wrapping.shapes import Axis
from opcount.wrapping.stand_ins import EXACT, QUIET, SMALL
from opcount.wrapping.trees import shape_of


def _mean(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: object = None,
          keepdims: object = False, *, where: object = True) -> OpCounts:  # fmt: skip
    no_truths(dtype, a)
    steps, results = reduction(a, axis, where=given_where(where))
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex mean divides complex numbers, which has no exact count: write np.sum(a) * (1 / n)")
    return {"add": steps, "div": results}


def _var(a: Any, axis: Axis = None, dtype: Any = None, out: object = None, ddof: object = 0,
         keepdims: object = False, *, where: object = True, mean: object = np._NoValue,
         correction: object = np._NoValue) -> OpCounts:  # fmt: skip
    """The mean, the square of each deviation from it, and the mean of these."""
    no_truths(dtype, a)
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex variance divides complex numbers, which has no exact count")
    steps, results = reduction(a, axis, where=given_where(where))
    size = np.size(a)
    passes = 2 if mean is np._NoValue else 1
    return {"add": passes * steps, "div": passes * results, "sub": size, "mul": size}


def _with_root(variance: Rule) -> Rule:
    def rule(a: ArrayLike, axis: Axis = None, *arguments: object, **keywords: object) -> OpCounts:
        return {**variance(a, axis, *arguments, **keywords), "sqrt": reduction(a, axis)[1]}

    return rule


def _ptp(a: ArrayLike, axis: Axis = None, out: object = None, keepdims: bool = False) -> OpCounts:
    steps, results = reduction(a, axis)
    return {"maximum": steps, "minimum": steps, "sub": results}


def _nanvar(a: ArrayLike, *arguments: Any, where: object = np._NoValue, **keywords: Any) -> OpCounts:
    """The variance of the numbers that `where` selects; NumPy's var computes the deviations of all."""
    where = given_where(where)
    counts = _var(a, *arguments, where=where, **keywords)
    taken = applications(a, where=where)
    return {**counts, **nans(a), "sub": taken, "mul": taken} if nans(a) else counts


# --- means and covariances that are executed in other operations


def _keywords(**given: object) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not np._NoValue}


def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: object = np._NoValue
) -> Any:
    a = as_array(a)
    kept = _keywords(keepdims=keepdims)
    if axis is not None:
        axis = normalize_axis_tuple(axis, a.ndim)
    if weights is None:
        average = np.mean(a, axis, **kept)
        scale: Any = np.result_type(average).type(a.size / np.size(average)) if returned else None
    else:
        weights = _fitting_weights(a, as_array(weights), axis)
        dtype = np.result_type(a.dtype, weights.dtype, *(["f8"] if a.dtype.kind in "iub" else []))
        scale = np.sum(weights, axis=axis, dtype=dtype, **kept)
        if any_true(scale == 0.0):
            raise ZeroDivisionError
        average = np.sum(np.multiply(a, weights, dtype=dtype), axis, **kept) / scale
    if not returned:
        return average
    return average, scale if np.shape(scale) == np.shape(average) else np.broadcast_to(scale, np.shape(average)).copy()


def _fitting_weights(a: Any, weights: Any, axis: Any) -> Any:
    if a.shape == weights.shape:
        return weights
    if axis is None or weights.shape != tuple(a.shape[index] for index in axis):
        raise ValueError
    weights = np.transpose(weights, np.argsort(axis))
    return weights.reshape(tuple(size if index in axis else 1 for index, size in enumerate(a.shape)))


def _cov(m: Any, y: Any = None, rowvar: Any = True, bias: Any = False, ddof: Any = None, fweights: Any = None,
         aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    m = as_array(m)
    y = None if y is None else as_array(y)
    if (ddof is not None and ddof != int(ddof)) or any(part is not None and part.ndim > 2 for part in (m, y)):
        raise ValueError
    if dtype is None:
        dtype = np.result_type(m.dtype, np.float64, *([] if y is None else [y.dtype]))
    X = np.atleast_2d(m).astype(dtype)
    if not rowvar and (m.ndim if NUMPY >= (2, 2) else len(X)) != 1:
        X = X.T
    if X.shape[0] == 0:
        return np.array([]).reshape(0, 0)
    if y is not None:
        y = np.atleast_2d(y).astype(dtype)
        X = np.concatenate((X, y.T if not rowvar and y.shape[0] != 1 else y))
    if ddof is None:
        ddof = 1 if bias == 0 else 0
    weights = _cov_weights(X, fweights, aweights)
    if weights is None:
        means, total = np.average(X, axis=1), None
    else:
        means, sums = np.average(X, axis=1, weights=weights, returned=True)
        total = sums[0]
    if total is None:
        factor = X.shape[1] - ddof
    elif ddof == 0:
        factor = total
    elif aweights is None:
        factor = total - ddof
    else:
        factor = total - ddof * np.sum(weights * as_array(aweights)) / total
    if factor <= 0:
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
        factor = 0.0
    X = (X - means[:, None]).astype(X.dtype, copy=False)
    transposed = X.T if weights is None else (X * weights).T
    c = np.dot(X, np.conjugate(transposed))
    return np.squeeze((c * np.true_divide(1, factor)).astype(c.dtype, copy=False))


def _cov_weights(X: Any, fweights: object, aweights: object) -> Any:
    product = None
    for weights, whole in ((fweights, True), (aweights, False)):
        if weights is None:
            continue
        weights = as_array(weights).astype(float)
        if whole and not truths(weights == np.round(weights)).all():
            raise TypeError
        if weights.shape != X.shape[1:] or truths(weights < 0).any():
            raise ValueError
        product = weights if product is None else product * weights
    return product


def _corrcoef(x: Any, y: Any = None, rowvar: Any = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviations = np.sqrt(np.diag(c).real)
    c = c / deviations[:, None]
    c = c / deviations[None, :]
    for part in (c.real, c.imag) if np.iscomplexobj(c) else (c,):
        np.clip(part, -1, 1, out=part)
    return c


# --- as they are differentiated, in NumPy's other functions


def _mean_of_nodes(a: Any, axis: Any = None, dtype: Any = None, out: object = None, keepdims: Any = False, *,
                   where: object = True) -> Any:  # fmt: skip
    refuse_keywords("mean", out=out, where=where)
    a = in_dtype(as_array(a), dtype)
    return np.sum(a, axis, keepdims=keepdims) / _divisor(a, axis)


def _divisor(a: object, axis: object) -> Any:
    """How many numbers a mean is of; any number if the array has no values, as the result has none then either."""
    size = math.prod(shape_of(a)[index] for index in ordered_axes(axis, len(shape_of(a))))
    return size if isinstance(size, int) else 2


def _var_of_nodes(a: Any, axis: Any = None, dtype: DTypeLike | None = None, out: object = None, ddof: object = 0,
                  keepdims: Any = False, *, where: object = True, mean: Any = np._NoValue,
                  correction: object = np._NoValue) -> Any:  # fmt: skip
    refuse_keywords("var", dtype=dtype, out=out, where=where)
    a = as_array(a)
    deviations = a - (_mean_of_nodes(a, axis, keepdims=True) if mean is np._NoValue else mean)
    lost = ddof if correction is np._NoValue else correction
    return np.sum(deviations * deviations, axis, keepdims=keepdims) / (_divisor(a, axis) - lost)


def _std_of_nodes(*args: Any, **keywords: Any) -> Any:
    return np.sqrt(_var_of_nodes(*args, **keywords))


def _ptp_of_nodes(a: ArrayLike, axis: Axis = None, out: object = None, keepdims: bool = False) -> Any:
    refuse_keywords("ptp", out=out)
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


ROWS: Final = (
    Function("ptp", _ptp, SMALL, _ptp_of_nodes),
    Function("mean", _mean, QUIET, _mean_of_nodes),
    Function("var", _var, QUIET, _var_of_nodes),
    Function("std", _with_root(_var), QUIET, _std_of_nodes),
    Function("nanmean", with_nans(_mean), QUIET, opened=True),
    Function("nanvar", _nanvar, QUIET, opened=True),
    Function("nanstd", _with_root(_nanvar), QUIET, opened=True),
    Function("average", Executed(_average), EXACT, AS_EXECUTED),
    Function("cov", Executed(_cov), EXACT, AS_EXECUTED),
    Function("corrcoef", Executed(_corrcoef), EXACT, AS_EXECUTED),
)
