"""Calls on whole arrays of real numbers, executed and counted at once: the short path that most calls take.

Where nobody limits the count, an operation is executed first, and counted by the size of its result. Else it is
charged first, by the size that the shapes give, so that what a budget does not allow does not happen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from opcount.counting.meters import meter
from opcount.functions.op_counts import OpCounts

PLAIN: Final = frozenset({np.ndarray, float, int, np.float64, np.float32, np.int64, np.int32})
"""The classes of the operands that have no say in an operation with an array, nor in what it counts."""

REAL: Final = frozenset("bhilqBHILQefdg")
"""The dtypes of which one operation is one operation."""


def is_real(plain: Any) -> bool:
    """Whether a plain operand is of real numbers: an operation on such counts once for each element of its result."""
    return plain.dtype.char in REAL if type(plain) is np.ndarray else type(plain) in PLAIN


def counted(kind: str, execute: Callable[..., Any], *operands: Any) -> Any:
    """The result of one operation for each element of it, on operands that are real."""
    current = meter()
    if current.at_once:
        result = execute(*operands)
        for bulk in current.bulk:
            bulk[kind] += result.size
        return result
    try:
        size = np.broadcast(*operands).size
    except ValueError:
        return execute(*operands)  # NumPy says that they do not fit
    return charged({kind: size}, execute, *operands)


def charged(counts: OpCounts, execute: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call that counts as these, and as nothing if it raises."""
    current = meter()
    if current.at_once and current.tallies:
        result = execute(*arguments)
        for bulk in current.bulk:
            for kind, times in counts.items():
                bulk[kind] += times
        return result
    current.charge(counts)
    try:
        return execute(*arguments)
    except BaseException:
        current.refund(counts)
        raise


def reduced(kind: str, ufunc: Any, data: np.ndarray, axis: Any, keepdims: Any) -> Any:
    """An array that is real and not empty, with the numbers along axes joined, n of them n - 1 times."""
    current = meter()
    if current.at_once:
        result = ufunc.reduce(data, axis, None, None, keepdims)
        for bulk in current.bulk:
            bulk[kind] += data.size - result.size
        return result
    results = 1 if axis is None else ufunc.reduce(np.broadcast_to(0, data.shape), axis).size
    return charged({kind: data.size - results}, ufunc.reduce, data, axis, None, None, keepdims)


def product(a: np.ndarray, b: np.ndarray) -> Any:
    """A product of vectors, matrices or stacks of them; None if it is not of real numbers, or has to be asked about."""
    if a.dtype.char not in REAL or b.dtype.char not in REAL:
        return None
    current = meter()
    if current.at_once:
        result = a @ b
        products = result.size * a.shape[-1]
        for bulk in current.bulk:
            bulk["mul"] += products
            bulk["add"] += products - result.size if products else 0
        return result
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != len(b) or not a.size or not b.size:
        return None
    products = len(a) * b.size
    return charged({"mul": products, "add": products - products // len(b)}, np.matmul, a, b)


def averaged(data: np.ndarray, axis: Any, keepdims: Any) -> Any:
    """The means along axes of an array that is real and not empty: sums, each divided once."""
    current = meter()
    if current.at_once:
        result = data.mean(axis, keepdims=keepdims)
        for bulk in current.bulk:
            bulk["add"] += data.size - result.size
            bulk["div"] += result.size
        return result
    results = 1 if axis is None else np.add.reduce(np.broadcast_to(0, data.shape), axis).size
    return charged({"add": data.size - results, "div": results}, data.mean, axis, None, None, keepdims)
