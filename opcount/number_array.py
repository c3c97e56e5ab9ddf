"""NumberArray: an object array of wrapped numbers in which NumPy's functions execute what the table says.

NumPy's own loops for objects do so for arithmetic. But they compare where the table has a maximum, and choose;
square by a product; have no logaddexp, nor what is a method of the first operand where that is data; and leave
numbers plain that NumPy puts beside the wrapped ones.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from opcount.nodes import CUSTOM, NUMBER_FUNCTIONS
from opcount.scalar import Scalar
from opcount.structure import is_number, object_array, shape_of
from opcount.wrapped import HOLDERS, UFUNCS, Wrapped, apply, boxed, is_wrapped_array


class NumberArray(np.ndarray):
    """What an array in x is for a function that is differentiated number by number."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if any(is_wrapped_array(value) and value.records for value in inputs):
            return NotImplemented
        plain = [_base(value) for value in inputs]
        if "out" in keywords:
            keywords["out"] = tuple(map(_base, keywords["out"]))
        if method == "__call__" and ufunc in _BY_TABLE and ufunc not in CUSTOM:
            result = _elementwise(ufunc)(*map(boxed, plain), **keywords)
        elif method == "reduce" and ufunc in _CHOICES:
            result = _chosen(ufunc, *plain, **keywords)
        elif method == "__call__" and ufunc in CUSTOM:
            result = np.frompyfunc(CUSTOM[ufunc], ufunc.nin, ufunc.nout)(*map(boxed, plain), **keywords)
        else:
            result = getattr(ufunc, method)(*map(boxed, plain), **keywords)
        return number_array(result)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if function in NUMBER_FUNCTIONS:
            return number_array(NUMBER_FUNCTIONS[function](*args, **keywords))
        arrays = tuple(kind for kind in types if issubclass(kind, np.ndarray))
        return number_array(super().__array_function__(function, arrays, args, keywords))

    def clip(self, *args: Any, **keywords: Any) -> Any:
        return np.clip(self, *args, **keywords)


def opened_array(template: np.ndarray, items: list[Any]) -> Any:
    """A NumberArray in the shape of `template`."""
    return object_array(template, items).view(NumberArray)


def number_array(result: Any) -> Any:
    """A result of NumPy's with a NumberArray for each array of objects, its plain numbers wrapped."""
    if isinstance(result, (list, tuple)) and not hasattr(result, "_fields"):
        return type(result)(map(number_array, result))
    if isinstance(result, np.ndarray) and result.dtype == object:
        return result if type(result) is NumberArray else _base(result).view(NumberArray)
    return result


HOLDERS["numbers"] = number_array


def _base(value: Any) -> Any:
    """An array of NumPy's own class, with Scalars for the plain numbers among the wrapped ones."""
    if not isinstance(value, np.ndarray) or value.dtype != object:
        return value
    base = value.view(np.ndarray)
    if all(isinstance(item, Wrapped) for item in base.flat):
        return base
    items = [Scalar(item) if is_number(item) else item for item in base.flat]
    return object_array(base, items)


_BY_TABLE: Final = {
    ufunc: UFUNCS[ufunc] for ufunc in (np.maximum, np.minimum, np.sign, np.square, np.logaddexp, np.hypot, np.arctan2)
}
_CHOICES: Final[dict[np.ufunc, str]] = {np.maximum: "maximum", np.minimum: "minimum"}


@cache
def _elementwise(ufunc: np.ufunc) -> Any:
    operation = UFUNCS[ufunc]

    def each(*operands: Any) -> Any:
        wrapped = any(isinstance(operand, Wrapped) for operand in operands)
        return operation(*operands) if wrapped else operation(Scalar(operands[0]), *operands[1:])

    return np.frompyfunc(each, ufunc.nin, ufunc.nout)


def _chosen(ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
            initial: Any = np._NoValue, where: Any = True) -> Any:  # fmt: skip
    """A reduction by choice, along several axes along one that is all of them."""
    lanes, kept = lanes_of(array, axis, initial)
    keywords = {} if where is True else {"where": where}
    found = _choosing(ufunc).reduce(_base(lanes), axis=-1, **keywords)
    return np.asarray(found, object).reshape(kept) if keepdims else found


def lanes_of(array: Any, axis: Any, initial: Any = np._NoValue) -> tuple[Any, list[Any]]:
    """The elements along these axes along one, the last, an initial one before them; and the shape with axes kept."""
    shape = shape_of(array)
    axes = axes_of(axis, len(shape))
    rest = [place for place in range(len(shape)) if place not in axes]
    lanes = np.reshape(np.transpose(array, (*rest, *axes)), (*(shape[place] for place in rest), -1))
    if initial is not np._NoValue and initial is not None:
        lanes = np.concatenate([np.broadcast_to(initial, (*shape_of(lanes)[:-1], 1)), lanes], axis=-1)
    return lanes, [1 if place in axes else size for place, size in enumerate(shape)]


def axes_of(axis: Any, dimensions: int) -> tuple[int, ...]:
    """The axes, counted from the first; all of them for None."""
    if axis is None:
        return tuple(range(dimensions))
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, dimensions))


@cache
def _choosing(ufunc: np.ufunc) -> Any:
    """The larger or smaller of two numbers, which of them is told by one operation on their values."""
    name = _CHOICES[ufunc]

    def choose(a: Any, b: Any) -> Any:
        first, second = (operand if type(operand) is Scalar else Scalar(operand._plain()) for operand in (a, b))
        found = apply(name, first, second)._plain()
        return a if found == first._plain() or (found != found and first._plain() != first._plain()) else b

    return np.frompyfunc(choose, 2, 1)
