"""Dtypes, which are NumPy's, and what is asked about them and about the namespace."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike

from opcount.array_api.array import Array, on_cpu

bool: Final = np.bool_
int8: Final = np.int8
int16: Final = np.int16
int32: Final = np.int32
int64: Final = np.int64
uint8: Final = np.uint8
uint16: Final = np.uint16
uint32: Final = np.uint32
uint64: Final = np.uint64
float32: Final = np.float32
float64: Final = np.float64
complex64: Final = np.complex64
complex128: Final = np.complex128

_DTYPES: Final[dict[str, Any]] = {
    "bool": bool, "int8": int8, "int16": int16, "int32": int32, "int64": int64, "uint8": uint8, "uint16": uint16,
    "uint32": uint32, "uint64": uint64, "float32": float32, "float64": float64, "complex64": complex64,
    "complex128": complex128,
}  # fmt: skip


def _dtype_of(value: Any) -> Any:
    return value.dtype if isinstance(value, Array) else value


def can_cast(from_: Any, to: DTypeLike, /) -> Any:
    """`can_cast` of the array API standard."""
    return np.can_cast(_dtype_of(from_), to)


def finfo(type: Any, /) -> Any:
    """`finfo` of the array API standard."""
    return np.finfo(_dtype_of(type))


def iinfo(type: Any, /) -> Any:
    """`iinfo` of the array API standard."""
    return np.iinfo(_dtype_of(type))


def isdtype(dtype: Any, kind: Any) -> Any:
    """`isdtype` of the array API standard."""
    return np.isdtype(dtype, kind)


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """`result_type` of the array API standard."""
    return np.result_type(*map(_dtype_of, arrays_and_dtypes))


class _Info:
    """What `__array_namespace_info__` of the array API standard gives."""

    def capabilities(self) -> dict[str, Any]:
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        return "cpu"

    def devices(self) -> list[str]:
        return ["cpu"]

    def default_dtypes(self, *, device: object = None) -> dict[str, np.dtype[Any]]:
        on_cpu(device)
        index = np.dtype(np.intp)
        return {
            "real floating": np.dtype(float64),
            "complex floating": np.dtype(complex128),
            "integral": np.dtype(int),
            "indexing": index,
        }

    def dtypes(self, *, device: object = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        on_cpu(device)
        if kind == ():
            return {}
        found = {name: np.dtype(dtype) for name, dtype in _DTYPES.items()}
        return {name: dtype for name, dtype in found.items() if kind is None or np.isdtype(dtype, kind)}


def __array_namespace_info__() -> _Info:
    """`__array_namespace_info__` of the array API standard."""
    return _Info()
