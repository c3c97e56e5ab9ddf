"""Functions that apply another function, which is one of their arguments.

What that function executes counts at once, even if an error follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from opcount.functions.numpys_own import as_array, truths
from opcount.functions.rows import AS_EXECUTED, Executed, Function
from opcount.wrapping.shapes import with_numbers
from opcount.wrapping.stand_ins import EXACT


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: object, **keywords: object) -> Any:
    x = as_array(x)
    if np.ndim(condlist) == 0 or (
        not isinstance(condlist[0], (list, np.ndarray)) and not np.ndim(condlist[0]) and x.ndim
    ):
        condlist = [condlist]
    conditions = [truths(condition).astype(bool) for condition in condlist]
    if len(conditions) == len(funclist) - 1:
        conditions.append(~np.any(conditions, axis=0))
    elif len(conditions) != len(funclist):
        given = len(conditions)
        raise ValueError(f"with {given} condition(s), either {given} or {given + 1} functions are expected")
    y = np.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            y[condition] = function
        elif (values := x[condition]).size > 0:
            y[condition] = function(values, *args, **keywords)
    return y


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


def _apply_over_axes(func: Callable[..., Any], a: ArrayLike, axes: Any) -> Any:
    value = as_array(a)
    dimensions = value.ndim
    for axis in np.atleast_1d(axes).tolist():
        axis = dimensions + axis if axis < 0 else axis
        result = func(value, axis)
        value = result if np.ndim(result) == value.ndim else np.expand_dims(result, axis)
        if value.ndim != dimensions:
            raise ValueError("function is not returning an array of the correct shape")
    return value


ROWS: Final = (
    Function("piecewise", Executed(_piecewise, at_once=True), EXACT, AS_EXECUTED),
    Function("apply_along_axis", Executed(_apply_along_axis, at_once=True), EXACT, AS_EXECUTED, opened=True),
    Function("apply_over_axes", Executed(_apply_over_axes, at_once=True), EXACT, AS_EXECUTED),
)
