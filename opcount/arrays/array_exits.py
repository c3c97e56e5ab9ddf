"""What holds an array: its memory, how values leave it or are refused, and how it is written as text."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike

from opcount.arrays.array_methods import ArrayMethods
from opcount.arrays.elements import objects
from opcount.counting.callers import refusal
from opcount.counting.errors import InvalidType
from opcount.counting.meters import note_text
from opcount.counting.symbolic import known
from opcount.wrapping.operands import opened
from opcount.wrapping.spec import Spec, no_values
from opcount.wrapping.wrapped import for_sparse_matrix


class ArrayExits(ArrayMethods):
    """What holds an array in `_held`, with its guarded exits."""

    __slots__ = ()
    _held: Any

    # what is known of its memory

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The namespace of the array API standard: NumPy's own, whose functions take Arrays."""
        return np.empty(0).__array_namespace__(api_version=api_version)  # type: ignore[arg-type]

    @property
    def itemsize(self) -> int:
        return self._held.itemsize

    @property
    def nbytes(self) -> int:
        return known(self._held.nbytes)

    @property
    def strides(self) -> tuple[int, ...]:
        return self._held.strides

    @property
    def flags(self) -> Any:
        return self._held.flags

    @property
    def device(self) -> str:
        return "cpu"

    def setflags(self, write: bool | None = None, align: bool | None = None, uic: bool | None = None) -> None:
        self._held.setflags(write, align, uic)

    # exits, guarded

    def _let_out(self, door: str, advice: str, elements: int | None = None) -> Any:
        if type(self._held) is Spec:
            raise no_values(door)
        if door in _CONVERSIONS and self._held.ndim:
            try:
                with warnings.catch_warnings():  # of one element older NumPys make a number, with a warning
                    warnings.simplefilter("ignore", DeprecationWarning)
                    _CONVERSIONS[door](self._held)
            except TypeError as error:  # of several numbers NumPy makes none
                raise InvalidType(refusal(f"{error}: {advice.partition(': ')[2]}")) from None
        return super()._let_out(door, advice, elements)

    def _truths_or_let_out(self, door: str, advice: str, elements: int | None = None) -> Any:
        """The plain values: of a comparison they are ordinary control flow, all others leave by that door."""
        return self._held if self._held.dtype == bool else self._let_out(door, advice, elements)

    def __bool__(self) -> bool:
        advice = "the truth of a wrapped number is a comparison that nobody would count: write x != 0"
        return bool(self._truths_or_let_out("bool()", advice))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        if (given := for_sparse_matrix(self)) is not None:
            return np.array(given, dtype, copy=copy)
        advice = (
            "a wrapped array was asked to become a plain one, which nobody would count: use NumPy's functions on it, "
            "np.stack for a list of arrays, np.zeros_like(x) or oc.wrap for an array to write into, or oc.unwrap(x)"
        )
        if np.dtype(dtype).char == "O" and type(self._held) is not Spec:  # whose elements stay wrapped
            return objects(opened(self), copy)
        return np.array(self._truths_or_let_out("np.asarray()", advice), dtype, copy=copy)

    def __dlpack__(self, **keywords: object) -> Any:
        advice = "a wrapped array cannot be handed on by DLPack: hand on oc.unwrap(x)"
        return self._let_out("__dlpack__", advice).__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._held.__dlpack_device__()

    def __buffer__(self, flags: int) -> memoryview:  # asked by np.asarray too, from Python 3.12 on
        plain: Any = self.__array__()  # before Python 3.12, mypy takes an ndarray for no buffer
        return memoryview(plain)

    @property
    def data(self) -> Any:
        return self._let_out("data", "the memory of a wrapped array is not handed out: use oc.unwrap(x).data").data

    @property
    def ctypes(self) -> Any:
        return self._let_out(
            "ctypes", "the memory of a wrapped array is not handed out: use oc.unwrap(x).ctypes"
        ).ctypes

    def item(self, *place: object) -> Any:
        advice = "item() would be a plain number: use x[i], which is wrapped, or oc.unwrap(x).item()"
        value = self._held.item(*place)
        self._truths_or_let_out("item()", advice, 1)
        return value

    def tolist(self) -> Any:
        advice = "the list would be plain: use list(x), whose elements are wrapped, or oc.unwrap(x).tolist()"
        return self._truths_or_let_out("tolist()", advice).tolist()

    def tobytes(self, order: object = "C") -> bytes:
        return self._let_out("tobytes()", "bytes are not counted: use oc.unwrap(x).tobytes()").tobytes(order)

    def tofile(self, fid: object, sep: str = "", format: str = "%s") -> None:
        self._let_out("tofile()", "a file is not counted: use oc.unwrap(x).tofile(...)").tofile(fid, sep, format)

    def dump(self, file: object) -> None:
        self._let_out("dump()", "a file is not counted: use oc.unwrap(x).dump(...)").dump(file)

    def dumps(self) -> bytes:
        return self._let_out("dumps()", "bytes are not counted: use oc.unwrap(x).dumps()").dumps()

    def __repr__(self) -> str:
        note_text(known(self._held.size))
        text = repr(self._held)
        if type(self._held) is Spec:
            return text
        return text.replace("array(", "Array(", 1) if text.startswith("array(") else f"Array({text})"

    def __str__(self) -> str:
        note_text(known(self._held.size))
        return str(self._held)

    def __format__(self, spec: str) -> str:
        note_text(known(self._held.size))
        return format(self._held, spec)


_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "float()": float,
    "int()": int,
    "index": operator.index,
    "complex()": complex,
    "bool()": bool,
}
