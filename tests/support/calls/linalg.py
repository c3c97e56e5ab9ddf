"""Calls of norms and of functions of matrices."""

from __future__ import annotations

import math

import numpy as np

from tests.support import linalg_by_hand as hand
from tests.support.draws import calls


@calls("linalg.norm", by=hand.norm)
def norm_calls(pick):
    x = pick.array(*pick.sizes(1, 3, smallest=1), special=False)
    keep = pick.some(keepdims=True)
    orders = (None, "fro", 1, -1, math.inf, -math.inf)
    if x.ndim == 2 and pick.one(0, 1):
        return (x,), keep | {"ord": pick.one(*orders)}
    if x.ndim == 3 and pick.one(0, 1):
        return (x,), keep | {"ord": pick.one(*orders), "axis": pick.one((0, 1), (2, 0), (-1, 1))}
    order = pick.one(None, 0, 1, 2, 3, 2.5, -1, -2, math.inf, -math.inf)
    return (x,), keep | pick.one({}, {"axis": pick.axis(x), "ord": order})


@calls("linalg.vector_norm", by=lambda x, axis=None, ord=2: hand.norm(x, axis, ord, of_vectors=True))
def vector_norm_calls(pick):
    x = pick.array(*pick.sizes(1, 3, smallest=1), special=False)
    return (x,), pick.some(axis=pick.axes(x), keepdims=True, ord=pick.one(0, 1, 2, 3, math.inf))


@calls("linalg.matrix_norm", by=lambda x, ord="fro": hand.norm(x, (-2, -1), ord))
def matrix_norm_calls(pick):
    x = pick.array(*pick.sizes(2, 3, smallest=1), special=False)
    return (x,), pick.some(keepdims=True, ord=pick.one("fro", 1, -math.inf))


@calls("linalg.matrix_power", by=hand.matrix_power)
def matrix_power_calls(pick):
    n = pick.size(0, 3)
    return (pick.matrix(*pick.sizes(0, 1), n, n), pick.size(-3, 7)), {}


@calls(
    "linalg.inv linalg.det linalg.slogdet linalg.cholesky",
    inv=hand.inverse,
    det=hand.det,
    slogdet=hand.slogdet,
    cholesky=hand.cholesky,
)
def matrix_calls(pick):
    n = pick.size(0, 5)
    a = pick.matrix(*pick.sizes(0, 1), n, n)
    return (np.asarray(a @ np.swapaxes(a, -1, -2)),), {}


@calls("linalg.qr", by=hand.qr)
def qr_calls(pick):
    return (pick.real(*pick.sizes(0, 1), pick.size(1, 6), pick.size(1, 6)),), pick.some(
        mode=pick.one("reduced", "complete", "r", "raw")
    )


@calls("linalg.solve", by=hand.solve)
def solve_calls(pick):
    n = pick.size(0, 5)
    batches = pick.shapes(2)
    b = pick.real(*batches[1], n, pick.size())
    return (pick.matrix(*batches[0], n, n), pick.one(b, pick.real(n))), {}


@calls("linalg.tensorsolve", by=lambda a, b: hand.solve(a.reshape(b.size, b.size), b.ravel()))
def tensorsolve_calls(pick):
    shape = pick.sizes(1, 2, smallest=1)
    n = math.prod(shape)
    return (pick.matrix(n, n).reshape(*shape, *pick.one((n,), shape)), pick.real(*shape)), {}


@calls("linalg.tensorinv", by=lambda a, ind=2: hand.inverse(a.reshape(math.prod(a.shape[ind:]), -1)))
def tensorinv_calls(pick):
    shape = pick.sizes(1, 2, smallest=1)
    n = math.prod(shape)
    return (pick.matrix(n, n).reshape(*shape, n),), {"ind": len(shape)}
