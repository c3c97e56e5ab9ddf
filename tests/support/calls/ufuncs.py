"""Calls of each method of each ufunc, and of the products of arrays that are ufuncs."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from opcount.functions.products import PRODUCTS
from opcount.wrapping.operations import BY_UFUNC, COMPOSED
from tests.support.draws import OUT, Pick

OF_INTEGERS = [
    "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift", "bitwise_count", "gcd", "lcm",
]  # fmt: skip


UFUNC_CALLS = {}


def ufunc_calls(*methods):
    def register(family):
        for method in methods:
            UFUNC_CALLS[method] = lambda ufunc: st.composite(lambda draw: family(Pick(draw), ufunc))()
        return family

    return register


def operands(pick, ufunc, *shapes):
    if ufunc.__name__ in OF_INTEGERS:
        return [pick.array(*shape, dtype="l", low=0) for shape in shapes]
    arrays = [pick.array(*shape) for shape in shapes]
    if ufunc is np.ldexp or (ufunc is np.power and pick.one(True, False)):
        arrays[1:] = [pick.array(*shape, dtype="l") for shape in shapes[1:]]
        arrays[1:] = pick.one(arrays[1:], arrays[1:], [pick.size(-3, 9)])
    return arrays


@ufunc_calls("__call__")
def plain_calls(pick, ufunc):
    shapes = pick.shapes(ufunc.nin)
    options = pick.some(out=OUT) if ufunc.nout == 1 else {}
    if options and pick.one(0, 1):
        options["where"] = pick.mask(*np.broadcast_shapes(*shapes))
    return tuple(operands(pick, ufunc, *shapes)), options


@ufunc_calls("outer")
def outer_ufunc_calls(pick, ufunc):
    return tuple(operands(pick, ufunc, pick.sizes(0, 2), pick.sizes(0, 2))), pick.some(out=OUT)


@ufunc_calls("reduce")
def reduce_calls(pick, ufunc):
    (a,) = operands(pick, ufunc, pick.sizes())[:1]
    options = pick.some(axis=pick.axes(a), keepdims=True, out=OUT, initial=2 if ufunc.__name__ in OF_INTEGERS else 1.5)
    return (a,), options | pick.some(where=pick.mask(*a.shape))


@ufunc_calls("accumulate")
def accumulate_calls(pick, ufunc):
    (a,) = operands(pick, ufunc, pick.sizes(1, 3))[:1]
    return (a,), pick.some(axis=pick.axis(a), out=OUT)


@ufunc_calls("reduceat")
def reduceat_calls(pick, ufunc):
    (a,) = operands(pick, ufunc, pick.sizes(1, 3, smallest=1))[:1]
    axis = pick.axis(a)
    starts = [pick.size(0, a.shape[axis] - 1) for _ in range(pick.size(1, 4))]
    return (a, starts), {"axis": axis} | pick.some(out=OUT)


@ufunc_calls("at")
def at_calls(pick, ufunc):
    a, *others = operands(pick, ufunc, *[(4,)] * ufunc.nin)
    places = pick.one([0, 0, 2], [3], [], slice(1, None), [[0, 1], [1, 0]], pick.mask(4).tolist(), ...)
    number = np.shape(np.zeros(4)[np.asarray(places) if isinstance(places, list) and places else places])
    return (a, places, *(pick.array(*number, dtype=np.asarray(other).dtype, special=False) for other in others)), {}


LOGICAL = ("logical_and", "logical_or", "logical_xor")


METHODS = [
    (ufunc.__name__, method)
    for ufunc in (*BY_UFUNC, *COMPOSED)
    for method in UFUNC_CALLS
    if method in ("__call__", "at") or (ufunc.nin == 2 and (method == "outer" or ufunc.nout == 1))
    if (ufunc.__name__ in LOGICAL) <= (method != "reduceat")
]


GENERALIZED = {ufunc.__name__: ufunc for ufunc in PRODUCTS}
CORES = {"matmul": ("mk", "kn"), "vecdot": ("k", "k"), "matvec": ("mk", "k"), "vecmat": ("k", "kn")}


@st.composite
def generalized_calls(draw, name):
    pick = Pick(draw)
    sizes = {letter: pick.size() for letter in "mkn"}
    batches = pick.shapes(2)
    arrays = [
        pick.array(*batch, *(sizes[letter] for letter in core), special=False)
        for batch, core in zip(batches, CORES[name], strict=True)
    ]
    options = pick.some(out=OUT)
    if pick.one(0, 0, 1) and min(a.ndim for a in arrays) >= 2:  # the core dimensions in front
        axes = [tuple(range(len(core))) for core in CORES[name]]
        arrays = [
            np.ascontiguousarray(np.moveaxis(a, range(-len(at), 0), at)) for a, at in zip(arrays, axes, strict=True)
        ]
        options["axes"] = [*axes, tuple(range(len({*"".join(CORES[name])} - {"k"})))]
    elif name == "vecdot":
        options |= pick.some(axis=-1, keepdims=True)
    return tuple(arrays), options
