"""Calls of reductions, of running ones, and of statistics."""

from __future__ import annotations

import operator

import numpy as np

from tests.support import loops_by_hand as hand
from tests.support.draws import OUT, calls


@calls(
    "sum prod max amax min amin",
    sum=hand.objects_or(np.sum, hand.joined(operator.add)), prod=hand.objects_or(np.prod, hand.joined(operator.mul)),
    max=hand.objects_or(np.max, hand.joined(hand.greater)), amax=hand.objects_or(np.max, hand.joined(hand.greater)),
    min=hand.objects_or(np.min, hand.joined(hand.smaller)), amin=hand.objects_or(np.min, hand.joined(hand.smaller)),
)  # fmt: skip
def reduction_calls(pick):
    a = pick.anything()
    return (a,), pick.some(
        axis=pick.axes(a), keepdims=pick.one(True, False), initial=1.5, where=pick.mask(*a.shape), out=OUT
    )


@calls(
    "all any",
    all=hand.joined_truths(hand.one("logical_and", np.logical_and)),
    any=hand.joined_truths(hand.one("logical_or", np.logical_or)),
)
def truth_calls(pick):
    args, options = reduction_calls(pick)
    return args, hand.without(options, "initial")


@calls("mean", by=hand.objects_or(np.mean, hand.mean))
def mean_calls(pick):
    args, options = reduction_calls(pick)
    return args, hand.without(options, "initial") | pick.some(dtype=pick.one("d", "f"))


def deviation_calls(pick, calls_of_mean):
    (a,), options = calls_of_mean(pick)
    if a.ndim and pick.one(0, 0, 1):
        options["mean"] = np.asarray(np.sum(pick.real(*a.shape), axis=options.get("axis"), keepdims=True))
    return (a,), options | pick.some(ddof=pick.size(0, 2))


@calls("var std", var=hand.objects_or(np.var, hand.variance), std=hand.objects_or(np.std, hand.deviation))
def variance_calls(pick):
    return deviation_calls(pick, mean_calls)


@calls("ptp")
def ptp_calls(pick):
    a = pick.anything()
    return (a,), pick.some(axis=pick.axes(a), keepdims=pick.one(True, False), out=OUT)


@calls("argmax argmin")
def position_calls(pick):
    a = pick.array(*pick.sizes(smallest=1))
    return (a,), pick.some(axis=pick.axis(a, None), keepdims=pick.one(True, False))


@calls("cumsum cumprod")
def running_calls(pick):
    a = pick.anything()
    return (a,), pick.some(axis=pick.axis(a, None), dtype="d", out=OUT)


@calls("cumulative_sum cumulative_prod")
def cumulative_calls(pick):
    a = pick.anything()
    return (a,), {"axis": pick.axis(a)} | pick.some(include_initial=True, dtype="d")


@calls("trace")
def trace_calls(pick):
    a = pick.array(*pick.sizes(2, 3))
    places = pick.one((0, 1), (-1, 0), (a.ndim - 1, 0))
    return (a,), pick.some(offset=pick.size(-2, 2)) | pick.one({}, {"axis1": places[0], "axis2": places[1]})


@calls("linalg.trace")
def linalg_trace_calls(pick):
    return (pick.array(*pick.sizes(2, 3)),), pick.some(offset=pick.size(-2, 2))


@calls("count_nonzero", by=hand.count_nonzero)
def count_nonzero_calls(pick):
    a = pick.anything()
    return (a,), pick.some(axis=pick.axes(a), keepdims=True)


@calls(
    "nansum nanprod nanmax nanmin",
    nansum=hand.objects_or(np.nansum, hand.nan_first(hand.joined(operator.add))),
    nanprod=hand.objects_or(np.nanprod, hand.nan_first(hand.joined(operator.mul))),
    nanmax=hand.nan_extreme("fmax", np.fmax), nanmin=hand.nan_extreme("fmin", np.fmin),
)  # fmt: skip
def nan_reduction_calls(pick):
    a = pick.floats(*pick.sizes())
    return (a,), pick.some(
        axis=pick.axes(a), keepdims=pick.one(True, False), initial=1.5, where=pick.mask(*a.shape), out=OUT
    )


@calls("nanmean", by=hand.objects_or(np.nanmean, hand.nan_first(hand.mean)))
def nanmean_calls(pick):
    args, options = nan_reduction_calls(pick)
    return args, hand.without(options, "initial") | pick.some(dtype="d")


@calls(
    "nanvar nanstd",
    nanvar=hand.nan_first(hand.variance, everywhere=False),
    nanstd=hand.nan_first(hand.deviation, everywhere=False),
)
def nanvar_calls(pick):
    return deviation_calls(pick, nanmean_calls)


@calls("nancumsum nancumprod")
def nan_running_calls(pick):
    a = pick.floats(*pick.sizes())
    return (a,), pick.some(axis=pick.axis(a, None), dtype="d", out=OUT)


@calls("nanargmax nanargmin")
def nan_position_calls(pick):
    a = pick.floats(*pick.sizes(smallest=1))
    return (a,), pick.some(axis=pick.axis(a, None), keepdims=pick.one(True, False))


# statistics


@calls("average", by=np.average)
def average_calls(pick):
    a = pick.array(*pick.sizes(1, 3, smallest=1), special=False)
    axis = pick.axes(a)
    options = pick.some(returned=True, keepdims=True)
    if axis is None:
        return (a,), options | pick.some(weights=pick.array(*a.shape, special=False, low=1))
    if axis == ():
        return (a,), options | {"axis": axis}
    axis = tuple(sorted(place % a.ndim for place in axis)) if isinstance(axis, tuple) else axis
    shape = [a.shape[place] for place in np.atleast_1d(axis)]
    return (a,), options | {"axis": axis} | pick.some(weights=pick.array(*shape, special=False, low=1))


@calls("cov", by=hand.cov)
def cov_calls(pick):
    m = pick.array(*pick.sizes(1, 2, smallest=2), special=False)
    options = pick.some(
        y=pick.array(*m.shape, special=False), rowvar=pick.one(True, False), bias=True, ddof=pick.size(0, 1)
    )
    number = m.shape[-1] if options.get("rowvar", True) or m.ndim == 1 else m.shape[0]
    weights = pick.some(
        fweights=pick.array(number, dtype="l", low=1), aweights=pick.array(number, dtype="d", special=False, low=1)
    )
    return (m,), options | weights


@calls("corrcoef", by=hand.corrcoef)
def corrcoef_calls(pick):
    m = pick.array(*pick.sizes(1, 2, smallest=2), special=False)
    return (m,), pick.some(y=pick.array(*m.shape, special=False), rowvar=pick.one(True, False))
