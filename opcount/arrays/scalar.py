"""Scalar: a wrapped real number that executes and counts.

What an operation is called stands in its row, how its value is computed in `exact_values`; how it is
counted, in `_execute`. The four operators that make up most programs are written out again
in `Scalar` for speed, with the same meaning.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from opcount.arrays.exact_values import by_numpy_with_warnings, divided_by_zero, rescued, rounded, value_of
from opcount.arrays.typed import Arithmetic, Comparison, arithmetic
from opcount.counting.accelerator import ACCELERATOR
from opcount.counting.meters import METER, Meter, charge, let_out, meter, note_text
from opcount.functions.call import call_function
from opcount.functions.op_counts import integer_power, name_of
from opcount.functions.ufuncs import call_ufunc
from opcount.functions.user_rules import user_rules, users_counts
from opcount.wrapping.bind import bind
from opcount.wrapping.classes import NUMERIC, class_name, is_number, is_own_kind
from opcount.wrapping.foreign import beside, is_container, let_out_beside, once_more, plain, stranger
from opcount.wrapping.inputs import check_number
from opcount.wrapping.operands import holds_objects
from opcount.wrapping.operations import BY_UFUNC, OPERATIONS, OpCounts, Operation, written_out
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import object_array
from opcount.wrapping.wrapped import (
    ARRAYS,
    Number,
    Wrapped,
    is_wrapped_array,
    plain_operand,
    records_arrays,
    written,
)

_NUMBERS: Final = (Wrapped, numbers.Number, np.bool_)
_REAL: Final = frozenset({int, float, np.float64, Fraction, Decimal})
_PLAIN: Final = _REAL | {bool}


class Scalar(Number):
    """A wrapped real number: int, float, Fraction, Decimal or NumPy scalar.

    >>> import opcount as oc
    >>> x = oc.wrap(3.0)
    >>> x * x + 2 / x
    Scalar(9.666666666666666)

    Arithmetic, comparisons, rounding, `divmod`, integer powers and NumPy's functions of it
    give wrapped numbers and are counted in every open `count()`. The value is what Python or
    NumPy give for the plain number; if Python's floats would raise an error, it is what NumPy's
    floats give, nan or inf with a warning. Whatever would let the number out uncounted raises
    Uncounted; `oc.unwrap(x)` is the way out. Raises InvalidType for anything but a real number.
    """

    __slots__ = ("_value",)
    _rank: ClassVar[int] = 0
    _array: ClassVar[Any]  # Array, whose elements are Scalars and which stands below: it says so there
    _value: Any

    if TYPE_CHECKING:  # what Wrapped writes once for every class, as it is of a Scalar
        __radd__: Arithmetic
        __rsub__: Arithmetic
        __rmul__: Arithmetic
        __rtruediv__: Arithmetic
        __floordiv__: Arithmetic
        __rfloordiv__: Arithmetic
        __mod__: Arithmetic
        __rmod__: Arithmetic
        __pow__: Arithmetic  # type: ignore[assignment]
        __rpow__: Arithmetic
        __lt__: Comparison
        __le__: Comparison
        __gt__: Comparison
        __ge__: Comparison

        def __neg__(self) -> Scalar: ...
        def __abs__(self) -> Scalar: ...

    def __init__(self, value: object) -> None:
        if type(value) is Scalar:
            value = value._value
        if type(value) not in _REAL:
            check_number(value, lambda: "the value to wrap")
        self._value = value

    def _execute(self, operation: Operation, operands: tuple[Any, ...]) -> Any:
        values = []
        for operand in operands:
            kind = type(operand)
            value = operand._value if kind is Scalar else operand if kind in _REAL else plain_operand(operand)
            if value is NotImplemented:
                return beside(operation.name, operation.value, operands, wrapped)
            values.append(value)
        compares = False
        if not operation.partials:
            compares = operation.compares
            if not compares and not all(isinstance(value, (int, np.integer)) for value in values):  # of bits
                if len(values) == 1:
                    raise TypeError(f"bad operand type for unary ~: a wrapped {type(self._value).__name__}")
                return NotImplemented
        name = operation.kind
        numbers = _numbers_of(operation, operands, values) if name == "pow" or operation.rule is not None else None
        if numbers is None:
            next(meter()[name])
            try:
                value = operation.value(*values) if compares else value_of(operation, *values)
            except BaseException:
                meter().refund({name: 1})
                raise
        else:
            value = _charged(numbers, value_of, operation, *values)
        if compares:
            return value if isinstance(value, np.bool_) else bool(value)
        result = _new(Scalar)
        result._value = value
        return result

    def _lifted(self, operand: object) -> Any:
        """An operand of a partial, wrapped, also where it is plain data: what is computed from it counts too."""
        if isinstance(operand, Wrapped):
            return operand
        return wrapped(operand) if isinstance(operand, np.ndarray) else number(plain_operand(operand))

    def _hold(self, result: Any) -> Any:
        return wrapped(result)

    # Written out for the rows of the table, without the generality of `_execute`: these four decide the speed.

    @arithmetic
    def __add__(self, other: object) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return self._beside(_ADD, other)
            other = value
        next(meter().add)
        result = _new(Scalar)
        try:
            result._value = self._value + other
        except BaseException as error:
            result._value = _rescued_or_not_counted(_ADD, error, self._value, other)
        return result

    @arithmetic
    def __sub__(self, other: object) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return self._beside(_SUB, other)
            other = value
        next(meter().sub)
        result = _new(Scalar)
        try:
            result._value = self._value - other
        except BaseException as error:
            result._value = _rescued_or_not_counted(_SUB, error, self._value, other)
        return result

    @arithmetic
    def __mul__(self, other: object) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return self._beside(_MUL, other)
            other = value
        next(meter().mul)
        result = _new(Scalar)
        try:
            result._value = self._value * other
        except BaseException as error:
            result._value = _rescued_or_not_counted(_MUL, error, self._value, other)
        return result

    @arithmetic
    def __truediv__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return self._beside(_DIV, other)
            other = value
        next(meter().div)
        result = _new(Scalar)
        try:
            result._value = self._value / other if other else divided_by_zero(self._value, other)
        except BaseException as error:
            result._value = _rescued_or_not_counted(_DIV, error, self._value, other)
        return result

    def _beside(self, operation: Operation, other: object) -> Any:
        if isinstance(other, Number):  # of a graph
            return bind(operation, self, other)
        return beside(operation.name, operation.value, (self, other), wrapped)

    # A number has no product of matrices, and another class that has one is not to be handed it.

    def __matmul__(self, other: object) -> Any:
        return beside("matmul", operator.matmul, (self, other), wrapped)

    def __rmatmul__(self, other: object) -> Any:
        return beside("matmul", operator.matmul, (other, self), wrapped)

    # Python's rounding gives integers, where NumPy's functions of the same name give floats.

    def __floor__(self) -> Any:
        return self._rounded(OPERATIONS.floor, math.floor)

    def __ceil__(self) -> Any:
        return self._rounded(OPERATIONS.ceil, math.ceil)

    def __trunc__(self) -> Any:
        return self._rounded(OPERATIONS.trunc, int)

    def __round__(self, digits: object = None) -> Any:
        return number(_counted(OPERATIONS.round.kind, round, self._value, *(() if digits is None else (digits,))))

    def _rounded(self, operation: Operation, python: Callable[[Any], int]) -> Any:
        return number(_counted(operation.kind, rounded, python, operation.ufunc, self._value))

    def _reciprocal(self) -> Any:
        if isinstance(self._value, (int, np.integer)):  # whose reciprocals NumPy rounds
            return number(_counted("div", np.reciprocal, self._value))
        return 1 / self

    # NumPy's functions: of numbers one operation, with arrays what their table says

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **keywords: object) -> Any:
        # NumPy's own numbers come as arrays without dimensions
        inputs = tuple(o[()] if type(o) is np.ndarray and not o.ndim and o.dtype != object else o for o in inputs)
        outputs = keywords.get("out", ())
        outputs = outputs if isinstance(outputs, tuple) else ()  # out=... asks for an array where a number would come
        if any(is_wrapped_array(value) or is_container(type(value)) for value in (*inputs, *outputs)):
            return NotImplemented
        if method == "__call__" and not keywords and all(isinstance(o, _NUMBERS) for o in inputs):
            row = BY_UFUNC[ufunc]
            if row is not None and (row.is_of_every_number or (row.partials and any(map(_is_node, inputs)))):
                result = bind(row, *inputs)
                return np.bool_(result) if type(result) is bool else result  # as NumPy's function has it
            if row is not None and all(map(_is_of_numpy, inputs)):
                return _by_row(row, *inputs)
            if row is None and ufunc not in user_rules and (execute := written(ufunc)) is not None:
                return execute(*inputs)
        if not any(map(holds_objects, (*inputs, *outputs))):
            return call_ufunc(ufunc, method, inputs, keywords)
        if (found := stranger(inputs)) is not None:
            let_out_beside(name_of(ufunc), found, inputs)
            return once_more(getattr(ufunc, method)(*map(plain, inputs), **keywords), wrapped)
        return super().__array_ufunc__(ufunc, method, *inputs, **keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if any(records_arrays(kind) or is_container(kind) for kind in types):
            return NotImplemented
        return call_function(function, args, keywords, self)

    # what a number of NumPy's has besides, and code that is written for arrays asks for

    @property
    def shape(self) -> tuple[()]:
        return ()

    @property
    def ndim(self) -> int:
        return 0

    @property
    def size(self) -> int:
        return 1

    @property
    def T(self) -> Scalar:
        return self

    def _as_array(self) -> Any:
        return Scalar._array(np.asarray(self._value)[()])

    def astype(self, dtype: object, *arguments: object, **keywords: object) -> Any:
        return self._as_array().astype(dtype, *arguments, **keywords)

    def reshape(self, *shape: object) -> Any:
        return self._as_array().reshape(*shape)

    def ravel(self) -> Any:
        return self.reshape(1)

    def copy(self) -> Scalar:
        return self

    def conj(self) -> Scalar:
        return self

    def round(self, decimals: object = 0) -> Any:
        return self._as_array().round(decimals)

    def sum(self, *arguments: object, **keywords: object) -> Any:
        return self._as_array().sum(*arguments, **keywords)

    def mean(self, *arguments: object, **keywords: object) -> Any:
        return self._as_array().mean(*arguments, **keywords)

    def max(self, *arguments: object, **keywords: object) -> Any:
        return self._as_array().max(*arguments, **keywords)

    def min(self, *arguments: object, **keywords: object) -> Any:
        return self._as_array().min(*arguments, **keywords)

    def clip(self, *arguments: object, **keywords: object) -> Any:
        return self._as_array().clip(*arguments, **keywords)

    def item(self) -> Any:
        advice = "item() would be a plain number: use the wrapped one as it is, or oc.unwrap(x)"
        plain = self._let_out("item()", advice)
        return plain.item() if isinstance(plain, np.generic) else plain

    def _plain(self) -> Any:
        return self._value

    def __repr__(self) -> str:
        note_text(1)
        return f"Scalar({self._value!r})"


_new: Final = object.__new__
_ADD: Final = OPERATIONS.add
_SUB: Final = OPERATIONS.sub
_MUL: Final = OPERATIONS.mul
_DIV: Final = OPERATIONS.div
written_out(Scalar, {"__add__": "add", "__sub__": "sub", "__mul__": "mul", "__truediv__": "div"})


def number(value: object) -> Scalar:
    """A Scalar without a look at what it holds: faster than the constructor."""
    result = _new(Scalar)
    result._value = value
    return result


if ACCELERATOR is not None and not TYPE_CHECKING:
    # From here on `Scalar` is a subclass, with these operators once more, in C: for floats, whichever side they are on.
    _python_scalar = Scalar
    Scalar = ACCELERATOR.make_scalar(_python_scalar, np.float64, METER, Meter)
    Scalar.__doc__ = _python_scalar.__doc__
    Scalar.__name__ = _python_scalar.__name__  # in messages too, which have a class of C with its module
    for _method, _name in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div"}.items():
        written_out(Scalar, {f"__{_method}__": _name, f"__r{_method}__": _name})
    number = ACCELERATOR.number


def wrapped(value: Any) -> Any:
    """The plain result of an execution, wrapped; truth values are as they were.

    What is neither an array nor a number, of which nobody would count what it executes, leaves as uncounted.
    """
    kind = type(value)
    if kind is np.float64:  # as most are
        return number(value)
    if kind in ARRAYS:
        if value.dtype.kind in NUMERIC:
            return Scalar._array(value)
        if value.dtype != object:
            let_out(f"{value.dtype.name}", value.size, f"values of {value.dtype} are not counted: use oc.unwrap(x)")
            return value
        return object_array(value, [wrapped(item) for item in value.flat])
    if isinstance(value, np.generic) and value.dtype.kind in NUMERIC:
        if kind is np.bool_:
            return value
        return Scalar._array(value) if value.dtype.kind == "c" else Scalar(value)
    if kind is bool or kind is str or value is None or isinstance(value, Wrapped):
        return value
    if kind is Spec or kind is complex:
        return Scalar._array(np.complex128(value) if kind is complex else value)
    if is_number(value):
        return Scalar(value)
    if isinstance(value, tuple):
        items = map(wrapped, value)
        return kind(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [wrapped(item) for item in value]
    name = class_name(value)
    let_out(
        f"a result that is a {name}", 1, f"the result is a {name}, whose operations nobody counts: use oc.unwrap(x)"
    )
    return value


# --- counting


def _counted(kind: str, execute: Callable[..., Any], *arguments: object) -> Any:
    """The value of one operation; where it raises, the operation does not count."""
    next(meter()[kind])
    try:
        return execute(*arguments)
    except BaseException:
        meter().refund({kind: 1})
        raise


def _charged(numbers: OpCounts, execute: Callable[..., Any], *arguments: object) -> Any:
    """The value of an operation that counts as these."""
    charge(numbers)
    try:
        return execute(*arguments)
    except BaseException:
        meter().refund(numbers)
        raise


def _numbers_of(operation: Operation, operands: tuple[Any, ...], values: list[Any]) -> OpCounts | None:
    """What an operation counts by a user's rule, or as a small integer power; None: one operation of its kind."""
    if operation.rule is not None:
        return users_counts(operation.ufunc, "__call__", values, {})
    constant = operation.python is operator.pow and type(operands[1]) is not Scalar
    return integer_power(values[1]) if constant and isinstance(values[1], (int, np.integer)) else None


def _rescued_or_not_counted(operation: Operation, error: BaseException, *values: object) -> Any:
    """The value of one of the four operators where Python raised, or else its error, and nothing counted."""
    try:
        return rescued(error, operation, *values)
    except BaseException:
        meter().refund({operation.kind: 1})
        raise


def _is_node(operand: object) -> bool:
    return isinstance(operand, Number) and type(operand) is not Scalar


def _is_of_numpy(operand: object) -> bool:
    """Whether NumPy has loops for the number: a real one, and neither a Fraction nor a Decimal."""
    value = operand._value if type(operand) is Scalar else operand
    return isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating)) and not is_own_kind(value)


def _by_row(operation: Operation, *operands: object) -> Any:
    """One operation by NumPy's function, on NumPy's own numbers alone; of integers it may be of integers."""
    values = [operand._value if type(operand) is Scalar else operand for operand in operands]
    numbers = {operation.kind: 1} if operation.rule is None else users_counts(operation.ufunc, "__call__", values, {})
    return wrapped(_charged(numbers, by_numpy_with_warnings, operation.ufunc, *values))
