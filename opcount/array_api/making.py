"""Arrays made: wrapped ones by `wrap`, constant data by all others, whatever they are made like."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from opcount.array_api.array import Array, Memory, call, inner, made, of_counted, on_cpu
from opcount.arrays.array import array_of
from opcount.functions.numpys_own import as_array
from opcount.wrapping.inputs import checked_array, dtype_of_numbers
from opcount.wrapping.operands import holds_wrapped
from opcount.wrapping.wrapped import Wrapped

DType: TypeAlias = DTypeLike | None
Device: TypeAlias = str | None
Shape: TypeAlias = int | tuple[int, ...]

e: Final = np.e
inf: Final = np.inf
nan: Final = np.nan
newaxis: Final[None] = None
pi: Final = np.pi


def wrap(obj: object, /, *, dtype: DType = None) -> Array:
    """An array of the standard whose values are wrapped, so that every operation on it counts.

    >>> import opcount as oc, opcount.array_api as xp
    >>> x = xp.wrap([3.0, 4.0])
    >>> with oc.count() as tally:
    ...     length = xp.linalg.vector_norm(x)
    >>> length, tally.counts
    (Array(5.), Counts({'mul': 2, 'add': 1, 'sqrt': 1}))

    `obj` is a number, an array, nested lists of numbers, or an array of this namespace; its data is copied. Raises
    InvalidType for what is not of numbers or truth values, and for an `oc.spec`, which has no values.
    """
    made = asarray(obj, dtype=dtype)
    return Array(made._held.copy() if isinstance(obj, Wrapped) else made._held, Memory(True))


def asarray(obj: object, /, *, dtype: DType = None, device: Device = None, copy: bool | None = None) -> Array:
    """`asarray` of the array API standard: plain numbers become constant data, and what is wrapped stays wrapped.

    >>> import numpy as np, opcount as oc, opcount.array_api as xp
    >>> xp.asarray([1.0, 2.0]) + 1.0  # counts nothing
    Array([2., 3.])

    A list with wrapped numbers or arrays among its items is joined into a wrapped array. A plain array is copied, since
    a wrapped value that is written into memory must not be found in a plain array; `copy=False` raises ValueError for
    it. Raises InvalidType for what is not of numbers or truth values.
    """
    on_cpu(device)
    found = obj if isinstance(obj, Array) else _new(obj)
    if copy is False and not isinstance(obj, Wrapped):
        raise ValueError("copy=False, and plain data is copied")
    if dtype is not None and np.dtype(dtype) != found.dtype:
        if copy is False:
            raise ValueError("copy=False, and another dtype than that of the array, which needs a copy")
        return astype(found, dtype)
    return found.__copy__() if copy and isinstance(obj, Wrapped) else found


def _new(obj: object) -> Array:
    if isinstance(obj, Wrapped):
        return of_counted(obj)
    found: list[Array] = []
    plain = inner(obj, found)
    if holds_wrapped(plain):
        joined = as_array(plain)
        return joined if isinstance(joined, Array) else of_counted(joined)
    if isinstance(plain, np.ndarray):
        plain = checked_array(plain, lambda: "obj")
    return Array(np.array(plain), Memory(False))


def astype(x: Array, dtype: DTypeLike, /, *, copy: bool = True, device: Device = None) -> Array:
    """`astype` of the array API standard: a cast counts nothing, but to truth values it is a `ne` for each element."""
    on_cpu(device)
    dtype = dtype_of_numbers(dtype)
    if not copy and dtype == x.dtype:
        return x
    inside = array_of(x._held) if x._memory.counts else x._held
    result: Array = made(inside.astype(dtype), [x])
    return result


def empty(shape: Shape, *, dtype: DType = None, device: Device = None) -> Array:
    """`empty` of the array API standard, as constant data."""
    on_cpu(device)
    return Array(np.empty(shape, dtype), Memory(False))


def zeros(shape: Shape, *, dtype: DType = None, device: Device = None) -> Array:
    """`zeros` of the array API standard, as constant data."""
    on_cpu(device)
    return Array(np.zeros(shape, dtype), Memory(False))


def ones(shape: Shape, *, dtype: DType = None, device: Device = None) -> Array:
    """`ones` of the array API standard, as constant data."""
    on_cpu(device)
    return Array(np.ones(shape, dtype), Memory(False))


def full(shape: Shape, fill_value: Any, *, dtype: DType = None, device: Device = None) -> Array:
    """`full` of the array API standard: wrapped if the value is, else constant data."""
    on_cpu(device)
    result = empty(shape, dtype=np.asarray(getattr(fill_value, "_held", fill_value)).dtype if dtype is None else dtype)
    result[...] = fill_value
    return result


def empty_like(x: Array, /, *, dtype: DType = None, device: Device = None) -> Array:
    """`empty_like` of the array API standard, as constant data."""
    return empty(x.shape, dtype=x.dtype if dtype is None else dtype, device=device)


def zeros_like(x: Array, /, *, dtype: DType = None, device: Device = None) -> Array:
    """`zeros_like` of the array API standard, as constant data, even if the array is wrapped."""
    return zeros(x.shape, dtype=x.dtype if dtype is None else dtype, device=device)


def ones_like(x: Array, /, *, dtype: DType = None, device: Device = None) -> Array:
    """`ones_like` of the array API standard, as constant data, even if the array is wrapped."""
    return ones(x.shape, dtype=x.dtype if dtype is None else dtype, device=device)


def full_like(x: Array, /, fill_value: object, *, dtype: DType = None, device: Device = None) -> Array:
    """`full_like` of the array API standard: wrapped if the value is, else constant data."""
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype, device=device)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: DType = None, device: Device = None) -> Array:
    """`arange` of the array API standard, as constant data; a wrapped end raises Uncounted."""
    on_cpu(device)
    ends = (0, start, step) if stop is None else (start, stop, step)
    result: Array = call(np.arange, *ends, dtype=dtype)
    return result


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: DType = None, device: Device = None, endpoint: bool = True
) -> Array:
    """`linspace` of the array API standard: wrapped if an end is, else constant data."""
    on_cpu(device)
    result: Array = call(np.linspace, start, stop, num, dtype=dtype, endpoint=endpoint)
    return result


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DType = None, device: Device = None) -> Array:
    """`eye` of the array API standard, as constant data."""
    on_cpu(device)
    return Array(np.eye(n_rows, n_cols, k, float if dtype is None else dtype), Memory(False))


def from_dlpack(x: object, /, *, device: Device = None, copy: bool | None = None) -> Array:
    """`from_dlpack` of the array API standard: an array of this namespace as it is, any other copied as data."""
    on_cpu(device)
    return asarray(x if isinstance(x, Array) else np.from_dlpack(x), copy=copy)  # type: ignore[arg-type]


def meshgrid(*arrays: Array, indexing: Literal["xy", "ij"] = "xy") -> list[Array]:
    """`meshgrid` of the array API standard, as a list."""
    grids = np.meshgrid(*(one._held for one in arrays), indexing=indexing)
    return [Array(grid, Memory(one._memory.counts)) for grid, one in zip(grids, arrays, strict=True)]


def tril(x: Array, /, *, k: int = 0) -> Any:
    """`tril` of the array API standard."""
    return call(np.tril, x, k)


def triu(x: Array, /, *, k: int = 0) -> Any:
    """`triu` of the array API standard."""
    return call(np.triu, x, k)
