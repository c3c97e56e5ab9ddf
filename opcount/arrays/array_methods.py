"""The methods of an ndarray that are NumPy's functions of the same name, for whatever wraps an array."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, ClassVar, Final

import numpy

from opcount.wrapping.operations import OPERATIONS, Operation
from opcount.wrapping.wrapped import Wrapped

np: Any = numpy  # whose stubs know no array but its own

MATMUL: Final = Operation("matmul", numpy.matmul, operator.matmul)
"""A product of matrices, which counts by their shapes and is executed on whole arrays."""


class ArrayMethods(Wrapped):
    """What an array's methods do, by NumPy's functions, which come back to the class that holds the array."""

    __slots__ = ()
    _is_array: ClassVar[bool] = True

    def _in_place(self, operation: Operation, other: Any, in_place: Callable[[Any, Any], Any]) -> Any:
        """The array with an operation executed in it, by the operator that does so."""
        raise NotImplementedError

    def __iadd__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.add, other, operator.iadd)

    def __isub__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.sub, other, operator.isub)

    def __imul__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.mul, other, operator.imul)

    def __itruediv__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.div, other, operator.itruediv)

    def __ifloordiv__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.floordiv, other, operator.ifloordiv)

    def __imod__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.mod, other, operator.imod)

    def __ipow__(self, other: Any) -> Any:  # type: ignore[misc,override]
        return self._in_place(OPERATIONS.pow, other, operator.ipow)

    def __imatmul__(self, other: Any) -> Any:
        return self._in_place(MATMUL, other, operator.imatmul)

    def __iand__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.bitwise_and, other, operator.iand)

    def __ior__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.bitwise_or, other, operator.ior)

    def __ixor__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.bitwise_xor, other, operator.ixor)

    def __ilshift__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.left_shift, other, operator.ilshift)

    def __irshift__(self, other: Any) -> Any:
        return self._in_place(OPERATIONS.right_shift, other, operator.irshift)

    def squeeze(self, axis: Any = None) -> Any:
        return np.squeeze(self, axis)

    def diagonal(self, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
        return np.diagonal(self, offset, axis1, axis2)

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        return np.repeat(self, repeats, axis)

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise") -> Any:
        return np.take(self, indices, axis, out, mode)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        return np.compress(condition, self, axis, out)

    def all(self, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        return np.all(self, axis, out, keepdims, where=where)

    def any(self, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        return np.any(self, axis, out, keepdims, where=where)

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        return np.argmax(self, axis, out, keepdims=keepdims)

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        return np.argmin(self, axis, out, keepdims=keepdims)

    def argpartition(self, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
        return np.argpartition(self, kth, axis, kind, order)

    def argsort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
        return np.argsort(self, axis, kind, order, stable=stable)

    def choose(self, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
        return np.choose(self, choices, out, mode)

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **keywords: Any) -> Any:
        return np.clip(self, min, max, out, **keywords)

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return np.cumprod(self, axis, dtype, out)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return np.cumsum(self, axis, dtype, out)

    def dot(self, b: Any, out: Any = None) -> Any:
        return np.dot(self, b, out)

    def max(self, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = np._NoValue,
            where: Any = True) -> Any:  # fmt: skip
        return np.max(self, axis, out, keepdims, initial, where)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
             where: Any = True) -> Any:  # fmt: skip
        return np.mean(self, axis, dtype, out, keepdims, where=where)

    def min(self, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = np._NoValue,
            where: Any = True) -> Any:  # fmt: skip
        return np.min(self, axis, out, keepdims, initial, where)

    def nonzero(self) -> Any:
        return np.nonzero(self)

    def prod(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
             initial: Any = np._NoValue, where: Any = True) -> Any:  # fmt: skip
        return np.prod(self, axis, dtype, out, keepdims, initial, where)

    def round(self, decimals: Any = 0, out: Any = None) -> Any:
        return np.round(self, decimals, out)

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        return np.searchsorted(self, v, side, sorter)

    def std(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
            where: Any = True, mean: Any = np._NoValue) -> Any:  # fmt: skip
        return np.std(self, axis, dtype, out, ddof, keepdims, where=where, mean=mean)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
            initial: Any = np._NoValue, where: Any = True) -> Any:  # fmt: skip
        return np.sum(self, axis, dtype, out, keepdims, initial, where)

    def trace(self, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, dtype: Any = None, out: Any = None) -> Any:
        return np.trace(self, offset, axis1, axis2, dtype, out)

    def var(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
            where: Any = True, mean: Any = np._NoValue) -> Any:  # fmt: skip
        return np.var(self, axis, dtype, out, ddof, keepdims, where=where, mean=mean)
