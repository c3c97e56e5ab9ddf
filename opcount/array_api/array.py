"""Array: what the namespace's functions take and give, and how NumPy's function is called for one of them.

It holds an ndarray, also of a single number, and so keeps its dtype. What counts is handed on to opcount's own
Array, which has the rules; what is constant data goes to NumPy alone.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np

from opcount.arrays.array import array_of
from opcount.arrays.array_exits import ArrayExits
from opcount.arrays.elements import memory_of, plain_index, write
from opcount.arrays.scalar import wrapped
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.wrapping.classes import NUMERIC, described
from opcount.wrapping.operations import Operation
from opcount.wrapping.spec import Spec
from opcount.wrapping.wrapped import Wrapped

VERSIONS: Final = ("2021.12", "2022.12", "2023.12", "2024.12")
"""The versions of the standard whose names are all here."""


class Memory:
    """Whether what is held in an array's memory counts. Views share it: what is written into one is in all of them."""

    __slots__ = ("counts",)

    def __init__(self, counts: bool) -> None:
        self.counts = counts


class Array(ArrayExits):
    """An array of the standard: wrapped values, on which everything counts, or constant data, on which nothing does.

    >>> import opcount as oc, opcount.array_api as xp
    >>> x, data = xp.wrap([1.0, 2.0, 3.0]), xp.asarray([4.0, 5.0, 6.0])
    >>> with oc.count() as tally:
    ...     y = xp.sum(x * (data - 1.0))
    >>> y, tally.counts
    (Array(26.), Counts({'mul': 3, 'add': 2}))

    An operation with a wrapped operand counts, and its result is wrapped; where all operands are constant, so is the
    result, and nothing counts. Writing a wrapped value into constant data makes all of the array, and every view of
    it, wrapped. A single number is an array without axes and keeps its dtype. Truth values are ordinary control flow;
    any other wrapped value that is to become a plain one, as by `float(x)`, raises Uncounted, and `oc.unwrap` is the
    way out. Arrays are made by `xp.wrap`, `xp.asarray` and the other functions of the namespace.
    """

    __slots__ = ("_held", "_memory")
    __hash__ = None  # type: ignore[assignment]  # mutable
    _rank: ClassVar[int] = 4  # beside a node of a graph too, which is handed constant data as the plain array
    _held: np.ndarray[Any, Any]

    def __init__(self, held: np.ndarray[Any, Any], memory: Memory) -> None:
        if held.dtype.kind not in NUMERIC:
            raise InvalidType(f"an array of the standard holds numbers or truth values, not {held.dtype}")
        self._held = held
        self._memory = memory

    def _plain(self) -> Any:
        return self._held

    def _hold(self, result: object) -> Any:
        return made(wrapped(result), [self])

    def _part(self, held: np.ndarray[Any, Any]) -> Array:
        """Elements of this array, in its memory or copied."""
        shared = self._memory.counts or np.may_share_memory(held, self._held)
        return Array(held, self._memory if shared else Memory(False))

    def _opened(self) -> Any:
        return array_of(self._held)._opened() if self._memory.counts else self._held

    def _counting(self) -> Array:
        return self if self._memory.counts else Array(self._held.copy(), Memory(True))

    def _execute(self, operation: Operation, operands: tuple[Any, ...]) -> Any:
        return call(operation.value, *operands)

    def _in_place(self, operation: Operation, other: object, in_place: Callable[[Any, Any], Any]) -> Any:
        found: list[Array] = []
        operand = inner(other, found)
        if _wrapped_among(found) or isinstance(operand, Wrapped) or self._memory.counts:
            in_place(array_of(self._held), operand)
            self._memory.counts = True
        else:
            in_place(self._held, operand)
        return self

    def __matmul__(self, other: object, /) -> Any:
        return call(operator.matmul, self, other)

    def __rmatmul__(self, other: object, /) -> Any:
        return call(operator.matmul, other, self)

    def __pos__(self, /) -> Any:
        return call(operator.pos, self)

    # NumPy's functions, called by name: they count too

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        return call(getattr(ufunc, method), *inputs, **keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Mapping[str, Any]) -> Any:
        return call(function, *args, **keywords)

    # elements

    def __getitem__(self, key: object, /) -> Array:
        return self._part(np.asarray(self._held[plain_index(key)]))

    def __setitem__(self, key: object, value: object, /) -> None:
        held, key, found = self._held, plain_index(key), list[Array]()
        value = inner(value, found)
        write(memory_of(held), value, partial(held.__setitem__, key))
        if not self._memory.counts and (_wrapped_among(found) or isinstance(value, Wrapped)):
            self._memory.counts = self[key].size > 0

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Array]:
        if not self._held.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[index] for index in range(len(self._held)))

    # what is known of it without its values

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        if api_version not in (None, *VERSIONS):
            raise InvalidValue(f"api_version is one of {', '.join(VERSIONS)}, not {described(api_version)}")
        return sys.modules["opcount.array_api"]

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._held.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self._held.dtype
        return dtype

    @property
    def ndim(self) -> int:
        return self._held.ndim

    @property
    def size(self) -> int:
        return self._held.size

    @property
    def T(self) -> Array:
        return self._part(self._held.T)

    @property
    def mT(self) -> Array:
        return self._part(self._held.mT)

    @property
    def real(self) -> Array:
        return self._part(self._held.real)

    @property
    def imag(self) -> Array:
        return self._part(self._held.imag)

    def to_device(self, device: object, /, *, stream: object = None) -> Array:
        on_cpu(device)
        return self

    # exits

    def _let_out(self, door: str, advice: str, elements: int | None = None) -> Any:
        """The plain values, freely where they are constant data or truth values; else by opcount's rule for exits.

        Constant data leaves as a copy, so that nothing that is written into it later is found there.
        """
        if self._held.dtype.kind == "b":
            return self._held
        if not self._memory.counts:
            return self._held.copy()
        return super()._let_out(door, advice, elements)

    def __dlpack__(  # type: ignore[override]  # the names that the standard gives
        self,
        /,
        *,
        stream: object = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        advice = "a wrapped array cannot be handed on by DLPack: hand on oc.unwrap(x)"
        plain = self._let_out("__dlpack__", advice)
        keywords = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
        return plain.__dlpack__(stream=stream, **{name: given for name, given in keywords.items() if given is not None})

    def __reduce_ex__(self, protocol: object) -> Any:
        return super().__reduce_ex__(protocol) if self._memory.counts else (_constant, (self._held,))

    # copies stay what they are

    def __copy__(self) -> Array:
        return Array(self._held.copy(), Memory(self._memory.counts))

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return self.__copy__()


def _constant(held: np.ndarray[Any, Any]) -> Array:
    return Array(held, Memory(False))


# --- a call of NumPy's function


def call(function: Callable[..., Any], /, *args: object, **keywords: object) -> Any:
    """Call a function of NumPy's, or one written in them, with opcount's Arrays for what is wrapped."""
    found: list[Array] = []
    plain = [inner(value, found) for value in args]
    return made(function(*plain, **{name: inner(value, found) for name, value in keywords.items()}), found)


def inner(value: object, found: list[Array]) -> Any:
    """What NumPy's function is to be given for a value; the arrays in it are added to `found`."""
    if isinstance(value, Array):
        found.append(value)
        return array_of(value._held) if value._memory.counts else value._held
    if isinstance(value, (list, tuple)):
        items = [inner(item, found) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value


def made(result: Any, sources: list[Array]) -> Any:
    """What NumPy's function gives, made from these arrays, as arrays of the standard."""
    if isinstance(result, Wrapped):
        kept = isinstance(result, Array) or result.records or type(result._plain()) is Spec
        return result if kept else of_counted(result)
    if isinstance(result, (np.ndarray, np.generic)):
        held = np.asarray(result)
        if held.dtype.kind == "O":  # of wrapped numbers, or of the nodes of a graph
            return result
        if held.dtype.kind == "b" and _wrapped_among(sources):  # opcount gives a single truth value as a plain one
            return Array(held, Memory(True))
        shared = (one._memory for one in sources if np.may_share_memory(held, one._held))
        return Array(held, next(shared, None) or Memory(False))
    if isinstance(result, tuple):
        items = [made(item, sources) for item in result]
        return type(result)(*items) if hasattr(result, "_fields") else tuple(items)
    return [made(item, sources) for item in result] if isinstance(result, list) else result


def of_counted(value: Wrapped) -> Array:
    """One of opcount's own wrapped values as an array of the standard, over the same memory."""
    if value.records or type(value._plain()) is Spec:
        what = "a value inside a gradient or a trace" if value.records else "a spec, which has no values"
        raise InvalidType(f"obj is {what}: use NumPy's functions on it, or give opcount.array_api numbers or an array")
    return Array(np.asarray(value._plain()), Memory(True))


def _wrapped_among(arrays: list[Array]) -> bool:
    return any(one._memory.counts for one in arrays)


def on_cpu(device: object) -> None:
    """Raise InvalidValue for a device that is not the only one here."""
    if device not in (None, "cpu"):
        raise InvalidValue(f"device is 'cpu', the only one, not {described(device)}")
