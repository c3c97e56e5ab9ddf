"""Scalar: a wrapped real number that executes and counts.

What an operation is called and how its value is computed stands in one table; how it is
counted, in `_apply`. The four operators that make up most programs are written out again
in `Scalar` for speed, with the same meaning.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from contextlib import nullcontext, suppress
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from opcount.arrays.typed import Arithmetic, Comparison, arithmetic
from opcount.counting.callers import warn
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.meters import charge, meter, note_text
from opcount.functions.call import call_function
from opcount.functions.op_counts import integer_power, name_of
from opcount.functions.ufuncs import call_ufunc
from opcount.functions.user_rules import user_rules
from opcount.wrapping.foreign import beside, is_container, let_out_beside, once_more, plain, stranger
from opcount.wrapping.inputs import check_number
from opcount.wrapping.operands import holds_objects
from opcount.wrapping.wrapped import (
    HOLDERS,
    OPERATORS,
    UFUNCS,
    Number,
    Wrapped,
    is_wrapped_array,
    plain_operand,
    records_arrays,
)

_NUMBERS: Final = (Wrapped, numbers.Number, np.bool_)
_PLAIN: Final = frozenset({int, float, bool, np.float64, Fraction, Decimal})


class Scalar(Number):
    """A wrapped real number: int, float, Fraction, Decimal or NumPy scalar.

    >>> x = Scalar(3.0)
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
                return beside(name, *operands)
            values.append(value)
        if name == "pow":
            return _power(*values, constant=type(operands[1]) is not Scalar)
        if name == "square":
            return self * self
        if name in _BITS and not all(isinstance(value, (int, np.integer)) for value in values):
            if name == "invert":
                raise TypeError(f"bad operand type for unary ~: a wrapped {type(self._value).__name__}")
            return NotImplemented
        result = _counted(name, _VALUES[name], *values)
        if name in _COMPARISONS:
            return result if isinstance(result, np.bool_) else bool(result)
        return _wrapped(result)

    # The same as in Wrapped, without its generality: these four decide the speed.

    @arithmetic
    def __add__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return beside("add", self, other)
            other = value
        next(meter().add)
        result = _new(Scalar)
        try:
            result._value = self._value + other
        except BaseException as error:
            result._value = _rescued_or_not_counted("add", error, self._value, other)
        return result

    @arithmetic
    def __sub__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return beside("sub", self, other)
            other = value
        next(meter().sub)
        result = _new(Scalar)
        try:
            result._value = self._value - other
        except BaseException as error:
            result._value = _rescued_or_not_counted("sub", error, self._value, other)
        return result

    @arithmetic
    def __mul__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return beside("mul", self, other)
            other = value
        next(meter().mul)
        result = _new(Scalar)
        try:
            result._value = self._value * other
        except BaseException as error:
            result._value = _rescued_or_not_counted("mul", error, self._value, other)
        return result

    @arithmetic
    def __truediv__(self, other: Any) -> Any:
        if type(other) is Scalar:
            other = other._value
        elif type(other) not in _PLAIN:
            if (value := plain_operand(other)) is NotImplemented:
                return beside("div", self, other)
            other = value
        next(meter().div)
        result = _new(Scalar)
        try:
            result._value = self._value / other if other else _divided_by_zero(self._value, other)
        except BaseException as error:
            result._value = _rescued_or_not_counted("div", error, self._value, other)
        return result

    # A number has no product of matrices, and another class that has one is not to be handed it.

    def __matmul__(self, other: Any) -> Any:
        return beside("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return beside("matmul", other, self)

    # Python's rounding gives integers, where NumPy's functions of the same name give floats.

    def __floor__(self) -> Any:
        return _wrapped(_counted("floor", _rounded, math.floor, np.floor, self._value))

    def __ceil__(self) -> Any:
        return _wrapped(_counted("ceil", _rounded, math.ceil, np.ceil, self._value))

    def __trunc__(self) -> Any:
        return _wrapped(_counted("trunc", _rounded, int, np.trunc, self._value))

    def __round__(self, digits: Any = None) -> Any:
        return _wrapped(_counted("round", round, self._value, *(() if digits is None else (digits,))))

    def _reciprocal(self) -> Any:
        if isinstance(self._value, (int, np.integer)):  # whose reciprocals NumPy rounds
            return _wrapped(_counted("div", np.reciprocal, self._value))
        return 1 / self

    # NumPy's functions: of numbers one operation, with arrays what their table says

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        # NumPy's own numbers come as arrays without dimensions
        inputs = tuple(o[()] if type(o) is np.ndarray and not o.ndim and o.dtype != object else o for o in inputs)
        outputs = keywords.get("out", ())
        outputs = outputs if isinstance(outputs, tuple) else ()  # out=... asks for an array where a number would come
        if any(is_wrapped_array(value) or is_container(type(value)) for value in (*inputs, *outputs)):
            return NotImplemented
        of_numbers = method == "__call__" and not keywords and all(isinstance(o, _NUMBERS) for o in inputs)
        if of_numbers and ufunc in UFUNCS and ufunc not in user_rules:
            result = UFUNCS[ufunc](*inputs)
            return np.bool_(result) if type(result) is bool else result  # as NumPy's function has it
        if not any(map(holds_objects, (*inputs, *outputs))):
            return call_ufunc(ufunc, method, inputs, keywords)
        if (found := stranger(inputs)) is not None:
            let_out_beside(name_of(ufunc), found, inputs)
            return once_more(getattr(ufunc, method)(*map(plain, inputs), **keywords))
        return super().__array_ufunc__(ufunc, method, *inputs, **keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if any(records_arrays(kind) or is_container(kind) for kind in types):
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
        plain = self._let_out("item()", advice)
        return plain.item() if isinstance(plain, np.generic) else plain

    def _plain(self) -> Any:
        return self._value

    def __repr__(self) -> str:
        note_text(1)
        return f"Scalar({self._value!r})"


HOLDERS["number"] = Scalar
_new: Final = object.__new__


def _wrapped(value: Any) -> Scalar:
    result = _new(Scalar)
    result._value = value
    return result


def _counted(kind: str, value: Callable[..., Any], *arguments: Any) -> Any:
    """The value of one operation; where it raises, the operation does not count."""
    next(meter()[kind])
    try:
        return value(*arguments)
    except BaseException:
        meter().refund({kind: 1})
        raise


# --- values: what Python and NumPy compute, on plain numbers


def _power(base: Any, exponent: Any, *, constant: bool) -> Any:
    numbers = integer_power(exponent) if constant and isinstance(exponent, (int, np.integer)) else {"pow": 1}
    charge(numbers)
    try:
        result = _rescuing_power(base, exponent)
        if isinstance(result, complex):  # Python's root of a negative number; NumPy's is nan
            result = _in_place_of_python(np.power, base, exponent)
    except BaseException:
        meter().refund(numbers)
        raise
    return _wrapped(result)


_IEEE: Final[dict[Callable[..., Any], np.ufunc]] = {
    operator.truediv: np.divide,
    operator.floordiv: np.floor_divide,
    operator.mod: np.remainder,
    operator.pow: np.power,
}


def _rescued(error: BaseException, operation: Callable[..., Any], *values: Any) -> Any:
    """The value where Python's operator raised: by NumPy's rules for floats, exact for Decimal; else its error."""
    if not isinstance(error, (TypeError, ArithmeticError)):
        raise error
    kinds = set(map(type, values))
    if Decimal in kinds and kinds <= {Decimal, int, float, bool}:
        return operation(*map(Decimal, values))
    if Decimal in kinds:
        names = " and ".join(kind.__name__ for kind in sorted(kinds, key=lambda kind: kind.__name__))
        raise InvalidType(f"{names} do not mix; convert one of them first") from None
    if isinstance(error, OverflowError) and any(isinstance(value, int) and not _fits(value) for value in values):
        raise InvalidValue(_TOO_LARGE) from None
    if (Fraction in kinds and not kinds & {float, np.float64}) or operation not in _IEEE:
        raise error  # exact arithmetic has no infinity to give
    return _in_place_of_python(_IEEE[operation], *values)


def _rescued_or_not_counted(kind: str, error: BaseException, *values: Any) -> Any:
    """The value of one of the four operators where Python raised, or else its error, and nothing counted."""
    try:
        return _rescued(error, OPERATORS[kind][0], *values)
    except BaseException:
        meter().refund({kind: 1})
        raise


_TOO_LARGE: Final = (
    "an integer is too large for a float, and NumPy's functions and floats work on floats: use smaller numbers, or "
    "integers and fractions.Fraction alone, which are exact at any size"
)


def _fits(integer: int) -> bool:
    """Whether there is a float for it."""
    return abs(integer) < 1 << 1024


def _by_ufunc(ufunc: np.ufunc, *values: Any) -> Any:
    """NumPy's value, of NumPy's own type, also for Python's numbers."""
    of_numpy = any(isinstance(value, np.generic) for value in values)  # beside which a Python integer has no type yet
    try:
        values = tuple(
            value if isinstance(value, np.generic) or (of_numpy and type(value) is int) else float(value)
            for value in values
        )
    except OverflowError:
        raise InvalidValue(_TOO_LARGE) from None
    try:
        _RAISING[ufunc](*values)  # Python's own function of floats raises where NumPy has a reason to warn
    except (KeyError, ValueError, OverflowError):
        return _warning(ufunc, *values)
    if of_numpy and not all(isinstance(value, float) for value in values):  # of another range than a float's
        return _warning(ufunc, *values)
    return ufunc(*values)


_RAISING: Final[dict[np.ufunc, Callable[..., Any]]] = {
    getattr(np, name): getattr(math, "".join(name.split("rc")))  # arcsin is asin there
    for name in ("sqrt", "exp", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos",
                 "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "hypot")
}  # fmt: skip
for _ufunc in (np.sign, np.maximum, np.minimum, np.fabs, np.floor, np.ceil, np.trunc, np.rint, np.cbrt):
    _RAISING[_ufunc] = lambda *_: None  # which never warn


def _warning(ufunc: np.ufunc, *values: Any) -> Any:
    """NumPy's value; where NumPy would warn, a warning that points at the user's line instead of this one."""
    told: list[str] = []
    state = np.geterr()
    modes: Any = {kind: "call" for kind, mode in state.items() if mode == "warn"}
    somebody_listens = {"call", "log"} & {*state.values()}
    with nullcontext() if somebody_listens else np.errstate(call=lambda what, _: told.append(what), **modes):
        try:
            result = ufunc(*values)
        except OverflowError:
            raise InvalidValue(_TOO_LARGE) from None
    np.positive(0.0)  # takes back the processor's flag, of which a loop over objects around would warn again
    for what in told:
        warn(f"{what} encountered in {ufunc.__name__}", RuntimeWarning)
    return result


def _in_place_of_python(ufunc: np.ufunc, *values: Any) -> Any:
    """NumPy's value where Python's operator has none: a Python float if the operands are Python's numbers."""
    result = _by_ufunc(ufunc, *values)
    return result if any(isinstance(value, np.generic) for value in values) else float(result)


def _divided_by_zero(a: Any, b: Any) -> Any:
    """What a number of NumPy's gives, with a warning; Python's own raise, as ever."""
    of_numpy = isinstance(a, np.floating) or isinstance(b, np.floating)
    return _warning(np.divide, a, b) if of_numpy else a / b


def _rounded(operation: Callable[[Any], int], ufunc: np.ufunc, value: Any) -> Any:
    """Python's integer, or, where there is none (nan, infinity), NumPy's value."""
    try:
        return operation(value)
    except (ValueError, OverflowError):
        return _in_place_of_python(ufunc, value)


def _checked(operation: Callable[..., Any], execute: Callable[..., Any] | None = None) -> Callable[..., Any]:
    execute = execute or operation

    def value(*values: Any) -> Any:
        try:
            return execute(*values)
        except (TypeError, ArithmeticError) as error:
            return _rescued(error, operation, *values)

    return value


_rescuing_power: Final = _checked(operator.pow)


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
    "div": _checked(operator.truediv, lambda a, b: a / b if b else _divided_by_zero(a, b)),
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
