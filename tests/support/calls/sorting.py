"""Calls of what sorts: sorting, searching, sets, medians, percentiles and histograms."""

from __future__ import annotations

import functools
import itertools
import operator

import numpy as np

import opcount as oc
from tests.support import loops_by_hand as hand
from tests.support.draws import OUT, calls
from tests.support.ground_truth import as_objects

KINDS = (None, "quicksort", "heapsort", "stable", "mergesort")
METHODS = (
    "linear", "lower", "higher", "nearest", "midpoint", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
    "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased",
)  # fmt: skip

SORTING = (
    "sort", "argsort", "partition", "argpartition", "searchsorted", "lexsort", "digitize", "unique", "unique_all",
    "unique_counts", "unique_inverse", "unique_values", "intersect1d", "setdiff1d", "setxor1d", "union1d", "median",
    "nanmedian", "quantile", "nanquantile", "percentile", "nanpercentile", "histogram",
)  # fmt: skip
"""The functions that sort, or search in what is sorted."""


def vector(pick, least=0, **keywords):
    return pick.array(max(pick.one(0, 1, 2, 3, 4, 5, 17, 40), least), **keywords)


def block(pick, least=1, **keywords):
    """An array of one to three dimensions, none of them empty."""
    return pick.array(*(pick.one(*range(least, 5), 17) for _ in range(pick.one(1, 2, 3))), **keywords)


def plain(values):
    return np.asarray(oc.unwrap(list(values)), float)


def all_of_objects(function):
    """A function of arrays of objects, also for what is plain data: each comparison is with a wrapped number."""

    def by(a, b, **options):
        return function(as_objects(oc.unwrap(a)), as_objects(oc.unwrap(b)), **options)

    return by


@calls("sort argsort")
def sort_calls(pick):
    a = block(pick)
    return (a,), pick.some(axis=pick.axis(a, None), kind=pick.one(*KINDS))


@calls("partition argpartition")
def partition_calls(pick):
    a = block(pick)
    axis = pick.axis(a)
    places = [pick.size(-a.shape[axis], a.shape[axis] - 1) for _ in range(pick.size(1, 3))]
    return (a, pick.one(places, places[0]), axis), {}


def in_order(pick, **keywords):
    return np.sort(vector(pick, dtype=pick.one(*"ddfl"), **keywords))


@calls("searchsorted", by=all_of_objects(np.searchsorted))
def search_calls(pick):
    a = in_order(pick)
    if pick.one(0, 0, 1):
        order = np.random.default_rng(0).permutation(a.size)
        return (a[order], block(pick)), {"sorter": np.argsort(order), "side": pick.one("left", "right")}
    return (a, pick.anything()), pick.some(side=pick.one("left", "right"))


@calls("lexsort")
def lexsort_calls(pick):
    size = pick.one(1, 2, 5, 20)
    if pick.one(0, 1):
        return (pick.array(pick.size(1, 3), size, special=False),), {}
    keys = tuple(pick.array(3, size, low=-1) for _ in range(pick.size(1, 3)))
    return (keys,), pick.some(axis=pick.one(0, 1, -1))


def digitized(x, bins, right=False):
    """Whether the bins go up or down, and a search."""
    start = next((place for place in range(1, len(bins)) if not bins[place] == bins[0]), None)  # noqa: SIM201
    up = start is None or bins[0] < bins[start]
    for a, b in itertools.pairwise(bins[start:] if start else []):
        assert not (a > b if up else a < b)
    all_of_objects(np.searchsorted)(bins if up else bins[::-1], x, side="left" if right else "right")


@calls("digitize", by=digitized)
def digitize_calls(pick):
    bins = in_order(pick, least=1, special=False)
    return (pick.anything(), pick.one(bins, bins[::-1].copy())), pick.some(right=pick.one(True, False))


@calls("unique")
def unique_calls(pick):
    a = pick.one(vector(pick), block(pick))
    both = pick.one(True, False)
    return (a,), pick.some(return_index=True, return_inverse=True, return_counts=True, equal_nan=both)


@calls("unique_all unique_counts unique_inverse unique_values")
def unique_calls_of_the_standard(pick):
    return (pick.one(vector(pick), block(pick)),), {}


@calls("intersect1d setdiff1d setxor1d union1d")
def set_calls(pick):
    a, b = (vector(pick, 1, dtype="d", special=False) for _ in "ab")
    return (a, b), {}


@calls("isin")
def isin_calls(pick):
    return (pick.one(vector(pick), block(pick)), vector(pick)), pick.some(invert=True, assume_unique=True)


# --- medians and percentiles


def of_each_lane(function):
    """A function of the numbers of each lane that are not nan."""

    def by(a, *args, axis=None, keepdims=False, **options):
        for lane in hand.lanes(a, axis):
            numbers = [x for x in lane if not isinstance(oc.unwrap(x), float) or not hand.isnan(x)]
            if numbers:
                found = np.empty(len(numbers), object)
                found[:] = numbers
                function(found, *args, **options)

    return by


def quantile(a, q, **options):
    """NumPy's own code does not take one place of an object array of one dimension."""
    return np.quantile(a, np.ravel(q), **options)


def percentile(a, q, **options):
    return np.percentile(a, np.ravel(q), **options)


@calls("median nanmedian", nanmedian=of_each_lane(np.median))
def median_calls(pick):
    a = block(pick)
    return (a,), pick.some(axis=pick.axes(a) or None, keepdims=pick.one(True, False), out=OUT)


WHOLE = int if np.lib.NumpyVersion(np.__version__) >= "2.2.0" else float
"""Older versions of NumPy give integers for a place that is one."""


def percentile_calls(pick, scale):
    a = block(pick)
    places = [pick.size(0, 20) / 20 * scale for _ in range(pick.size(1, 4))]
    options = pick.some(axis=pick.axes(a) or None, keepdims=pick.one(True, False), method=pick.one(*METHODS))
    return (a,), options | {"q": pick.one(places, np.array(places), places[0], WHOLE(places[0]))}


@calls("nanquantile", by=of_each_lane(quantile))
def quantile_calls(pick):
    return percentile_calls(pick, 1)


@calls("quantile", by=quantile)
def weighted_calls(pick):
    (a,), options = percentile_calls(pick, 1)
    if options.get("method") == "inverted_cdf":
        options |= pick.some(weights=np.arange(1.0, a.size + 1).reshape(a.shape))
    return (a,), options


@calls("percentile nanpercentile", percentile=percentile, nanpercentile=of_each_lane(percentile))
def percentile_calls_of_hundred(pick):
    return percentile_calls(pick, 100)


# --- histograms

SMALLER, GREATER = hand.one("minimum", np.minimum), hand.one("maximum", np.maximum)


def edges_by_hand(a, bins=10, range=None):
    """The edges, and the first and the last one if they are given by their number."""
    if np.ndim(bins):
        for one, other in itertools.pairwise(bins):
            assert not one > other
        return bins, None
    if range is not None:
        first, last = range
        assert not first > last
    else:
        first, last = (functools.reduce(choose, a.flat) for choose in (SMALLER, GREATER))
    hand.isfinite(first), hand.isfinite(last)
    if first == last:
        first, last = first - 0.5, last + 0.5
    step = (last - first) / bins
    _ = step == 0
    edges = [place * step + first for place in np.arange(bins + 1).tolist()]
    edges[-1] = last
    for one, other in itertools.pairwise(edges):
        assert not one >= other
    return edges, (first, last)


def histogram(a, bins=10, range=None, density=False, weights=None):
    edges, ends = edges_by_hand(a, bins, range)
    if ends is None:
        search = all_of_objects(np.searchsorted)  # of what is sorted, or in what is wrapped
        np.sort(a)
        for side, part in (("left", edges[:-1]), ("right", edges[-1:])):
            search(np.sort(plain(a)), plain(part), side=side)
    else:
        first, last = ends
        width = last - first
        for x in a.flat:
            above, below = x >= first, x <= last
            if above and below:
                place = min(int(oc.unwrap((x - first) / width * bins)), bins - 1)
                place -= bool(x < edges[place])
                _ = x >= edges[place + 1]
    if density:
        numbers = [oc.wrap(1.0) / (one - other) for one, other in itertools.pairwise(edges)]
        total = functools.reduce(operator.add, [oc.wrap(1.0) for _ in numbers])
        for number in numbers:
            number / total


@calls("histogram", by=histogram)
def histogram_calls(pick):
    a = pick.array(pick.one(1, 2, 5, 20), dtype=pick.one(*"ddl"), special=False)
    if pick.one(True, False):
        return (a, pick.one([-5.0, -1.0, 0.5, 2.0], np.array([-4.0, 0.0, 0.25, 4.0]))), pick.some(density=True)
    return (a, pick.size(1, 7)), pick.some(range=(-3.0, 2.5), density=True)


@calls("histogram_bin_edges", by=edges_by_hand)
def edges_calls(pick):
    args, options = histogram_calls(pick)
    return args, hand.without(options, "density")
