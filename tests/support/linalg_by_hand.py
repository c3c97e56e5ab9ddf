"""Loops by hand of linear algebra: norms, and elimination, substitution and reflections as LAPACK executes them."""

from __future__ import annotations

import math
import operator
from collections import Counter

import numpy as np

import opcount as oc
from tests.support.loops_by_hand import NUMPY, each, joined, lanes, nonzero


def matrix_power(a, n):
    for matrix in map(a.__getitem__, np.ndindex(a.shape[:-2])):
        np.linalg.matrix_power(inverse(matrix) if n < 0 else matrix, abs(n))


def norm(x, axis=None, ord=None, of_vectors=False):
    """Of the vectors or matrices along these axes; the largest of a norm starts from zero since NumPy 2.3."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis))
    of_vectors = of_vectors or len(axes) == 1
    if ord in (None, "fro") or (ord == 2 and of_vectors):
        joined(operator.add)(x * x, axes)
        each(np.sqrt, reduced(x, axes))
    elif not of_vectors:
        summed, over = axes if abs(ord) == 1 else axes[::-1]
        sizes = np.sum(each(abs, x), summed)
        over = over % x.ndim - (over % x.ndim > summed % x.ndim)
        extreme(sizes, over, ord)
    elif math.isinf(ord):
        extreme(each(abs, x), axes, ord)
    elif ord == 0:
        joined(operator.add)(oc.wrap(nonzero(x).astype(float).astype(object)), axes)
    else:
        powers = each(lambda number: abs(number) ** ord, x) if ord != 1 else each(abs, x)
        joined(operator.add)(powers, axes)
        if ord != 1:
            each(lambda number: number ** (1.0 / ord), reduced(x, axes))


def extreme(x, axes, ord):
    initial = 0.0 if ord > 0 and NUMPY >= (2, 3) else None
    joined(np.maximum if ord > 0 else np.minimum)(x, axes, initial=initial)


def reduced(x, axes):
    """Wrapped ones, in the shape of a reduction along these axes."""
    return oc.wrap(np.asarray(np.ones([len(lanes(x, axes))], object)))


# linear algebra: textbook loops, whose totals are the published ones
def eliminated(a):
    """GETRF: partial pivoting, the reciprocal of the pivot, the multipliers and the update, for each column."""
    a = [list(row) for row in a]
    n = len(a)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(oc.unwrap(a[i][k])))  # the search is not among what is counted
        a[k], a[pivot] = a[pivot], a[k]
        scale = 1.0 / a[k][k]
        for i in range(k + 1, n):
            a[i][k] = a[i][k] * scale
            for j in range(k + 1, n):
                a[i][j] = a[i][j] - a[i][k] * a[k][j]
    return a


def substituted(lu, b):
    """GETRS: forward with the unit triangle, backward with the other."""
    b = list(b)
    n = len(b)
    for i in range(n):
        for j in range(i):
            b[i] = b[i] - lu[i][j] * b[j]
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            b[i] = b[i] - lu[i][j] * b[j]
        b[i] = b[i] / lu[i][i]
    return b


def solve(a, b):
    columns = b[:, None] if b.ndim == 1 else b
    stack = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    for place in np.ndindex(stack):
        lu = eliminated(np.broadcast_to(a, stack + a.shape[-2:])[place])
        for column in np.broadcast_to(columns, stack + columns.shape[-2:])[place].T:
            substituted(lu, column)


def inverse(a):
    result = np.empty(a.shape, object)
    for place in np.ndindex(a.shape[:-2]):
        lu = eliminated(a[place])
        for j, column in enumerate(np.eye(a.shape[-1])):
            result[(*place, slice(None), j)] = substituted(lu, column)
    return result


def slogdet(a):
    found = []
    for place in np.ndindex(a.shape[:-2]):
        lu = eliminated(a[place])
        logarithm = 0.0
        for k in range(len(lu)):
            logarithm = logarithm + np.log(abs(lu[k][k]))
        found.append(oc.wrap(logarithm))  # of nothing it is a zero, and wrapped
    return found


def det(a):
    for logarithm in slogdet(a):
        oc.wrap(1.0) * np.exp(logarithm)


def cholesky(a, upper=False):
    """POTRF, column by column."""
    for place in np.ndindex(a.shape[:-2]):
        low = [list(row) for row in a[place]]
        for j in range(len(low)):
            for i in range(j, len(low)):
                for k in range(j):
                    low[i][j] = low[i][j] - low[i][k] * low[j][k]
            low[j][j] = np.sqrt(low[j][j])
            for i in range(j + 1, len(low)):
                low[i][j] = low[i][j] / low[j][j]


def qr(a, mode="reduced"):
    """GEQR2 and ORG2R; the reflection of a column starts as LAWN 41 counts LARFG."""
    for place in np.ndindex(a.shape[:-2]):
        rows = [list(row) for row in a[place]]
        m, n = a.shape[-2:]
        k = min(m, n)
        scales = []
        for i in range(k):
            scales.append(reflection(rows, i))
            reflect(rows, i, [1.0] + [rows[r][i] for r in range(i + 1, m)], scales[i], range(i + 1, n))
        if mode in ("r", "raw"):
            continue
        q = [[oc.wrap(0.0) for _ in range(m if mode == "complete" else k)] for _ in range(m)]
        for i in reversed(range(k)):
            reflect(q, i, [1.0] + [rows[r][i] for r in range(i + 1, m)], scales[i], range(i + 1, len(q[0])))
            for r in range(i + 1, m):
                q[r][i] = scales[i] * rows[r][i]
            q[i][i] = 1.0 - scales[i]


def reflection(rows, i):
    """LARFG: the vector is left below the diagonal, its scale is the result."""
    alpha = rows[i][i]
    square = alpha * alpha
    for r in range(i + 1, len(rows)):
        square = square + rows[r][i] * rows[r][i]
    beta = (alpha / -abs(alpha)) * np.sqrt(square)
    scale = 1.0 / (alpha - beta)
    for r in range(i + 1, len(rows)):
        rows[r][i] = rows[r][i] * scale
    rows[i][i] = beta
    return (beta - alpha) / beta


def reflect(rows, i, vector, scale, columns):
    """LARF: each column is multiplied with the vector, and loses so much of it."""
    for j in columns:
        along = 0.0
        for r, v in enumerate(vector, i):
            along = along + rows[r][j] * v
        along = along * scale
        for r, v in enumerate(vector, i):
            rows[r][j] = rows[r][j] - along * v


def without_signs(counts):
    """Changes of a sign are not among what LAWN 41 counts."""
    return Counter({kind: number for kind, number in counts.items() if kind not in ("neg", "abs")})
