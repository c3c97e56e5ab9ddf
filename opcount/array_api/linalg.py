"""Linear algebra: products, and the algorithms that LAPACK documents; those that iterate are refused if wrapped."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from opcount.array_api.array import Array, call


def cholesky(x: Array, /, *, upper: bool = False) -> Any:
    """`cholesky` of the array API standard."""
    return call(np.linalg.cholesky, x, upper=upper)


def cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Any:
    """`cross` of the array API standard."""
    return call(np.linalg.cross, x1, x2, axis=axis)


def det(x: Array, /) -> Any:
    """`det` of the array API standard."""
    return call(np.linalg.det, x)


def diagonal(x: Array, /, *, offset: int = 0) -> Any:
    """`diagonal` of the array API standard."""
    return call(np.linalg.diagonal, x, offset=offset)


def eigh(x: Array, /) -> Any:
    """`eigh` of the array API standard, which iterates: of wrapped values it raises Uncounted."""
    return call(np.linalg.eigh, x)


def eigvalsh(x: Array, /) -> Any:
    """`eigvalsh` of the array API standard, which iterates: of wrapped values it raises Uncounted."""
    return call(np.linalg.eigvalsh, x)


def inv(x: Array, /) -> Any:
    """`inv` of the array API standard."""
    return call(np.linalg.inv, x)


def matmul(x1: Array, x2: Array, /) -> Any:
    """`matmul` of the array API standard: shapes (m, k) and (k, n) are m k n `mul` and m (k - 1) n `add`."""
    return call(np.matmul, x1, x2)


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`matrix_norm` of the array API standard."""
    return call(np.linalg.matrix_norm, x, keepdims=keepdims, ord=ord)


def matrix_power(x: Array, n: int, /) -> Any:
    """`matrix_power` of the array API standard."""
    return call(np.linalg.matrix_power, x, n)


def matrix_rank(x: Array, /, *, rtol: Any = None) -> Any:
    """`matrix_rank` of the array API standard, which iterates: of wrapped values it raises Uncounted."""
    return call(np.linalg.matrix_rank, x, rtol=rtol)


def matrix_transpose(x: Array, /) -> Any:
    """`matrix_transpose` of the array API standard."""
    return call(np.matrix_transpose, x)


def outer(x1: Array, x2: Array, /) -> Any:
    """`outer` of the array API standard."""
    return call(np.linalg.outer, x1, x2)


def pinv(x: Array, /, *, rtol: Any = None) -> Any:
    """`pinv` of the array API standard, which iterates: of wrapped values it raises Uncounted."""
    return call(np.linalg.pinv, x) if rtol is None else call(np.linalg.pinv, x, rtol=rtol)


def qr(x: Array, /, *, mode: Literal["reduced", "complete"] = "reduced") -> Any:
    """`qr` of the array API standard."""
    return call(np.linalg.qr, x, mode)


def slogdet(x: Array, /) -> Any:
    """`slogdet` of the array API standard."""
    return call(np.linalg.slogdet, x)


def solve(x1: Array, x2: Array, /) -> Any:
    """`solve` of the array API standard."""
    return call(np.linalg.solve, x1, x2)


def svd(x: Array, /, *, full_matrices: bool = True) -> Any:
    """`svd` of the array API standard, which iterates: of wrapped values it raises Uncounted."""
    return call(np.linalg.svd, x, full_matrices)


def svdvals(x: Array, /) -> Any:
    """`svdvals` of the array API standard, which iterates: of wrapped values it raises Uncounted."""
    return call(np.linalg.svdvals, x)


def tensordot(x1: Array, x2: Array, /, *, axes: Any = 2) -> Any:
    """`tensordot` of the array API standard."""
    return call(np.tensordot, x1, x2, axes)


def trace(x: Array, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> Any:
    """`trace` of the array API standard."""
    return call(np.linalg.trace, x, offset=offset, dtype=dtype)


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Any:
    """`vecdot` of the array API standard."""
    return call(np.linalg.vecdot, x1, x2, axis=axis)


def vector_norm(x: Array, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    """`vector_norm` of the array API standard."""
    return call(np.linalg.vector_norm, x, axis=axis, keepdims=keepdims, ord=ord)
