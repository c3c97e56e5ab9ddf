"""The attributes and methods of an ndarray that an array node has besides, by NumPy's functions of nodes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from opcount.arrays.array_methods import ArrayMethods
from opcount.arrays.elements import objects
from opcount.tracing.differentiable import FUNCTIONS
from opcount.wrapping.operations import Operation
from opcount.wrapping.wrapped import Number, for_sparse_matrix


class NumberMethods(Number):
    """What a node that holds a number has besides operators."""

    __slots__ = ()
    primitive: Operation | None
    value: Any

    @property
    def name(self) -> str:
        """The name of the operation, "input" for an input."""
        return self.primitive.name if self.primitive else "input"

    @property
    def shape(self) -> tuple[()]:
        return ()

    @property
    def size(self) -> int:
        return 1

    def _plain(self) -> Any:
        return self.value._plain()

    def _reciprocal(self) -> Any:
        whole = isinstance(self._plain(), (int, np.integer))  # NumPy rounds the reciprocal, which is a constant then
        return np.reciprocal(self.value) if whole else 1 / self

    # Rounding has no derivative: its result is a constant, as Python rounds it.

    def __floor__(self) -> Any:
        return math.floor(self.value)

    def __ceil__(self) -> Any:
        return math.ceil(self.value)

    def __trunc__(self) -> Any:
        return math.trunc(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value, digits)

    def item(self) -> Any:
        return self._let_out("item()", "item() would be a plain number: use the number as it is, or oc.unwrap(x)")


class NodeMethods(ArrayMethods):
    """What has an Array as its `value`: its shape, views of it, and its guarded exits."""

    __slots__ = ()
    primitive: Operation | None
    value: Any

    @property
    def name(self) -> str:
        """The name of the operation, "input" for an input."""
        return self.primitive.name if self.primitive else "input"

    def __len__(self) -> int:
        return len(self.value)

    def __contains__(self, value: object) -> bool:
        return value in self.value

    @property
    def flat(self) -> Iterator[Any]:
        return iter(self.reshape(-1))

    @property
    def T(self) -> Any:
        return self.transpose()

    @property
    def mT(self) -> Any:
        return self.swapaxes(-1, -2)

    @property
    def real(self) -> Any:
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return self.value.size  # type: ignore[no-any-return]

    def conj(self) -> Any:
        return self

    def conjugate(self) -> Any:
        return self

    def reshape(self, *shape: object, order: object = "C", copy: bool | None = None) -> Any:
        return FUNCTIONS[np.reshape](self, shape[0] if len(shape) == 1 else shape, order=order, copy=copy)

    def ravel(self, order: object = "C") -> Any:
        return FUNCTIONS[np.ravel](self, order)

    def flatten(self, order: object = "C") -> Any:
        return self.ravel(order).copy()

    def transpose(self, *axes: object) -> Any:
        given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return FUNCTIONS[np.transpose](self, given or None)

    def swapaxes(self, axis1: object, axis2: object) -> Any:
        return FUNCTIONS[np.swapaxes](self, axis1, axis2)

    # exits, guarded

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        if (given := for_sparse_matrix(self)) is not None:
            return np.array(given, dtype, copy=copy)
        advice = (
            "an array that is differentiated was asked to become a plain one, which would have no derivative: use "
            "NumPy's functions on it, np.stack for a list of arrays, or oc.unwrap(x), which is a constant"
        )
        if np.dtype(dtype).char == "O":  # whose elements are nodes
            itself: Any = self
            found = np.empty(self.shape, object)
            for place in np.ndindex(self.shape):
                found[place] = itself[place]
            return objects(found, copy)
        return np.array(self._let_out("np.asarray()", advice), dtype, copy=copy)

    def item(self, *place: object) -> Any:
        return self._let_out("item()", "item() would be a plain number: use x[i], or oc.unwrap(x).item()", 1).item(
            *place
        )

    def tolist(self) -> Any:
        return self._let_out("tolist()", "the list would be plain: use list(x), or oc.unwrap(x).tolist()").tolist()
