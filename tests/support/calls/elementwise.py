"""Calls that go element by element: values, truth, comparisons, differences."""

from __future__ import annotations

import numpy as np

from tests.support import loops_by_hand as hand
from tests.support.draws import OUT, calls


@calls("clip", by=hand.clip)
def clip_calls(pick):
    shapes = pick.shapes(3)
    a, low, high = pick.array(*shapes[0]), pick.array(*shapes[1]), pick.array(*shapes[2])
    return (a,), pick.one(
        {"min": low, "max": high}, {"a_min": low, "a_max": high}, {"min": low}, {"a_max": high, "a_min": None},
        {"min": -1.0, "max": 1.0}, {"min": low, "max": high}, {"a_min": low, "a_max": None},
    )  # fmt: skip


@calls("round around")
def round_calls(pick):
    decimals = pick.size(-2, 2)
    a = pick.array(*pick.sizes(), dtype=pick.one(*"dfel") if decimals < 0 else pick.one(*"dfe"))
    return (a, decimals), pick.some(out=OUT)


@calls("fix isposinf isneginf", fix=lambda x: hand.each(np.trunc, x), isposinf=hand.infinite, isneginf=hand.infinite)
def one_array_calls(pick):
    return (pick.anything(),), {}


@calls("sinc", by=hand.sinc)
def sinc_calls(pick):
    return (pick.anything(),), {}


@calls("nan_to_num", by=hand.nan_to_num)
def nan_to_num_calls(pick):
    return (pick.floats(*pick.sizes()),), pick.some(nan=7.0, posinf=8.0, neginf=9.0, copy=False)


@calls("angle", by=hand.angle)
def angle_calls(pick):
    return (pick.anything(),), pick.some(deg=True)


@calls("isreal iscomplex real_if_close")
def of_complex_calls(pick):
    return (pick.anything(),), {}


@calls("astype", by=lambda x, dtype: hand.nonzero(x) if dtype is bool else None)
def astype_calls(pick):
    return (pick.anything(special=False), pick.one(bool, np.float32, int)), {}


# the truth of numbers


@calls("nonzero flatnonzero argwhere", by=hand.nonzero)
def nonzero_calls(pick):
    return (pick.array(*pick.sizes(1, 3)),), {}


@calls("trim_zeros", by=lambda filt, trim="fb": hand.nonzero(filt))
def trim_zeros_calls(pick):
    return (pick.array(pick.size(0, 6)),), pick.some(trim=pick.one("f", "b"))


@calls("where", by=lambda condition, *_: hand.nonzero(condition))
def where_calls(pick):
    shapes = pick.shapes(3)
    if pick.one(0, 0, 0, 1):
        return (pick.array(*pick.sizes(1, 2)),), {}
    return (pick.truths(*shapes[0]), pick.array(*shapes[1]), pick.one(pick.array(*shapes[2]), 0.5)), {}


@calls("compress extract", by=lambda condition, *_, **__: hand.nonzero(condition))
def compress_calls(pick):
    n = pick.size()
    return (pick.truths(n), pick.array(n)), {}


@calls("place putmask", by=lambda a, mask, values: hand.nonzero(mask))
def place_calls(pick):
    shape = pick.sizes()
    return (pick.real(*shape), pick.truths(*shape), pick.real(pick.size(1))), {}


# comparisons


@calls("isclose allclose", by=hand.isclose)
def isclose_calls(pick):
    a, b = (pick.array(*shape) for shape in pick.shapes(2))
    return pick.one((a, b), (a, b), (a, 1.5), (2.5, 1.5)), pick.some(
        equal_nan=True, rtol=pick.one(0.5, np.asarray(0.25)), atol=0.5
    )


@calls("array_equal", by=hand.array_equal)
def array_equal_calls(pick):
    shapes = pick.shapes(2)
    a = pick.floats(*shapes[0])
    return (a, pick.one(a.copy(), pick.floats(*a.shape), pick.floats(*shapes[1]))), pick.some(equal_nan=True)


@calls("array_equiv")
def array_equiv_calls(pick):
    return tuple(pick.array(*shape) for shape in pick.shapes(2)), {}


# differences and integrals


@calls("diff")
def diff_calls(pick):
    a = pick.array(*pick.sizes(1, 3, smallest=1))
    axis = pick.axis(a)
    ends = [pick.array(dtype="d"), np.take(pick.array(*a.shape, dtype="d"), [0], axis)]
    return (a,), {"axis": axis} | pick.some(n=pick.size(0, 3), prepend=pick.one(*ends), append=pick.one(*ends))


@calls("ediff1d", by=lambda ary, to_end=None, to_begin=None: np.ediff1d(ary))
def ediff1d_calls(pick):
    return (pick.real(*pick.sizes()),), pick.some(to_end=pick.array(pick.size()), to_begin=pick.one(pick.array(), 2.5))


@calls("gradient", by=hand.gradient)
def gradient_calls(pick):
    f = pick.array(*pick.sizes(1, 3, smallest=3), special=False)
    if pick.one(0, 0, 1):
        return (f, *pick.one((), (0.5,))), pick.some(edge_order=2)
    axis = pick.axis(f)
    return (f, pick.one(pick.places(f.shape[axis]), 2.0)), {"axis": axis} | pick.some(edge_order=2)


@calls("trapezoid")
def trapezoid_calls(pick):
    y = pick.array(*pick.sizes(1, 3, smallest=1))
    axis = pick.axis(y)
    x = pick.one(pick.real(y.shape[axis]), pick.real(*y.shape))
    return (y,), {"axis": axis} | pick.one({}, {"x": x}, {"dx": 0.5})


@calls("unwrap")
def unwrap_calls(pick):
    p = pick.real(*pick.sizes(1, 3)) * pick.one(1, 10)
    return (p,), pick.some(axis=pick.axis(p), discont=4.0, period=5.0)
