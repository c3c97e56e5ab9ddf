"""Functions of each element that are no ufuncs."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

import numpy as np

from opcount.functions.applications import applications
from opcount.functions.choosing import truth_of_each
from opcount.functions.op_counts import NoRule, OpCounts, Rule, dtype_of, is_complex, is_truth
from opcount.functions.rows import CONSTANT, DATA_DEPENDENT, FREE, MOVES, TRUTHS, Function, Seeing, each, refused
from opcount.wrapping.stand_ins import BESIDE_SIZES, SMALL


def _each(kind: str) -> Rule:
    def rule(x: Any, *_: Any, **__: Any) -> OpCounts:
        return {kind: np.size(x)}

    return rule


def _astype(x: Any, dtype: Any, /, **_: Any) -> OpCounts:
    """A cast is free, but for the truth of each element."""
    return truth_of_each(x) if np.dtype(dtype) == np.bool_ else {}


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


def _infinite(x: Any, *_: Any, **__: Any) -> OpCounts:
    return {"isinf": np.size(x), "signbit": np.size(x)}


def _nan_to_num(wrapped: Set[Any], x: Any, *_: Any, **__: Any) -> OpCounts:
    """Each number, or each part of it, may be nan, and infinite of either sign."""
    size = np.size(x) * {"f": 1, "c": 2}.get(dtype_of(x).kind, 0)
    return {"isnan": size, "isinf": 2 * size, "signbit": 2 * size}


def _clip(wrapped: Set[Any], a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None,
          max: Any = None, where: Any = True, **_: Any) -> OpCounts:  # fmt: skip
    """The larger one of each number and its lower bound, then the smaller one of that and the upper bound."""
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


def _imaginary(x: Any) -> int:
    """How many imaginary parts it has; real numbers have none."""
    return np.size(x) if is_complex(x) else 0


def _angle(wrapped: Set[Any], z: Any, deg: bool = False) -> OpCounts:
    return {"arctan2": np.size(z), "mul": np.size(z) if deg else 0}


def _isreal(wrapped: Set[Any], x: Any) -> OpCounts:
    return {"eq": _imaginary(x)}


def _iscomplex(wrapped: Set[Any], x: Any) -> OpCounts:
    return {"ne": _imaginary(x)}


def _real_if_close(wrapped: Set[Any], a: Any, tol: Any = 100) -> OpCounts:
    return {"abs": _imaginary(a), "lt": _imaginary(a)}


ROWS: Final = (
    *each("round around", _round, SMALL, CONSTANT),
    Function("fix", _each("trunc"), SMALL, CONSTANT),
    *each("isposinf isneginf", _infinite, SMALL, CONSTANT, gives=TRUTHS),
    Function("sinc", _sinc, SMALL),
    Function("clip", Seeing(_clip), BESIDE_SIZES, "clip"),
    Function("nan_to_num", Seeing(_nan_to_num), BESIDE_SIZES),
    Function("astype", _astype, SMALL, "astype", gives=TRUTHS),
    Function("real", FREE, SMALL, MOVES),
    Function("imag", FREE, SMALL, CONSTANT),
    Function("angle", Seeing(_angle), SMALL),
    Function("isreal", Seeing(_isreal), SMALL, CONSTANT),
    Function("iscomplex", Seeing(_iscomplex), SMALL, CONSTANT),
    Function("real_if_close", Seeing(_real_if_close), SMALL),
    *refused(DATA_DEPENDENT, "i0"),
)
