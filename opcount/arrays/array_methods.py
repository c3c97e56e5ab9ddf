"""The methods of an ndarray that are NumPy's functions of the same name, for whatever wraps an array."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, ClassVar, Final, SupportsIndex

import numpy
from numpy.typing import DTypeLike

from opcount.arrays.typed import Out
from opcount.wrapping.operations import OPERATIONS, Operation
from opcount.wrapping.shapes import Axis
from opcount.wrapping.wrapped import Wrapped

np: Any = numpy  # NumPy's stubs know no other class of arrays

MATMUL: Final = Operation("matmul", numpy.matmul, operator.matmul)
"""A product of matrices, which counts by their shapes and is executed on whole arrays."""


class ArrayMethods(Wrapped):
    """What an array's methods do, by NumPy's functions, which come back to the class that holds the array."""

    __slots__ = ()
    _is_array: ClassVar[bool] = True

    def _in_place(self, operation: Operation, other: object, in_place: Callable[[Any, Any], Any]) -> Any:
        """The array with an operation executed in it, by the operator that does so."""
        raise NotImplementedError

    def __iadd__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.add, other, operator.iadd)

    def __isub__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.sub, other, operator.isub)

    def __imul__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.mul, other, operator.imul)

    def __itruediv__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.div, other, operator.itruediv)

    def __ifloordiv__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.floordiv, other, operator.ifloordiv)

    def __imod__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.mod, other, operator.imod)

    def __ipow__(self, other: object) -> Any:  # type: ignore[misc,override]
        return self._in_place(OPERATIONS.pow, other, operator.ipow)

    def __imatmul__(self, other: object) -> Any:
        return self._in_place(MATMUL, other, operator.imatmul)

    def __iand__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.bitwise_and, other, operator.iand)

    def __ior__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.bitwise_or, other, operator.ior)

    def __ixor__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.bitwise_xor, other, operator.ixor)

    def __ilshift__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.left_shift, other, operator.ilshift)

    def __irshift__(self, other: object) -> Any:
        return self._in_place(OPERATIONS.right_shift, other, operator.irshift)

    def squeeze(self, axis: Axis = None) -> Any:
        return np.squeeze(self, axis)

    def diagonal(self, offset: SupportsIndex = 0, axis1: SupportsIndex = 0, axis2: SupportsIndex = 1) -> Any:
        return np.diagonal(self, offset, axis1, axis2)

    def repeat(self, repeats: object, axis: Axis = None) -> Any:
        return np.repeat(self, repeats, axis)

    def take(self, indices: object, axis: Axis = None, out: Out = None, mode: str = "raise") -> Any:
        return np.take(self, indices, axis, out, mode)

    def compress(self, condition: object, axis: Axis = None, out: Out = None) -> Any:
        return np.compress(condition, self, axis, out)

    def all(self, axis: Axis = None, out: Out = None, keepdims: bool = False, *, where: object = True) -> Any:
        return np.all(self, axis, out, keepdims, where=where)

    def any(self, axis: Axis = None, out: Out = None, keepdims: bool = False, *, where: object = True) -> Any:
        return np.any(self, axis, out, keepdims, where=where)

    def argmax(self, axis: Axis = None, out: Out = None, *, keepdims: bool = False) -> Any:
        return np.argmax(self, axis, out, keepdims=keepdims)

    def argmin(self, axis: Axis = None, out: Out = None, *, keepdims: bool = False) -> Any:
        return np.argmin(self, axis, out, keepdims=keepdims)

    def argpartition(
        self, kth: object, axis: Axis = -1, kind: str | None = "introselect", order: str | None = None
    ) -> Any:
        return np.argpartition(self, kth, axis, kind, order)

    def argsort(
        self, axis: Axis = -1, kind: str | None = None, order: str | None = None, *, stable: bool | None = None
    ) -> Any:
        return np.argsort(self, axis, kind, order, stable=stable)

    def choose(self, choices: object, out: Out = None, mode: str = "raise") -> Any:
        return np.choose(self, choices, out, mode)

    def clip(self, min: object = None, max: object = None, out: Out = None, **keywords: object) -> Any:
        return np.clip(self, min, max, out, **keywords)

    def cumprod(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None) -> Any:
        return np.cumprod(self, axis, dtype, out)

    def cumsum(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None) -> Any:
        return np.cumsum(self, axis, dtype, out)

    def dot(self, b: object, out: Out = None) -> Any:
        return np.dot(self, b, out)

    def max(self, axis: Axis = None, out: Out = None, keepdims: bool = False, initial: object = np._NoValue,
            where: object = True) -> Any:  # fmt: skip
        return np.max(self, axis, out, keepdims, initial, where)

    def mean(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: bool = False, *,
             where: object = True) -> Any:  # fmt: skip
        if where is True:
            return np.mean(self, axis, dtype, out, keepdims)
        return np.mean(self, axis, dtype, out, keepdims, where=where)

    def min(self, axis: Axis = None, out: Out = None, keepdims: bool = False, initial: object = np._NoValue,
            where: object = True) -> Any:  # fmt: skip
        return np.min(self, axis, out, keepdims, initial, where)

    def nonzero(self) -> Any:
        return np.nonzero(self)

    def partition(
        self, kth: Any, axis: SupportsIndex = -1, kind: Any = "introselect", order: str | None = None
    ) -> None:
        self[...] = np.partition(self, kth, operator.index(axis), kind, order)  # type: ignore[index]

    def prod(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: bool = False,
             initial: object = np._NoValue, where: object = True) -> Any:  # fmt: skip
        return np.prod(self, axis, dtype, out, keepdims, initial, where)

    def round(self, decimals: SupportsIndex = 0, out: Out = None) -> Any:
        return np.round(self, decimals, out)

    def searchsorted(self, v: object, side: str = "left", sorter: object = None) -> Any:
        return np.searchsorted(self, v, side, sorter)

    def sort(
        self, axis: SupportsIndex = -1, kind: Any = None, order: str | None = None, *, stable: bool | None = None
    ) -> None:
        self[...] = np.sort(self, operator.index(axis), kind, order, stable=stable)  # type: ignore[index]

    def std(
        self,
        axis: Axis = None,
        dtype: DTypeLike | None = None,
        out: Out = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: object = True,
        mean: object = np._NoValue,
    ) -> Any:
        return np.std(self, axis, dtype, out, ddof, keepdims, where=where, mean=mean)

    def sum(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: bool = False,
            initial: object = np._NoValue, where: object = True) -> Any:  # fmt: skip
        return np.sum(self, axis, dtype, out, keepdims, initial, where)

    def trace(
        self,
        offset: SupportsIndex = 0,
        axis1: SupportsIndex = 0,
        axis2: SupportsIndex = 1,
        dtype: DTypeLike | None = None,
        out: Out = None,
    ) -> Any:
        return np.trace(self, offset, axis1, axis2, dtype, out)

    def var(
        self,
        axis: Axis = None,
        dtype: DTypeLike | None = None,
        out: Out = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: object = True,
        mean: object = np._NoValue,
    ) -> Any:
        return np.var(self, axis, dtype, out, ddof, keepdims, where=where, mean=mean)
