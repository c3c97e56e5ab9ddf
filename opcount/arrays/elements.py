"""Elements of a wrapped array by their index: taken one by one, and written, also through its flat iterator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from opcount.arrays.scalar import wrapped
from opcount.counting.errors import INTO_DATA, Uncounted
from opcount.counting.meters import meter
from opcount.functions.op_counts import is_truth
from opcount.wrapping.operands import Operands, unwrapped
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.wrapped import Wrapped, is_wrapped_array


class Flat:
    """The iterator that `Array.flat` is: elements one by one, wrapped, and by their place."""

    __slots__ = ("_iterator",)

    def __init__(self, data: np.ndarray) -> None:
        self._iterator = data.flat

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return wrapped(next(self._iterator))

    def __len__(self) -> int:
        return len(self._iterator)

    def __getitem__(self, key: object) -> Any:
        return wrapped(self._iterator[plain_index(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        key = plain_index(key)
        write(memory_of(self._iterator.base), value, partial(self._iterator.__setitem__, key))


def objects(array: np.ndarray, copy: bool | None) -> np.ndarray:
    """An object array that was made for NumPy, which may have asked for one that is not made."""
    if copy is False:
        raise ValueError("an array of wrapped numbers is made of a wrapped array by a copy: leave copy=False out")
    return array.astype(object, copy=False)


def write(dtype: np.dtype[Any], value: object, execute: Callable[[Any], None]) -> None:
    """Write a value into an array of that dtype; each number that becomes a truth value is a comparison with 0."""
    if any(
        isinstance(each, Wrapped) and each.records for each in (value if isinstance(value, (list, tuple)) else (value,))
    ):
        raise Uncounted(INTO_DATA)
    compared = _numbers_in(value) if dtype.char == "?" else 0
    if not compared:
        execute(unwrapped(value))
        return
    current = meter()
    current.charge({"ne": compared})
    try:
        execute(unwrapped(value))
    except BaseException:
        current.refund({"ne": compared})
        raise


def memory_of(held: Held) -> np.dtype[Any]:
    """The dtype of an array, or, where it is a view of truth values as numbers, of what it is a view of."""
    base = held.base
    dtype: np.dtype[Any] = held.dtype if base is None or type(base) is not np.ndarray else base.dtype
    return dtype if dtype.char == "?" else held.dtype


def _numbers_in(value: object) -> int:
    """How many wrapped numbers, and not truth values, there are in what is written."""
    operands = Operands()
    operands.take(value)
    found = [one for one in operands.wrapped if not is_truth(one)]
    if any(np.iscomplexobj(one._plain()) for one in found):
        raise Uncounted("the truth of a complex number has no exact count: write abs(z) != 0")
    return sum(one.size for one in found)


def plain_index(key: Any) -> Any:
    """An index with plain truth values for wrapped ones; a wrapped number in it is an exit."""
    if isinstance(key, tuple):
        return tuple(map(plain_index, key))
    if isinstance(key, list):
        return [plain_index(part) for part in key]
    if is_wrapped_array(key) and not key.records and key.dtype == bool and type(key._plain()) is not Spec:
        return key._plain()
    if isinstance(key, Wrapped):
        return key._let_out("array index", "a wrapped value cannot be an index: use the plain one, oc.unwrap(x)")
    return key
