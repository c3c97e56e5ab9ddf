"""Arrays without values: what `oc.spec` makes, a shape and a dtype."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, Self, TypeAlias

import numpy
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike

from opcount.counting import symbolic
from opcount.counting.errors import InvalidType, InvalidValue, Uncounted
from opcount.wrapping import shapes
from opcount.wrapping.classes import NUMERIC
from opcount.wrapping.shapes import Shape

np: Any = numpy  # NumPy's stubs know no other class of arrays

_ADVICE: Final = "a spec has no values, so control flow by value cannot be counted from shapes alone"


def no_values(door: str) -> Uncounted:
    """The error for whatever needs to know a value."""
    return Uncounted(f"{door} needs values: {_ADVICE}; count with real data, oc.wrap(array), instead of oc.spec")


class Spec(NDArrayOperatorsMixin):
    """What a spec holds in place of an ndarray: a shape and a dtype."""

    __slots__ = ("_dtype", "_shape")
    _shape: Shape
    _dtype: numpy.dtype[Any]

    def __init__(self, shape: Shape, dtype: object) -> None:
        self._shape = tuple(map(symbolic.normal, shape))
        self._dtype = np.dtype(dtype)
        if self._dtype.kind not in NUMERIC:
            raise InvalidType(f"a spec is of numbers or truth values, not of {self._dtype}")

    @property
    def dtype(self) -> numpy.dtype[Any]:
        return self._dtype

    @property
    def shape(self) -> Shape:
        return self._shape

    @shape.setter
    def shape(self, shape: object) -> None:
        self._shape = shapes.after_reshape(self._shape, shape)

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> Any:
        return symbolic.product(self._shape)

    @property
    def itemsize(self) -> int:
        return self._dtype.itemsize

    @property
    def nbytes(self) -> Any:
        return symbolic.normal(self.size * self.itemsize)

    @property
    def T(self) -> Spec:
        return Spec(self._shape[::-1], self._dtype)

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)

    @property
    def real(self) -> Any:
        return np.real(self)

    @real.setter
    def real(self, value: object) -> None:
        self[...] = value

    @property
    def imag(self) -> Any:
        return np.imag(self)

    @imag.setter
    def imag(self, value: object) -> None:
        self[...] = value

    @property
    def base(self) -> None:
        return None

    # NumPy's functions

    through: ClassVar[Callable[[Any, Any, Mapping[str, Any]], Any]]
    """Says what a NumPy function or ufunc method gives for specs; the table of functions puts it here."""

    def __array_ufunc__(self, ufunc: numpy.ufunc, method: str, *inputs: object, **keywords: object) -> Any:
        if method == "at":
            if type(inputs[0]) is not Spec:
                raise no_values(f"{ufunc.__name__}.at into an array of data")
            inputs[0][inputs[1]] = inputs[2] if len(inputs) > 2 else False
            return None
        operands = [np.asarray(operand) if isinstance(operand, (list, tuple)) else operand for operand in inputs]
        if method == "reduceat":
            operands[1] = inputs[1]
        return Spec.through(getattr(ufunc, method), operands, keywords)

    def __array_function__(self, function: Any, types: object, args: Any, keywords: Any) -> Any:
        return Spec.through(function, args, keywords)

    def __array__(self, *_: object, **__: object) -> numpy.ndarray:
        raise no_values("np.asarray()")

    # elements and views

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("len() of unsized object")
        if symbolic.is_symbolic(self._shape[0]):
            raise InvalidValue(f"the length {self._shape[0]} is no number: use x.shape[0], or numbers for the sizes")
        return int(self._shape[0])

    def __iter__(self) -> Iterator[Spec]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, key: object) -> Spec:
        _refuse_spec_keys(key)
        return Spec(shapes.indexed(self._shape, key), self._dtype)

    def __setitem__(self, key: object, value: Any) -> None:
        part = self[key]
        if type(value) not in (int, float, bool, complex):
            value = value if isinstance(value, (Spec, numpy.ndarray)) else np.asarray(value)
            given = value.shape
            extra = max(len(given) - part.ndim, 0)
            if (
                not all(size == 1 for size in given[:extra])
                or shapes.broadcast(part.shape, given[extra:]) != part.shape
            ):
                raise ValueError(f"could not broadcast input array from shape {given} into shape {part.shape}")
        else:
            value = np.asarray(value)
        if not (part._shape or any(one is Ellipsis for one in (key if type(key) is tuple else (key,)))):
            np.zeros(1, self._dtype)[0] = np.ones(value.shape, value.dtype)[()]  # what NumPy says of an element

    def __bool__(self) -> bool:
        raise no_values("bool()")

    def __float__(self) -> float:
        raise no_values("float()")

    def __int__(self) -> int:
        raise no_values("int()")

    def __complex__(self) -> complex:
        raise no_values("complex()")

    def __index__(self) -> int:
        raise no_values("an index")

    def item(self, *_: object) -> Any:
        raise no_values("item()")

    def tolist(self) -> Any:
        raise no_values("tolist()")

    def __getattr__(self, name: str) -> Any:
        """Refuse those attributes of an ndarray that need its memory or its elements."""
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise no_values(f"x.{name}")
        raise AttributeError(f"a spec has no attribute {name!r}")

    # methods that move data

    def astype(self, dtype: object, order: object = "K", casting: object = "unsafe", *_: object) -> Spec:
        given = np.empty(0, self._dtype).astype(dtype, casting=casting).dtype
        return Spec(self._shape, given)

    def copy(self, order: object = "C") -> Spec:
        return Spec(self._shape, self._dtype)

    __copy__ = copy

    def __deepcopy__(self, memo: object) -> Spec:
        return self.copy()

    def view(self, dtype: DTypeLike | None = None) -> Any:
        new = self._dtype if dtype is None else np.dtype(dtype)
        if new.itemsize == self.itemsize:
            return Spec(self._shape, new)
        *rest, last = self._shape or (None,)
        length = None if last is None else symbolic.quotient(last * self.itemsize, new.itemsize)
        if length is None:
            raise ValueError(f"the last axis of a spec of shape {self._shape} cannot be seen as {new}")
        return Spec((*rest, length), new)

    def reshape(self, *shape: object, order: object = "C", copy: object = None) -> Spec:
        return Spec(shapes.after_reshape(self._shape, shape[0] if len(shape) == 1 else shape), self._dtype)

    def resize(self, *shape: object, refcheck: bool = True) -> None:
        new = shape[0] if len(shape) == 1 else shape
        self._shape = tuple(map(symbolic.normal, new if isinstance(new, (tuple, list)) else (new,)))

    def transpose(self, *axes: object) -> Any:
        given = axes[0] if len(axes) == 1 else axes or None
        return np.transpose(self, given)

    def swapaxes(self, axis1: object, axis2: object) -> Any:
        return np.swapaxes(self, axis1, axis2)

    def flatten(self, order: object = "C") -> Spec:
        return Spec((self.size,), self._dtype)

    def ravel(self, order: object = "C") -> Spec:
        return Spec((self.size,), self._dtype)

    def to_device(self, device: object, /, *, stream: object = None) -> Self:
        np.empty(0).to_device(device, stream=stream)
        return self

    def fill(self, value: object) -> None:
        self[...] = value

    def byteswap(self, inplace: bool = False) -> Self:
        return self

    def __repr__(self) -> str:
        return f"spec({_written(self._shape)}, dtype={self._dtype})"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


Held: TypeAlias = numpy.ndarray | numpy.generic | Spec
"""What an Array holds, and what a rule is told of it: values, or a shape and a dtype alone."""


def _written(shape: Shape) -> str:
    parts = [repr(str(size)) if symbolic.is_symbolic(size) else str(size) for size in shape]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _refuse_spec_keys(key: object) -> None:
    for part in key if isinstance(key, (tuple, list)) else (key,):
        if isinstance(part, Spec):
            raise no_values("indexing by a spec")
        if isinstance(part, (tuple, list)):
            _refuse_spec_keys(part)


def holds_specs(value: object) -> bool:
    """Whether a value is, or holds, an array without values."""
    if isinstance(value, (list, tuple)):
        return any(map(holds_specs, value))
    if isinstance(value, dict):
        return any(map(holds_specs, value.values()))
    return type(value) is Spec
