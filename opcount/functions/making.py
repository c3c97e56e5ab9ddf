"""Arrays made new: like another one, or from nothing, `like=` another."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

import numpy as np

from opcount.counting import symbolic
from opcount.functions.op_counts import NoRule, OpCounts
from opcount.functions.rows import FREE, MOVES, Function, Seeing, each
from opcount.wrapping.spec import Spec
from opcount.wrapping.stand_ins import EXACT, SMALL, spec_of


def _arange(wrapped: Set[Any], *_: Any, **__: Any) -> OpCounts:
    if wrapped - {"like"}:
        raise NoRule("a range of wrapped numbers has no exact count: write start + step * np.arange(n)")
    return {}


# --- shapes


def _like(a: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None, **_: Any) -> Spec:
    shape = a.shape if shape is None else tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return Spec(shape, a.dtype if dtype is None else dtype)


def _full_like(a: Any, fill_value: Any, *arguments: Any, **keywords: Any) -> Spec:
    return _like(a, *arguments, **keywords)


def _made(shape: Any, dtype: Any = None, *_: Any, **keywords: Any) -> Spec:
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return Spec(shape, float if dtype is None else dtype)


def _full(shape: Any, fill_value: Any, dtype: Any = None, *_: Any, **__: Any) -> Spec:
    return _made(shape, getattr(fill_value, "dtype", np.asarray(fill_value).dtype) if dtype is None else dtype)


def _eye(N: Any, M: Any = None, k: Any = 0, dtype: Any = None, *_: Any, **__: Any) -> Spec:
    return _made((N, N if M is None else M), dtype)


def _identity(n: Any, dtype: Any = None) -> Spec:
    return _made((n, n), dtype)


def _arange_shape(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, *_: Any, **__: Any) -> Spec:
    start, stop = (0, start) if stop is None else (start, stop)
    given = [symbolic.like_of(number) for number in (start, stop, step)]
    if not any(map(symbolic.is_symbolic, (start, stop, step))):
        return Spec(np.arange(start, stop, step).shape, np.arange(*given, dtype=dtype).dtype)
    length = -(symbolic.known(symbolic.normal(start) - symbolic.normal(stop)) // step)
    return _made((symbolic.positive_part(symbolic.normal(length)),), np.arange(*given, dtype=dtype).dtype)


def _as_array(a: Any, dtype: Any = None, *_: Any, ndmin: int = 0, **__: Any) -> Spec:
    a = spec_of(a)
    return Spec((1,) * (ndmin - a.ndim) + a.shape, a.dtype if dtype is None else dtype)


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
)
