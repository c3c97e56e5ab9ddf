"""Functions that apply a function which they are given.

What that executes counts at once, whatever comes after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from opcount.functions.numpys_own import as_array, own
from opcount.functions.rows import AS_EXECUTED, Executed, Function
from opcount.wrapping.shapes import with_numbers
from opcount.wrapping.stand_ins import EXACT
from opcount.wrapping.wrapped import is_wrapped_array


def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **keywords: Any) -> Any:
    arr = np.moveaxis(as_array(arr), axis, -1)
    axis %= arr.ndim
    lead = arr.ndim - 1
    result = None
    for index in np.ndindex(with_numbers(arr.shape[:-1])):
        part = as_array(func1d(arr[index], *args, **keywords))
        if result is None:
            result = np.zeros_like(part, shape=arr.shape[:-1] + part.shape)
        result[index] = part
    if result is None:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    return np.transpose(result, (*range(axis), *range(lead, result.ndim), *range(axis, lead)))


def _is_instance(value: Any, kinds: Any) -> bool:
    """Whether it is one of these; a wrapped array is one of NumPy's."""
    return isinstance(value, kinds) or (is_wrapped_array(value) and issubclass(np.ndarray, kinds))


ROWS: Final = (
    own("piecewise", at_once=True, instead={isinstance: _is_instance}),
    Function("apply_along_axis", Executed(_apply_along_axis, at_once=True), EXACT, AS_EXECUTED),
    own("apply_over_axes", at_once=True),
)
