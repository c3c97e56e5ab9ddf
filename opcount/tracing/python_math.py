"""The functions of Python's `math`, `cmath` and `statistics` on wrapped numbers: what each counts, and its derivative.

They are in force while an `oc.count(math=True)` is open (see `counting.replacing`). A value is the one that the
function itself gives for the plain numbers, and so is an error: math's rounding is not always NumPy's. A function that
is an operation of the table counts as that, and has its derivative. Any other counts the operations of its definition
in Python's documentation, or is refused. `floor`, `ceil`, `trunc`, `prod` and `sumprod` have no row: they ask the
numbers themselves, which count with and without it.
"""

from __future__ import annotations

import cmath
import math
import statistics
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NamedTuple

from opcount.arrays.scalar import Scalar, wrapped
from opcount.counting.errors import Uncounted
from opcount.counting.meters import charge, let_out, meter
from opcount.counting.replacing import REPLACEMENTS, Replacement
from opcount.functions.op_counts import OpCounts
from opcount.functions.user_rules import users_counts
from opcount.tracing.differentiable import is_predicate, no_derivative
from opcount.tracing.nodes import Node, recorded
from opcount.wrapping.bind import bind
from opcount.wrapping.foreign import plain
from opcount.wrapping.operations import ONE, OPERATIONS, Operation, Partial
from opcount.wrapping.special import special_row
from opcount.wrapping.wrapped import Number, Wrapped

_Function = Callable[..., Any]


def _is_ours(operands: Iterable[object]) -> bool:
    """Whether there is a wrapped number among the operands, and nothing that is wrapped but no number."""
    found = [operand for operand in operands if isinstance(operand, Wrapped)]
    return bool(found) and all(isinstance(operand, Number) for operand in found)


def _charged(counts: OpCounts, original: _Function, *values: Any, **keywords: Any) -> Any:
    """The value that the function itself gives, wrapped; where it raises, nothing counts."""
    charge(counts)
    try:
        return wrapped(original(*values, **keywords))
    except BaseException:
        meter().refund(counts)
        raise


def _name_of(original: _Function) -> str:
    return f"{original.__module__}.{original.__name__}"


# --- one operation of the table


def _operation(name: str, original: _Function, *operands: Any, **keywords: Any) -> Any:
    if not _is_ours(operands):
        return original(*operands, **keywords)
    row = OPERATIONS[name] if name in OPERATIONS else special_row(name)
    if row.partials:
        result = bind(row._replace(python=partial(_operation, name, original)), *operands)
        if result is not NotImplemented:
            return result
        original(*map(plain, operands))  # says what is wrong with them
        return original(*operands)
    assert row.ufunc is not None
    if not is_predicate(row.ufunc) and any(type(operand) is Node for operand in operands):
        raise Uncounted(no_derivative(_name_of(original)))
    values = list(map(plain, operands))
    counts = {row.kind: 1} if row.rule is None else users_counts(row.ufunc, "__call__", values, {})
    return _charged(counts, original, *values, **keywords)


# --- several operations


class Composite(NamedTuple):
    """What a function counts, and its partials, both by its arguments, with a tuple for each iterable among them."""

    counts: Callable[..., OpCounts]
    partials: Callable[..., tuple[Partial, ...]] | None = None  # one for each number; None if it is not differentiated
    iterables: bool = False  # whether it takes numbers in iterables
    arguments: int = 99  # how many arguments this is for, and with which keywords; the original is asked for others
    keywords: frozenset[str] = frozenset()
    constant: bool = False  # whether it gives truth values, which have no derivative to lose


def _composite(row: Composite, original: _Function, *args: Any, **keywords: Any) -> Any:
    if len(args) > row.arguments or not keywords.keys() <= row.keywords:
        return original(*args, **keywords)
    if row.iterables:
        args = tuple(argument if _is_single(argument) else tuple(argument) for argument in args)
    numbers = [number for argument in args for number in (argument if type(argument) is tuple else (argument,))]
    if not _is_ours((*numbers, *keywords.values())):
        return original(*args, **keywords)
    plain_keywords = {key: plain(value) for key, value in keywords.items()}

    def of_numbers(*numbers: Any) -> Any:
        given = iter(map(plain, numbers))
        values = [[next(given) for _ in argument] if type(argument) is tuple else next(given) for argument in args]
        return _charged(row.counts(*args, **keywords), original, *values, **plain_keywords)

    if row.constant or not any(type(number) is Node for number in numbers):
        return of_numbers(*numbers)
    if row.partials is None:
        raise Uncounted(no_derivative(_name_of(original)))
    partials = row.partials(*args)

    def recorded_or_not(*numbers: Any) -> Any:  # the values of an inner evaluation are numbers of an outer one
        if not any(type(number) is Node for number in numbers):
            return of_numbers(*numbers)
        return recorded(Operation(original.__name__, None, recorded_or_not, partials), *numbers)

    return recorded_or_not(*numbers)


def _is_single(argument: object) -> bool:
    return isinstance(argument, (Number, str, bytes)) or not hasattr(type(argument), "__iter__")


def _joined(numbers: tuple[Any, ...]) -> int:
    """How many additions a sum of these numbers takes."""
    return max(len(numbers) - 1, 0)


def _distance(p: tuple[Any, ...], q: tuple[Any, ...]) -> OpCounts:
    return {"sub": len(p), "mul": len(p), "add": _joined(p), "sqrt": 1}


def _partials_of_distance(p: tuple[Any, ...], q: tuple[Any, ...]) -> tuple[Partial, ...]:
    size = len(p)
    left = (lambda y, *x, at=at: (x[at] - x[at + size]) / y for at in range(size))
    right = (lambda y, *x, at=at: (x[at + size] - x[at]) / y for at in range(size))
    return (*left, *right)


def _log(original: _Function, x: Any, *base: Any) -> Any:
    """The logarithm, or the quotient of two of them."""
    if not base:
        return _operation("log", original, x)
    if not _is_ours((x, *base)):
        return original(x, *base)
    logarithms = {"log": sum(isinstance(operand, Wrapped) for operand in (x, *base)), "div": 1}
    return _composite(Composite(lambda *_: logarithms, _partials_of_log), original, x, *base)


def _partials_of_log(*_: object) -> tuple[Partial, ...]:
    def log(y: Any, x: Any) -> Any:
        return _operation("log", _ORIGINAL["log"], y._lifted(x))

    return (lambda y, x, b: 1 / (x * log(y, b)), lambda y, x, b: -y / (b * log(y, b)))


def _hypot(original: _Function, *numbers: Any) -> Any:
    """NumPy's operation of two numbers, as in the table; else the root of the sum of the squares."""
    if len(numbers) == 2:
        return _operation("hypot", original, *numbers)
    return _composite(_NORM, original, *numbers)


_NORM: Final = Composite(
    lambda *x: {"mul": len(x), "add": _joined(x), "sqrt": 1},
    lambda *x: tuple(lambda y, *x, at=at: x[at] / y for at in range(len(x))),
)


def _refused(advice: str, original: _Function, *args: Any, **keywords: Any) -> Any:
    """A function without an exact count: let its operands out, or refuse to."""
    operands = (*args, *keywords.values())
    found = [operand for operand in operands if isinstance(operand, Wrapped)]
    if found:
        name = _name_of(original)
        let_out(f"{name}()", len(found), f"{name} has no exact count: {advice}")
    return original(*map(plain, args), **{key: plain(value) for key, value in keywords.items()})


def _factor(factor: float) -> Composite:
    return Composite(lambda x: {"mul": 1}, lambda x: (lambda y, x: Scalar(factor),))


_ORIGINAL: Final = {name: function for name, function in vars(math).items() if callable(function)}

_ONE_OPERATION: Final = {
    **{name: name for name in (
        "cbrt", "copysign", "cos", "cosh", "exp", "exp2", "expm1", "fmax", "fmin", "fmod", "frexp", "isfinite", "isinf",
        "isnan", "ldexp", "log10", "log1p", "log2", "modf", "nextafter", "pow", "signbit", "sin", "sinh", "sqrt", "tan",
        "tanh",
    )},
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan", "atan2": "arctan2",
    "atanh": "arctanh", "fabs": "abs", "ulp": "spacing", "erf": "erf", "erfc": "erfc", "gamma": "gamma",
    "lgamma": "gammaln",
}  # fmt: skip
_INTEGERS: Final = "write it with operators, or take the plain integer, oc.unwrap(x)"
_OF_MATH: Final[dict[str, _Function]] = {
    **{name: partial(_operation, operation) for name, operation in _ONE_OPERATION.items()},
    "log": _log,
    "hypot": _hypot,
    "degrees": partial(_composite, _factor(180 / math.pi)),
    "radians": partial(_composite, _factor(math.pi / 180)),
    "fsum": partial(_composite, Composite(lambda x: {"add": _joined(x)}, lambda x: (ONE,) * len(x), iterables=True)),
    "dist": partial(_composite, Composite(_distance, _partials_of_distance, iterables=True)),
    "fma": partial(
        _composite,
        Composite(lambda *_: {"mul": 1, "add": 1}, lambda *_: (
            lambda y, a, b, c: y._lifted(b), lambda y, a, b, c: y._lifted(a), ONE)),
    ),
    "isclose": partial(
        _composite,
        Composite(
            lambda *_, **__: {"sub": 1, "abs": 3, "maximum": 2, "mul": 1, "le": 1},
            keywords=frozenset({"rel_tol", "abs_tol"}),
            constant=True,
        ),
    ),
    "gcd": partial(_composite, Composite(lambda *x: {"gcd": _joined(x)})),
    "lcm": partial(_composite, Composite(lambda *x: {"lcm": _joined(x)})),
    "remainder": partial(_refused, "write x - y * round(x / y), whose operations count, or use oc.unwrap(x)"),
    **{name: partial(_refused, _INTEGERS) for name in ("comb", "perm", "factorial", "isqrt")},
}  # fmt: skip
"""What executes each function of math, by its name."""


# --- cmath: what is real of a real number


def _of_cmath(name: str, original: _Function, *args: Any, **keywords: Any) -> Any:
    """A function of a wrapped real number, whose value is real too, as that of math; a complex value is refused."""
    if not any(isinstance(argument, Wrapped) for argument in args):
        return original(*args, **keywords)

    def real(*values: Any, **plain_keywords: Any) -> Any:
        value = original(*values, **plain_keywords)
        if not isinstance(value, complex):
            return value
        if value.imag:
            raise Uncounted(
                f"cmath.{name} of this number is complex, which has no exact count: keep the real and the imaginary "
                "part as two wrapped numbers, or use oc.unwrap(x)"
            )
        return value.real

    real.__name__, real.__module__ = name, "cmath"
    return _OF_MATH[name](real, *args, **keywords)


_COMPLEX: Final = "keep the real and the imaginary part as two wrapped numbers, or use oc.unwrap(x)"
_OF_CMATH: Final[dict[str, _Function]] = {
    **{name: partial(_of_cmath, name) for name in dir(cmath) if name in _OF_MATH},
    **{name: partial(_refused, _COMPLEX) for name in ("phase", "polar", "rect")},
}


# --- statistics: what is not made of math's functions, but of exact fractions


def _mean(data: tuple[Any, ...]) -> dict[str, int]:
    return {"add": _joined(data), "div": 1}


def _partials_of_mean(data: tuple[Any, ...]) -> tuple[Partial, ...]:
    return (lambda y, *_: Scalar(1 / len(data)),) * len(data)


def _variance(data: tuple[Any, ...], center: object = None, **centers: object) -> dict[str, int]:
    """The mean of the squares of the deviations from the mean, which may be given, as `mu` or `xbar`."""
    size = len(data)
    means = 2 if center is None and not any(center is not None for center in centers.values()) else 1
    return {"sub": size, "mul": size, "add": means * _joined(data), "div": means}


def _deviation(data: tuple[Any, ...], center: object = None, **centers: object) -> dict[str, int]:
    return {**_variance(data, center, **centers), "sqrt": 1}


def _harmonic_mean(data: tuple[Any, ...]) -> dict[str, int]:
    return {"div": len(data) + 1, "add": _joined(data)}


def _correlation(x: tuple[Any, ...], y: tuple[Any, ...]) -> dict[str, int]:
    """The sum of the products of the deviations, over the root of the product of the sums of their squares.

    What is computed of one of the two alone counts if that one is wrapped.
    """
    size = len(x)
    of = sum(any(isinstance(number, Wrapped) for number in numbers) for numbers in (x, y))
    return {
        "add": (2 * of + 1) * _joined(x), "div": of + 1, "sub": of * size, "mul": (1 + of) * size + 1, "sqrt": 1,
    }  # fmt: skip


_OF_STATISTICS: Final = {
    "mean": Composite(_mean, _partials_of_mean, True, 1),
    "variance": Composite(_variance, None, True, 2, frozenset({"xbar"})),
    "pvariance": Composite(_variance, None, True, 2, frozenset({"mu"})),
    "stdev": Composite(_deviation, None, True, 2, frozenset({"xbar"})),
    "pstdev": Composite(_deviation, None, True, 2, frozenset({"mu"})),
    "harmonic_mean": Composite(_harmonic_mean, None, True, 1),
    "correlation": Composite(_correlation, None, True, 2),
}

_STATISTICS: Final = {name: partial(_composite, row) for name, row in _OF_STATISTICS.items()}

for _module, _rows in ((math, _OF_MATH), (cmath, _OF_CMATH), (statistics, _STATISTICS)):
    for _name, _counted in _rows.items():
        if (_original := vars(_module).get(_name)) is not None:  # older versions of Python lack a few
            REPLACEMENTS[_original] = Replacement(_original, partial(_counted, _original))
