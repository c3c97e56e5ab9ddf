"""New arrays: like another one, or from sizes, also with `like=`."""

from __future__ import annotations

import math
import operator
from collections.abc import Set
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike

from opcount.counting import symbolic
from opcount.counting.symbolic import Size
from opcount.functions.numpys_own import any_true, as_array, own
from opcount.functions.op_counts import NoRule, OpCounts
from opcount.functions.rows import AS_EXECUTED, FREE, MOVES, Executed, Function, Seeing, each
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.stand_ins import EXACT, SMALL, spec_of


def _arange(wrapped: Set[Any], *_: object, **__: object) -> OpCounts:
    if wrapped - {"like"}:
        raise NoRule("a range of wrapped numbers has no exact count: write start + step * np.arange(n)")
    return {}


# --- shapes


def _like(a: Any, dtype: Any = None, order: object = "K", subok: object = True, shape: Any = None, **_: object) -> Spec:
    shape = a.shape if shape is None else tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return Spec(shape, a.dtype if dtype is None else dtype)


def _full_like(a: Held, fill_value: object, *arguments: Any, **keywords: Any) -> Spec:
    return _like(a, *arguments, **keywords)


def _made(shape: object, dtype: DTypeLike | None = None, *_: object, **keywords: object) -> Spec:
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return Spec(shape, float if dtype is None else dtype)


def _full(shape: object, fill_value: object, dtype: DTypeLike | None = None, *_: object, **__: object) -> Spec:
    return _made(shape, getattr(fill_value, "dtype", np.asarray(fill_value).dtype) if dtype is None else dtype)


def _eye(N: object, M: object = None, k: object = 0, dtype: DTypeLike | None = None, *_: object, **__: object) -> Spec:
    return _made((N, N if M is None else M), dtype)


def _identity(n: Size, dtype: DTypeLike | None = None) -> Spec:
    return _made((n, n), dtype)


def _arange_shape(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, *_: object, **__: object) -> Spec:
    start, stop = (0, start) if stop is None else (start, stop)
    given = [symbolic.like_of(end) for end in (start, stop, step)]
    if not any(map(symbolic.is_symbolic, (start, stop, step))):
        return Spec(np.arange(start, stop, step).shape, np.arange(*given, dtype=dtype).dtype)
    length = -(symbolic.known(symbolic.normal(start) - symbolic.normal(stop)) // step)
    return _made((symbolic.positive_part(symbolic.normal(length)),), np.arange(*given, dtype=dtype).dtype)


def _as_array(a: Held, dtype: DTypeLike | None = None, *_: object, ndmin: int = 0, **__: object) -> Spec:
    a = spec_of(a)
    return Spec((1,) * (ndmin - a.ndim) + a.shape, a.dtype if dtype is None else dtype)


# --- ranges between wrapped ends


def _linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
              dtype: DTypeLike | None = None, axis: int = 0, *, device: object = None) -> Any:  # fmt: skip
    num = operator.index(num)
    if num < 0:
        raise ValueError
    pieces = num - 1 if endpoint else num
    real = np.result_type(start, stop, float(num))
    start, stop = as_array(start), as_array(stop)
    span = np.subtract(stop, start, dtype=real)
    y = np.arange(0, num, dtype=real).reshape((-1,) + (1,) * np.ndim(span))
    step: Any = math.nan
    if pieces > 0:
        step = span / pieces
        y = y / pieces * span if any_true(step == 0) else y * step
    else:
        y = y * span
    y = y + start
    if endpoint and num > 1:
        y[-1, ...] = stop
    y = np.moveaxis(y, 0, axis) if axis else y
    if dtype is not None and np.issubdtype(dtype, np.integer):
        y = np.floor(y)
    y = y.astype(real if dtype is None else dtype)
    return (y, step) if retstep else y


def _logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
              dtype: DTypeLike | None = None, axis: int = 0) -> Any:  # fmt: skip
    if np.ndim(base):
        most = max(map(np.ndim, (start, stop, base)))
        start, stop, base = (
            np.reshape(part, (1,) * (most - np.ndim(part)) + np.shape(part)) for part in (start, stop, base)
        )
        base = np.expand_dims(base, axis=axis)
    y = np.power(base, np.linspace(start, stop, num=num, endpoint=endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype)


ROWS: Final = (
    *each("zeros_like ones_like empty_like", FREE, _like, MOVES, like=0),
    Function("full_like", FREE, _full_like, MOVES, like=0),
    Function("copy", FREE, SMALL, "copy"),
    Function("meshgrid", FREE, SMALL, MOVES),
    *each("empty zeros ones", FREE, _made, MOVES, makes=True),
    Function("full", FREE, _full, MOVES, makes=True),
    *each("eye tri", FREE, _eye, MOVES, makes=True),
    Function("identity", FREE, _identity, MOVES, makes=True),
    Function("arange", Seeing(_arange), _arange_shape, makes=True),
    *(Function(name, FREE, _as_array, name, makes=True) for name in ("array", "asarray", "asanyarray")),
    *each("ascontiguousarray asfortranarray require", FREE, _as_array, MOVES, makes=True),
    *each("frombuffer fromfile fromfunction fromiter fromstring genfromtxt loadtxt", FREE, EXACT, MOVES),
    Function("linspace", Executed(_linspace), EXACT, AS_EXECUTED, opened=True),
    Function("logspace", Executed(_logspace), EXACT, AS_EXECUTED, opened=True),
    own("geomspace", instead={np.any: any_true}),
)
