"""Scalar: a wrapped real number that executes and counts.

What an operation is called and how its value is computed stands in one table; how it is
counted, in `_apply`. The four operators that make up most programs are written out again
in `Scalar` for speed, with the same meaning.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Final

import numpy as np

from opcount.dispatch import call_function, call_ufunc
from opcount.errors import InvalidType
from opcount.numpy_rules import USERS, integer_power
from opcount.operands import holds_objects
from opcount.structure import check_number
from opcount.tally import meter, record
from opcount.wrapped import HOLDERS, UFUNCS, Number, is_wrapped_array, plain_operand, records_arrays

_PLAIN: Final = frozenset({int, float, bool, np.float64, Fraction, Decimal})


class Scalar(Number):
    """A wrapped real number: int, float, Fraction, Decimal or NumPy scalar.

    >>> x = Scalar(3.0)
    >>> x * x + 2 / x
    Scalar(9.666666666666666)

    Arithmetic, comparisons, rounding, `divmod`, integer powers and NumPy's functions of it
    give wrapped numbers and are counted in every open `count()`. Its value is what Python
    or NumPy give for the plain number, and where Python's floats would raise, what NumPy's
    give: a warning and nan or inf. Whatever would let the number out uncounted raises
    Uncounted; `oc.unwrap(x)` is the way out. Raises InvalidType for anything but a real number.
    """

    __slots__ = ("_value",)
    _rank: ClassVar[int] = 0
    _value: Any

    def __init__(self, value: Any) -> None:
        if type(value) is Scalar:
            value = value._value
        if type(value) not in _PLAIN or type(value) is bool:
            check_number(value, lambda: "the value to wrap")
        self._value = value

    def _apply(self, name: str, *operands: Any) -> Any:
        values = []
        for operand in operands:
            if isinstance(operand, Number) and operand._rank:
                return operand._apply(name, *operands)
            value = operand._value if type(operand) is Scalar else plain_operand(operand)
            if value is NotImplemented:
                return NotImplemented
            values.append(value)
        if name == "pow":
            return _power(*values, constant=type(operands[1]) is not Scalar)
        if name == "square":
            return self * self
        if name in _BITS and not all(isinstance(value, (int, np.integer)) for value in values):
            if name == "invert":
                raise TypeError(f"bad operand type for unary ~: a wrapped {type(self._value).__name__}")
            return NotImplemented
        next(meter()[name])
        result = _VALUES[name](*values)
        return bool(result) if name in _COMPARISONS else _wrapped(result)

    # The same as in Wrapped, without its generality: these four decide the speed.

    def __add__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN and (other := plain_operand(other)) is NotImplemented:
            return NotImplemented
        next(meter().add)
        result = _new(Scalar)
        try:
            result._value = self._value + other
        except TypeError:
            result._value = _rescued(operator.add, self._value, other)
        return result

    def __sub__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN and (other := plain_operand(other)) is NotImplemented:
            return NotImplemented
        next(meter().sub)
        result = _new(Scalar)
        try:
            result._value = self._value - other
        except TypeError:
            result._value = _rescued(operator.sub, self._value, other)
        return result

    def __mul__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN and (other := plain_operand(other)) is NotImplemented:
            return NotImplemented
        next(meter().mul)
        result = _new(Scalar)
        try:
            result._value = self._value * other
        except TypeError:
            result._value = _rescued(operator.mul, self._value, other)
        return result

    def __truediv__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN and (other := plain_operand(other)) is NotImplemented:
            return NotImplemented
        next(meter().div)
        result = _new(Scalar)
        try:
            result._value = self._value / other
        except (TypeError, ArithmeticError):
            result._value = _rescued(operator.truediv, self._value, other)
        return result

    # Python's rounding gives integers, where NumPy's functions of the same name give floats.

    def __floor__(self) -> Any:
        next(meter()["floor"])
        return _wrapped(_rounded(math.floor, np.floor, self._value))

    def __ceil__(self) -> Any:
        next(meter()["ceil"])
        return _wrapped(_rounded(math.ceil, np.ceil, self._value))

    def __trunc__(self) -> Any:
        next(meter()["trunc"])
        return _wrapped(_rounded(int, np.trunc, self._value))

    def __round__(self, digits: Any = None) -> Any:
        next(meter()["round"])
        return _wrapped(round(self._value) if digits is None else round(self._value, digits))

    # NumPy's functions: of numbers one operation, with arrays what their table says

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        # NumPy's own numbers come as arrays without dimensions
        inputs = tuple(o[()] if type(o) is np.ndarray and not o.ndim and o.dtype != object else o for o in inputs)
        outputs = keywords.get("out", ())
        outputs = outputs if isinstance(outputs, tuple) else ()  # out=... asks for an array where a number would come
        if any(map(is_wrapped_array, (*inputs, *outputs))):
            return NotImplemented
        numbers = method == "__call__" and not keywords and not any(isinstance(o, np.ndarray) for o in inputs)
        if numbers and ufunc in UFUNCS and ufunc not in USERS:
            return UFUNCS[ufunc](*inputs)
        if any(map(holds_objects, (*inputs, *outputs))):
            return super().__array_ufunc__(ufunc, method, *inputs, **keywords)
        return call_ufunc(ufunc, method, inputs, keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if any(map(records_arrays, types)):
            return NotImplemented
        return call_function(function, args, keywords)

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
        return HOLDERS["array"](np.asarray(self._value)[()])

    def astype(self, dtype: Any, *arguments: Any, **keywords: Any) -> Any:
        return self._as_array().astype(dtype, *arguments, **keywords)

    def reshape(self, *shape: Any) -> Any:
        return self._as_array().reshape(*shape)

    def ravel(self) -> Any:
        return self.reshape(1)

    def copy(self) -> Scalar:
        return self

    def conj(self) -> Scalar:
        return self

    def round(self, decimals: Any = 0) -> Any:
        return self._as_array().round(decimals)

    def sum(self, *arguments: Any, **keywords: Any) -> Any:
        return self._as_array().sum(*arguments, **keywords)

    def mean(self, *arguments: Any, **keywords: Any) -> Any:
        return self._as_array().mean(*arguments, **keywords)

    def max(self, *arguments: Any, **keywords: Any) -> Any:
        return self._as_array().max(*arguments, **keywords)

    def min(self, *arguments: Any, **keywords: Any) -> Any:
        return self._as_array().min(*arguments, **keywords)

    def clip(self, *arguments: Any, **keywords: Any) -> Any:
        return self._as_array().clip(*arguments, **keywords)

    def item(self) -> Any:
        advice = "item() would be a plain number: use the wrapped one as it is, or oc.unwrap(x)"
        plain = self._leave("item()", advice)
        return plain.item() if isinstance(plain, np.generic) else plain

    def _plain(self) -> Any:
        return self._value

    def __repr__(self) -> str:
        return f"Scalar({self._value!r})"

    def __format__(self, spec: str) -> str:
        return format(self._value, spec) if spec else repr(self)


HOLDERS["number"] = Scalar
_new: Final = object.__new__


def _wrapped(value: Any) -> Scalar:
    result = _new(Scalar)
    result._value = value
    return result


# --- values: what Python and NumPy compute, on plain numbers


def _power(base: Any, exponent: Any, *, constant: bool) -> Any:
    if not (constant and isinstance(exponent, (int, np.integer))):
        next(meter()["pow"])
    else:
        record(integer_power(exponent))
    try:
        result = base**exponent
    except (TypeError, ArithmeticError):
        result = _rescued(operator.pow, base, exponent)
    if isinstance(result, complex):  # Python's root of a negative number; NumPy's is nan
        result = _by_ufunc(np.power, base, exponent)
    return _wrapped(result)


_KINDS: Final[dict[Callable[..., Any], str]] = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.truediv: "div",
    operator.floordiv: "floordiv",
    operator.mod: "mod",
    operator.pow: "pow",
}
_IEEE: Final[dict[Callable[..., Any], np.ufunc]] = {
    operator.truediv: np.divide,
    operator.floordiv: np.floor_divide,
    operator.mod: np.remainder,
    operator.pow: np.power,
}


def _rescued(operation: Callable[..., Any], *values: Any) -> Any:
    """The value where Python's operator raised: by NumPy's rules for floats, exact for Decimal."""
    kinds = set(map(type, values))
    if Decimal in kinds and kinds <= {Decimal, int, float, bool}:
        return operation(*map(Decimal, values))
    if Decimal in kinds:
        record({_KINDS[operation]: -1})  # refused, so not executed after all
        names = " and ".join(kind.__name__ for kind in sorted(kinds, key=lambda kind: kind.__name__))
        raise InvalidType(f"{names} do not mix; convert one of them first")
    if (Fraction in kinds and not kinds & {float, np.float64}) or operation not in _IEEE:
        return operation(*values)  # exact arithmetic has no infinity to give: raise as it does
    return _by_ufunc(_IEEE[operation], *values)


def _by_ufunc(ufunc: np.ufunc, *values: Any) -> Any:
    """NumPy's value: a Python float of Python's numbers, NumPy's own type where one of them is NumPy's."""
    result = ufunc(*(value if isinstance(value, np.generic) else float(value) for value in values))
    return result if any(isinstance(value, np.generic) for value in values) else float(result)


def _rounded(operation: Callable[[Any], int], ufunc: np.ufunc, value: Any) -> Any:
    """Python's integer, or, where there is none (nan, infinity), NumPy's value."""
    try:
        return operation(value)
    except (ValueError, OverflowError):
        return _by_ufunc(ufunc, value)


def _checked(operation: Callable[..., Any]) -> Callable[..., Any]:
    def value(*values: Any) -> Any:
        try:
            return operation(*values)
        except (TypeError, ArithmeticError):
            return _rescued(operation, *values)

    return value


def _numpy(ufunc: np.ufunc) -> Callable[..., Any]:
    """The value by a NumPy function; of a Fraction by way of a float, of a Decimal as a Decimal."""
    decimal_method = getattr(Decimal, {"log": "ln"}.get(ufunc.__name__, ufunc.__name__), None)

    def value(*values: Any) -> Any:
        if not any(isinstance(value, Decimal) for value in values):
            return _by_ufunc(ufunc, *values)
        if decimal_method and len(values) == 1:
            with suppress(ArithmeticError):  # outside the domain: nan, by way of a float
                return decimal_method(*values)
        return Decimal(float(_by_ufunc(ufunc, *values)))

    return value


def _exact(ufunc: np.ufunc, operation: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's value for floats (nan, signed zero, inf); for exact numbers that of `operation`."""

    def value(*values: Any) -> Any:
        if all(isinstance(value, (int, Fraction, Decimal)) for value in values):
            return operation(*values)
        return _by_ufunc(ufunc, *values)

    return value


_BITS: Final[dict[str, Callable[..., Any]]] = {
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "left_shift": operator.lshift,
    "right_shift": operator.rshift,
    "invert": operator.invert,
}
_COMPARISONS: Final = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_VALUES: Final[dict[str, Callable[..., Any]]] = {
    "add": _checked(operator.add),
    "sub": _checked(operator.sub),
    "mul": _checked(operator.mul),
    "div": _checked(operator.truediv),
    "floordiv": _checked(operator.floordiv),
    "mod": _checked(operator.mod),
    "neg": operator.neg,
    "abs": abs,
    "sqrt": _numpy(np.sqrt),
    "cbrt": _numpy(np.cbrt),
    "hypot": _numpy(np.hypot),
    "exp": _numpy(np.exp),
    "exp2": _numpy(np.exp2),
    "expm1": _numpy(np.expm1),
    "log": _numpy(np.log),
    "log2": _numpy(np.log2),
    "log10": _numpy(np.log10),
    "log1p": _numpy(np.log1p),
    "logaddexp": _numpy(np.logaddexp),
    "sin": _numpy(np.sin),
    "cos": _numpy(np.cos),
    "tan": _numpy(np.tan),
    "arcsin": _numpy(np.arcsin),
    "arccos": _numpy(np.arccos),
    "arctan": _numpy(np.arctan),
    "arctan2": _numpy(np.arctan2),
    "sinh": _numpy(np.sinh),
    "cosh": _numpy(np.cosh),
    "tanh": _numpy(np.tanh),
    "arcsinh": _numpy(np.arcsinh),
    "arccosh": _numpy(np.arccosh),
    "arctanh": _numpy(np.arctanh),
    "maximum": _exact(np.maximum, max),
    "minimum": _exact(np.minimum, min),
    "sign": _exact(np.sign, lambda value: type(value)((value > 0) - (value < 0))),
    "floor": _exact(np.floor, math.floor),
    "ceil": _exact(np.ceil, math.ceil),
    "trunc": _exact(np.trunc, math.trunc),
    "round": _exact(np.rint, round),
    **_BITS,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
