"""Linear interpolation of nodes: the search by comparisons, as it counts, and the line of an interval as operations."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from opcount.counting.errors import Uncounted
from opcount.functions.interpolation import NO_PERIOD, interval
from opcount.tracing.nodes import NODES, as_operand, value_of
from opcount.tracing.object_array import NumberArray
from opcount.wrapping.foreign import plain
from opcount.wrapping.trees import shape_of


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: object = None) -> Any:
    """np.interp: slope * (x - xp[j]) + fp[j] for each point in an interval, a value of the table for others.

    A slope is computed once for each interval where there are at least as many points as intervals, else once for
    each point, as NumPy does. Where a point stands in the table NumPy takes the value there, which says nothing of the
    slope: refused, if the point or the table is differentiated.
    """
    if period is not None:
        raise Uncounted(f"np.interp has no derivative here: {NO_PERIOD}")
    x, xp, fp = (part if isinstance(part, NumberArray) else as_operand(part) for part in (x, xp, fp))
    shape = shape_of(x)
    points, table = _values(x), _values(xp)
    values = np.reshape(fp, -1)
    np.interp(0.0, np.zeros(shape_of(xp)), np.zeros(shape_of(fp)))  # wrong arguments: NumPy says what is wrong
    last = len(table) - 1
    sources = _searched(points, table, _depends(x) or _depends(xp))
    lines = [(place, j) for place, (part, j) in enumerate(sources) if part is _LINE]
    parts = {
        _TABLE: values,
        _LEFT: values[:1] if left is None else np.reshape(left, (1,)),
        _RIGHT: values[-1:] if right is None else np.reshape(right, (1,)),
        _NAN: np.array([np.nan]),
    }
    if lines:
        inside, below = map(list, zip(*lines, strict=True))
        above = [j + 1 for j in below]
        known = np.reshape(xp, -1)
        if last < len(points):
            slopes = (np.diff(values) / np.diff(known))[below]
        else:
            slopes = (values[above] - values[below]) / (known[above] - known[below])
        parts[_LINE] = slopes * (np.reshape(x, -1)[inside] - known[below]) + values[below]
        if np.any(plain(np.isnan(parts[_LINE]))):
            raise Uncounted(
                "np.interp has no derivative here: a line through infinities gives nan, and NumPy tries its other end"
            )
        for number, (place, _) in enumerate(lines):
            sources[place] = _LINE, number
    starts = dict(zip(parts, accumulate(map(len, parts.values()), initial=0), strict=False))
    indices = np.array([starts[part] + j for part, j in sources], int)
    return np.concatenate([*parts.values()])[indices.reshape(shape)[()]]


_TABLE, _LEFT, _RIGHT, _NAN, _LINE = range(5)
"""Where a result comes from: a value of the table, an end, nowhere, or the line of an interval."""


def _searched(points: list[Any], table: list[Any], differentiated: bool) -> list[tuple[int, int]]:
    """For each point where its value comes from, and from which interval or element: by the comparisons of NumPy."""
    last = len(table) - 1
    found = []
    j = 0
    for point in points:
        if not last:
            found.append((_LEFT, 0) if point < table[0] else (_RIGHT, 0) if point > table[0] else (_TABLE, 0))
            continue
        if np.isnan(point):
            found.append((_NAN, 0))
            continue
        j = interval(point, table, j)
        if not 0 <= j <= last:
            found.append((_LEFT, 0) if j < 0 else (_RIGHT, 0))
        elif j == last or table[j] == point:
            if differentiated:
                raise Uncounted(
                    f"np.interp has no derivative here: a point stands in the table, at {plain(table[j])}, where the "
                    "slope jumps and NumPy takes the value: choose a side and write (fp[j + 1] - fp[j]) / (xp[j + 1] - "
                    "xp[j]) * (x - xp[j]) + fp[j], with j = np.searchsorted(xp, x) - 1"
                )
            found.append((_TABLE, j))
        else:
            found.append((_LINE, j))
    return found


def _values(part: Any) -> list[Any]:
    """The numbers in a part: wrapped, where it is."""
    return [value_of(item) for item in np.ravel(value_of(part))]


def _depends(part: Any) -> bool:
    """Whether there is a node in a part."""
    return type(part) in NODES or isinstance(part, NumberArray)
