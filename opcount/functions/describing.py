"""Functions that describe an array and not its values: its shape and type, its text, its memory."""

from __future__ import annotations

import operator
from typing import Any, Final

from opcount.counting import symbolic
from opcount.functions.rows import DESCRIPTION, FREE, MOVES, Function, each
from opcount.wrapping.shapes import Axis
from opcount.wrapping.spec import Held
from opcount.wrapping.stand_ins import BY_VALUE, SMALL


def _size(a: Held, axis: Axis = None) -> Any:
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return symbolic.product(a.shape[operator.index(each)] for each in axes)


def _shape(a: Held) -> Any:
    return a.shape


def _ndim(a: Held) -> Any:
    return a.ndim


ROWS: Final = (
    Function("shape", FREE, _shape, "shape", gives=DESCRIPTION),
    Function("ndim", FREE, _ndim, "ndim", gives=DESCRIPTION),
    Function("size", FREE, _size, MOVES, gives=DESCRIPTION),
    *each("result_type can_cast common_type iscomplexobj isrealobj", FREE, SMALL, MOVES, gives=DESCRIPTION),
    *each("min_scalar_type may_share_memory shares_memory", FREE, BY_VALUE, MOVES, gives=DESCRIPTION),
    *each("array2string array_repr array_str", FREE, BY_VALUE, MOVES, gives=DESCRIPTION),
)
