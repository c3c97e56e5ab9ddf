"""The table of primitives: for each its value, its local partials and its domain.

A row serves every method, forward and reverse. Partials take the output `y` and the operands
and are written with the output where that is cheaper: tanh is `1 - y*y`. A partial that is
structural is a constant of the row instead of a function: IDENTITY, NEGATION, or ZERO for an
operation whose derivative vanishes wherever it exists. They run on wrapped numbers and are
counted, in the phase `partials`.

The rows with a domain work element by element, on numbers and on arrays alike. The domain has an
interval for each operand, in which the value and the partials are finite and smooth; the tests draw
from it. The rows without a domain are for whole arrays: their partials are edges, or functions that
give edges, and an operand that is not an array (an axis, an index) has the partial ZERO. Derivatives
are the textbook ones, as in Abramowitz and Stegun, Handbook of Mathematical Functions, chapters 4.1 to 4.6.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from string import ascii_uppercase
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.counting.meters import charge
from opcount.counting.tally import isolated
from opcount.functions.op_counts import integer_power, multiple
from opcount.tracing.edges import (
    IDENTITY,
    NEGATION,
    Contraction,
    LinearMap,
    PushPull,
    Sign,
    accumulating,
    choosing,
    copying,
    gathering,
    reshaping,
    selecting,
    summing,
    turning,
)
from opcount.tracing.structural import NUMBER, count_of, structured
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import Wrapped, wrapped

Interval = tuple[float, float]
Partial = Callable[..., Any] | Sign | PushPull | None

NONE: Final = None


class Primitive(NamedTuple):
    """One row of the table."""

    name: str
    value: Callable[..., Any]
    partials: tuple[Partial, ...]
    domain: tuple[Interval, ...] = ()
    moves: bool = False  # whether it may put data beside what depends on an input


def as_wrapped(operand: Any) -> Any:
    """An operand wrapped, even if it is plain data: what a partial computes from it counts too.

    A plain exponent stays plain: its n - 1 belongs to the row, and determines which power is executed.
    """
    if isinstance(operand, Wrapped):
        return operand
    return wrapped(operand) if isinstance(operand, np.ndarray) else Scalar(operand)


def _each(y: Any, operand: Any) -> Any:
    """An operand broadcast to the result: a partial computes for each element what it does for a number."""
    operand = as_wrapped(operand)
    if shape_of(operand) == shape_of(y):
        return operand
    dtype = operand.dtype if type(operand) is Array else np.result_type(y.dtype, operand._plain())  # a float is weak
    if type(y._plain()) is Spec:
        return Array(Spec(shape_of(y), dtype))
    return Array(np.broadcast_to(np.asarray(operand._plain(), dtype), shape_of(y)))


def _chosen_by(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, `b` elsewhere; choosing is free, since the comparison was counted."""
    if isinstance(condition, (bool, np.bool_)):
        return a if condition else b
    return np.where(condition, a, b)


def _share(y: Any, own: Any, other: Any) -> Any:
    """The partial of a maximum or minimum for one operand: 1 or 0, one half at a tie, nan if the value is nan.

    It is a number like any other, not a structural constant. A value that equals neither operand is nan.
    """
    chosen, rival = y == own, y == other
    half = next((type(x)(1) / 2 for x in map(_plain_of, (y, own, other)) if isinstance(x, (Fraction, Decimal))), 0.5)
    share = _chosen_by(chosen, _chosen_by(rival, half, 1), _chosen_by(rival, 0, y))
    return share.astype(np.result_type(y.dtype, 0.5)) if type(share) is Array else as_wrapped(share)


def _plain_of(operand: Any) -> Any:
    return operand._plain() if isinstance(operand, Wrapped) else operand


def power_by_base(y: Any, x: Any, n: Any) -> Any:
    """n * x**(n-1), and 0 if n is 0, even at x = 0, where the product would be 0 times infinity."""
    if isinstance(n, Wrapped):
        n = _each(y, n)
        return n * x ** _chosen_by(n == 0, n, n - 1)
    if isinstance(n, np.ndarray):
        structural = (n == 0) | (n == 1)
        return _powers_by_base(y, x, n, structural) if structural.any() else n * x ** (n - 1)
    return IDENTITY if n == 1 else n * x ** (n - 1)


def _powers_by_base(y: Any, x: Any, n: np.ndarray, structural: np.ndarray) -> Any:
    """The partial for each element as for a number: a structural 0 or 1, which is free, or computed."""
    shape = shape_of(y)
    states = np.where(structural, n, NUMBER).astype(np.int8).reshape((1,) * (len(shape) - n.ndim) + n.shape)
    with isolated():
        values = n * x ** np.where(n == 0, 0, n - 1)
    for exponent in np.unique(n[~structural]):
        power = integer_power(int(exponent) - 1) if n.dtype.kind in "iu" else {"pow": 1}
        often = count_of(n.reshape(states.shape) == exponent, shape)
        charge(multiple(often, {**power, "mul": power.get("mul", 0) + 1}))
    return structured(states, values, shape)


def power_by_exponent(y: Any, x: Any, n: Any) -> Any:
    """y * log(x), with the logarithm 0 if x is 0: the limit for n > 0, and nan for n < 0, since y is infinite."""
    base = _each(y, x)
    nonzero = (base if isinstance(x, Wrapped) else x) != 0
    one = _each(y, 1 if type(base) is Array else type(base._plain())(1))
    with np.errstate(invalid="ignore"):
        return y * np.log(_chosen_by(nonzero, base, one))


def _logistic(y: Any, a: Any, b: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)), without the difference a - y, which loses digits if the operands are large."""
    with np.errstate(over="ignore"):  # then the quotient is 0, as it should be
        return 1 / (1 + np.exp(as_wrapped(b) - a))


def _over_square_plus_1(y: Any, x: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + x * x)


def _over_norm2(y: Any, part: Any, a: Any, b: Any) -> Any:
    """part / (a*a + b*b), although the squares may be too large or too small for a float."""
    norm = np.hypot(as_wrapped(a), b)
    return part / norm / norm


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
    Primitive("div",       operator.truediv,  (lambda y, a, b: 1 / _each(y, b),
                                               lambda y, a, b: -y / b),                     (REAL, NONZERO)),
    Primitive("floordiv",  operator.floordiv, (NONE, NONE),                                 ((0.1, 0.9), (1.1, 3.0))),
    Primitive("mod",       operator.mod,      (IDENTITY, lambda y, a, b: -(a // b)),        ((3.1, 3.9), (1.0, 1.02))),
    Primitive("neg",       operator.neg,      (NEGATION,),                                  (REAL,)),
    Primitive("abs",       abs,               (lambda y, x: np.sign(x),),                   (NONZERO,)),
    Primitive("sign",      np.sign,           (NONE,),                                      (NONZERO,)),
    Primitive("square",    np.square,         (lambda y, x: 2 * x,),                        (REAL,)),
    Primitive("pow",       operator.pow,      (power_by_base,
                                               power_by_exponent),              (POSITIVE, REAL)),
    Primitive("sqrt",      np.sqrt,           (lambda y, x: 1 / (2 * y),),                  (POSITIVE,)),
    Primitive("cbrt",      np.cbrt,           (lambda y, x: 1 / (3 * y * y),),              (POSITIVE,)),
    Primitive("hypot",     np.hypot,          (lambda y, a, b: a / y, lambda y, a, b: b / y), (POSITIVE, REAL)),
    Primitive("exp",       np.exp,            (lambda y, x: y,),                            (REAL,)),
    Primitive("exp2",      np.exp2,           (lambda y, x: y * _LN2,),                     (REAL,)),
    Primitive("expm1",     np.expm1,          (lambda y, x: np.exp(x),),                    (REAL,)),
    Primitive("log",       np.log,            (lambda y, x: 1 / x,),                        (POSITIVE,)),
    Primitive("log2",      np.log2,           (lambda y, x: 1 / (x * _LN2),),               (POSITIVE,)),
    Primitive("log10",     np.log10,          (lambda y, x: 1 / (x * _LN10),),              (POSITIVE,)),
    Primitive("log1p",     np.log1p,          (lambda y, x: 1 / (1 + x),),                  ((-0.9, 3.0),)),
    Primitive("logaddexp", np.logaddexp,      (_logistic,
                                               lambda y, a, b: _logistic(y, b, a)),         (REAL, REAL)),
    Primitive("sin",       np.sin,            (lambda y, x: np.cos(x),),                    (REAL,)),
    Primitive("cos",       np.cos,            (lambda y, x: -np.sin(x),),                   (REAL,)),
    Primitive("tan",       np.tan,            (lambda y, x: 1 + y * y,),                    ((-1.2, 1.2),)),
    Primitive("arcsin",    np.arcsin,         (lambda y, x: 1 / np.sqrt((1 - x) * (1 + x)),), (UNIT,)),
    Primitive("arccos",    np.arccos,         (lambda y, x: -1 / np.sqrt((1 - x) * (1 + x)),), (UNIT,)),
    Primitive("arctan",    np.arctan,         (_over_square_plus_1,),                       (REAL,)),
    Primitive("arctan2",   np.arctan2,        (lambda y, a, b: _over_norm2(y, b, a, b),
                                               lambda y, a, b: _over_norm2(y, -_each(y, a), a, b)), (REAL, POSITIVE)),
    Primitive("sinh",      np.sinh,           (lambda y, x: np.cosh(x),),                   (REAL,)),
    Primitive("cosh",      np.cosh,           (lambda y, x: np.sinh(x),),                   (REAL,)),
    Primitive("tanh",      np.tanh,           (lambda y, x: 1 - y * y,),                    (REAL,)),
    Primitive("arcsinh",   np.arcsinh,        (lambda y, x: 1 / np.hypot(x, 1),),           (REAL,)),
    Primitive("arccosh",   np.arccosh,        (lambda y, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),), ((1.2, 3.0),)),
    Primitive("arctanh",   np.arctanh,        (lambda y, x: 1 / ((1 - x) * (1 + x)),),      (UNIT,)),
    Primitive("maximum",   np.maximum,        (_share,
                                               lambda y, a, b: _share(y, b, a)),            ((0.1, 1.0), (1.1, 3.0))),
    Primitive("minimum",   np.minimum,        (_share,
                                               lambda y, a, b: _share(y, b, a)),            ((0.1, 1.0), (1.1, 3.0))),
    Primitive("floor",     np.floor,          (NONE,),                                      ((0.1, 0.9),)),
    Primitive("ceil",      np.ceil,           (NONE,),                                      ((0.1, 0.9),)),
    Primitive("trunc",     np.trunc,          (NONE,),                                      ((0.1, 0.9),)),
    Primitive("round",     np.rint,           (NONE,),                                      ((0.6, 0.9),)),
)
# fmt: on

PRIMITIVES: Final = {row.name: row for row in _ROWS}
"""Every primitive that works element by element, by name.

To add one, add a row; a kind that is new goes into `kinds.GROUPS`.
"""


# --- whole arrays: the edges, from the output, the operands and the other arguments of the operation


def stacked_labels(a: Any, b: Any, first: str, second: str, result: str) -> tuple[str, str, str]:
    """The labels of a product of vectors or matrices on the last axes, stacked along the axes before these."""
    extra = [len(shape_of(operand)) - len(labels) for operand, labels in ((a, first), (b, second))]
    stacks = ascii_uppercase[: max(extra)]
    left, right = (stacks[len(stacks) - number :] for number in extra)
    return left + first, right + second, stacks + result


def _product_labels(a: Any, b: Any) -> tuple[str, str, str]:
    """The labels of a matrix product, in which either may be a vector."""
    m, n = "m" * (len(shape_of(a)) > 1), "n" * (len(shape_of(b)) > 1)
    return stacked_labels(a, b, f"{m}k", f"k{n}", m + n)


def label_sizes(labels: Iterable[str], arrays: Iterable[Any]) -> dict[str, Any]:
    """The size of each label; an axis of length one is copied along those of the others."""
    sizes: dict[str, Any] = {}
    for names, array in zip(labels, arrays, strict=True):
        for label, size in zip(names, shape_of(array), strict=True):
            if sizes.get(label, 1) == 1:
                sizes[label] = size
    return sizes


def _contraction(a: Any, b: Any, labels: tuple[str, str, str]) -> Contraction:
    return Contraction(as_wrapped(b), labels, label_sizes(labels[:2], (a, b)), shape_of(a))


def _times(tangent: Any, b: Any) -> Any:
    return tangent @ b


def _times_transposed(adjoint: Any, b: Any) -> Any:
    return adjoint @ b.T


def _left_times(tangent: Any, a: Any) -> Any:
    return a @ tangent


def _left_transposed_times(adjoint: Any, a: Any) -> Any:
    return a.T @ adjoint


def _left_of_matmul(y: Any, a: Any, b: Any) -> LinearMap:
    first, second = shape_of(a), shape_of(b)
    if len(first) == len(second) == 2:
        (m, k), n = first, second[1]
        sizes = {"m": m, "k": k, "n": n}
        return Contraction(as_wrapped(b), ("mk", "kn", "mn"), sizes, first, _times, _times_transposed)
    return _contraction(a, b, _product_labels(a, b))


def _right_of_matmul(y: Any, a: Any, b: Any) -> LinearMap:
    first, second = shape_of(a), shape_of(b)
    if len(first) == len(second) == 2:
        (m, k), n = first, second[1]
        sizes = {"m": m, "k": k, "n": n}
        return Contraction(as_wrapped(a), ("kn", "mk", "mn"), sizes, second, _left_times, _left_transposed_times)
    left, right, result = _product_labels(a, b)
    return _contraction(b, a, (right, left, result))


def _chosen(y: Any, x: Any, axis: Any, position: Callable[..., Any]) -> LinearMap:
    """The edge of a maximum or minimum: it copies the elements that the comparisons have found."""
    shape = shape_of(x)
    plain = x._plain()
    if type(plain) is Spec:
        return choosing(shape, shape_of(y))
    flat = np.arange(1, math.prod(shape) + 1).reshape(shape)
    if axis is None:
        return gathering(flat.ravel()[position(plain)].reshape(shape_of(y)), shape)
    places = np.take_along_axis(flat, position(plain, axis=axis, keepdims=True), axis)
    return gathering(places.reshape(shape_of(y)), shape)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _transposing(y: Any, x: Any, axes: tuple[int, ...]) -> LinearMap:
    back = _inverse(axes)
    return turning(lambda a: np.transpose(a, axes), lambda a: np.transpose(a, back), shape_of(x), shape_of(y))


# fmt: off
_ARRAY_ROWS: Final = (
    Primitive("matmul",       operator.matmul, (_left_of_matmul, _right_of_matmul)),
    Primitive("einsum",       lambda a, b, labels, multiply: multiply(a, b),
              (lambda y, a, b, labels, _: _contraction(a, b, labels),
               lambda y, a, b, labels, _: _contraction(b, a, (labels[1], labels[0], labels[2])), NONE, NONE)),
    Primitive("sum",          lambda x, axes, keepdims: x.sum(axes, keepdims=keepdims),
              (lambda y, x, axes, _: summing(shape_of(x), axes, shape_of(y)), NONE, NONE)),
    Primitive("max",          lambda x, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims),
              (lambda y, x, axis, _: _chosen(y, x, axis, np.argmax), NONE, NONE)),
    Primitive("min",          lambda x, axis, keepdims: np.min(x, axis=axis, keepdims=keepdims),
              (lambda y, x, axis, _: _chosen(y, x, axis, np.argmin), NONE, NONE)),
    Primitive("cumsum",       lambda x, axis: np.cumsum(x, axis=axis), (lambda y, x, axis: accumulating(axis), NONE)),
    Primitive("reshape",      np.reshape,      (lambda y, x, _: reshaping(shape_of(x), shape_of(y)), NONE)),
    Primitive("transpose",    np.transpose,    (_transposing, NONE)),
    Primitive("broadcast_to", np.broadcast_to, (lambda y, x, _: copying(shape_of(x), shape_of(y)), NONE)),
    Primitive("index",        operator.getitem, (lambda y, x, key: selecting(key, shape_of(x)), NONE)),
    Primitive("astype",       lambda x, dtype: x.astype(dtype), (IDENTITY, NONE)),
)
# fmt: on

ARRAY_PRIMITIVES: Final = {row.name: row for row in _ARRAY_ROWS}
"""The primitives of whole arrays."""
