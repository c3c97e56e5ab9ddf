"""Medians, percentiles and histograms: they sort, and compute with what then stands where.

They count what NumPy's own code executes on objects. A median is the mean of the one or two numbers in the middle,
which is an `add` and a `div`, or a `div` alone. A percentile between two numbers is interpolated by their difference.
Where to look is known from the size and from the plain q, so it counts nothing; neither does NumPy's look whether a
nan has come to the end, which it takes for floats alone.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.lib import _function_base_impl

from opcount.counting.callers import warn
from opcount.functions.numpys_own import as_array, truths
from opcount.functions.of_nodes import reduced_axes
from opcount.functions.op_counts import NoRule
from opcount.functions.reductions import nans
from opcount.functions.rows import AS_EXECUTED, DATA_DEPENDENT, Executed, Function, refused
from opcount.functions.sorting import numbers_beside, refuse_without_order, values_of
from opcount.wrapping.operands import holds_wrapped
from opcount.wrapping.stand_ins import BY_VALUE, EXACT
from opcount.wrapping.trees import shape_of

_OfLanes = Callable[[Any], Any]
"""A function of an array along its first axis."""


def _reduced(a: Any, axis: Any, out: Any, keepdims: Any, of_lanes: _OfLanes) -> Any:
    """A function along these axes, joined to one; it may put new axes before those that are left."""
    a = as_array(a)
    refuse_without_order(values_of(a))
    shape = shape_of(a)
    axes = sorted(reduced_axes(axis, len(shape)))
    rest = [index for index in range(len(shape)) if index not in axes]
    length = math.prod(shape[index] for index in axes)
    lanes = np.reshape(np.transpose(a, (*axes, *rest)), (length, *(shape[index] for index in rest)))
    result = of_lanes(lanes)
    if keepdims is True:
        kept = tuple(1 if index in axes else size for index, size in enumerate(shape))
        result = np.reshape(result, (*shape_of(result)[: len(shape_of(result)) - len(rest)], *kept))
    if out is None:
        return result
    out[...] = result
    return out


def _with_nans(result: Any, lanes: Any, last: Any) -> Any:
    """The result, and nan for each lane that has one among its numbers, which then has been sorted to the end."""
    values = values_of(lanes)
    missing = np.asarray(values != values, bool).any(axis=0)
    if not missing.any():
        return result
    return np.where(np.broadcast_to(missing, shape_of(result)), last, result) if shape_of(result) else last


# --- medians


def _median_of(lanes: Any) -> Any:
    if not len(lanes):
        return np.mean(lanes, axis=0)
    half, odd = divmod(len(lanes), 2)
    part = np.partition(lanes, [half - 1 + odd, half, -1], axis=0)
    return _with_nans(np.mean(part[half - 1 + odd : half + 1], axis=0), lanes, part[-1])


def _median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    return as_array(a) if not shape_of(a) else _reduced(a, axis, out, keepdims, _median_of)


def _nanmedian(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = np._NoValue
) -> Any:
    return _reduced(a, axis, out, keepdims, partial(_without_nans, of_lanes=_median_of, to=()))


def _without_nans(lanes: Any, of_lanes: _OfLanes, to: tuple[int, ...]) -> Any:
    """A function of the numbers of each lane that are not nan; nan, in the shape `to`, where all of them are."""
    missing = truths(np.isnan(lanes)) if nans(values_of(lanes)) else np.zeros(shape_of(lanes), bool)
    if not missing.any() and len(lanes):
        return of_lanes(lanes)
    rest = shape_of(lanes)[1:]
    found = []
    for index in np.ndindex(rest):
        lane, gone = lanes[(slice(None), *index)], missing[(slice(None), *index)]
        if gone.all():
            warn("All-NaN slice encountered", RuntimeWarning)
            found.append(np.broadcast_to(lane[-1], to) if to else lane[-1])
        else:
            found.append(of_lanes(lane[~gone] if gone.any() else lane))
    if not rest:
        return found[0]
    return np.reshape(np.stack([as_array(part) for part in found], axis=-1), (*to, *rest))


# --- quantiles

_METHODS: Final[Mapping[str, Any]] = vars(_function_base_impl)["_QuantileMethods"]
"""How NumPy finds where to look, by method."""

_DISCRETE: Final = frozenset({"inverted_cdf", "closest_observation", "lower", "higher", "nearest"})
"""The methods that take one of the numbers, and interpolate between none."""


def _quantile_of(lanes: Any, q: Any, weak: bool, method: str, weights: Any) -> Any:
    """The values at q of the way through each lane, as `_quantile` in NumPy's Python finds them."""
    if weights is not None:
        return _weighted_quantile_of(lanes, q, weights)
    how, length = _METHODS[method], len(lanes)
    index = np.asanyarray(how["get_virtual_index"](length, q))
    if method in _DISCRETE or (method == "linear" and index.dtype.kind in "iu"):
        part = np.partition(lanes, [*np.ravel(index).tolist(), -1], axis=0)
        return _with_nans(part[index] if index.ndim else part[int(index)], lanes, part[-1])
    before = np.floor(index)
    after = before + 1
    for outside, end in ((index >= length - 1, -1), (index < 0, 0)):
        before, after = (np.where(outside, end, place) for place in (before, after))
    before, after = before.astype(np.intp), after.astype(np.intp)
    share = np.asanyarray(how["fix_gamma"](np.asanyarray(index - before), index), dtype=index.dtype)
    part = np.partition(lanes, np.unique([0, length - 1, *before.ravel() % length, *after.ravel() % length]), axis=0)
    if index.ndim:
        result = _interpolated(part[before.ravel()], part[after.ravel()], share.ravel())
        result = np.reshape(result, (*index.shape, *shape_of(lanes)[1:]))
    else:
        result = _interpolated(part[int(before)], part[int(after)], float(share) if weak else share[()])
    return _with_nans(result, lanes, part[-1])


def _interpolated(a: Any, b: Any, t: Any) -> Any:
    """The points at t of the way from a to b, from the end that is nearer, as NumPy's `_lerp` computes them."""
    near_b = np.ravel(t >= 0.5)
    t = t if not np.ndim(t) else np.reshape(t, (-1, *(1 for _ in shape_of(a)[1:])))
    difference = b - a
    from_a = a + difference * t
    rest = difference * (1 - t)
    if not near_b.any():
        return from_a
    if not np.ndim(t):
        return b - rest
    places = np.arange(len(near_b))
    places[near_b] = len(near_b) + np.arange(np.count_nonzero(near_b))
    return np.concatenate([from_a, b[near_b] - rest[near_b]])[places]


def _weighted_quantile_of(lanes: Any, q: Any, weights: np.ndarray) -> Any:
    """Which of the sorted elements NumPy takes by these plain weights; it computes with the weights alone."""
    order = np.argsort(lanes, axis=0)
    ranks = np.argsort(order, axis=0)
    chosen = np.quantile(ranks.astype(float), q, axis=0, method="inverted_cdf", weights=weights).astype(np.intp)
    flat = np.reshape(chosen, (-1, *shape_of(lanes)[1:]))
    taken = np.take_along_axis(lanes, np.take_along_axis(order, flat, 0), 0)
    last = np.take_along_axis(lanes, order[-1:], 0)[0]
    return _with_nans(np.reshape(taken, chosen.shape) if chosen.ndim else taken[0], lanes, last)


def _quantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
              method: str = "linear", keepdims: Any = False, *, weights: Any = None, scale: Any = None,
              missing: bool = False) -> Any:  # fmt: skip
    """A quantile, or a percentile for the scale 100, of all numbers, or of those that are not `missing`, nan."""
    if holds_wrapped(q):
        raise NoRule("a wrapped q would say where in the array to look: give it plain, oc.unwrap(q)")
    if holds_wrapped(weights):
        raise NoRule("wrapped weights have no exact count: give them plain, oc.unwrap(weights)")
    weak = type(q) in (int, float)
    q = np.asanyarray(q) if scale is None else np.true_divide(q, scale)
    if q.ndim > 2 or not (np.min(q, initial=0) >= 0 and np.max(q, initial=0) <= 1):
        raise ValueError
    if weights is not None:
        if missing or method != "inverted_cdf" or np.shape(weights) != shape_of(a):
            raise NoRule("weights have an exact count for np.quantile and np.percentile, one for each element")
        weights = np.asarray(_reduced(weights, axis, None, False, lambda lanes: lanes))
    of_lanes = partial(_quantile_of, q=q, weak=weak, method=method, weights=weights)
    return _reduced(
        a, axis, out, keepdims, partial(_without_nans, of_lanes=of_lanes, to=q.shape) if missing else of_lanes
    )


# --- histograms


_BLOCK: Final = 65536
"""How many numbers NumPy sorts, or puts into bins, at once."""


def _edges(a: Any, bins: Any, limits: Any) -> tuple[Any, Any]:
    """The edges of the bins; and the first and the last one, where the bins are given by their number."""
    refuse_without_order(values_of(a))
    if isinstance(bins, str):
        raise NoRule("a rule for the number of bins has no exact count: give their number, or their edges")
    if np.ndim(bins):
        edges = as_array(bins)
        if edges.ndim != 1 or truths(edges[:-1] > edges[1:]).any():
            raise ValueError
        return edges, None
    count = operator.index(bins)
    if limits is not None:
        first, last = limits
        if first > last:
            raise ValueError
    else:
        first, last = (np.min(a), np.max(a)) if shape_of(a) != (0,) else (0, 1)
    if count < 1 or not (truths(np.isfinite(first)) and truths(np.isfinite(last))):
        raise ValueError
    if first == last:
        first, last = first - 0.5, last + 0.5
    dtype = None if limits is None else np.result_type(*limits, values_of(a), *_float_of(values_of(a)))
    edges = np.linspace(first, last, count + 1, dtype=dtype)
    if truths(edges[:-1] >= edges[1:]).any():
        raise ValueError
    return edges, (first, last)


def _float_of(values: np.ndarray) -> tuple[type, ...]:
    return (float,) if values.dtype.kind in "iu" else ()


def _histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """How many numbers lie in each bin: found by sorting them where edges are given, else by computing each one's bin.

    How many there are is found by comparing, and counts nothing itself; what is computed from it counts.
    """
    if holds_wrapped(weights):
        raise NoRule("how often it adds weights depends on the values: give them plain, oc.unwrap(weights)")
    a = np.reshape(as_array(a), -1)
    edges, ends = _edges(a, bins, range)
    limits = None if range is None else tuple(map(values_of, range))
    found, _ = np.histogram(values_of(a), values_of(edges) if ends is None else bins, limits, weights=weights)
    for start in np.arange(0, len(a), _BLOCK).tolist():
        block = a[start : start + _BLOCK]
        if ends is None:
            ordered = np.sort(block) if weights is None else block[np.argsort(block)]
            np.searchsorted(ordered, edges[:-1], "left")
            np.searchsorted(ordered, edges[-1:], "right")
        else:
            _place(block, edges, *ends)
    numbers = numbers_beside(found, a, edges)
    if density:
        numbers = numbers / np.diff(edges) / np.sum(numbers)
    return numbers, edges


def _place(a: Any, edges: Any, first: Any, last: Any) -> None:
    """Find the bin of each number by its distance from the first edge, and compare it with the edges of the bin."""
    bins = len(edges) - 1
    width = last - first
    inside = a[truths(a >= first) & truths(a <= last)].astype(edges.dtype)
    places = values_of((inside - first) / width * bins).astype(np.intp)
    places[places == bins] -= 1
    places[truths(inside < edges[places])] -= 1
    _ = inside >= edges[places + 1]


def _histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    return _edges(np.reshape(as_array(a), -1), bins, range)[0]


def _percentile(a: Any, q: Any, *arguments: Any, **keywords: Any) -> Any:
    return _quantile(a, q, *arguments, scale=100, **keywords)


def _nanquantile(a: Any, q: Any, *arguments: Any, **keywords: Any) -> Any:
    return _quantile(a, q, *arguments, missing=True, **keywords)


def _nanpercentile(a: Any, q: Any, *arguments: Any, **keywords: Any) -> Any:
    return _quantile(a, q, *arguments, scale=100, missing=True, **keywords)


ROWS: Final = (
    Function("median", Executed(_median), EXACT, AS_EXECUTED),
    Function("nanmedian", Executed(_nanmedian), EXACT, AS_EXECUTED),
    Function("percentile", Executed(_percentile), EXACT, AS_EXECUTED),
    Function("quantile", Executed(_quantile), EXACT, AS_EXECUTED),
    Function("nanpercentile", Executed(_nanpercentile), EXACT, AS_EXECUTED),
    Function("nanquantile", Executed(_nanquantile), EXACT, AS_EXECUTED),
    Function("histogram", Executed(_histogram), BY_VALUE, AS_EXECUTED),
    Function("histogram_bin_edges", Executed(_histogram_bin_edges), BY_VALUE, AS_EXECUTED, opened=True),
    *refused(DATA_DEPENDENT, "bincount histogram2d histogramdd", BY_VALUE),
)
