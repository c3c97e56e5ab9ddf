"""The attributes and methods of an ndarray that an array node has besides, by NumPy's functions of nodes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from opcount.arrays.array_methods import ArrayMethods
from opcount.arrays.elements import objects, plain_index
from opcount.counting.errors import Uncounted
from opcount.tracing.differentiable import COMPLEX, FUNCTIONS
from opcount.tracing.object_array import opened_array
from opcount.tracing.tape import Tape
from opcount.wrapping.operations import Operation
from opcount.wrapping.wrapped import Number, for_sparse_matrix


def kind_of_cast(dtype: DTypeLike) -> str:
    """The kind of a dtype to which a node is cast; raises Uncounted for complex numbers, which have no derivative."""
    kind = np.dtype(dtype).kind
    if kind == "c":
        raise Uncounted(COMPLEX)
    return kind


class FlatNode:
    """What `flat` of a node is: its elements one by one, and by their place, to be read and written."""

    __slots__ = ("_array", "_next")

    def __init__(self, array: Any) -> None:
        self._array = array
        self._next = 0

    def __len__(self) -> int:
        return self._array.size  # type: ignore[no-any-return]

    def __iter__(self) -> FlatNode:
        return self

    def __next__(self) -> Any:
        if self._next >= len(self):
            raise StopIteration
        self._next += 1
        return self[self._next - 1]

    def __getitem__(self, key: object) -> Any:
        return self._array[self._places(key)]

    def __setitem__(self, key: object, value: object) -> None:
        places = self._places(key)
        shape = np.shape(places[0]) if places else ()
        if shape:  # NumPy repeats the values as often as it takes
            values = FUNCTIONS[np.ravel](value)
            if not values.size:
                return
            value = np.reshape(values[np.arange(math.prod(shape)) % values.size], shape)
        self._array[places] = value

    def _places(self, key: object) -> tuple[Any, ...]:
        """Where these elements stand in the array, by its axes."""
        return np.unravel_index(np.arange(len(self))[plain_index(key)], self._array.shape)


class NumberMethods(Number):
    """What a node that holds a number has besides operators."""

    __slots__ = ()
    primitive: Operation | None
    tape: Tape
    value: Any

    @property
    def name(self) -> str:
        """The name of the operation, "input" for an input."""
        return self.primitive.name if self.primitive else "input"

    @property
    def shape(self) -> tuple[()]:
        return ()

    @property
    def ndim(self) -> int:
        return 0

    @property
    def size(self) -> int:
        return 1

    @property
    def T(self) -> Any:
        return self

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

    # The methods of a number of NumPy's that a Scalar has, too: NumPy's functions would ask a number for them.

    def _as_array(self) -> Any:
        return self if self.tape.arrays_as_nodes else opened_array(np.empty(()), [self])

    def _cast(self, kind: object) -> Any:
        raise NotImplementedError

    def copy(self) -> Any:
        return self

    def conj(self) -> Any:
        return self

    def astype(self, dtype: DTypeLike, *_: object, **__: object) -> Any:
        """A cast; a cast to integers, truth values or text is a constant."""
        kind = kind_of_cast(dtype)
        if kind == "O":
            return self
        return self._cast(np.dtype(dtype).type) if kind == "f" else self.value.astype(dtype)

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self._as_array(), shape[0] if len(shape) == 1 else shape)

    def ravel(self) -> Any:
        return self.reshape(1)

    def round(self, decimals: int = 0) -> Any:
        return self.value.round(decimals)

    def sum(self, *arguments: Any, **keywords: Any) -> Any:
        return np.sum(self._as_array(), *arguments, **keywords)

    def mean(self, *arguments: Any, **keywords: Any) -> Any:
        return np.mean(self._as_array(), *arguments, **keywords)

    def max(self, *arguments: Any, **keywords: Any) -> Any:
        return np.max(self._as_array(), *arguments, **keywords)

    def min(self, *arguments: Any, **keywords: Any) -> Any:
        return np.min(self._as_array(), *arguments, **keywords)

    def clip(self, *arguments: Any, **keywords: Any) -> Any:
        return np.clip(self._as_array(), *arguments, **keywords)

    def item(self) -> Any:
        return self._let_out("item()", "item() would be a plain number: use the number as it is, or oc.unwrap(x)")


class NodeMethods(ArrayMethods):
    """What has an Array as its `value`: its shape, views of it, and its guarded exits."""

    __slots__ = ()
    primitive: Operation | None
    value: Any
    copy: Any

    @property
    def name(self) -> str:
        """The name of the operation, "input" for an input."""
        return self.primitive.name if self.primitive else "input"

    def __len__(self) -> int:
        return len(self.value)

    def __contains__(self, value: object) -> bool:
        return value in self.value

    def __delitem__(self, key: object) -> None:
        raise ValueError("cannot delete array elements")

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.copy()

    @property
    def flat(self) -> FlatNode:
        return FlatNode(self)

    @flat.setter
    def flat(self, value: object) -> None:
        FlatNode(self)[:] = value

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
    def imag(self) -> Any:
        return np.imag(self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape  # type: ignore[no-any-return]

    @shape.setter
    def shape(self, shape: object) -> None:
        raise Uncounted("an array that is differentiated keeps its shape: make another, y = x.reshape(shape)")

    @property
    def itemsize(self) -> int:
        return self.value.itemsize  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        return self.value.nbytes  # type: ignore[no-any-return]

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

    def view(self, *types: object) -> Any:
        if types:
            raise Uncounted("the memory of an array that is differentiated is not read in another type: use x.astype")
        itself: Any = self
        return itself[...]

    def put(self, indices: object, values: object, mode: str = "raise") -> None:
        np.put(self, indices, values, mode)  # type: ignore[arg-type]

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


def _of_memory(name: str) -> property:
    def refused(_: object) -> Any:
        raise Uncounted(
            f"{name} of an array that is differentiated is not followed here: use a function of NumPy's that makes "
            f"a new array, as np.reshape does, or oc.unwrap(x).{name}, which is a constant"
        )

    return property(refused)


for _name in dir(np.ndarray):  # and no __getattr__, with which each attribute that there is takes longer
    if not _name.startswith("_") and not hasattr(NodeMethods, _name):
        setattr(NodeMethods, _name, _of_memory(_name))
