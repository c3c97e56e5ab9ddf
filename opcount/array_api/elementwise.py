"""Functions of each element: NumPy's ufuncs by the standard's names, each counted by the row of its operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np

from opcount.array_api.array import Array, call

One: TypeAlias = Callable[[Array], Any]
Two: TypeAlias = Callable[[Any, Any], Any]


def _one(name: str, numpys: Callable[..., Any]) -> One:
    def function(x: Array, /) -> Any:
        return call(numpys, x)

    return _named(function, name, numpys)


def _two(name: str, numpys: Callable[..., Any]) -> Two:
    def function(x1: object, x2: object, /) -> Any:
        return call(numpys, x1, x2)

    return _named(function, name, numpys)


def _named(function: Callable[..., Any], name: str, numpys: Callable[..., Any]) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__code__ = function.__code__.replace(co_name=name, co_qualname=name)  # for a count by function
    function.__doc__ = f"`{name}` of the array API standard, for each element: `np.{numpys.__name__}`."
    return function


abs: Final = _one("abs", np.abs)
acos: Final = _one("acos", np.arccos)
acosh: Final = _one("acosh", np.arccosh)
add: Final = _two("add", np.add)
asin: Final = _one("asin", np.arcsin)
asinh: Final = _one("asinh", np.arcsinh)
atan: Final = _one("atan", np.arctan)
atan2: Final = _two("atan2", np.arctan2)
atanh: Final = _one("atanh", np.arctanh)
bitwise_and: Final = _two("bitwise_and", np.bitwise_and)
bitwise_invert: Final = _one("bitwise_invert", np.invert)
bitwise_left_shift: Final = _two("bitwise_left_shift", np.left_shift)
bitwise_or: Final = _two("bitwise_or", np.bitwise_or)
bitwise_right_shift: Final = _two("bitwise_right_shift", np.right_shift)
bitwise_xor: Final = _two("bitwise_xor", np.bitwise_xor)
ceil: Final = _one("ceil", np.ceil)
conj: Final = _one("conj", np.conjugate)
copysign: Final = _two("copysign", np.copysign)
cos: Final = _one("cos", np.cos)
cosh: Final = _one("cosh", np.cosh)
divide: Final = _two("divide", np.divide)
equal: Final = _two("equal", np.equal)
exp: Final = _one("exp", np.exp)
expm1: Final = _one("expm1", np.expm1)
floor: Final = _one("floor", np.floor)
floor_divide: Final = _two("floor_divide", np.floor_divide)
greater: Final = _two("greater", np.greater)
greater_equal: Final = _two("greater_equal", np.greater_equal)
hypot: Final = _two("hypot", np.hypot)
imag: Final = _one("imag", np.imag)
isfinite: Final = _one("isfinite", np.isfinite)
isinf: Final = _one("isinf", np.isinf)
isnan: Final = _one("isnan", np.isnan)
less: Final = _two("less", np.less)
less_equal: Final = _two("less_equal", np.less_equal)
log: Final = _one("log", np.log)
log10: Final = _one("log10", np.log10)
log1p: Final = _one("log1p", np.log1p)
log2: Final = _one("log2", np.log2)
logaddexp: Final = _two("logaddexp", np.logaddexp)
logical_and: Final = _two("logical_and", np.logical_and)
logical_not: Final = _one("logical_not", np.logical_not)
logical_or: Final = _two("logical_or", np.logical_or)
logical_xor: Final = _two("logical_xor", np.logical_xor)
maximum: Final = _two("maximum", np.maximum)
minimum: Final = _two("minimum", np.minimum)
multiply: Final = _two("multiply", np.multiply)
negative: Final = _one("negative", np.negative)
nextafter: Final = _two("nextafter", np.nextafter)
not_equal: Final = _two("not_equal", np.not_equal)
positive: Final = _one("positive", np.positive)
pow: Final = _two("pow", np.power)
real: Final = _one("real", np.real)
reciprocal: Final = _one("reciprocal", np.reciprocal)
remainder: Final = _two("remainder", np.remainder)
round: Final = _one("round", np.round)
sign: Final = _one("sign", np.sign)
signbit: Final = _one("signbit", np.signbit)
sin: Final = _one("sin", np.sin)
sinh: Final = _one("sinh", np.sinh)
sqrt: Final = _one("sqrt", np.sqrt)
square: Final = _one("square", np.square)
subtract: Final = _two("subtract", np.subtract)
tan: Final = _one("tan", np.tan)
tanh: Final = _one("tanh", np.tanh)
trunc: Final = _one("trunc", np.trunc)


def clip(x: Array, /, min: object = None, max: object = None) -> Any:
    """`clip` of the array API standard: one `maximum` and one `minimum` for each element, of the bounds given."""
    return x.__copy__() if min is None and max is None else call(np.clip, x, min, max)
