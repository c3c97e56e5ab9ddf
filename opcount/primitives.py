"""The table of primitives: for each its value, its local partials and its domain.

A row serves every method, forward and reverse. Partials take the output `y` and the operands
and are written with the output where that is cheaper: tanh is `1 - y*y`. A partial that is
structural is a constant of the row instead of a function: IDENTITY, NEGATION, or ZERO for an
operation whose derivative vanishes wherever it exists. They run on wrapped numbers and are
counted, in the phase `partials`.

The domain is where the operands may lie for the value and the partials to be finite and
smooth, an interval for each; the tests draw from it. Derivatives are the textbook ones,
as in Abramowitz and Stegun, Handbook of Mathematical Functions, chapters 4.1 to 4.6.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.linear_maps import IDENTITY, NEGATION, Constant
from opcount.scalar import Scalar
from opcount.wrapped import Wrapped

Interval = tuple[float, float]
Partial = Callable[..., Any] | Constant | None

ZERO: Final = None


class Primitive(NamedTuple):
    """One row of the table."""

    name: str
    value: Callable[..., Any]
    partials: tuple[Partial, ...]
    domain: tuple[Interval, ...]


def _number(operand: Any) -> Any:
    """An operand wrapped, also where it is plain data: what a partial computes from it counts too.

    A plain exponent stays plain: its n - 1 belongs to the row, and tells which power is executed.
    """
    return operand if isinstance(operand, Wrapped) else Scalar(operand)


def _one_if(condition: bool) -> Scalar:
    """A partial that is 0 or 1 by value: a number like any other, not a structural constant."""
    return Scalar(int(condition))


def _norm2(a: Any, b: Any) -> Any:
    a, b = _number(a), _number(b)
    return a * a + b * b


def _power_by_base(y: Any, x: Any, n: Any) -> Any:
    if not isinstance(n, Wrapped) and n == 1:
        return IDENTITY
    return n * x ** (n - 1)


def _power_by_exponent(y: Any, x: Any, n: Any) -> Any:
    return y * np.log(_number(x)) if x != 0 else 0  # at 0 the limit, where the product would be 0 times -inf


_LN2: Final = math.log(2)
_LN10: Final = math.log(10)

REAL: Final = (-3.0, 3.0)
POSITIVE: Final = (0.1, 3.0)
UNIT: Final = (-0.9, 0.9)
NONZERO: Final = (0.2, 3.0)

# fmt: off
_ROWS: Final = (
    Primitive("add",       operator.add,      (IDENTITY, IDENTITY),                         (REAL, REAL)),
    Primitive("sub",       operator.sub,      (IDENTITY, NEGATION),                         (REAL, REAL)),
    Primitive("mul",       operator.mul,      (lambda y, a, b: b, lambda y, a, b: a),       (REAL, REAL)),
    Primitive("div",       operator.truediv,  (lambda y, a, b: 1 / _number(b),
                                               lambda y, a, b: -y / b),                     (REAL, NONZERO)),
    Primitive("floordiv",  operator.floordiv, (ZERO, ZERO),                                 ((0.1, 0.9), (1.1, 3.0))),
    Primitive("mod",       operator.mod,      (IDENTITY, lambda y, a, b: -(a // b)),        ((3.1, 3.9), (1.0, 1.02))),
    Primitive("neg",       operator.neg,      (NEGATION,),                                  (REAL,)),
    Primitive("abs",       abs,               (lambda y, x: np.sign(x),),                   (NONZERO,)),
    Primitive("sign",      np.sign,           (ZERO,),                                      (NONZERO,)),
    Primitive("square",    np.square,         (lambda y, x: 2 * x,),                        (REAL,)),
    Primitive("pow",       operator.pow,      (_power_by_base,
                                               _power_by_exponent),              (POSITIVE, REAL)),
    Primitive("sqrt",      np.sqrt,           (lambda y, x: 1 / (2 * y),),                  (POSITIVE,)),
    Primitive("cbrt",      np.cbrt,           (lambda y, x: 1 / (3 * y * y),),              (POSITIVE,)),
    Primitive("hypot",     np.hypot,          (lambda y, a, b: a / y, lambda y, a, b: b / y), (POSITIVE, REAL)),
    Primitive("exp",       np.exp,            (lambda y, x: y,),                            (REAL,)),
    Primitive("exp2",      np.exp2,           (lambda y, x: y * _LN2,),                     (REAL,)),
    Primitive("expm1",     np.expm1,          (lambda y, x: y + 1,),                        (REAL,)),
    Primitive("log",       np.log,            (lambda y, x: 1 / x,),                        (POSITIVE,)),
    Primitive("log2",      np.log2,           (lambda y, x: 1 / (x * _LN2),),               (POSITIVE,)),
    Primitive("log10",     np.log10,          (lambda y, x: 1 / (x * _LN10),),              (POSITIVE,)),
    Primitive("log1p",     np.log1p,          (lambda y, x: 1 / (1 + x),),                  ((-0.9, 3.0),)),
    Primitive("logaddexp", np.logaddexp,      (lambda y, a, b: np.exp(a - y),
                                               lambda y, a, b: np.exp(b - y)),              (REAL, REAL)),
    Primitive("sin",       np.sin,            (lambda y, x: np.cos(x),),                    (REAL,)),
    Primitive("cos",       np.cos,            (lambda y, x: -np.sin(x),),                   (REAL,)),
    Primitive("tan",       np.tan,            (lambda y, x: 1 + y * y,),                    ((-1.2, 1.2),)),
    Primitive("arcsin",    np.arcsin,         (lambda y, x: 1 / np.sqrt(1 - x * x),),       (UNIT,)),
    Primitive("arccos",    np.arccos,         (lambda y, x: -1 / np.sqrt(1 - x * x),),      (UNIT,)),
    Primitive("arctan",    np.arctan,         (lambda y, x: 1 / (1 + x * x),),              (REAL,)),
    Primitive("arctan2",   np.arctan2,        (lambda y, a, b: _number(b) / _norm2(a, b),
                                               lambda y, a, b: -_number(a) / _norm2(a, b)), (REAL, POSITIVE)),
    Primitive("sinh",      np.sinh,           (lambda y, x: np.cosh(x),),                   (REAL,)),
    Primitive("cosh",      np.cosh,           (lambda y, x: np.sinh(x),),                   (REAL,)),
    Primitive("tanh",      np.tanh,           (lambda y, x: 1 - y * y,),                    (REAL,)),
    Primitive("arcsinh",   np.arcsinh,        (lambda y, x: 1 / np.sqrt(x * x + 1),),       (REAL,)),
    Primitive("arccosh",   np.arccosh,        (lambda y, x: 1 / np.sqrt(x * x - 1),),       ((1.2, 3.0),)),
    Primitive("arctanh",   np.arctanh,        (lambda y, x: 1 / (1 - x * x),),              (UNIT,)),
    Primitive("maximum",   np.maximum,        (lambda y, a, b: _one_if(y == a),
                                               lambda y, a, b: _one_if(y != a)),            ((0.1, 1.0), (1.1, 3.0))),
    Primitive("minimum",   np.minimum,        (lambda y, a, b: _one_if(y == a),
                                               lambda y, a, b: _one_if(y != a)),            ((0.1, 1.0), (1.1, 3.0))),
    Primitive("floor",     np.floor,          (ZERO,),                                      ((0.1, 0.9),)),
    Primitive("ceil",      np.ceil,           (ZERO,),                                      ((0.1, 0.9),)),
    Primitive("trunc",     np.trunc,          (ZERO,),                                      ((0.1, 0.9),)),
    Primitive("round",     np.rint,           (ZERO,),                                      ((0.6, 0.9),)),
)
# fmt: on

PRIMITIVES: Final = {row.name: row for row in _ROWS}
"""Every primitive by name. To add one, add a row; a kind that is new goes into `kinds.GROUPS`."""
