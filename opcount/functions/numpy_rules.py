"""NumPy function -> the operations it executes.

A ufunc executes its operation once for each element that is computed: `operations.py`. A function has a
rule, which gives the counts of a call from its arguments: `RULES`; or it moves data, and is
free: `FREE`; or it is written out in counted operations, in `compositions.py`; or it has no
exact count, and is refused: `REFUSED`, with the reason. A test holds the table to the functions
that NumPy has.

Counts are those of the scalar definition: a sum of n numbers is n - 1 additions. NumPy's loop
over an object array of wrapped numbers executes that definition, with these differences:

    maximum, minimum   compare the objects (`ge`, `le`), also in max, min, clip, ptp and norms; so do fmax, fmin
    nanmax, nanmin     replace nan before that, instead of fmax and fmin and a look at the result
    sign               compares the object with zero, up to three times
    einsum             starts each sum from zero, which is one more `add`
    isnan              of nansum and its like is `x != x`, a `ne`
    plain numbers      that NumPy puts into an array of objects, as nansum its zeros and linspace its end,
                       stay plain there, and what is done to them uncounted
    logic              from truth values to a truth value is not counted, in either: it is control flow

Rules count operations on the elements, whatever their type. Operations on complex numbers
count the real operations of `COMPLEX`, and are refused where that table has no row.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.kinds import KINDS
from opcount.counting.names import instead
from opcount.counting.symbolic import is_symbolic, larger, positive_part, quotient, ratio, smaller
from opcount.wrapping import shapes
from opcount.wrapping.operations import count_by, kinds_of
from opcount.wrapping.spec import WRITES as WRITES  # which belongs to this table, and is needed below it

OpCounts = Mapping[str, int]
Rule = Callable[..., OpCounts]


def together(*parts: OpCounts) -> dict[str, int]:
    return {kind: sum(part.get(kind, 0) for part in parts) for kind in {kind for part in parts for kind in part}}


def n_times(number: int, part: OpCounts) -> dict[str, int]:
    return {kind: number * count for kind, count in part.items()}


# --- ufuncs: what one element costs


COMPLEX: Final[Mapping[str, OpCounts]] = {
    "add": {"add": 2},
    "sub": {"sub": 2},
    "mul": {"mul": 4, "add": 1, "sub": 1},
    "neg": {"neg": 2},
}
"""The real operations that one operation on complex numbers executes."""

_LOGICAL: Final = frozenset({np.logical_and, np.logical_or, np.logical_xor})
_COMPLEX_UFUNCS: Final[dict[np.ufunc, OpCounts]] = {np.conjugate: {"neg": 1}, np.absolute: {"hypot": 1}}


class NoRule(Exception):
    """There is no exact count for this call; the message says why."""


def expanded(numbers: OpCounts) -> dict[str, int]:
    """Operations on complex numbers as the real operations that they execute."""
    for kind in numbers:
        if kind not in COMPLEX:
            raise NoRule(
                f"a complex {kind} has no exact count: work on the real and the imaginary part, or on oc.unwrap(x)"
            )
    return together(*(n_times(number, COMPLEX[kind]) for kind, number in numbers.items()))


def dtype_of(value: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any] = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    return dtype


def is_complex(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(is_complex, value))
    return isinstance(value, complex) or getattr(getattr(value, "dtype", None), "kind", "") == "c"


def is_truth(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(is_truth, value))
    return isinstance(value, bool) or getattr(value, "dtype", None) == np.bool_


def ufunc_counts(ufunc: np.ufunc, method: str, *inputs: Any, constant_power: bool = False, **keywords: Any) -> OpCounts:
    """What a call of a ufunc, or of one of its methods, executes on these plain operands."""
    operands = [inputs[0], *inputs[2:]] if method in ("at", "reduceat") else inputs
    if _is_logic(ufunc, method, operands, keywords):
        return {}
    if "d" * ufunc.nin + "->?" not in ufunc.types:
        outputs = inputs[:1] if method == "at" else keywords.get("out", ())
        for dtype in (keywords.get("dtype"), *(output.dtype for output in outputs if hasattr(output, "dtype"))):
            _no_truths(dtype, *operands)
        if "?" in _signature(keywords):
            _no_truths(bool, *operands)
    complex_ = any(map(is_complex, operands)) or asks_for_complex(keywords)
    if ufunc in PRODUCTS:
        numbers = PRODUCTS[ufunc](*inputs, **keywords)
        return expanded(numbers) if complex_ else numbers
    if constant_power and not complex_:  # of a wrapped base and plain integer exponents
        return _integer_powers(method, *inputs, **keywords)
    if constant_power:
        raise NoRule("a complex power has no exact count: write the products")
    kinds = kinds_of(ufunc)
    if kinds is None:
        raise NoRule(NO_COUNT)
    applied = APPLICATIONS[method](*inputs, **keywords)
    if complex_ and ufunc in _COMPLEX_UFUNCS:
        return n_times(applied, _COMPLEX_UFUNCS[ufunc])
    numbers = n_times(applied, kinds)
    if ufunc in _LOGICAL and not all(map(is_truth, operands)):
        numbers = together(numbers, {"ne": _alone_by_ufunc(method, *inputs, **keywords)})
    return expanded(numbers) if complex_ else numbers


def _is_logic(ufunc: np.ufunc, method: str, operands: Iterable[Any], keywords: Mapping[str, Any]) -> bool:
    """Whether it goes from truth values to truth values: control flow, which is free."""
    if not all(map(is_truth, operands)) or keywords.get("dtype") not in (None, bool, np.bool_, np.dtype(bool)):
        return False
    counts_truths = ufunc in (np.add, np.multiply) and method in ("reduce", "accumulate", "reduceat")
    return "?" * ufunc.nin + "->?" in ufunc.types and not counts_truths


def _signature(keywords: Mapping[str, Any]) -> str:
    """The characters of the dtypes that a call of a ufunc asks for, if it asks for some."""
    given = keywords.get("signature", keywords.get("sig", ()))
    if isinstance(given, str):
        return given
    return "".join(np.dtype(dtype).char for dtype in given if dtype is not None)


def _no_truths(dtype: Any, *operands: Any) -> None:
    if dtype is not None and np.dtype(dtype) == np.bool_ and not all(map(is_truth, operands)):
        raise NoRule(NEW_TRUTHS)


NEW_TRUTHS: Final = "the truth of each number is a comparison that it would not count: write x != 0 first"


def asks_for_complex(keywords: Mapping[str, Any]) -> bool:
    dtype = keywords.get("dtype")
    return dtype is not None and np.dtype(dtype).kind == "c"


NO_COUNT: Final = (
    "it has no exact count: write it with operations that have one, "
    "give it one with oc.register_rule, or take the plain values with oc.unwrap(x)"
)
STRANGE: Final = "with these arguments it has no exact count: write it with simpler operations"


# --- how often a method of a ufunc applies it


def applications(*inputs: Any, where: Any = True, out: Any = (), **_: Any) -> int:
    """`ufunc(a, b)`: once for each element of the result, or of what it goes into, or for each that `where` selects."""
    outputs = out if isinstance(out, tuple) else (out,)
    given = [np.shape(operand) for operand in (*inputs, *outputs) if operand is not None]
    if where is True:
        return math.prod(shapes.broadcast(*given))
    shape = np.broadcast_shapes(*given, np.shape(where))
    return int(np.count_nonzero(np.broadcast_to(where, shape)))


def _outer(a: Any, b: Any, where: Any = True, **_: Any) -> int:
    if where is True:
        return math.prod(np.shape(a) + np.shape(b))
    return int(np.count_nonzero(np.broadcast_to(where, np.shape(a) + np.shape(b))))


def _reduce(
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> int:
    return reduction(a, axis, initial, where)[0]


def reduction(a: Any, axis: Any = None, initial: Any = np._NoValue, where: Any = True) -> tuple[int, int]:
    """How often a reduction joins two numbers, and how many results it has.

    n numbers are joined n - 1 times, n times where there is an initial one.
    """
    shape = np.shape(a)
    axes = _axes(axis, len(shape))
    results = math.prod(size for place, size in enumerate(shape) if place not in axes)
    length = math.prod(shape[place] for place in axes)
    starts = initial is np._NoValue or initial is None  # from the first number of each
    if where is True:
        return results * (positive_part(length - 1) if starts else length), results
    taken = np.count_nonzero(np.broadcast_to(where, shape), axis=tuple(axes))
    return int(np.sum(np.maximum(taken - 1, 0) if starts else taken)), results


def alone(a: Any, axis: Any = None, initial: Any = np._NoValue, where: Any = True) -> int:
    """How many results of a reduction to truth values are of one number, which is joined with none: its own truth."""
    if initial is not np._NoValue and initial is not None:
        return 0
    shape = np.shape(a)
    axes = _axes(axis, len(shape))
    if where is not True:
        return int(np.sum(np.count_nonzero(np.broadcast_to(where, shape), axis=tuple(axes)) == 1))
    length = math.prod(shape[place] for place in axes)
    return math.prod(size for place, size in enumerate(shape) if place not in axes) if length == 1 else 0


def _alone_by_ufunc(method: str, a: Any, *arguments: Any, **keywords: Any) -> int:
    """The numbers whose own truth a method of a logical ufunc gives: alone, or the first of those that it joins."""
    if method == "reduce":
        given = dict(zip(("axis", "dtype", "out", "keepdims", "initial", "where"), arguments, strict=False)) | keywords
        return alone(a, given.get("axis", 0), given.get("initial", np._NoValue), given.get("where", True))
    if method == "accumulate":
        lanes = dict(zip(("axis",), arguments, strict=False)) | keywords
        (place,) = _axes(lanes.get("axis", 0), len(np.shape(a)))
        return math.prod(size for axis, size in enumerate(np.shape(a)) if axis != place or not size)
    if method == "reduceat":
        raise NoRule(NEW_TRUTHS)
    return 0


def _axes(axis: Any, dimensions: int) -> set[int]:
    if axis is None:
        return set(range(dimensions))
    given = axis if isinstance(axis, tuple) else (axis,)
    return {place % dimensions for place in map(operator.index, given)} if dimensions else set()


def _accumulate(a: Any, axis: Any = 0, *_: Any, **__: Any) -> int:
    shape = np.shape(a)
    (place,) = _axes(axis, len(shape))
    steps: int = positive_part(shape[place] - 1)
    lanes: int = math.prod(shape[:place] + shape[place + 1 :])
    return lanes * steps


def _reduceat(a: Any, indices: Any, axis: Any = 0, *_: Any, **__: Any) -> int:
    shape = np.shape(a)
    starts = np.asarray(indices)
    (place,) = _axes(axis, len(shape))
    lengths = np.append(starts[1:], shape[place]) - starts
    lanes = math.prod(shape) // shape[place] if shape[place] else 0
    return lanes * int(np.sum(np.maximum(lengths - 1, 0)))


def _at(a: Any, indices: Any, *_: Any) -> int:
    return math.prod(shapes.indexed(np.shape(a), indices))


APPLICATIONS: Final[dict[str, Callable[..., int]]] = {
    "__call__": applications,
    "outer": _outer,
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "at": _at,
}


def integer_power(exponent: Any) -> dict[str, int]:
    """Square-and-multiply: a squaring for each bit after the first, a product for each further 1."""
    size = abs(int(exponent))
    return {"mul": max(size.bit_length() + size.bit_count() - 2, 0), "div": int(exponent < 0)}


def _integer_powers(method: str, *inputs: Any, where: Any = True, out: Any = (), **_: Any) -> OpCounts:
    """The sum of `integer_power` over all elements of a power with plain integer exponents."""
    if method == "outer":
        shape = np.shape(inputs[0]) + np.shape(inputs[1])
    elif method == "at":
        shape = shapes.indexed(np.shape(inputs[0]), inputs[1])
    else:
        outputs = [each for each in (out if isinstance(out, tuple) else (out,)) if each is not None]
        shape = shapes.broadcast(*map(np.shape, (*inputs, *outputs)), *([] if where is True else [np.shape(where)]))
    exponents, size = np.asarray(inputs[-1]), math.prod(shape)
    if where is not True:
        exponents = np.broadcast_to(exponents, shape)[np.broadcast_to(where, shape)]
        size = exponents.size
    if not exponents.size:
        return {}
    repeated = quotient(size, exponents.size)
    found, numbers = (part.tolist() for part in np.unique(exponents, return_counts=True))
    pairs = zip(found, numbers, strict=True)
    return together(*(n_times(repeated * number, integer_power(exponent)) for exponent, number in pairs))


# --- products of matrices and vectors


def _sums(results: int, length: int) -> OpCounts:
    """So many results, each a sum of so many products."""
    return {"mul": results * length, "add": results * positive_part(length - 1)}


def _product(first: str, second: str) -> Rule:
    """A generalized ufunc with these core dimensions, of which `k` is summed over."""

    def rule(a: Any, b: Any, axes: Any = None, axis: Any = None, **_: Any) -> OpCounts:
        places = (axes or (axis, axis))[:2]
        sizes: dict[str, int] = {}
        batches = []
        for operand, core, place in zip((a, b), (first, second), places, strict=True):
            shape = np.shape(operand)
            if place is not None:  # the core dimensions stand elsewhere: move them to the end
                place = place if isinstance(place, tuple) else (place,)
                shape = shapes.axes_moved_to_the_end(shape, place)
            core = core if len(shape) >= len(core) else "k"  # a vector in place of a matrix
            batch = len(shape) - len(core)
            batches.append(shape[:batch])
            sizes |= zip(core, shape[batch:], strict=True)
        length = sizes.pop("k")
        return _sums(math.prod(shapes.broadcast(*batches)) * math.prod(sizes.values()), length)

    return rule


PRODUCTS: Final[dict[np.ufunc, Rule]] = {
    getattr(np, name): _product(first, second)
    for name, first, second in (
        ("matmul", "mk", "kn"),
        ("vecdot", "k", "k"),
        ("matvec", "mk", "k"),
        ("vecmat", "k", "kn"),
    )
    if isinstance(getattr(np, name, None), np.ufunc)
}


def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> OpCounts:
    return PRODUCTS[np.vecdot](x1, x2, axis=axis)


def _dot(a: Any, b: Any, out: Any = None) -> OpCounts:
    """A sum over the last axis of a and the second-to-last of b, for all the others of both."""
    first, second = np.shape(a), np.shape(b)
    if not first or not second:
        return _outer_product(a, b)
    return _sums(math.prod(first[:-1]) * math.prod(second[:-2] + second[-1:] if len(second) > 1 else ()), first[-1])


def _inner(a: Any, b: Any, /) -> OpCounts:
    first, second = np.shape(a), np.shape(b)
    if not first or not second:
        return _outer_product(a, b)
    return _sums(math.prod(first[:-1]) * math.prod(second[:-1]), first[-1])


def _vdot(a: Any, b: Any, /) -> OpCounts:
    return _sums(1, np.size(a))


def _outer_product(a: Any, b: Any, *_: Any, **__: Any) -> OpCounts:
    return {"mul": np.size(a) * np.size(b)}


def _tensordot(a: Any, b: Any, axes: Any = 2, **_: Any) -> OpCounts:
    first, second = np.shape(a), np.shape(b)
    if isinstance(axes, (int, np.integer)):
        axes = range(-axes, 0), range(axes)
    summed, rest = 1, 1
    for shape, places in ((first, axes[0]), (second, axes[1])):
        taken = _axes(tuple(places) if np.iterable(places) else places, len(shape))
        summed = math.prod(shape[place] for place in taken)
        rest *= math.prod(size for place, size in enumerate(shape) if place not in taken)
    return _sums(rest, summed) if summed else {}


def meetings(a: Any, v: Any, mode: Any) -> OpCounts:
    """Of a convolution: a product for each pair of elements that meet, a sum for each result over the pairs in it."""
    first, second = np.size(a), np.size(v)
    kind = "vsf"[mode] if isinstance(mode, int) else mode[0]
    if kind == "f":
        return {"mul": first * second, "add": first * second - (first + second - 1)}
    short, long = smaller(first, second), larger(first, second)
    if kind == "s" and is_symbolic(short):
        raise InvalidValue(f"half of {short} is not a polynomial: use a number for the size")
    pairs, results = short * (long - short + 1), long - short + 1
    for beyond in {"v": (0, 0), "s": (short // 2, short - short // 2 - 1)}[kind] if kind == "s" else ():
        pairs += beyond * (short - 1) - beyond * (beyond - 1) // 2  # results where the short one sticks out
        results += beyond
    return {"mul": pairs, "add": pairs - results}


def _logical(rule: Rule) -> Rule:
    """Of truth values alone these products are truth values too: control flow, which is free."""
    return lambda a, b, *arguments, **keywords: (
        {} if is_truth(a) and is_truth(b) else rule(a, b, *arguments, **keywords)
    )


# --- reductions and running totals


def _reduces(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
             initial: Any = np._NoValue, where: Any = True) -> OpCounts:  # fmt: skip
        _no_truths(dtype, a)
        return {kind: reduction(a, axis, initial, _given(where))[0]}

    return rule


def _extreme(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
             initial: Any = np._NoValue, where: Any = True) -> OpCounts:  # fmt: skip
        return {} if is_truth(a) else {kind: reduction(a, axis, initial, _given(where))[0]}

    return rule


def _truths(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> OpCounts:
        if is_truth(a):
            return {}
        return {kind: reduction(a, axis, where=_given(where))[0], "ne": alone(a, axis, where=_given(where))}

    return rule


def _given(where: Any) -> Any:
    return True if where is np._NoValue else where


def _position(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> OpCounts:
        return {} if is_truth(a) else {kind: reduction(a, axis)[0]}

    return rule


def _runs(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **_: Any) -> OpCounts:
        _no_truths(dtype, a)
        return {kind: positive_part(np.size(a) - 1) if axis is None else _accumulate(a, axis)}

    return rule


def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> OpCounts:
    steps, results = reduction(a, axis)
    return {"maximum": steps, "minimum": steps, "sub": results}


def _mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
          where: Any = True) -> OpCounts:  # fmt: skip
    _no_truths(dtype, a)
    steps, results = reduction(a, axis, where=_given(where))
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex mean divides complex numbers, which has no exact count: write np.sum(a) * (1 / n)")
    return {"add": steps, "div": results}


def _var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
         where: Any = True, mean: Any = np._NoValue, correction: Any = np._NoValue) -> OpCounts:  # fmt: skip
    """The mean, the square of each deviation from it, and the mean of these."""
    _no_truths(dtype, a)
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex variance divides complex numbers, which has no exact count")
    steps, results = reduction(a, axis, where=_given(where))
    size = np.size(a)
    passes = 2 if mean is np._NoValue else 1
    return {"add": passes * steps, "div": passes * results, "sub": size, "mul": size}


def _with_root(variance: Rule) -> Rule:
    def rule(a: Any, axis: Any = None, *arguments: Any, **keywords: Any) -> OpCounts:
        return {**variance(a, axis, *arguments, **keywords), "sqrt": reduction(a, axis)[1]}

    return rule


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> OpCounts:
    *results, length = shapes.diagonal(np.shape(a), offset, axis1, axis2)
    return {"add": math.prod(results) * positive_part(length - 1)}


def _linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> OpCounts:
    return _trace(x, offset, -2, -1)


def _count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> OpCounts:
    size = np.size(a)
    return {"ne": 0 if is_truth(a) else size, "add": reduction(a, axis)[0]}


# --- what is not a number


def _nans(a: Any) -> dict[str, int]:
    """A look at each element, where the type has a nan."""
    return {"isnan": np.size(a)} if dtype_of(a).kind in "fc" else {}


def _with_nans(rule: Rule) -> Rule:
    """The same function, after it has replaced nan."""
    return lambda a, *arguments, **keywords: {**_nans(a), **rule(a, *arguments, **keywords)}


def _nanvar(a: Any, *arguments: Any, where: Any = np._NoValue, **keywords: Any) -> OpCounts:
    """The variance of the numbers that `where` selects, where NumPy's var has the deviations of all."""
    where = _given(where)
    numbers = _var(a, *arguments, where=where, **keywords)
    taken = applications(a, where=where)
    return {**numbers, **_nans(a), "sub": taken, "mul": taken} if _nans(a) else numbers


def _nan_extreme(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
             initial: Any = np._NoValue, where: Any = True) -> OpCounts:  # fmt: skip
        steps, results = reduction(a, axis, initial, _given(where))
        return {} if is_truth(a) else {kind: steps, "isnan": results}

    return rule


# --- elementwise


def _each(kind: str) -> Rule:
    def rule(x: Any, *_: Any, **__: Any) -> OpCounts:
        return {kind: np.size(x)}

    return rule


def _truth_of_each(a: Any) -> OpCounts:
    """What has to know which elements are not zero: of truth values, nothing more."""
    return {} if is_truth(a) else {"ne": np.size(a)}


def _trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> OpCounts:
    return _truth_of_each(filt)


def _astype(x: Any, dtype: Any, /, **_: Any) -> OpCounts:
    """A cast is free, but for the truth of each element."""
    return _truth_of_each(x) if np.dtype(dtype) == np.bool_ else {}


def _sinc(x: Any) -> OpCounts:
    """The sine of pi x by pi x, where that is not zero."""
    size = np.size(x)
    return {"mul": size, "ne": size, "sin": size, "div": size}


def _round(a: Any, decimals: Any = 0, out: Any = None) -> OpCounts:
    """Rounding to decimals scales, rounds and scales back; an integer is round already."""
    if is_complex(a):
        raise NoRule("rounding a complex number has no exact count: round the real and the imaginary part")
    size = np.size(a)
    if dtype_of(a).kind in "iu" and decimals >= 0:
        return {}
    return {"round": size} if decimals == 0 else {"round": size, "mul": size, "div": size}


def _vander(x: Any, N: int | None = None, increasing: bool = False) -> OpCounts:
    """x to the powers 2, 3, ..., each by a product from the one before."""
    length = np.size(x)
    return {"mul": length * positive_part((length if N is None else N) - 2)}


def _polyder(p: Any, m: Any = 1) -> OpCounts:
    """A product for each coefficient but the last, m times; NumPy does it once more and throws that away."""
    size = np.size(p)
    return {"mul": sum(positive_part(size - 1 - time) for time in range(int(m) + 1))}


def _poly(seq_of_zeros: Any) -> OpCounts:
    """A convolution with (1, -zero) for each zero; the leading coefficient is a plain 1 throughout."""
    if np.ndim(seq_of_zeros) == 2 or dtype_of(seq_of_zeros).kind == "c":
        raise NoRule("of a matrix it has eigenvalues to compute, of complex numbers a sort")
    n = np.size(seq_of_zeros)
    return {"neg": n, "mul": n * n, "add": ratio(n * (n - 1), 2)}


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **keywords: Any) -> OpCounts:
    computes = callable(mode) or mode in ("linear_ramp", "maximum", "mean", "median", "minimum")
    if computes or keywords.get("reflect_type") == "odd":
        raise NoRule(f"padding by {mode!r} computes values: write it with operations that have a count")
    return {}


# --- linear algebra: the algorithms that LAPACK documents
#
# The counts of multiplications and additions are those of S. Blackford and J. Dongarra, Installation
# Guide for LAPACK, LAPACK Working Note 41 (1999), appendix C, which has divisions and square roots
# among the multiplications; they stand apart here, by the unblocked algorithms that it counts.
# Comparisons of the pivot search are not among them. What a blocked LAPACK executes on a given
# machine is the same arithmetic in another order, but for a few reciprocals.


def no_complex(*arrays: Any) -> None:
    if any(map(is_complex, arrays)):
        raise NoRule("linear algebra over complex numbers divides them, which has no exact count")


def lu(n: int) -> OpCounts:
    """GETRF: for each column the reciprocal of its pivot, the multipliers, and the update of what is left."""
    return {"div": n, "mul": ratio(n**3 - n, 3), "sub": ratio((n - 1) * n * (2 * n - 1), 6)}


def substitutions(n: int, columns: int) -> OpCounts:
    """GETRS: a forward substitution with the unit triangle and a backward one with the other, for each column."""
    return {"mul": columns * n * (n - 1), "sub": columns * n * (n - 1), "div": columns * n}


def _of_matrices(numbers: Callable[[int], OpCounts]) -> Rule:
    """What a square matrix costs, by its order, for each matrix of a stack."""

    def rule(a: Any) -> OpCounts:
        no_complex(a)
        *stack, _, n = np.shape(a)
        return n_times(math.prod(stack), numbers(n))

    return rule


def _slogdet(n: int) -> OpCounts:
    """The logarithms of the absolute diagonal of the triangle, summed from zero."""
    return together(lu(n), {"abs": n, "log": n, "add": n})


def _det(n: int) -> OpCounts:
    """The exponential of `slogdet`, times the sign."""
    return together(_slogdet(n), {"exp": 1, "mul": 1})


def _inv(n: int) -> OpCounts:
    """The solutions for the columns of the identity (GESV)."""
    return together(lu(n), substitutions(n, n))


def _potrf(n: int) -> OpCounts:
    """For each column a square root, the quotients below it, and the products subtracted before."""
    return {"mul": ratio(n**3 - n, 6), "sub": ratio(n**3 - n, 6), "div": ratio(n * (n - 1), 2), "sqrt": n}


def _cholesky(a: Any, /, *, upper: bool = False) -> OpCounts:
    return _of_matrices(_potrf)(a)


def _qr(a: Any, mode: str = "reduced") -> OpCounts:
    """GEQRF, a reflection for each column; and ORGQR, which multiplies them out into the columns of Q."""
    no_complex(a)
    *stack, m, n = np.shape(a)
    k = smaller(m, n)
    rows = _steps(m, k)
    numbers = together(
        _reflected(m, n, k), {"div": 3 * k, "sqrt": k, "mul": 2 * rows + 2 * k, "add": rows, "sub": 2 * k}
    )
    if mode not in ("r", "raw"):
        numbers = together(numbers, _reflected(m, m if mode == "complete" else k, k), {"mul": rows, "sub": k})
    return n_times(math.prod(stack), numbers)


def _reflected(m: int, n: int, k: int) -> OpCounts:
    """k times LARF, on one row and one column less each time.

    Products of a vector of 1 and the rows below with each column to the right, summed from zero; and the update.
    """
    size = k * (m + 1) * n - ratio((m + 1 + n) * k * (k + 1), 2) + ratio(k * (k + 1) * (2 * k + 1), 6)
    return {"mul": 2 * size + _steps(n, k), "add": size, "sub": size}


def _steps(n: int, k: int) -> int:
    """The sum of n - 1, n - 2, ..., n - k."""
    down: int = ratio(k * (k + 1), 2)
    return n * k - down


# --- the table


RULES_BY_NAME: Final[dict[str, Rule]] = {
    "dot": _logical(_dot), "vdot": _logical(_vdot), "inner": _logical(_inner), "outer": _logical(_outer_product),
    "tensordot": _logical(_tensordot), "kron": _logical(_outer_product), "vander": _vander,
    "convolve": lambda a, v, mode="full": {} if is_truth(a) and is_truth(v) else meetings(a, v, mode),
    "sum": _reduces("add"), "prod": _reduces("mul"), "all": _truths("logical_and"), "any": _truths("logical_or"),
    "max": _extreme("maximum"), "amax": _extreme("maximum"), "min": _extreme("minimum"), "amin": _extreme("minimum"),
    "argmax": _position("gt"), "argmin": _position("lt"), "ptp": _ptp,
    "mean": _mean, "var": _var, "std": _with_root(_var), "trace": _trace, "count_nonzero": _count_nonzero,
    "cumsum": _runs("add"), "cumulative_sum": _runs("add"), "cumprod": _runs("mul"), "cumulative_prod": _runs("mul"),
    "round": _round, "around": _round, "fix": _each("trunc"),
    "isposinf": lambda x, *_, **__: {"isinf": np.size(x), "signbit": np.size(x)},
    "isneginf": lambda x, *_, **__: {"isinf": np.size(x), "signbit": np.size(x)},
    "nonzero": _truth_of_each, "flatnonzero": _truth_of_each, "argwhere": _truth_of_each, "trim_zeros": _trim_zeros,
    "nansum": _with_nans(_reduces("add")), "nanprod": _with_nans(_reduces("mul")),
    "nancumsum": _with_nans(_runs("add")), "nancumprod": _with_nans(_runs("mul")),
    "nanmax": _nan_extreme("fmax"), "nanmin": _nan_extreme("fmin"),
    "nanargmax": _with_nans(_position("gt")), "nanargmin": _with_nans(_position("lt")), "nanmean": _with_nans(_mean),
    "nanvar": _nanvar, "nanstd": _with_root(_nanvar),
    "astype": _astype, "sinc": _sinc, "polyder": _polyder, "poly": _poly, "pad": _pad,
    "linalg.matmul": _logical(PRODUCTS[np.matmul]), "linalg.outer": _logical(_outer_product),
    "linalg.tensordot": _logical(_tensordot), "linalg.vecdot": _logical(_vecdot), "linalg.trace": _linalg_trace,
    "linalg.inv": _of_matrices(_inv), "linalg.det": _of_matrices(_det), "linalg.slogdet": _of_matrices(_slogdet),
    "linalg.cholesky": _cholesky, "linalg.qr": _qr,
}  # fmt: skip
"""Functions that are counted by a rule, which takes the arguments of a call, unwrapped."""

FREE_NAMES: Final = (
    "append", "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "array2string", "array_repr", "array_str",
    "block", "broadcast_arrays", "broadcast_to", "can_cast", "choose", "column_stack", "common_type", "concat",
    "concatenate", "copy", "copyto", "delete", "diag", "diag_indices_from", "diagflat", "diagonal", "dsplit",
    "dstack", "einsum_path", "empty_like", "expand_dims", "fill_diagonal", "flip", "fliplr", "flipud", "full_like",
    "hsplit", "hstack", "imag", "insert", "iscomplexobj", "isrealobj", "matrix_transpose", "may_share_memory",
    "meshgrid", "min_scalar_type", "moveaxis", "ndim", "ones_like", "permute_dims", "put", "put_along_axis", "ravel",
    "real", "repeat", "reshape", "resize", "result_type", "roll", "rollaxis", "rot90", "select", "shape",
    "shares_memory", "size", "split", "squeeze", "stack", "swapaxes", "take", "take_along_axis", "tile", "transpose",
    "tril", "tril_indices_from", "triu", "triu_indices_from", "unstack", "vsplit", "vstack", "zeros_like",
    "lib.stride_tricks.sliding_window_view", "fft.fftshift", "fft.ifftshift", "linalg.diagonal",
    "linalg.matrix_transpose",
    "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "empty", "eye", "frombuffer", "fromfile",
    "fromfunction", "fromiter", "fromstring", "full", "genfromtxt", "identity", "loadtxt", "ones", "require", "tri",
    "zeros",
)  # fmt: skip
"""Functions that move data, or look at its shape and type alone; the last rows make an array `like=` another."""

DESCRIBING: Final = frozenset({
    "array2string", "array_repr", "array_str", "can_cast", "common_type", "einsum_path", "iscomplexobj", "isrealobj",
    "may_share_memory", "min_scalar_type", "ndim", "result_type", "shape", "shares_memory", "size",
})  # fmt: skip
"""Functions that tell of an array what it is, and not what it holds: their results are plain."""

POSITIONS: Final = frozenset({
    "argmax", "argmin", "nanargmax", "nanargmin", "argsort", "argpartition", "argwhere", "flatnonzero", "nonzero",
    "lexsort", "searchsorted", "digitize", "diag_indices_from", "tril_indices_from", "triu_indices_from",
})  # fmt: skip
"""Functions that give places in an array: plain integers, as the truth of a comparison is plain."""

TRUTHS: Final = frozenset({"all", "any", "isneginf", "isposinf"})
"""Functions that give truth values into `out`, by comparisons that they count."""

EMPTY: Final[Mapping[str, int]] = {"empty_like": 0, "full_like": 0, "ones_like": 0, "zeros_like": 0}
"""Functions that take a shape and a dtype from an argument, and none of its values, and which argument that is."""

INDEXES: Final[Mapping[str, int]] = {
    "array_split": 1, "broadcast_to": 1, "choose": 0, "delete": 1, "dsplit": 1, "hsplit": 1, "insert": 1, "put": 1,
    "put_along_axis": 1, "repeat": 1, "reshape": 1, "resize": 1, "roll": 1, "split": 1, "take": 1,
    "take_along_axis": 1, "tile": 1, "vsplit": 1,
}  # fmt: skip
"""Functions that take places or sizes, and which argument that is: plain integers, not wrapped ones."""

_DATA_DEPENDENT: Final = "how much it computes depends on the values"
_ITERATIVE: Final = "it iterates until it converges"
_LIBRARY: Final = "the algorithm is the library's choice, by the size"
_DATES: Final = "dates are not counted"
_TEXT: Final = "text is not counted"
_FILES: Final = "the values would leave their counter"
_INDEX: Final = "places in an array are plain integers, not wrapped ones"

_REFUSED_ROWS: Final = {
    _DATA_DEPENDENT: """
        argpartition argsort bincount digitize histogram histogram2d histogram_bin_edges histogramdd i0 intersect1d
        in1d isin lexsort median nanmedian nanpercentile nanquantile partition percentile quantile polydiv searchsorted
        setdiff1d setxor1d sort sort_complex union1d unique unique_all unique_counts unique_inverse unique_values
        lib.scimath.arccos lib.scimath.arcsin lib.scimath.arctanh lib.scimath.log lib.scimath.log10
        lib.scimath.log2 lib.scimath.logn lib.scimath.power lib.scimath.sqrt""",
    _ITERATIVE: """
        linalg.cond linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.lstsq linalg.matrix_rank linalg.pinv
        linalg.svd linalg.svdvals polyfit roots""",
    _LIBRARY: """
        fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft fft.irfft2 fft.irfftn
        fft.rfft fft.rfft2 fft.rfftn""",
    _DATES: "busday_count busday_offset datetime_as_string is_busday",
    _INDEX: "ix_ packbits ravel_multi_index unpackbits unravel_index",
    _FILES: "save savetxt savez savez_compressed",
    _TEXT: """
        char.capitalize char.center char.decode char.encode char.equal char.expandtabs char.greater
        char.greater_equal char.join char.less char.less_equal char.ljust char.lower char.mod char.not_equal
        char.replace char.rjust char.rsplit char.split char.splitlines char.swapcase char.title char.translate
        char.upper char.zfill char.partition char.rpartition char.multiply
        strings.multiply strings.partition strings.rpartition""",
}
REFUSED_BY_NAME: Final = {name: reason for reason, names in _REFUSED_ROWS.items() for name in names.split()}
"""Functions without an exact count, with the reason. What is not imported with NumPy, as `numpy.polynomial` and
`numpy.lib.recfunctions`, is refused without one."""


def function_named(name: str) -> Any:
    """The NumPy function of that name, None where this NumPy has none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def by_function(names: Mapping[str, Any]) -> dict[Any, Any]:
    """The same table with NumPy's functions for their names."""
    return {function: row for name, row in names.items() if (function := function_named(name)) is not None}


RULES: Final[dict[Any, Rule]] = by_function(RULES_BY_NAME)
FREE: Final = frozenset(by_function(dict.fromkeys(FREE_NAMES)))
REFUSED: Final[dict[Any, str]] = by_function(REFUSED_BY_NAME)
USERS: Final[dict[Any, Rule | OpCounts]] = {}
"""What users have registered; it goes before everything else."""


def register_rule(function: Callable[..., Any], rule: Rule | OpCounts | None) -> None:
    """Give a NumPy function or a ufunc a count: for one that has none, or instead of the one it has.

    >>> import numpy as np, opcount as oc
    >>> def fft(a, *_, **__):  # radix 2: n/2 log2 n butterflies
    ...     butterflies = a.size // 2 * (a.shape[-1].bit_length() - 1)
    ...     return {"mul": 4 * butterflies, "add": 3 * butterflies, "sub": 3 * butterflies}
    >>> oc.register_rule(np.fft.fft, fft)
    >>> oc.measure(np.fft.fft, np.ones(8)).counts
    Counts({'mul': 48, 'add': 36, 'sub': 36})
    >>> oc.register_rule(np.fft.fft, None)

    `rule` takes the arguments of the call, unwrapped, and gives a mapping from kind to
    number: what the call executes. For a ufunc it may be the mapping itself, counted for
    each element: `oc.register_rule(scipy.special.erf, {"exp": 1})`. None forgets what was
    registered. Raises InvalidType for what is no function or no rule, InvalidValue for an
    unknown kind. What a rule gives is checked at every call: a number that is negative or
    no integer raises as well.
    """
    if not callable(function):
        raise InvalidType(f"register_rule: {function!r} is no function")
    if rule is None:
        USERS.pop(function, None)
    elif isinstance(rule, Mapping):
        if not isinstance(function, np.ufunc):
            raise InvalidType(
                "register_rule: counts for each element are for a ufunc; give other functions a rule, "
                "a function that takes the arguments of a call and gives its counts"
            )
        USERS[function] = checked(rule, function)
    elif callable(rule):
        USERS[function] = rule
    else:
        raise InvalidType(f"register_rule: the rule must be a function or a mapping from kind to number, not {rule!r}")
    count_by(function, USERS.get(function))


def users_counts(function: Any, method: str, args: Iterable[Any], keywords: Mapping[str, Any]) -> OpCounts:
    """What a call executes by the rule that a user registered for the function."""
    rule = USERS[function]
    if callable(rule):
        if method != "__call__":
            raise NoRule(f"the rule that was registered is for a plain call, not for {method}")
        return checked(rule(*args, **keywords), function)
    return n_times(APPLICATIONS[method](*args, **keywords), rule)


def checked(numbers: Any, function: Any) -> dict[str, int]:
    """The counts that a user's rule gave; raises InvalidType or InvalidValue, naming the function."""
    name = f"the rule of {name_of(function)}"
    if not isinstance(numbers, Mapping):
        raise InvalidType(f"{name} must give a mapping from kind to number, not {numbers!r}")
    if unknown := numbers.keys() - set(KINDS):
        raise InvalidValue(
            f"{name} gives what is no kind: {', '.join(sorted(map(str, unknown)))}; "
            f"{instead(unknown, KINDS, 'the kinds', 'oc.KINDS')}"
        )
    found = {}
    for kind, number in numbers.items():
        try:
            found[kind] = operator.index(number)
        except TypeError:
            raise InvalidType(f"{name} gives {number!r} for {kind}, which is no integer") from None
        if found[kind] < 0 or isinstance(number, bool):
            raise InvalidValue(f"{name} gives {number!r} for {kind}; a count is an integer from 0 on")
    return found


@cache
def name_of(function: Any) -> str:
    """A function's name, as a reader writes it."""
    name = getattr(function, "__name__", repr(function))
    module = getattr(function, "__module__", None) or ("numpy" if getattr(np, name, None) is function else "")
    return f"{module}.{name}".replace("numpy.", "np.", 1).lstrip(".")
