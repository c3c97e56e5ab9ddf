"""Means, deviations and ranges; what counts values into bins or sorts them is refused."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from opcount.functions.applications import applications, reduction
from opcount.functions.op_counts import NoRule, OpCounts, Rule, asks_for_complex, is_complex, no_truths
from opcount.functions.reductions import given_where, nans, with_nans
from opcount.functions.rows import DATA_DEPENDENT, Function, refused
from opcount.wrapping.stand_ins import BY_VALUE, QUIET, SMALL


def _mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
          where: Any = True) -> OpCounts:  # fmt: skip
    no_truths(dtype, a)
    steps, results = reduction(a, axis, where=given_where(where))
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex mean divides complex numbers, which has no exact count: write np.sum(a) * (1 / n)")
    return {"add": steps, "div": results}


def _var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
         where: Any = True, mean: Any = np._NoValue, correction: Any = np._NoValue) -> OpCounts:  # fmt: skip
    """The mean, the square of each deviation from it, and the mean of these."""
    no_truths(dtype, a)
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex variance divides complex numbers, which has no exact count")
    steps, results = reduction(a, axis, where=given_where(where))
    size = np.size(a)
    passes = 2 if mean is np._NoValue else 1
    return {"add": passes * steps, "div": passes * results, "sub": size, "mul": size}


def _with_root(variance: Rule) -> Rule:
    def rule(a: Any, axis: Any = None, *arguments: Any, **keywords: Any) -> OpCounts:
        return {**variance(a, axis, *arguments, **keywords), "sqrt": reduction(a, axis)[1]}

    return rule


def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> OpCounts:
    steps, results = reduction(a, axis)
    return {"maximum": steps, "minimum": steps, "sub": results}


def _nanvar(a: Any, *arguments: Any, where: Any = np._NoValue, **keywords: Any) -> OpCounts:
    """The variance of the numbers that `where` selects, where NumPy's var has the deviations of all."""
    where = given_where(where)
    numbers = _var(a, *arguments, where=where, **keywords)
    taken = applications(a, where=where)
    return {**numbers, **nans(a), "sub": taken, "mul": taken} if nans(a) else numbers


ROWS: Final = (
    Function("ptp", _ptp, SMALL, "ptp"),
    Function("mean", _mean, QUIET, "mean"),
    Function("var", _var, QUIET, "var"),
    Function("std", _with_root(_var), QUIET, "std"),
    Function("nanmean", with_nans(_mean), QUIET),
    Function("nanvar", _nanvar, QUIET),
    Function("nanstd", _with_root(_nanvar), QUIET),
    *refused(DATA_DEPENDENT, "median nanmedian percentile nanpercentile quantile nanquantile"),
    *refused(DATA_DEPENDENT, "bincount histogram histogram2d histogramdd histogram_bin_edges", BY_VALUE),
)
