"""NumberArray: an object array of wrapped numbers in which NumPy's functions execute what the table says.

NumPy's own loops for objects do so for arithmetic. But they compare and choose where the table has a maximum; they
square by a product; they have no logaddexp, nor operations that are methods of the first operand if that is data; and
they leave plain the numbers that NumPy puts beside wrapped ones.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike

from opcount.arrays.scalar import Scalar
from opcount.counting.errors import INTO_DATA, OpcountError, Uncounted
from opcount.functions.call import without_output
from opcount.functions.of_nodes import reduced_axes
from opcount.functions.op_counts import name_of
from opcount.functions.sparse import is_sparse_product, sparse_product
from opcount.functions.table import row_of
from opcount.tracing.differentiable import (
    FUNCTIONS,
    LIKE,
    NUMBER_FUNCTIONS,
    USER_PRIMITIVES,
    is_predicate,
    no_derivative,
    not_of_numbers,
)
from opcount.wrapping.bind import bind
from opcount.wrapping.classes import is_number
from opcount.wrapping.foreign import is_container, let_out_beside, plain, stranger
from opcount.wrapping.operations import BY_UFUNC, NO_DERIVATIVE
from opcount.wrapping.trees import object_array, plain_array, shape_of
from opcount.wrapping.wrapped import Number, Wrapped, boxed, is_wrapped_array, records_arrays, written


class NumberArray(np.ndarray):
    """The array that a function gets for an array in x, if it is differentiated number by number."""

    opened = True  # an Array that it is written into asks
    __array_priority__ = 1e9  # an operator asks it before another library's array, which would be handed the nodes

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if any((is_wrapped_array(value) and value.records) or is_container(type(value)) for value in inputs):
            return NotImplemented
        if (found := stranger(inputs)) is not None:
            if is_sparse_product(ufunc, method, inputs, keywords):
                return sparse_product(*inputs)
            let_out_beside(name_of(ufunc), found, _numbers_of(inputs))
            return getattr(ufunc, method)(*map(unwrapped_numbers, inputs), **keywords)
        bases = list(map(_base, inputs))
        if any(map(_type_of_elements, inputs)):
            bases = list(map(_of_own_types, bases))
        _refuse_keywords(ufunc, method, **keywords)
        if "out" in keywords:
            if any(isinstance(output, np.ndarray) and output.dtype.kind in "iufc" for output in keywords["out"]):
                raise Uncounted(INTO_DATA)
            keywords["out"] = tuple(map(_memory, keywords["out"]))
        if method == "__call__" and is_by_row(ufunc) and ufunc not in USER_PRIMITIVES:
            result = _elementwise(ufunc)(*map(boxed, bases), **keywords)
        elif method == "at" and is_by_row(ufunc):
            return _elementwise(ufunc).at(*bases[:2], *map(boxed, bases[2:]))
        elif method == "__call__" and is_predicate(ufunc):
            of_values = np.frompyfunc(lambda *numbers: ufunc(*numbers), ufunc.nin, 1)
            return np.asarray(of_values(*map(boxed, bases)), bool)
        elif method == "reduce" and ufunc in (np.maximum, np.minimum):
            (output,) = keywords.pop("out", (None,))
            result = _chosen(ufunc, *bases, **keywords)
            if output is not None:
                return _written(output, result)
        elif method in ("accumulate", "reduceat") and ufunc in (np.maximum, np.minimum):  # nan stays nan
            result = getattr(_choosing(ufunc), method)(*bases, **keywords)
        elif ufunc in (np.fmax, np.fmin) and any(_with_nan(operand) for operand in inputs[:2]):
            raise Uncounted(
                f"NumPy's {name_of(ufunc)} of numbers one by one knows no nan: choose by np.where(np.isnan(x), y, x)"
            )
        elif method == "outer" and is_by_row(ufunc):
            a, b = (np.asarray(base) for base in bases)
            return ufunc(a.reshape(a.shape + (1,) * b.ndim).view(NumberArray), b, **keywords)
        elif method == "__call__" and ufunc in USER_PRIMITIVES:
            result = np.frompyfunc(USER_PRIMITIVES[ufunc], ufunc.nin, ufunc.nout)(*map(boxed, bases), **keywords)
        elif ufunc.types and not any("O" in loop for loop in ufunc.types):  # NumPy's own `real` says nothing of it
            raise Uncounted(no_derivative(name_of(ufunc)))
        else:
            try:
                result = getattr(ufunc, method)(*map(boxed, bases), **keywords)
            except TypeError as error:
                if "loop of ufunc does not support" not in str(error):
                    raise
                raise Uncounted(no_derivative(name_of(ufunc))) from error
        return number_array(result)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if any(is_container(kind) or records_arrays(kind) for kind in types):
            return NotImplemented
        if (found := stranger((*args, *keywords.values()), of_call=True)) is not None:
            let_out_beside(name_of(function), found, _numbers_of(args))
            return function(*map(unwrapped_numbers, args), **keywords)
        if function in LIKE:
            return number_array(np.asarray(function(*args, **keywords), dtype=object))
        if function in NUMBER_FUNCTIONS:
            out, args, keywords = without_output(function, args, keywords)
            result = number_array(NUMBER_FUNCTIONS[function](*args, **keywords))
            return result if out is None else _written(out, result)
        if function in _OF_DATA and any(map(_type_of_elements, args)):
            args = _of_own_types(args)
        arrays = tuple(kind for kind in types if issubclass(kind, np.ndarray))
        try:
            result = number_array(super().__array_function__(function, arrays, args, keywords))
        except OpcountError:
            raise
        except (TypeError, AttributeError) as error:
            plain = {name: unwrapped_numbers(value) for name, value in keywords.items()}
            function(*map(unwrapped_numbers, args), **plain)  # wrong arguments: NumPy says what is wrong with them
            raise Uncounted(not_of_numbers(name_of(function), function in FUNCTIONS)) from error
        if row_of(function).writes is not None:
            _base(args[0])
        return result

    def clip(self, *args: Any, **keywords: Any) -> Any:
        return np.clip(self, *args, **keywords)

    # NumPy's methods would compare the numbers themselves, and not ask the row

    def sort(self, *args: Any, **keywords: Any) -> None:
        self[...] = np.sort(self, *args, **keywords)

    def partition(self, *args: Any, **keywords: Any) -> None:
        self[...] = np.partition(self, *args, **keywords)

    def argsort(self, *args: Any, **keywords: Any) -> Any:
        return np.argsort(self, *args, **keywords)

    def argpartition(self, *args: Any, **keywords: Any) -> Any:
        return np.argpartition(self, *args, **keywords)

    def searchsorted(self, *args: Any, **keywords: Any) -> Any:
        return np.searchsorted(self, *args, **keywords)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, (list, tuple, np.ndarray)):
            value = np.array(value, dtype=object)  # a copy: it may be a part of this array
            value = object_array(value, [Scalar(item) if is_number(item) else item for item in value.flat])
            if not value.ndim:
                value = value[()]
            elif not isinstance(self.view(np.ndarray)[key], np.ndarray):
                raise ValueError("setting an array element with a sequence")
        super().__setitem__(key, Scalar(value) if is_number(value) else value)

    def fill(self, value: Any) -> None:
        self[...] = value

    # NumPy divides by a number of its own type, and casts the result back to that of the elements

    def mean(self, *args: Any, **keywords: Any) -> Any:
        return _cast(super().mean(*args, **keywords), _type_of_elements(self))

    def var(self, *args: Any, **keywords: Any) -> Any:
        return _cast(super().var(*args, **keywords), _type_of_elements(self))

    def std(self, *args: Any, **keywords: Any) -> Any:
        return _cast(super().std(*args, **keywords), _type_of_elements(self))


def _with_nan(operand: object) -> bool:
    return bool(np.isnan(np.asarray(unwrapped_numbers(operand), float)).any())


def _refuse_keywords(
    ufunc: np.ufunc, method: str, *, dtype: Any = None, where: Any = True, initial: Any = None, **_: object
) -> None:
    """Refuse what NumPy's loops for objects cannot do, or would do otherwise."""
    if dtype is not None and np.dtype(dtype).kind in "iufc":
        raise Uncounted(
            f"{name_of(ufunc)} with dtype is not executed on numbers one by one: leave it out, or ask for "
            'granularity="array"'
        )
    if method == "reduce" and where is not True and (initial is None or ufunc in (np.maximum, np.minimum)):
        raise Uncounted(
            f"{name_of(ufunc)}.reduce with where= has no derivative here: leave it out, and give it the part, x[where]"
        )


def _type_of_elements(array: object) -> Any:
    """The NumPy type of the elements if it differs from a Python float, else None."""
    if not isinstance(array, NumberArray) or not array.size:
        return None
    kind = type(plain(array.flat[0]))
    return kind if kind in _OTHER_FLOATS else None


_OF_DATA: Final = frozenset({np.dot, np.inner, np.outer, np.vdot, np.tensordot, np.kron})
_OTHER_FLOATS: Final = frozenset({np.float16, np.float32, np.longdouble})


def _of_own_types(data: object) -> Any:
    """An array of data with elements of NumPy's types: NumPy would make Python's of them, which have no precision."""
    if isinstance(data, (list, tuple)):
        return type(data)(map(_of_own_types, data))
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "iuf":
        return object_array(np.empty(np.shape(data)), list(np.ravel(data)))
    return data


def _cast(result: Any, kind: Any) -> Any:
    """A number, or an array of numbers, cast to a type."""
    if kind is None:
        return result
    if isinstance(result, np.ndarray):
        return opened_array(np.empty(result.shape), [_cast(item, kind) for item in result.flat])
    if not isinstance(result, Wrapped) or type(result._plain()) is kind:
        return result
    return Scalar(kind(result._plain())) if type(result) is Scalar else result._cast(kind)  # type: ignore[attr-defined]


def _numbers_of(values: Any) -> list[Any]:
    """The wrapped numbers in the arrays among the values."""
    return [item for value in values if isinstance(value, NumberArray) for item in value.flat]


def unwrapped_numbers(value: object) -> Any:
    """A plain array of an array of wrapped numbers; anything else as it is."""
    if not isinstance(value, NumberArray):
        return plain(value)
    return plain_array(value, [plain(item) for item in value.flat])


def opened_array(template: np.ndarray, items: list[Any]) -> Any:
    """A NumberArray in the shape of `template`."""
    return object_array(template, items).view(NumberArray)


def number_array(result: object) -> Any:
    """A result of NumPy's with a NumberArray for each array of objects, its plain numbers wrapped."""
    if isinstance(result, (list, tuple)) and not hasattr(result, "_fields"):
        return type(result)(map(number_array, result))
    if isinstance(result, np.ndarray) and result.dtype == object:
        return _base(result.view(NumberArray)).view(NumberArray)
    return result


def _written(output: Any, result: Any) -> Any:
    """The array that a result is to be written into, with it."""
    if output.dtype != object:
        raise Uncounted(INTO_DATA)
    if np.shape(result) != output.shape:
        raise ValueError(f"out of shape {output.shape} does not take a result of shape {np.shape(result)}")
    output[...] = result
    return output


def _memory(output: object) -> Any:
    """An array that is written into, as a plain ndarray: a view of its elements, not a copy with wrapped ones."""
    return output.view(np.ndarray) if isinstance(output, NumberArray) else output


def _base(value: object) -> Any:
    """An array of NumPy's own class, with Scalars for the plain numbers among the wrapped ones.

    Those of a NumberArray are wrapped where they stand, since it may be a view of another one.
    """
    if is_wrapped_array(value):
        return np.asarray(value, dtype=object)
    if not isinstance(value, np.ndarray) or value.dtype != object:
        return value
    base = value.view(np.ndarray)
    if all(isinstance(item, Wrapped) for item in base.flat):
        return base
    items = [Scalar(item) if is_number(item) else item for item in base.flat]
    if not isinstance(value, NumberArray) or not value.flags.writeable:
        return object_array(base, items)
    base[...] = object_array(base, items)
    return base


_OTHERWISE: Final = frozenset({
    np.maximum, np.minimum, np.sign, np.square, np.hypot, np.arctan2, np.reciprocal, np.fmod,
})  # fmt: skip
"""Ufuncs that NumPy's loops for objects execute otherwise than their row says."""


def is_by_row(ufunc: np.ufunc) -> bool:
    """Whether its row is executed for each element, since NumPy's loop for objects does otherwise, or there is none."""
    row = BY_UFUNC[ufunc]
    if row is None or ufunc in _OTHERWISE:
        return ufunc in _OTHERWISE
    differentiated = any(partial is not NO_DERIVATIVE for partial in row.partials)
    return differentiated and row.python is None and not hasattr(Number, ufunc.__name__)


@cache
def _elementwise(ufunc: np.ufunc) -> Any:
    def each(*operands: object) -> Any:
        wrapped = any(isinstance(operand, Wrapped) for operand in operands)
        execute = written(ufunc) or ufunc
        return execute(*operands) if wrapped else execute(Scalar(operands[0]), *operands[1:])

    return np.frompyfunc(each, ufunc.nin, ufunc.nout)


def _chosen(ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: DTypeLike | None = None, keepdims: bool = False,
            initial: Any = np._NoValue, where: object = True) -> Any:  # fmt: skip
    """A reduction by choosing, along one axis or several."""
    lanes, kept = lanes_of(array, axis, initial)
    keywords = {} if where is True else {"where": where}
    found = _choosing(ufunc).reduce(_base(lanes), axis=-1, **keywords)
    return np.asarray(found, object).reshape(kept) if keepdims else found


def lanes_of(array: Any, axis: object, initial: Any = np._NoValue) -> tuple[Any, list[Any]]:
    """The array with these axes joined to the last one, an initial element first; and the shape with axes kept."""
    shape = shape_of(array)
    axes = reduced_axes(axis, len(shape))
    rest = [place for place in range(len(shape)) if place not in axes]
    lanes = np.reshape(np.transpose(array, (*rest, *axes)), (*(shape[place] for place in rest), -1))
    if initial is not np._NoValue and initial is not None:
        lanes = np.concatenate([np.broadcast_to(initial, (*shape_of(lanes)[:-1], 1)), lanes], axis=-1)
    return lanes, [1 if place in axes else size for place, size in enumerate(shape)]


@cache
def _choosing(ufunc: np.ufunc) -> Any:
    """A function that chooses the larger or smaller of two numbers, by one operation on their values."""

    def choose(a: Any, b: Any) -> Any:
        first, second = (operand if type(operand) is Scalar else Scalar(operand._plain()) for operand in (a, b))
        found = bind(BY_UFUNC[ufunc], first, second)._plain()
        return a if found == first._plain() or (found != found and first._plain() != first._plain()) else b

    return np.frompyfunc(choose, 2, 1)
