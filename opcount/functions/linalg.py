"""Linear algebra: the algorithms that LAPACK documents.

The counts of multiplications and additions are those of S. Blackford and J. Dongarra, Installation
Guide for LAPACK, LAPACK Working Note 41 (1999), appendix C, which has divisions and square roots
among the multiplications; they stand apart here, by the unblocked algorithms that it counts.
Comparisons of the pivot search are not among them. What a blocked LAPACK executes on a given
machine is the same arithmetic in another order, but for a few reciprocals.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Set
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from opcount.counting import symbolic
from opcount.counting.symbolic import Size, is_symbolic, ratio, smaller
from opcount.functions.numpys_own import as_array, own
from opcount.functions.of_nodes import ordered_axes
from opcount.functions.op_counts import NoRule, OpCounts, Rule, is_complex, multiple, summed
from opcount.functions.rows import AS_EXECUTED, ITERATIVE, NUMPY, Executed, Function, Seeing, refused
from opcount.wrapping import shapes
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.stand_ins import EXACT, REGULAR, one_of


def no_complex(*arrays: object) -> None:
    if any(map(is_complex, arrays)):
        raise NoRule("linear algebra over complex numbers divides them, which has no exact count")


def lu(n: int) -> OpCounts:
    """GETRF: for each column the reciprocal of its pivot, the multipliers, and the update of what is left."""
    return {"div": n, "mul": ratio(n**3 - n, 3), "sub": ratio((n - 1) * n * (2 * n - 1), 6)}


def substitutions(n: int, columns: int) -> OpCounts:
    """GETRS: a forward substitution with the unit triangle and a backward one with the other, for each column."""
    return {"mul": columns * n * (n - 1), "sub": columns * n * (n - 1), "div": columns * n}


def _of_matrices(counts: Callable[[int], OpCounts]) -> Rule:
    """A rule for stacks of square matrices, from the counts for one by its order."""

    def rule(a: ArrayLike) -> OpCounts:
        no_complex(a)
        *stack, _, n = np.shape(a)
        return multiple(math.prod(stack), counts(n))

    return rule


def _slogdet(n: int) -> OpCounts:
    """The logarithms of the absolute diagonal of the triangle, summed from zero."""
    return summed(lu(n), {"abs": n, "log": n, "add": n})


def _det(n: int) -> OpCounts:
    """The exponential of `slogdet`, times the sign."""
    return summed(_slogdet(n), {"exp": 1, "mul": 1})


def _inv(n: int) -> OpCounts:
    """The solutions for the columns of the identity (GESV)."""
    return summed(lu(n), substitutions(n, n))


def potrf(n: int) -> OpCounts:
    """For each column a square root, the quotients below it, and the products subtracted before."""
    return {"mul": ratio(n**3 - n, 6), "sub": ratio(n**3 - n, 6), "div": ratio(n * (n - 1), 2), "sqrt": n}


def _cholesky(a: ArrayLike, /, *, upper: bool = False) -> OpCounts:
    return _of_matrices(potrf)(a)


def _solve(wrapped: Set[Any], a: ArrayLike, b: ArrayLike) -> OpCounts:
    """The factors of a, and two substitutions for each column of b (GESV)."""
    no_complex(a, b)
    *first, _, n = np.shape(a)
    *second, columns = np.shape(b) if len(np.shape(b)) > 1 else (n, 1)
    stack = math.prod(shapes.broadcast(tuple(first), tuple(second[:-1])))
    return multiple(stack, summed(lu(n) if "a" in wrapped else {}, substitutions(n, columns)))


def _qr(a: ArrayLike, mode: str = "reduced") -> OpCounts:
    no_complex(a)
    *stack, m, n = np.shape(a)
    return multiple(math.prod(stack), qr(m, n, mode))


def qr(m: int, n: int, mode: str = "reduced") -> OpCounts:
    """GEQRF, a reflection for each column; and, where Q is asked for, ORGQR."""
    k = smaller(m, n)
    rows = _steps(m, k)
    counts = summed(_reflected(m, n, k), {"div": 3 * k, "sqrt": k, "mul": 2 * rows + 2 * k, "add": rows, "sub": 2 * k})
    return counts if mode in ("r", "raw") else summed(counts, orgqr(m, m if mode == "complete" else k, k))


def orgqr(m: int, n: int, k: int) -> OpCounts:
    """ORGQR, which multiplies k reflections out into n columns of Q."""
    return summed(_reflected(m, n, k), {"mul": _steps(m, k), "sub": k})


def _reflected(m: int, n: int, k: int) -> OpCounts:
    """k times LARF, on one row and one column less each time.

    Products of a vector of 1 and the rows below with each column to the right, summed from zero; and the update.
    """
    size = k * (m + 1) * n - ratio((m + 1 + n) * k * (k + 1), 2) + ratio(k * (k + 1) * (2 * k + 1), 6)
    return {"mul": 2 * size + _steps(n, k), "add": size, "sub": size}


def _steps(n: int, k: int) -> int:
    """The sum of n - 1, n - 2, ..., n - k."""
    down: int = ratio(k * (k + 1), 2)
    return n * k - down


def _qr_shape(a: Held, mode: Any = "reduced") -> Any:
    whole: Any = np.linalg.qr(one_of(a), mode)
    dtype = whole.dtype if mode == "r" else whole[0].dtype
    *stack, m, n = a.shape
    k = symbolic.smaller(m, n)
    inner = m if mode == "complete" else k
    if mode == "r":
        return Spec((*stack, k, n), dtype)
    if mode == "raw":
        return Spec((*stack, n, m), dtype), Spec((*stack, k), dtype)
    return type(whole)(Spec((*stack, m, inner), dtype), Spec((*stack, inner, n), dtype))


# --- norms, and tensors solved by reshaping


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = as_array(x)
    if x.dtype.kind not in "fcO":
        x = x.astype(float)
    if axis is None and (ord is None or (ord in ("f", "fro") and x.ndim == 2) or (ord == 2 and x.ndim == 1)):
        flat, axes = x.ravel(order="K"), None
        parts = [np.dot(part, part) for part in ((flat.real, flat.imag) if flat.dtype.kind == "c" else (flat,))]
        result = np.sqrt(functools.reduce(operator.add, parts))
    else:
        axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (int(axis),)
        norm = {1: _vector_norm, 2: _matrix_norm}[len(axes)]
        result = norm(x, ord, axes, keepdims)
    return _kept(result, x, axes) if keepdims else result


def _norm_of_vector(x: np.ndarray, ord: Any = None, axis: Any = None, keepdims: bool = False) -> OpCounts | None:
    """The length of a vector, or of all numbers of an array: the root of a product with itself."""
    if ord is not None or axis is not None or x.dtype.kind != "f":
        return None
    return {"mul": x.size, "add": max(x.size - 1, 0), "sqrt": 1}


def _kept(result: Any, x: Any, axis: Any) -> Any:
    """The result of a reduction along these axes, with the axes that it reduced."""
    axes = ordered_axes(axis, x.ndim)
    return np.reshape(result, [1 if index in axes else size for index, size in enumerate(x.shape)])


_FROM_ZERO: Final[dict[str, Any]] = {"initial": 0} if NUMPY >= (2, 3) else {}


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:
    if ord is None or ord == 2:
        return np.sqrt(np.sum((np.conjugate(x) * x).real, axis))
    if ord == math.inf:
        return np.max(abs(x), axis, **_FROM_ZERO)
    if ord == -math.inf:
        return np.min(abs(x), axis)
    if ord == 0:
        return np.sum((x != 0).astype(x.real.dtype), axis)
    if ord == 1:
        return np.sum(abs(x), axis)
    # keepdims decides here: NumPy's power of a float32 and that of an array of one differ in the last bit
    powers = np.sum(abs(x) ** ord, axis, keepdims=keepdims)
    return powers ** (1 / ord if x.dtype.kind == "O" else np.reciprocal(ord, dtype=np.result_type(powers)))


def _matrix_norm(x: Any, ord: Any, axes: Any, keepdims: bool) -> Any:
    rows, columns = (range(x.ndim)[index] for index in axes)
    if rows == columns:
        raise ValueError
    if ord in (None, "fro", "f"):
        return np.sqrt(np.sum((np.conjugate(x) * x).real, axis=(rows, columns)))
    if ord in (1, -1, math.inf, -math.inf):
        summed, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(abs(x), axis=summed)
        over -= over > summed
        return np.max(sums, over, **_FROM_ZERO) if ord > 0 else np.min(sums, over)
    reduce: dict[Any, Callable[..., Any]] = {2: np.max, -2: np.min, "nuc": np.sum}
    return reduce[ord](np.linalg.svd(np.moveaxis(x, (rows, columns), (-2, -1)), compute_uv=False), axis=-1)


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_array(a), as_array(b)
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.remove(axis)
            order.insert(a.ndim, axis)
        a = np.transpose(a, order)
    shape = a.shape[-(a.ndim - b.ndim) :]
    size = math.prod(shape)
    return np.linalg.solve(a.reshape(size, size), b.ravel()).reshape(shape)


def _product_of_sizes(sizes: Any, dtype: DTypeLike | None = None) -> Any:
    return math.prod(sizes)


def _eye_of(size: Size, dtype: DTypeLike | None) -> Any:
    return Spec((size, size), dtype) if is_symbolic(size) else np.eye(size, dtype=dtype)


ROWS: Final = (
    Function("linalg.inv", _of_matrices(_inv), REGULAR, "inv"),
    Function("linalg.det", _of_matrices(_det), REGULAR, "det"),
    Function("linalg.slogdet", _of_matrices(_slogdet), REGULAR, "slogdet"),
    Function("linalg.cholesky", _cholesky, REGULAR, "cholesky"),
    Function("linalg.solve", Seeing(_solve), REGULAR, "solve"),
    Function("linalg.qr", _qr, _qr_shape),
    *refused(
        ITERATIVE,
        "linalg.cond linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.lstsq linalg.matrix_rank "
        "linalg.pinv linalg.svd linalg.svdvals",
    ),
    Function("linalg.norm", Executed(_norm, usual=_norm_of_vector), EXACT, AS_EXECUTED),
    own("linalg.vector_norm", instead={np.prod: _product_of_sizes}),
    own("linalg.matrix_norm"),
    own("linalg.matrix_power", instead={np.eye: _eye_of, np.linalg.matmul: np.matmul, TypeError: ()}),  # it hides ours
    Function("linalg.tensorsolve", Executed(_tensorsolve), EXACT, AS_EXECUTED),
    own("linalg.tensorinv"),
)
