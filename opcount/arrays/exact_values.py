"""What Python and NumPy compute on plain numbers: exact for integers, fractions and decimals, NumPy's for floats.

Where Python's floats raise, the value is what NumPy's give: nan or infinity, and a warning at the user's line.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from contextlib import nullcontext, suppress
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Final

import numpy as np

from opcount.counting.callers import warn
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.wrapping.operations import Operation


def value_of(operation: Operation, *values: Any) -> Any:
    """The value of an operation on plain numbers."""
    execute = operation.python
    if execute is None:
        return _by_numpy(operation, *values)
    if len(values) == 1 or not operation.partials:
        return execute(*values)
    try:
        if not values[1] and execute is operator.truediv:
            return divided_by_zero(*values)
        result = execute(*values)
        if type(result) is complex:  # Python's power of a negative number; NumPy's is nan
            return _in_place_of_python(operation.ufunc, *values)
    except (TypeError, ArithmeticError) as error:
        return rescued(error, operation, *values)
    return result


def rescued(error: BaseException, operation: Operation, *values: Any) -> Any:
    """The value where Python's operator raised: by NumPy's rules for floats, exact for Decimal; else its error."""
    if not isinstance(error, (TypeError, ArithmeticError)):
        raise error
    kinds = set(map(type, values))
    if Decimal in kinds and kinds <= {Decimal, int, float, bool}:
        return operation.value(*map(Decimal, values))
    if Decimal in kinds:
        names = " and ".join(kind.__name__ for kind in sorted(kinds, key=lambda kind: kind.__name__))
        raise InvalidType(f"{names} do not mix; convert one of them first") from None
    if isinstance(error, OverflowError) and any(isinstance(value, int) and not _fits(value) for value in values):
        raise InvalidValue(_TOO_LARGE) from None
    if (Fraction in kinds and not kinds & {float, np.float64}) or operation.python not in _WITH_INFINITY:
        raise error  # exact arithmetic has no infinity to give
    return _in_place_of_python(operation.ufunc, *values)


_WITH_INFINITY: Final = (operator.truediv, operator.floordiv, operator.mod, operator.pow)
"""Python's operators that raise where NumPy's give nan or infinity."""

_TOO_LARGE: Final = (
    "an integer is too large for a float, and NumPy's functions and floats work on floats: use smaller numbers, or "
    "integers and fractions.Fraction alone, which are exact at any size"
)


def _fits(integer: int) -> bool:
    """Whether an integer is within the range of floats."""
    return abs(integer) < 1 << 1024


def _by_numpy(operation: Operation, *values: object) -> Any:
    """The value by the ufunc; for exact numbers alone by what is exact for them; of a Decimal as a Decimal."""
    ufunc: Any = operation.ufunc
    if _FLOATS.issuperset(map(type, values)):  # as most are
        return _of_floats(ufunc, values)
    if operation.exact is not None:
        exact = all(isinstance(value, (int, Fraction, Decimal)) for value in values)
        return operation.exact(*values) if exact else _by_ufunc(ufunc, *values)
    if not any(isinstance(value, Decimal) for value in values):
        return _by_ufunc(ufunc, *values)
    method = getattr(Decimal, {"log": "ln"}.get(ufunc.__name__, ufunc.__name__), None)
    if method and len(values) == 1:
        with suppress(ArithmeticError):  # outside the domain: nan, by way of a float
            return method(*values)
    return Decimal(float(_by_ufunc(ufunc, *values)))


def _by_ufunc(ufunc: np.ufunc, *values: object) -> Any:
    """NumPy's value, of NumPy's own type, also for Python's numbers."""
    values = _as_floats(values)
    if not all(isinstance(value, float) for value in values):  # of another range than a float's
        return _fitting(ufunc, *values)
    return _of_floats(ufunc, values)


_FLOATS: Final = frozenset({float, np.float64})


def _of_floats(ufunc: np.ufunc, values: tuple[Any, ...]) -> Any:
    check = _raising(ufunc)
    if check is None:
        return _fitting(ufunc, *values)
    try:
        check(*values)
    except (ValueError, OverflowError):
        return _fitting(ufunc, *values)
    return ufunc(*values)


def _as_floats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    of_numpy = any(isinstance(value, np.generic) for value in values)  # beside which a Python integer has no type yet
    try:
        return tuple(
            value if isinstance(value, np.generic) or (of_numpy and type(value) is int) else float(value)
            for value in values
        )
    except OverflowError:
        raise InvalidValue(_TOO_LARGE) from None


@cache
def _raising(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """Python's own function of floats, which raises where NumPy has a reason to warn; None where there is none."""
    if ufunc in _NEVER_WARNING:
        return lambda *_: None
    found = getattr(math, "".join(ufunc.__name__.split("rc")), None)  # arcsin is asin there
    return getattr(found, "__wrapped__", found)  # itself, if it is replaced while a count is open


_NEVER_WARNING: Final = frozenset({
    np.sign, np.maximum, np.minimum, np.floor, np.ceil, np.trunc, np.rint, np.cbrt,
})  # fmt: skip


def _fitting(ufunc: np.ufunc, *values: object) -> Any:
    """NumPy's value, if all integers among the values are within the range of floats."""
    try:
        return by_numpy_with_warnings(ufunc, *values)
    except OverflowError:
        raise InvalidValue(_TOO_LARGE) from None


def by_numpy_with_warnings(ufunc: np.ufunc, *values: object) -> Any:
    """NumPy's value; where NumPy would warn, a warning that points at the user's line instead of this one."""
    told: list[str] = []
    state = np.geterr()
    modes: Any = {kind: "call" for kind, mode in state.items() if mode == "warn"}
    somebody_listens = {"call", "log"} & {*state.values()}
    with nullcontext() if somebody_listens else np.errstate(call=lambda what, _: told.append(what), **modes):
        result = ufunc(*values)
    np.positive(0.0)  # takes back the processor's flag, of which a loop over objects around would warn again
    for what in told:
        warn(f"{what} encountered in {ufunc.__name__}", RuntimeWarning)
    return result


def _in_place_of_python(ufunc: Any, *values: Any) -> Any:
    """NumPy's value where Python's operator has none: a Python float if the operands are Python's numbers."""
    result = _fitting(ufunc, *_as_floats(values))
    return result if any(isinstance(value, np.generic) for value in values) else float(result)


def divided_by_zero(a: Any, b: Any) -> Any:
    """The value of a division by zero of NumPy numbers, with a warning; Python's own numbers raise their error."""
    of_numpy = isinstance(a, np.floating) or isinstance(b, np.floating)
    return _fitting(np.divide, a, b) if of_numpy else a / b


def rounded(operation: Callable[[Any], int], ufunc: object, value: object) -> Any:
    """Python's integer, or, where there is none (nan, infinity), NumPy's value."""
    try:
        return operation(value)
    except (ValueError, OverflowError):
        return _in_place_of_python(ufunc, value)
