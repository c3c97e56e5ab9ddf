"""Products with SciPy's sparse matrices, by their stored entries.

A product for each stored entry, and in each row that has some one addition less than entries. A zero that is stored is
an entry like any other, and so is each of several entries that a COO matrix stores for one place.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.counting.errors import Uncounted
from opcount.functions.execution import executed
from opcount.functions.op_counts import OpCounts, expanded, is_complex
from opcount.wrapping import shapes
from opcount.wrapping.operands import Operands
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import is_wrapped_array

# --- who is asked


def is_sparse(value: object) -> bool:
    """Whether a value is one of SciPy's sparse matrices or arrays; SciPy is not imported to find out."""
    scipy: Any = sys.modules.get("scipy.sparse")
    return scipy is not None and bool(scipy.issparse(value))


def is_sparse_product(ufunc: np.ufunc | None, method: str, operands: tuple[Any, ...], keywords: object) -> bool:
    """Whether a call is a matrix product with a sparse matrix, which `*` is too for the older ones of its classes."""
    if method != "__call__" or keywords or len(operands) != 2 or is_sparse(operands[0]) == is_sparse(operands[1]):
        return False
    matrix, other = operands if is_sparse(operands[0]) else operands[::-1]
    older = isinstance(matrix, sys.modules["scipy.sparse"].spmatrix) and shape_of(other) != ()
    return ufunc is np.matmul or (ufunc is np.multiply and older)


@contextmanager
def asked_before_matrices(kind: type) -> Iterator[None]:
    """In the block, SciPy's sparse matrices leave a product with an array of this class to the array.

    They take a subclass of NumPy's arrays for an array of numbers, and would not ask it. All other products are as they
    were, in other threads too. What is replaced is put back when the last open block is left.
    """
    scipy: Any = sys.modules.get("scipy.sparse")
    if scipy is None:
        yield
        return
    with _LOCK:
        if not _BLOCKS:
            _OPERATORS.extend(_replaced(scipy, kind))
        _BLOCKS.append(kind)
    try:
        yield
    finally:
        with _LOCK:
            _BLOCKS.pop()
            while _OPERATORS and not _BLOCKS:
                setattr(*_OPERATORS.pop())


_LOCK: Final = threading.Lock()
_BLOCKS: Final[list[type]] = []
_OPERATORS: Final[list[tuple[type, str, Any]]] = []
"""The operators that are replaced while a block is open, as they were."""


def _replaced(scipy: Any, kind: type) -> Iterator[tuple[type, str, Any]]:
    """The operators of sparse matrices as they were, each of which from now on leaves an array of this class alone."""
    base = next(owner for owner in scipy.csr_array.__mro__ if "__matmul__" in vars(owner))
    for owner, name in ((base, "__matmul__"), (base, "__mul__"), (scipy.spmatrix, "__mul__")):
        operator = vars(owner)[name]

        def leaving(self: Any, other: Any, operator: Callable[[Any, Any], Any] = operator) -> Any:
            return NotImplemented if isinstance(other, kind) else operator(self, other)

        setattr(owner, name, functools.wraps(operator)(leaving))
        yield owner, name, operator


# --- the product


class _Entries(NamedTuple):
    """The stored entries of a sparse matrix, row by row."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, matrix: Any) -> _Entries:
        found = matrix.tocoo(copy=False)
        order = np.argsort(found.row, kind="stable")
        return cls(found.row[order], found.col[order], found.data[order])


def sparse_product(a: Any, b: Any) -> Any:
    """`a @ b`, one of which is sparse, the other wrapped: an array, a node, or an object array of numbers.

    Raises Uncounted for formats that store more than their entries, and ValueError for shapes that do not fit.
    """
    matrix = a if is_sparse(a) else b
    if matrix.format not in ("csr", "csc", "coo") or matrix.ndim > 2:
        raise Uncounted(
            "a product with a sparse matrix is counted by the stored entries of the formats csr, csc and coo with one "
            f"or two axes, and this one is {matrix.format} with {matrix.ndim}: use S.tocsr(), or S.toarray()"
        )
    if matrix.ndim == 1:
        row = matrix.reshape((1, -1))
        return sparse_product(row, b)[0] if matrix is a else sparse_product(a, row.T)[..., 0]
    if matrix is b:
        product = sparse_product(b.T, a.T)
        return product.T if len(shape_of(product)) == 2 else product
    shape = shape_of(b)
    if not 1 <= len(shape) <= 2:
        raise ValueError(f"matmul: an array of {len(shape)} axes has no product with a sparse matrix")
    if shape[0] != matrix.shape[1]:
        if not shapes.are_numbers(shape):
            raise shapes.unequal(matrix.shape, shape)
        raise ValueError(f"matmul: dimension mismatch with signature (n,k={matrix.shape[1]}),(k={shape[0]},m)->(n,m)")
    at_once = is_wrapped_array(b) and not b.records
    return _at_once(matrix, b) if at_once else _in_operations(matrix.shape[0], _Entries.of(matrix), b)


def _at_once(matrix: Any, x: Any) -> Any:
    """The product by SciPy, of plain values."""
    operands = Operands()
    plain = operands.take(x)
    result = (matrix.shape[0], *shape_of(plain)[1:])

    def counts() -> OpCounts:
        rows = _Entries.of(matrix).rows
        vectors = result[1] if len(result) > 1 else 1
        numbers = {"mul": len(rows) * vectors, "add": (len(rows) - len(np.unique(rows))) * vectors}
        return expanded(numbers) if is_complex(plain) or is_complex(matrix) else numbers

    def execute() -> Any:
        if type(plain) is Spec:
            return Spec(result, np.result_type(matrix.dtype, plain.dtype))
        return np.reshape(matrix @ plain, result)  # some versions of SciPy take one row for no axis

    return executed("matmul", counts, execute, operands, operands.hold)


def _in_operations(size: int, entries: _Entries, x: Any) -> Any:
    """The product in operations that have a derivative: the rows with equally many entries together."""
    rows, starts, lengths = np.unique(entries.rows, return_index=True, return_counts=True)
    parts, placed = [], []
    for length in np.unique(lengths).tolist():
        taken = starts[lengths == length][:, None] + np.arange(length)
        values = entries.values[taken]
        terms = x[entries.columns[taken]] * (values if len(shape_of(x)) == 1 else values[..., None])
        parts.append(np.sum(terms, axis=1) if length > 1 else terms[:, 0])
        placed.append(rows[lengths == length])
    empty = np.setdiff1d(np.arange(size), rows)
    if not parts:
        return np.zeros((size, *shape_of(x)[1:]))
    if len(empty):
        parts.append(np.zeros((len(empty), *shape_of(x)[1:])))
        placed.append(empty)
    order = np.concatenate(placed)
    joined = np.concatenate(parts) if len(parts) > 1 else parts[0]
    return joined if (np.diff(order) > 0).all() else joined[np.argsort(order)]
