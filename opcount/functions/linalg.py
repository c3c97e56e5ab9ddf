"""Linear algebra: the algorithms that LAPACK documents.

The counts of multiplications and additions are those of S. Blackford and J. Dongarra, Installation
Guide for LAPACK, LAPACK Working Note 41 (1999), appendix C, which has divisions and square roots
among the multiplications; they stand apart here, by the unblocked algorithms that it counts.
Comparisons of the pivot search are not among them. What a blocked LAPACK executes on a given
machine is the same arithmetic in another order, but for a few reciprocals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from typing import Any, Final

import numpy as np

from opcount.counting import symbolic
from opcount.counting.symbolic import ratio, smaller
from opcount.functions.op_counts import NoRule, OpCounts, Rule, is_complex, multiple, summed
from opcount.functions.rows import ITERATIVE, Function, Seeing, refused
from opcount.wrapping import shapes
from opcount.wrapping.spec import Spec
from opcount.wrapping.stand_ins import REGULAR, one_of


def no_complex(*arrays: Any) -> None:
    if any(map(is_complex, arrays)):
        raise NoRule("linear algebra over complex numbers divides them, which has no exact count")


def lu(n: int) -> OpCounts:
    """GETRF: for each column the reciprocal of its pivot, the multipliers, and the update of what is left."""
    return {"div": n, "mul": ratio(n**3 - n, 3), "sub": ratio((n - 1) * n * (2 * n - 1), 6)}


def substitutions(n: int, columns: int) -> OpCounts:
    """GETRS: a forward substitution with the unit triangle and a backward one with the other, for each column."""
    return {"mul": columns * n * (n - 1), "sub": columns * n * (n - 1), "div": columns * n}


def _of_matrices(numbers: Callable[[int], OpCounts]) -> Rule:
    """What a square matrix costs, by its order, for each matrix of a stack."""

    def rule(a: Any) -> OpCounts:
        no_complex(a)
        *stack, _, n = np.shape(a)
        return multiple(math.prod(stack), numbers(n))

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


def _potrf(n: int) -> OpCounts:
    """For each column a square root, the quotients below it, and the products subtracted before."""
    return {"mul": ratio(n**3 - n, 6), "sub": ratio(n**3 - n, 6), "div": ratio(n * (n - 1), 2), "sqrt": n}


def _cholesky(a: Any, /, *, upper: bool = False) -> OpCounts:
    return _of_matrices(_potrf)(a)


def _solve(wrapped: Set[Any], a: Any, b: Any) -> OpCounts:
    """The factors of a, and two substitutions for each column of b (GESV)."""
    no_complex(a, b)
    *first, _, n = np.shape(a)
    *second, columns = np.shape(b) if len(np.shape(b)) > 1 else (n, 1)
    stack = math.prod(shapes.broadcast(tuple(first), tuple(second[:-1])))
    return multiple(stack, summed(lu(n) if "a" in wrapped else {}, substitutions(n, columns)))


def _qr(a: Any, mode: str = "reduced") -> OpCounts:
    """GEQRF, a reflection for each column; and ORGQR, which multiplies them out into the columns of Q."""
    no_complex(a)
    *stack, m, n = np.shape(a)
    k = smaller(m, n)
    rows = _steps(m, k)
    numbers = summed(_reflected(m, n, k), {"div": 3 * k, "sqrt": k, "mul": 2 * rows + 2 * k, "add": rows, "sub": 2 * k})
    if mode not in ("r", "raw"):
        numbers = summed(numbers, _reflected(m, m if mode == "complete" else k, k), {"mul": rows, "sub": k})
    return multiple(math.prod(stack), numbers)


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


def _qr_shape(a: Any, mode: Any = "reduced") -> Any:
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


ROWS: Final = (
    Function("linalg.inv", _of_matrices(_inv), REGULAR),
    Function("linalg.det", _of_matrices(_det), REGULAR),
    Function("linalg.slogdet", _of_matrices(_slogdet), REGULAR),
    Function("linalg.cholesky", _cholesky, REGULAR),
    Function("linalg.solve", Seeing(_solve), REGULAR),
    Function("linalg.qr", _qr, _qr_shape),
    *refused(
        ITERATIVE,
        "linalg.cond linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.lstsq linalg.matrix_rank "
        "linalg.pinv linalg.svd linalg.svdvals",
    ),
)
