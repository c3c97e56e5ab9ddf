"""Calls of ranges, polynomials, tables, and of functions of functions."""

from __future__ import annotations

import numpy as np

from tests.support import loops_by_hand as hand
from tests.support.draws import calls


@calls("arange", by=lambda *_, **__: None)
def arange_calls(pick):
    return (pick.one((3,), (1, 7, 2))), {"like": pick.anything()}


@calls("linspace", by=hand.linspace)
def linspace_calls(pick):
    ends = [pick.array(*shape, special=False) for shape in pick.shapes(2)]
    ends = pick.one(ends, ends, [1.5, 4.0], [ends[0], 2.5], [2.0, 2.0])
    most = max(np.ndim(end) for end in ends)
    options = pick.some(endpoint=False, retstep=True, axis=pick.size(-1, most), dtype=pick.one("d", "l"))
    return tuple(ends), {"num": pick.size(0, 5)} | options


@calls("logspace", by=hand.logspace)
def logspace_calls(pick):
    ends, options = linspace_calls(pick)
    base = pick.one(2.0, 3.5, pick.array(*np.broadcast_shapes(*map(np.shape, ends)), special=False, low=1))
    options = hand.without(options, "retstep", "dtype")
    if np.ndim(base):
        options["axis"] = 0
    return ends, options | pick.some(base=base)


@calls("geomspace", by=hand.geomspace)
def geomspace_calls(pick):
    ends = [pick.array(*shape, special=False, low=1) * pick.one(1, -1) for shape in pick.shapes(2)]
    ends = pick.one([*map(np.asarray, ends)], [1.5, 4.0])
    return tuple(ends), {"num": pick.size(0, 5)} | pick.some(endpoint=False)


@calls("polyval")
def polyval_calls(pick):
    return (pick.array(pick.size()), pick.anything()), {}


@calls("polyadd polysub")
def polyadd_calls(pick):
    return (pick.one(pick.array(pick.size(1)), pick.array()), pick.array(pick.size(1))), {}


@calls("polymul", by=hand.polymul)
def polymul_calls(pick):
    return (pick.one(pick.array(pick.size()), pick.array()), pick.array(pick.size())), {}


@calls("polyder")
def polyder_calls(pick):
    return (pick.array(pick.size(1)),), pick.some(m=pick.size(0, 3))


@calls("polyint")
def polyint_calls(pick):
    m = pick.size(0, 3)
    return (pick.array(pick.size(1)), m), pick.one({}, {"k": pick.array(max(m, 1), dtype="d")})


@calls("poly")
def poly_calls(pick):
    return (pick.array(pick.size(), special=False),), {}


@calls("interp", by=hand.interp)
def interp_calls(pick):
    n = pick.one(1, 2, 3, 4, 5, 8, 12, 20, 40)
    x = pick.one(pick.floats(*pick.sizes(0, 2)), np.sort(pick.real(pick.size(0, 30))), pick.real(pick.size(0, 30)))
    table = np.sort(pick.real(n))
    return (x, pick.one(table, table, pick.floats(n)), pick.floats(n)), pick.some(left=-9.0, right=9.0)


@calls("pad", by=lambda *_, **__: None)
def pad_calls(pick):
    a = pick.array(*pick.sizes(1, 2, smallest=1))
    return (a, pick.one(1, (2, 1))), {"mode": pick.one("constant", "edge", "wrap", "symmetric")}


# functions of functions


@calls("apply_along_axis")
def apply_along_axis_calls(pick):
    a = pick.array(*pick.sizes(1, 3, smallest=1))
    return (pick.one(np.sum, np.cumsum, lambda v: v[:1], lambda v: np.multiply.outer(v, v)), pick.axis(a), a), {}


@calls("apply_over_axes")
def apply_over_axes_calls(pick):
    a = pick.array(*pick.sizes(2, 3, smallest=1))
    return (pick.one(np.sum, np.prod), a, pick.one([0, 1], 0, [-1])), {}


@calls("piecewise")
def piecewise_calls(pick):
    x = pick.array(*pick.sizes(1, 2))
    masks = [pick.mask(*x.shape) for _ in "ab"]
    return (x, masks, [lambda v: v * 2, 1, lambda v: -v][: pick.size(2, 3)]), {}
