"""Products of matrices and vectors: a product of shapes (m, k) and (k, n) is mkn `mul` and m(k - 1)n `add`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from opcount.functions.linalg import ROWS as _LINALG
from opcount.functions.linalg import lu, substitutions
from opcount.functions.op_counts import NoRule, OpCounts, multiple, summed
from opcount.sources.torch.elementwise import is_one
from opcount.sources.torch.rows import Bound, Row, shape_of, size_of


def contraction(results: int, length: int) -> dict[str, int]:
    """So many sums of products, each of so many."""
    return {"mul": results * length, "add": results * max(length - 1, 0)}


def _product(first: str, second: str) -> Callable[[Bound], OpCounts]:
    """The product of two arguments; the last axis of the first is summed over."""

    def rule(a: Bound) -> OpCounts:
        left, right = a[first].shape, a[second].shape
        columns = right[-1] if len(right) > 1 else 1
        return contraction(math.prod(left[:-1]) * columns, left[-1])

    return rule


def _added(product: Callable[[Bound], OpCounts], results: Callable[[Bound], int]) -> Row:
    """`beta * self + alpha * product`; a beta of 0 leaves self out, and a product of data is data."""

    def rule(a: Bound) -> OpCounts:
        size, found = results(a), []
        if any(a["dependent"](value) for name, value in a.items() if name not in ("self", "dependent", "padded")):
            found += [product(a), {"mul": 0 if is_one(a["alpha"]) else size}]
        if a["beta"] != 0 and any(product(a).values()):
            scaled = a["dependent"](a["self"]) and not is_one(a["beta"])
            found.append({"add": size, "mul": size_of(a["self"]) if scaled else 0})
        return summed(*found)

    return Row(rule)


_mm, _bmm = _product("self", "mat2"), _product("self", "mat2")
_matrices, _batches, _vector = _product("mat1", "mat2"), _product("batch1", "batch2"), _product("mat", "vec")


def _addbmm(a: Bound) -> OpCounts:
    batch, rows, inner = a["batch1"].shape
    return contraction(rows * a["batch2"].shape[2], batch * inner)


def _outer(a: Bound) -> OpCounts:
    return {"mul": a["vec1"].shape[0] * a["vec2"].shape[0]}


def _dot(a: Bound) -> OpCounts:
    return contraction(1, a["self"].shape[0]) if a["self"].shape[0] else {}


def _vdot(a: Bound) -> OpCounts:
    if a["self"].dtype.is_complex:
        raise NoRule("a conjugate product has no count here: write torch.dot(a.conj(), b)")
    return _dot(a)


def _cross(a: Bound) -> OpCounts:
    results = math.prod(shape_of(a["self"], a["other"]))
    return {"mul": 2 * results, "sub": results}


# --- linear algebra, by the algorithms of LAPACK's Working Note 41, as NumPy's


def _of_numpys(name: str, argument: str) -> Callable[[Bound], OpCounts]:
    """The count that opcount has for a function of NumPy's, where it is of the same algorithm."""
    (row,) = (row for row in _LINALG if row.name == name)
    count: Any = row.counts

    def rule(a: Bound) -> OpCounts:
        _real(a[argument])
        found: OpCounts = count(_Shaped(tuple(a[argument].shape)))
        return found

    return rule


class _Shaped:
    """What has a shape and a real dtype, for NumPy's rules."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.dtype = None


def _real(*tensors: Any) -> None:
    if any(tensor.dtype.is_complex for tensor in tensors):
        raise NoRule("linear algebra over complex numbers divides them, which has no exact count")


def _solve(a: Bound) -> OpCounts:
    """The factors of A, and two substitutions for each column of B (GESV)."""
    matrix, right = a["A"], a["B"]
    _real(matrix, right)
    n = matrix.shape[-1]
    vector = right.ndim == 1 or (right.ndim == matrix.ndim - 1 and right.shape == matrix.shape[:-1])
    columns = 1 if vector else right.shape[-1] if a.get("left", True) else right.shape[-2]
    stack = math.prod(matrix.shape[:-2]) if vector else math.prod(_stack(matrix, right))
    factors = lu(n) if a["dependent"](matrix) else {}
    return multiple(stack, summed(factors, substitutions(n, columns)))


def _stack(matrix: Any, right: Any) -> tuple[int, ...]:
    from opcount.wrapping.shapes import broadcast

    return tuple(broadcast(tuple(matrix.shape[:-2]), tuple(right.shape[:-2])))


def _solve_factored(a: Bound) -> OpCounts:
    """Two substitutions for each column of B, or for each row (GETRS)."""
    matrix, right = a["LU"], a["B"]
    _real(matrix, right)
    columns = right.shape[-1] if a["left"] else right.shape[-2]
    return multiple(math.prod(_stack(matrix, right)), substitutions(matrix.shape[-1], columns))


def _factors(a: Bound) -> OpCounts:
    matrix = a["A"]
    _real(matrix)
    if matrix.shape[-1] != matrix.shape[-2]:
        raise NoRule("the factors of a matrix that is not square have no count here")
    return multiple(math.prod(matrix.shape[:-2]), lu(matrix.shape[-1]))


def _solve_triangular(a: Bound) -> OpCounts:
    """One substitution for each column, or each row, of B (TRSM)."""
    matrix, right = a["self"], a["B"]
    _real(matrix, right)
    n = matrix.shape[-1]
    columns = right.shape[-1] if a["left"] else right.shape[-2]
    pairs = columns * n * (n - 1) // 2
    found = {"mul": pairs, "sub": pairs, "div": 0 if a["unitriangular"] else columns * n}
    return multiple(math.prod(_stack(matrix, right)), found)


def _qr(a: Bound) -> OpCounts:
    (row,) = (row for row in _LINALG if row.name == "linalg.qr")
    count: Any = row.counts
    _real(a["A"])
    found: OpCounts = count(_Shaped(tuple(a["A"].shape)), a["mode"])
    return found


ROWS: Final[dict[str, Row]] = {
    "mm": Row(_mm),
    "bmm": Row(_bmm),
    "mv": Row(_product("self", "vec")),
    "dot": Row(_dot),
    "vdot": Row(_vdot),
    "addmm": _added(_matrices, lambda a: a["mat1"].shape[0] * a["mat2"].shape[1]),
    "baddbmm": _added(_batches, lambda a: math.prod(a["batch1"].shape[:2]) * a["batch2"].shape[2]),
    "addbmm": _added(_addbmm, lambda a: a["batch1"].shape[1] * a["batch2"].shape[2]),
    "addmv": _added(_vector, lambda a: a["mat"].shape[0]),
    "addr": _added(_outer, lambda a: a["vec1"].shape[0] * a["vec2"].shape[0]),
    "linalg_cross": Row(_cross),
    "linalg_inv_ex": Row(_of_numpys("linalg.inv", "A"), (0,)),
    "linalg_cholesky_ex": Row(_of_numpys("linalg.cholesky", "self"), (0,)),
    "_linalg_solve_ex": Row(_solve, (0, 1)),
    "linalg_lu_solve": Row(_solve_factored),
    "linalg_lu_factor_ex": Row(_factors, (0,)),
    "linalg_solve_triangular": Row(_solve_triangular),
    "linalg_qr": Row(_qr),
}
