"""Calls with wrong arguments."""

from __future__ import annotations

from functools import partial

import numpy as np


def wrong_calls(x, v):
    return [
        partial(np.sum, x, axis=5), partial(np.sum, x, axis=(0, 0)), partial(np.dot, x, x), partial(np.matmul, x, x),
        partial(np.matmul, x, 2.0), partial(np.vecdot, x, v[:2]), partial(np.inner, x, v[:2]), partial(np.vdot, x, v),
        partial(np.tensordot, x, x, 1), partial(np.tensordot, x, x, ([0, 0], [0, 0])),
        partial(np.einsum, "ij,jk", x, x), partial(np.einsum, "ij->ijk", x), partial(np.einsum, "i,j", x, v),
        partial(np.einsum, "ij,jk", x, x, optimize=True), partial(np.convolve, v, v[:0]),
        partial(np.convolve, v, v, "around"), partial(np.correlate, x, v), partial(np.linalg.solve, x, v),
        partial(np.linalg.solve, np.zeros_like(x[:, :2]), v[:2]), partial(np.linalg.inv, x),
        partial(np.linalg.det, v), partial(np.linalg.cholesky, -np.eye(2, like=x)),
        partial(np.linalg.inv, x[:, :2].astype(np.float16)), partial(np.linalg.qr, x, "whole"),
        partial(np.linalg.qr, v), partial(np.linalg.norm, x, "x"), partial(np.linalg.norm, v, "fro"),
        partial(np.linalg.norm, x, axis=(0, 0)), partial(np.linalg.norm, x, axis="x"),
        partial(np.linalg.norm, x[None], axis=(0, 1, 2)), partial(np.linalg.norm, x, 7),
        partial(np.linalg.outer, x, v), partial(np.linalg.cross, v[:2], v[:2]), partial(np.linalg.matrix_power, x, 2),
        partial(np.linalg.matrix_power, x[:, :2], 1.5), partial(np.linalg.multi_dot, [x, x, x]),
        partial(np.linalg.multi_dot, [x]), partial(np.linalg.tensorsolve, x, v), partial(np.linalg.tensorinv, x, 0),
        partial(np.cross, x[:, :1], x), partial(np.cross, x[0, 0], v), partial(np.kron, x),
        partial(np.average, x, weights=v), partial(np.average, x, axis=0, weights=v),
        partial(np.average, v, weights=v * 0), partial(np.mean, x, axis=2), partial(np.var, x, where=[True] * 4),
        partial(np.max, x[:0]), partial(np.argmax, v[:0]), partial(np.ptp, v[:0]), partial(np.max, x, where=x > 0),
        partial(np.cumsum, x, axis=2), partial(np.trace, v), partial(np.cumsum, x, out=np.zeros_like(v)),
        partial(np.clip, x, v[:2], 1), partial(np.clip, x, 0, 1, min=2), partial(np.round, x, 1.5),
        partial(np.vander, x), partial(np.cov, x[None]), partial(np.cov, v, ddof=0.5), partial(np.cov, v, v[:2]),
        partial(np.cov, v, fweights=v + 0.5), partial(np.cov, v, aweights=-v), partial(np.cov, v, aweights=v[:2]),
        partial(np.cov, v, fweights=x), partial(np.corrcoef, x[None]), partial(np.nanargmax, v * np.nan),
        partial(np.nanmax, v[:0]), partial(np.nanmean, v, dtype=int), partial(np.nanvar, v, ddof=1, correction=1),
        partial(np.diff, v, -1), partial(np.diff, v[0]), partial(np.diff, x, axis=3), partial(np.diff, x, prepend=v),
        partial(np.ediff1d, v.astype(int), to_end=1.5), partial(np.gradient, v[:1]),
        partial(np.gradient, v, edge_order=3), partial(np.gradient, x, edge_order=2), partial(np.gradient, v, v[:2]),
        partial(np.gradient, x, 1.0, 2.0, 3.0), partial(np.gradient, v, x), partial(np.trapezoid, x, axis=2),
        partial(np.unwrap, v, axis=1), partial(np.where, x, v[:2], 0), partial(np.where, x, v),
        partial(np.compress, x, x), partial(np.nan_to_num, v, copy=2, nan="x"), partial(np.isclose, x, v[:2]),
        partial(np.isclose, v, "x"), partial(np.allclose, x, v[:2]), partial(np.linspace, v, x[:, :2]),
        partial(np.linspace, v, v, -1), partial(np.linspace, v, v, 1.5), partial(np.logspace, v, v, 3, axis=5),
        partial(np.geomspace, v, v * 0), partial(np.polyder, v, -1), partial(np.polyint, v, -1),
        partial(np.polyint, v, 3, k=[1.0, 2.0]), partial(np.polymul, x, v), partial(np.polyadd, x, v[:2]),
        partial(np.poly, x[None]), partial(np.interp, v, v[:0], v[:0]), partial(np.interp, v, v, v[:2]),
        partial(np.interp, v, x, v), partial(np.piecewise, v, [v > 0], [1, 2, 3]),
        partial(np.apply_along_axis, np.sum, 3, x), partial(np.apply_along_axis, np.sum, 0, x[:, :0]),
        partial(np.apply_over_axes, lambda a, axis: a[0, 0], x, 0), partial(np.pad, v, -1),
        partial(np.pad, v, 1, "mode"), partial(np.astype, v, "nothing"), partial(np.isposinf, v, v[:2]),
        partial(np.add, x, v[:2]), partial(np.add, v), partial(np.add.reduce, x, axis=2),
        partial(np.subtract.reduce, x, axis=(0, 1)), partial(np.add.reduceat, v, [9]),
        partial(np.add.accumulate, v[0]), partial(np.add.at, v, [9], 1.0), partial(np.sin.outer, v, v),
        partial(np.bitwise_and, v, v), partial(np.matmul, x, x, axes=[(0, 1)]), partial(np.divmod, v),
    ]  # fmt: skip
