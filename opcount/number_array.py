"""NumberArray: an object array of wrapped numbers in which NumPy's functions execute what the table says.

NumPy's own loops for objects do so for arithmetic. But they compare where the table has a maximum, and choose;
square by a product; have no logaddexp, nor what is a method of the first operand where that is data; and leave
numbers plain that NumPy puts beside the wrapped ones.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from opcount.foreign import is_container, let_out, plain, stranger
from opcount.nodes import CUSTOM, NUMBER_FUNCTIONS
from opcount.numpy_rules import name_of
from opcount.scalar import Scalar
from opcount.structure import is_number, object_array, plain_array, shape_of
from opcount.wrapped import HOLDERS, UFUNCS, Wrapped, apply, boxed, is_wrapped_array


class NumberArray(np.ndarray):
    """What an array in x is for a function that is differentiated number by number."""

    __array_priority__ = 1e9  # an operator asks it before another library's array, which would be handed the nodes

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if any((is_wrapped_array(value) and value.records) or is_container(type(value)) for value in inputs):
            return NotImplemented
        if (found := stranger(inputs)) is not None:
            let_out(name_of(ufunc), found, _numbers_of(inputs))
            return getattr(ufunc, method)(*map(unwrapped_numbers, inputs), **keywords)
        bases = [_base(value) for value in inputs]
        if "out" in keywords:
            keywords["out"] = tuple(map(_base, keywords["out"]))
        if method == "__call__" and ufunc in _BY_TABLE and ufunc not in CUSTOM:
            result = _elementwise(ufunc)(*map(boxed, bases), **keywords)
        elif method == "reduce" and ufunc in _CHOICES:
            result = _chosen(ufunc, *bases, **keywords)
        elif method == "__call__" and ufunc in CUSTOM:
            result = np.frompyfunc(CUSTOM[ufunc], ufunc.nin, ufunc.nout)(*map(boxed, bases), **keywords)
        else:
            result = getattr(ufunc, method)(*map(boxed, bases), **keywords)
        return number_array(result)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if any(map(is_container, types)):
            return NotImplemented
        if (found := stranger((*args, *keywords.values()), of_call=True)) is not None:
            let_out(name_of(function), found, _numbers_of(args))
            return function(*map(unwrapped_numbers, args), **keywords)
        if function in NUMBER_FUNCTIONS:
            return number_array(NUMBER_FUNCTIONS[function](*args, **keywords))
        arrays = tuple(kind for kind in types if issubclass(kind, np.ndarray))
        return number_array(super().__array_function__(function, arrays, args, keywords))

    def clip(self, *args: Any, **keywords: Any) -> Any:
        return np.clip(self, *args, **keywords)


def _numbers_of(values: Any) -> list[Any]:
    """The wrapped numbers in the arrays among the values."""
    return [item for value in values if isinstance(value, NumberArray) for item in value.flat]


def unwrapped_numbers(value: Any) -> Any:
    """A plain array of an array of wrapped numbers; anything else as it is."""
    if not isinstance(value, NumberArray):
        return plain(value)
    return plain_array(value, [plain(item) for item in value.flat])


def opened_array(template: np.ndarray, items: list[Any]) -> Any:
    """A NumberArray in the shape of `template`."""
    return object_array(template, items).view(NumberArray)


def number_array(result: Any) -> Any:
    """A result of NumPy's with a NumberArray for each array of objects, its plain numbers wrapped."""
    if isinstance(result, (list, tuple)) and not hasattr(result, "_fields"):
        return type(result)(map(number_array, result))
    if isinstance(result, np.ndarray) and result.dtype == object:
        return _base(result).view(NumberArray)
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


_OTHERWISE: Final = (
    np.maximum, np.minimum, np.sign, np.square, np.logaddexp, np.hypot, np.arctan2, np.reciprocal
)  # fmt: skip
_BY_TABLE: Final = {ufunc: UFUNCS[ufunc] for ufunc in _OTHERWISE}
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
    axes = reduced_axes(axis, len(shape))
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


def reduced_axes(axis: Any, dimensions: int) -> tuple[int, ...]:
    """The axes of a reduction: a number has none, and NumPy's reductions take 0 and -1 for it all the same."""
    return () if not dimensions and axis in (0, -1) else axes_of(axis, dimensions)


@cache
def _choosing(ufunc: np.ufunc) -> Any:
    """The larger or smaller of two numbers, which of them is told by one operation on their values."""
    name = _CHOICES[ufunc]

    def choose(a: Any, b: Any) -> Any:
        first, second = (operand if type(operand) is Scalar else Scalar(operand._plain()) for operand in (a, b))
        found = apply(name, first, second)._plain()
        return a if found == first._plain() or (found != found and first._plain() != first._plain()) else b

    return np.frompyfunc(choose, 2, 1)
