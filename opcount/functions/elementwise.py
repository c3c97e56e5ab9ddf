"""Functions of each element that are not ufuncs."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from opcount.counting.errors import OpcountError
from opcount.functions.applications import applications
from opcount.functions.choosing import truth_of_each
from opcount.functions.numpys_own import any_true, as_array, own, truths
from opcount.functions.of_nodes import refuse_keywords
from opcount.functions.op_counts import NoRule, OpCounts, Rule, dtype_of, is_complex, is_truth
from opcount.functions.rows import (
    CONSTANT,
    DATA_DEPENDENT,
    FREE,
    MOVES,
    NUMPY,
    TRUTHS,
    Executed,
    Function,
    Seeing,
    each,
    refused,
)
from opcount.wrapping.operands import held, unwrapped
from opcount.wrapping.shapes import broadcast
from opcount.wrapping.stand_ins import BESIDE_SIZES, BY_VALUE, EXACT, SMALL
from opcount.wrapping.wrapped import Wrapped


def _each(kind: str) -> Rule:
    def rule(x: ArrayLike, *_: object, **__: object) -> OpCounts:
        return {kind: np.size(x)}

    return rule


def _astype(x: object, dtype: Any, /, **_: object) -> OpCounts:
    """A cast is free, except to truth values, which takes a comparison for each element."""
    return truth_of_each(x) if np.dtype(dtype) == np.bool_ else {}


def _sinc(x: ArrayLike) -> OpCounts:
    """The sine of pi x over pi x, unless that is zero."""
    size = np.size(x)
    return {"mul": size, "ne": size, "sin": size, "div": size}


def _round(a: ArrayLike, decimals: Any = 0, out: object = None) -> OpCounts:
    """Rounding to decimals scales, rounds and scales back; an integer needs no rounding."""
    if is_complex(a):
        raise NoRule("rounding a complex number has no exact count: round the real and the imaginary part")
    size = np.size(a)
    if dtype_of(a).kind in "iu" and decimals >= 0:
        return {}
    return {"round": size} if decimals == 0 else {"round": size, "mul": size, "div": size}


def _infinite(x: ArrayLike, *_: object, **__: object) -> OpCounts:
    return {"isinf": np.size(x), "signbit": np.size(x)}


def _nan_to_num(wrapped: Set[Any], x: ArrayLike, *_: object, **__: object) -> OpCounts:
    """Each number, or each part of a complex one, may be nan, or infinite with either sign."""
    size = np.size(x) * {"f": 1, "c": 2}.get(dtype_of(x).kind, 0)
    return {"isnan": size, "isinf": 2 * size, "signbit": 2 * size}


def _nan_to_num_of_nodes(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Three choices by value, of what is nan, and infinite with either sign."""
    held_in = dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.char == "O":  # a number, or an array of numbers
        numbers = [x] if dtype is None else x.flat
        dtype = np.array([each._plain() if isinstance(each, Wrapped) else each for each in numbers]).dtype
    if dtype.kind != "f":
        return np.copy(x) if copy else x
    largest = np.finfo(dtype).max
    places = (np.isnan(x), nan), (np.isposinf(x), posinf), (np.isneginf(x), neginf)
    y = x
    for (mask, given), usual in zip(places, (nan, largest, -largest), strict=True):
        value: Any = usual if given is None else given
        if dtype != held_in and not isinstance(value, Wrapped):  # NumPy would make Python's numbers of its own
            value = np.array(dtype.type(value), object)
        y = np.where(mask, value, y)
    if copy or not np.shape(x):
        return y
    x[...] = y
    return x


def _clip(wrapped: Set[Any], a: ArrayLike, a_min: object = None, a_max: object = None, out: object = None, *,
          min: object = None, max: object = None, where: ArrayLike = True, **_: object) -> OpCounts:  # fmt: skip
    """The larger of each number and its lower bound, then the smaller of that and its upper bound."""
    if any(map(is_complex, (a, a_min, a_max, min, max))):
        raise NoRule("complex numbers are not in order: clip the real and the imaginary part")
    low, high = (
        old if old is not None and old is not np._NoValue else None if new is np._NoValue else new
        for old, new in ((a_min, min), (a_max, max))
    )
    operands = [operand for operand in (a, low, high) if operand is not None]
    size = 0 if all(map(is_truth, operands)) else applications(*operands, where=where)
    return {
        "maximum": size if low is not None and wrapped & {"a", "a_min", "min"} else 0,
        "minimum": size if high is not None else 0,
    }


# --- complex numbers


def _imaginary(x: ArrayLike) -> int:
    """How many imaginary parts an array has; real numbers have none."""
    return np.size(x) if is_complex(x) else 0


def _angle(wrapped: Set[Any], z: ArrayLike, deg: bool = False) -> OpCounts:
    return {"arctan2": np.size(z), "mul": np.size(z) if deg else 0}


def _isreal(wrapped: Set[Any], x: ArrayLike) -> OpCounts:
    return {"eq": _imaginary(x)}


def _iscomplex(wrapped: Set[Any], x: ArrayLike) -> OpCounts:
    return {"ne": _imaginary(x)}


def _real_if_close(wrapped: Set[Any], a: ArrayLike, tol: object = 100) -> OpCounts:
    return {"abs": _imaginary(a), "lt": _imaginary(a)}


# --- comparisons of arrays


def _isclose(a: object, b: object, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    x, y, atol, rtol = (v if isinstance(v, (int, float, complex)) else as_array(v) for v in (a, b, atol, rtol))
    if isinstance(y, int):
        y = float(y)
    elif not isinstance(y, (float, complex)):
        y = y.astype(np.result_type(y.dtype, 1.0))
    finite = [np.isfinite(tolerance) for tolerance in (atol, rtol)] if NUMPY >= (2, 3) else []
    if any(any_true(np.logical_not(truth)) for truth in finite):
        np.isclose(0.0, 0.0, unwrapped(rtol), unwrapped(atol))  # which warns, or does what else NumPy is told to do
    with np.errstate(invalid="ignore"):
        near = np.less_equal(abs(x - y), atol + rtol * abs(y))
        result = truths(near) & truths(np.isfinite(y)) | truths(x == y)
        if equal_nan:
            result |= truths(np.isnan(x)) & truths(np.isnan(y))
    return held(result[()], x, y, rtol, atol)


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    if np.shape(a1) != np.shape(a2):
        return False
    if equal_nan and a1 is a2:
        return True
    a1, a2 = as_array(a1), as_array(a2)
    if not equal_nan or (a1.dtype.kind not in "fc" and a2.dtype.kind not in "fc"):
        return bool(truths(a1 == a2).all())
    missing1, missing2 = truths(np.isnan(a1)), truths(np.isnan(a2))
    return bool((missing1 == missing2).all()) and bool(truths(a1[~missing1] == a2[~missing1]).all())


def _array_equiv(a1: Any, a2: Any) -> bool:
    try:
        broadcast(np.shape(unwrapped(a1)), np.shape(unwrapped(a2)))
    except OpcountError:  # of names, of which nobody knows it
        raise
    except ValueError:
        return False
    return bool(truths(as_array(a1) == as_array(a2)).all())


# --- as they are differentiated, in NumPy's other functions


def _clip_of_nodes(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = np._NoValue,
    max: Any = np._NoValue,
) -> Any:
    refuse_keywords("clip", out=out)
    low, high = (old if new is np._NoValue else new for old, new in ((a_min, min), (a_max, max)))
    a = a if low is None or low is np._NoValue else np.maximum(a, low)
    return a if high is None or high is np._NoValue else np.minimum(a, high)


ROWS: Final = (
    *each("round around", _round, SMALL, CONSTANT),
    Function("fix", _each("trunc"), SMALL, CONSTANT),
    *each("isposinf isneginf", _infinite, SMALL, CONSTANT, gives=TRUTHS),
    Function("sinc", _sinc, SMALL),
    Function("clip", Seeing(_clip), BESIDE_SIZES, _clip_of_nodes),
    Function("nan_to_num", Seeing(_nan_to_num), BESIDE_SIZES, _nan_to_num_of_nodes),
    Function("astype", _astype, SMALL, "astype", gives=TRUTHS),
    Function("real", FREE, SMALL, MOVES),
    Function("imag", FREE, SMALL, CONSTANT),
    Function("angle", Seeing(_angle), SMALL),
    Function("isreal", Seeing(_isreal), SMALL, CONSTANT),
    Function("iscomplex", Seeing(_iscomplex), SMALL, CONSTANT),
    Function("real_if_close", Seeing(_real_if_close), SMALL, opened=True),
    *refused(DATA_DEPENDENT, "i0"),
    Function("isclose", Executed(_isclose), EXACT, CONSTANT),
    own("allclose", BY_VALUE, CONSTANT),
    Function("array_equal", Executed(_array_equal), BY_VALUE, CONSTANT),
    Function("array_equiv", Executed(_array_equiv), BY_VALUE, CONSTANT),
)
