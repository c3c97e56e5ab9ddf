"""The array API standard as loops over wrapped numbers: an oracle for the counts of `opcount.array_api`.

An array is NumPy's, with a mask of the elements that are wrapped. NumPy executes each function on the plain values;
what it counts is found once more, by executing its definition number by number on `oc.Scalar`s. What is not defined
here raises NotImplementedError, so that a routine which needs it has no oracle rather than a wrong one.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

import opcount as oc
from analysis.array_api.arrays import ALONE, LOGIC, SCALARS, WHOLE, Loops, each, number, plain_of, standard

__array_api_version__ = "2024.12"

MOVES: Final = frozenset(
    [
        "reshape",
        "permute_dims",
        "matrix_transpose",
        "flip",
        "roll",
        "expand_dims",
        "squeeze",
        "broadcast_to",
        "take",
        "take_along_axis",
        "tile",
        "repeat",
        "moveaxis",
        "tril",
        "triu",
        "unstack",
        "concat",
        "stack",
        "meshgrid",
        "broadcast_arrays",
        "linalg.diagonal",
    ]
)
"""Functions that move elements, and the mask with them."""

MAKES: Final = frozenset(
    [
        "zeros",
        "ones",
        "empty",
        "eye",
        "arange",
        "zeros_like",
        "ones_like",
        "empty_like",
        "full",
        "full_like",
        "fft.fftfreq",
        "fft.rfftfreq",
    ]
)
"""Functions that make constant data."""

TOLD: Final = frozenset(["isdtype", "result_type", "can_cast", "finfo", "iinfo", "__array_namespace_info__"])


def wrap(values: Any) -> Loops:
    return Loops(np.array(values), True)


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Loops:
    if isinstance(obj, (list, tuple)) and any(isinstance(item, Loops) for item in obj):
        obj = _call("stack", [_of(item) for item in obj])
    found = obj if isinstance(obj, Loops) else Loops(np.asarray(obj))
    if dtype is not None and found.dtype != np.dtype(dtype):
        return astype(found, dtype)
    return Loops(found.plain.copy(), found.wrapped.copy()) if copy else found


def astype(x: Loops, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Loops:
    if np.dtype(dtype) == bool and x.dtype != bool and x.wrapped.any():
        oc.record({"ne": int(x.wrapped.sum())})
    return Loops(x.plain.astype(dtype), x.wrapped)


def _of(value: Any) -> Loops:
    return value if isinstance(value, Loops) else asarray(value)


def _mask(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_mask, value))
    return value.wrapped if isinstance(value, Loops) else value


def _numbers(x: Loops) -> list[Any]:
    return [number(*pair) for pair in zip(x.plain.ravel(), x.wrapped.ravel(), strict=True)]


# --- functions along axes


def _lanes(x: Loops, axis: Any) -> list[list[Any]]:
    """The numbers along the axes, for each element of what is left of them."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    count = int(np.prod([x.shape[one] for one in axes], dtype=int))
    numbers = np.empty(x.size, object)
    numbers[:] = _numbers(x)
    rows = np.moveaxis(numbers.reshape(x.shape), axes, last).reshape(-1, count) if x.size else np.empty((0, 0), object)
    return [list(row) for row in rows]


def _reduced(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def reduction(x: Loops, /, *, axis: Any = None, keepdims: bool = False, **keywords: Any) -> Loops:
        for lane in _lanes(x, axis):
            if any(isinstance(one, oc.Scalar) for one in lane):
                function(lane, **{key: value for key, value in keywords.items() if key != "dtype"})
        result = standard(name)(x.plain, axis=axis, keepdims=keepdims, **keywords)
        return Loops(result, np.any(x.wrapped, axis=axis, keepdims=keepdims))

    return reduction


def _total(lane: Iterable[Any]) -> Any:
    return functools.reduce(operator.add, lane)


def _mean(lane: list[Any]) -> Any:
    return _total(lane) / len(lane)


def _variance(lane: list[Any], correction: float = 0.0) -> Any:
    middle = _mean(lane)
    away = [number - middle for number in lane]
    return _total([number * number for number in away]) / (len(lane) - correction)


def _truth(lane: list[Any]) -> Any:
    raise NotImplementedError("the truth of numbers")


sum = _reduced("sum", _total)
prod = _reduced("prod", lambda lane: functools.reduce(operator.mul, lane))
max = _reduced("max", lambda lane: functools.reduce(np.maximum, lane))
min = _reduced("min", lambda lane: functools.reduce(np.minimum, lane))
mean = _reduced("mean", _mean)
var = _reduced("var", _variance)
std = _reduced("std", lambda lane, correction=0.0: np.sqrt(_variance(lane, correction)))


def _of_truths(name: str, kind: str) -> Callable[..., Any]:
    def reduction(x: Loops, /, *, axis: Any = None, keepdims: bool = False) -> Loops:
        if x.dtype != bool and x.wrapped.any():  # numbers are joined by logic, and one alone is compared with 0
            for lane in _lanes(x, axis):
                oc.record({kind: len(lane) - 1} if len(lane) > 1 else {"ne": 1})
        return Loops(standard(name)(x.plain, axis=axis, keepdims=keepdims))

    return reduction


any_ = _of_truths("any", "logical_or")
all_ = _of_truths("all", "logical_and")


def _running(numpys: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def running(x: Loops, /, *, axis: Any = None, include_initial: bool = False, dtype: Any = None) -> Loops:
        axis = 0 if axis is None else axis
        for lane in _lanes(x, axis):
            functools.reduce(function, lane)
        result = Loops(numpys(x.plain, axis, dtype), bool(x.wrapped.any()))
        if include_initial:
            start = np.take(result.plain, [0], axis) * 0 + (numpys is np.cumprod)
            result = _call("concat", [Loops(start), result], axis=axis)
        return result

    return running


cumulative_sum = _running(np.cumsum, operator.add)
cumulative_prod = _running(np.cumprod, operator.mul)


def _position(name: str, kind: str) -> Callable[..., Any]:
    def position(x: Loops, /, *, axis: Any = None, keepdims: bool = False) -> Loops:
        for lane in _lanes(x, axis):
            if isinstance(lane[0], oc.Scalar):
                oc.record({kind: len(lane) - 1})
        return Loops(getattr(np, name)(x.plain, axis=axis, keepdims=keepdims))

    return position


argmax = _position("argmax", "gt")
argmin = _position("argmin", "lt")


def diff(x: Loops, /, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Loops:
    if prepend is not None or append is not None:
        x = _call("concat", [end for end in (prepend, x, append) if end is not None], axis=axis)
    for _ in range(n):
        moved = _call("moveaxis", x, axis, 0)
        x = _call("moveaxis", moved[1:] - moved[:-1], 0, axis)
    return x


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    dtype = np.clip(plain_of(x), plain_of(min), plain_of(max)).dtype
    x = x if min is None else each("maximum", x, min)
    x = x if max is None else each("minimum", x, max)
    return astype(x, dtype)


def where(condition: Any, x1: Any, x2: Any, /) -> Loops:
    plain = np.where(plain_of(condition), plain_of(x1), plain_of(x2))
    if not isinstance(condition, Loops) or condition.dtype != bool:
        raise NotImplementedError("where of numbers")
    masks = [value.wrapped if isinstance(value, Loops) else np.False_ for value in (x1, x2)]
    if WHOLE.get():
        return Loops(plain, any(mask.any() for mask in masks))
    return Loops(plain, np.where(condition.plain, *masks))


def nonzero(x: Loops, /) -> Any:
    if x.dtype != bool and x.wrapped.any():
        oc.record({"ne": int(x.wrapped.sum())})
    return tuple(map(Loops, np.nonzero(x.plain)))


def count_nonzero(x: Loops, /, *, axis: Any = None, keepdims: bool = False) -> Loops:
    if x.dtype != bool:
        x = x != 0
    counted = sum(astype(x, int), axis=axis, keepdims=keepdims)
    return Loops(counted.plain, counted.wrapped)


# --- comparisons, as many as NumPy's loops for objects make


class Compared:
    """A number that is sorted: each question whether it is less is a comparison, whose other half is free."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Compared) -> Any:
        oc.record({"lt": 1})
        return self.value < other.value

    def __gt__(self, other: Compared) -> Any:
        return self.value > other.value


def _compared(x: Loops) -> Any:
    objects = np.empty(x.size, object)
    objects[:] = list(map(Compared, x.plain.ravel().tolist()))
    return objects.reshape(x.shape)


def sort(x: Loops, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    if x.wrapped.any():
        np.sort(_compared(x), axis=axis, stable=stable)
    upwards = Loops(np.sort(x.plain, axis=axis, stable=stable), bool(x.wrapped.any()))
    return _call("flip", upwards, axis=axis) if descending else upwards


def argsort(x: Loops, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    if descending:
        upwards = _call("flip", argsort(_call("flip", x, axis=axis), axis=axis, stable=stable), axis=axis)
        return x.shape[axis] - 1 - upwards
    if x.wrapped.any():
        np.argsort(_compared(x), axis=axis, stable=stable)
    return Loops(np.argsort(x.plain, axis=axis, stable=stable))


def searchsorted(x1: Loops, x2: Any, /, *, side: Any = "left", sorter: Any = None) -> Loops:
    x2, sorter = _of(x2), None if sorter is None else sorter._left()
    if x1.wrapped.any() or x2.wrapped.any():
        np.searchsorted(_compared(x1), _compared(x2), side=side, sorter=sorter)
    return Loops(np.searchsorted(x1.plain, x2.plain, side=side, sorter=sorter))


def _unique(name: str) -> Callable[..., Any]:
    def unique(x: Loops, /) -> Any:
        if x.wrapped.any():  # sorted, and each compared with the one before it
            objects = _compared(x).ravel()
            if name in ("unique_all", "unique_inverse"):
                objects.argsort(kind="mergesort" if name == "unique_all" else "quicksort")
            else:
                objects.sort()
            oc.record({"ne": x.size - 1})
        if name == "unique_values":
            return Loops(np.unique(x.plain, equal_nan=False), bool(x.wrapped.any()))
        result: Any = standard(name)(x.plain)
        return type(result)(Loops(result[0], bool(x.wrapped.any())), *map(Loops, result[1:]))

    return unique


unique_values, unique_counts = _unique("unique_values"), _unique("unique_counts")
unique_inverse, unique_all = _unique("unique_inverse"), _unique("unique_all")


# --- products


def _dot(a: list[Any], b: list[Any]) -> Any:
    return _total([one * other for one, other in zip(a, b, strict=True)])


def _objects(x: Loops) -> Any:
    numbers = np.empty(x.size, object)
    numbers[:] = _numbers(x)
    return numbers.reshape(x.shape)


def matmul(x1: Any, x2: Any, /) -> Loops:
    x1, x2 = _of(x1), _of(x2)
    result = np.matmul(x1.plain, x2.plain)
    a, b = _objects(x1), _objects(x2)
    a = a[None, :] if a.ndim == 1 else a
    b = b[:, None] if b.ndim == 1 else b
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, stack + a.shape[-2:]), np.broadcast_to(b, stack + b.shape[-2:])
    for index in np.ndindex(stack):
        for row in a[index]:
            for column in b[index].T:
                _dot(list(row), list(column))
    return Loops(result, bool(x1.wrapped.any() or x2.wrapped.any()))


def tensordot(x1: Loops, x2: Loops, /, *, axes: Any = 2) -> Any:
    if axes != 1:
        raise NotImplementedError("tensordot")
    a = _call("reshape", x1, (-1, x1.shape[-1]))
    b = _call("reshape", x2, (x2.shape[0], -1))
    return _call("reshape", matmul(a, b), (*x1.shape[:-1], *x2.shape[1:]))


def vecdot(x1: Loops, x2: Loops, /, *, axis: int = -1) -> Any:
    product = each("multiply", x1, x2)
    return sum(product, axis=axis)


def _det(rows: list[list[Any]]) -> Any:
    """The product of the pivots of LAPACK's factors: NumPy adds their logarithms, and gives the sign by itself."""
    n = len(rows)
    for k in range(n):
        inverse = 1 / rows[k][k]
        for i in range(k + 1, n):
            rows[i][k] = rows[i][k] * inverse
            for j in range(k + 1, n):
                rows[i][j] = rows[i][j] - rows[i][k] * rows[k][j]
    logarithm: Any = 0.0
    for k in range(n):
        logarithm = logarithm + np.log(abs(rows[k][k]))
    return np.exp(logarithm) * 1.0


def _cholesky(rows: list[list[Any]]) -> None:
    """LAPACK's factor, column by column: a root, and below it the quotients of what is left of each."""
    for k in range(len(rows)):
        for i in range(k, len(rows)):
            for j in range(k):
                rows[i][k] = rows[i][k] - rows[i][j] * rows[k][j]
            rows[i][k] = np.sqrt(rows[i][k]) if i == k else rows[i][k] / rows[k][k]


class linalg:
    """The extension, as far as loops define it here."""

    @staticmethod
    def det(x: Loops, /) -> Loops:
        for rows in _objects(x).reshape(-1, *x.shape[-2:]):
            _det([list(row) for row in rows])
        return Loops(np.linalg.det(x.plain), bool(x.wrapped.any()))

    @staticmethod
    def cholesky(x: Loops, /, *, upper: bool = False) -> Loops:
        for rows in _objects(x).reshape(-1, *x.shape[-2:]):
            _cholesky([list(row) for row in rows])
        return Loops(np.linalg.cholesky(x.plain, upper=upper), bool(x.wrapped.any()))

    matmul = staticmethod(matmul)
    tensordot = staticmethod(tensordot)
    vecdot = staticmethod(vecdot)

    @staticmethod
    def vector_norm(x: Loops, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
        if ord == 1:
            return sum(abs(x), axis=axis, keepdims=keepdims)
        if ord == np.inf:
            return max(abs(x), axis=axis, keepdims=keepdims)
        if ord != 2:
            raise NotImplementedError("vector_norm")
        return each("sqrt", sum(x * x, axis=axis, keepdims=keepdims))

    @staticmethod
    def outer(x1: Loops, x2: Loops, /) -> Any:
        return x1[:, None] * x2[None, :]

    @staticmethod
    def trace(x: Loops, /, *, offset: int = 0, dtype: Any = None) -> Any:
        return sum(linalg.diagonal(x, offset=offset), axis=-1)

    @staticmethod
    def diagonal(x: Loops, /, *, offset: int = 0) -> Any:
        return _call("linalg.diagonal", x, offset=offset)

    @staticmethod
    def matrix_transpose(x: Loops, /) -> Any:
        return x.mT

    @staticmethod
    def cross(x1: Loops, x2: Loops, /, *, axis: int = -1) -> Any:
        a, b = (_call("moveaxis", one, axis, 0) for one in (x1, x2))
        parts = [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]
        return _call("moveaxis", _call("stack", parts), 0, axis)


class _Special:
    """The special functions of SciPy that wrapped numbers have."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        from scipy import special

        found = getattr(special, name)
        ufunc = getattr(found, "__wrapped__", found)
        try:
            with oc.paused():
                ufunc(*[oc.wrap(0.5)] * ufunc.nin)
        except (AttributeError, oc.Uncounted):
            raise AttributeError(name) from None

        def of_each(*operands: Any) -> Loops:
            result = ufunc(*map(plain_of, operands))
            arrays = [np.broadcast_to(_opened(operand), np.shape(result)) for operand in operands]
            for numbers in zip(*(array.flat for array in arrays), strict=True):
                if any(isinstance(one, oc.Scalar) for one in numbers):
                    ufunc(*numbers)
            return Loops(result, np.any(np.broadcast_arrays(*(_of(one).wrapped for one in operands)), axis=0))

        return of_each


def _opened(value: Any) -> Any:
    return _objects(_of(value))


special = _Special()


# --- by name


def _call(name: str, *args: Any, **keywords: Any) -> Any:
    """A function that moves elements, and the mask of those that are wrapped with them."""
    args = tuple([_of(item) for item in arg] if isinstance(arg, (list, tuple)) and _holds(arg) else arg for arg in args)
    indexes = {"take": 1, "take_along_axis": 1, "repeat": 1}.get(name)
    if indexes is not None and isinstance(args[indexes], Loops):
        args = (*args[:indexes], args[indexes]._left(), *args[indexes + 1 :])
    results = standard(name)(*map(plain_of, args), **keywords)
    masks = standard(name)(*map(_mask, args), **keywords)
    if isinstance(results, (list, tuple)):
        return [Loops(*pair) for pair in zip(results, masks, strict=True)]
    return Loops(results, masks)


def _holds(value: Any) -> bool:
    return any(isinstance(item, Loops) for item in value)


def _made(name: str, *args: Any, **keywords: Any) -> Loops:
    keywords.pop("device", None)
    fill = next((arg for arg in args[1:] if isinstance(arg, Loops)), None)
    if name.startswith("full") and fill is not None and fill.wrapped.any():
        result = Loops(standard(name)(*map(plain_of, args), **keywords))
        return Loops(result.plain, True)
    if name.startswith("eye"):
        args, keywords = args[:1], {**dict(zip(("M",), args[1:], strict=False)), **keywords}
    return Loops(standard(name)(*map(plain_of, args), **keywords))


def linspace(start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None,
             endpoint: bool = True) -> Loops:  # fmt: skip
    return Loops(np.linspace(_of(start)._left(), _of(stop)._left(), num, dtype=dtype, endpoint=endpoint))


def __getattr__(name: str) -> Any:
    if name in ("any", "all"):
        return {"any": any_, "all": all_}[name]
    if name in MOVES:
        return functools.partial(_call, name)
    if name in MAKES:
        return functools.partial(_made, name)
    if name in TOLD:
        return lambda *args: standard(name)(*(arg.dtype if isinstance(arg, Loops) else arg for arg in args))
    if name in SCALARS or name in ALONE or name in LOGIC:
        return functools.partial(each, name)
    if name in ("pi", "e", "inf", "nan", "newaxis") or isinstance(getattr(np, name, None), type):
        return getattr(np, name)
    raise AttributeError(name)
