"""Interpolation, differences and integrals."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from opcount.counting.symbolic import order
from opcount.functions.numpys_own import as_array, own, truths
from opcount.functions.of_nodes import ordered_axes
from opcount.functions.op_counts import NoRule, is_complex
from opcount.functions.rows import AS_EXECUTED, Executed, Function
from opcount.wrapping.operands import held, holds_wrapped, unwrapped
from opcount.wrapping.stand_ins import BY_VALUE, EXACT

# --- differences


def _along(axis: int, dimensions: int, part: Any) -> tuple[Any, ...]:
    """The index that takes `part` along one axis and everything along the others."""
    index = [slice(None)] * dimensions
    index[axis] = part
    return tuple(index)


def _replaced(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    axis = range(len(shape))[axis]
    return (*shape[:axis], size, *shape[axis + 1 :])


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = as_array(ary).ravel()
    begin, end = (None if part is None else as_array(part).ravel() for part in (to_begin, to_end))
    if not all(part is None or np.can_cast(part.dtype, ary.dtype, casting="same_kind") for part in (begin, end)):
        raise TypeError
    parts = [part for part in (begin, ary[1:] - ary[:-1], end) if part is not None]
    return np.concatenate([part.astype(ary.dtype) for part in parts]) if len(parts) > 1 else parts[0]


def _gradient(f: Any, *varargs: object, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided ones at both ends; of first or second order there."""
    f = as_array(f)
    axes = ordered_axes(axis, f.ndim)
    spacings = _spacings(f, axes, varargs)
    if edge_order > 2 or any(order(f.shape[index], edge_order + 1) < 0 for index in axes):
        raise ValueError
    if f.dtype.kind in "iub":
        f = f.astype(np.float64)
    results = [_gradient_along(f, index, h, edge_order) for index, h in zip(axes, spacings, strict=True)]
    return results[0] if len(axes) == 1 else tuple(results)


def _spacings(f: Any, axes: tuple[int, ...], given: tuple[Any, ...]) -> list[Any]:
    """The spacing along each axis: a number, or, if they are not all equal, the differences."""
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and np.ndim(given[0]) == 0:
        return list(given) * len(axes)
    spacings = []
    for distances, axis in zip(given, axes, strict=True):
        if np.ndim(distances):
            distances = as_array(distances)
            if distances.shape != f.shape[axis : axis + 1]:
                raise ValueError
            steps = np.diff(distances.astype(np.float64) if distances.dtype.kind in "iu" else distances)
            distances = steps[0] if truths(steps == steps[0]).all() else steps
        spacings.append(distances)
    return spacings


def _gradient_along(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    def at(part: Any) -> tuple[Any, ...]:
        return _along(axis, f.ndim, part)

    def combined(weights: Any, parts: Any) -> Any:
        a, b, c = weights
        first, second, third = (f[at(part)] for part in parts)
        return a * first + b * second + c * third

    out = np.empty_like(f if holds_wrapped(f) else h, f.dtype, shape=f.shape)
    uniform = np.ndim(h) == 0
    if uniform:
        out[at(slice(1, -1))] = (f[at(slice(2, None))] - f[at(slice(None, -2))]) / (2.0 * h)
    else:
        left, right = h[:-1], h[1:]
        weights = (
            -right / (left * (left + right)), (right - left) / (left * right), left / (right * (left + right))
        )  # fmt: skip
        shape = _replaced((1,) * f.ndim, axis, -1)
        parts = (slice(None, -2), slice(1, -1), slice(2, None))
        out[at(slice(1, -1))] = combined([weight.reshape(shape) for weight in weights], parts)
    if edge_order == 1:
        for end, first, second in ((0, 1, 0), (-1, -1, -2)):
            out[at(end)] = (f[at(first)] - f[at(second)]) / (h if uniform else h[end])
        return out
    if uniform:
        start, stop = (-1.5 / h, 2.0 / h, -0.5 / h), (0.5 / h, -2.0 / h, 1.5 / h)
    else:
        one, two = h[0], h[1]
        start = (-(2.0 * one + two) / (one * (one + two)), (one + two) / (one * two), -one / (two * (one + two)))
        one, two = h[-2], h[-1]
        stop = (two / (one * (one + two)), -(two + one) / (one * two), (2.0 * two + one) / (two * (one + two)))
    out[at(0)] = combined(start, (0, 1, 2))
    out[at(-1)] = combined(stop, (-3, -2, -1))
    return out


# --- interpolation


NO_PERIOD: Final = "a period sorts the table, and how much that computes depends on the values"


def _interp(
    x: ArrayLike, xp: ArrayLike, fp: ArrayLike, left: object = None, right: object = None, period: object = None
) -> Any:
    """Linear interpolation: the comparisons of the search, a slope, and a product, a difference and a sum.

    The slopes are computed once for each interval where there are at least as many points as
    intervals, else once for each point. After `arr_interp` in NumPy's C source.
    """
    if period is not None:
        raise NoRule(NO_PERIOD)
    if is_complex(fp):
        raise NoRule("complex values have no exact count: interpolate the real and the imaginary part")
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    value = np.interp(unwrapped(x), unwrapped(xp), unwrapped(fp), left=unwrapped(left), right=unwrapped(right))
    points, table, values = (list(np.ravel(part)) for part in (x, xp, fp))
    last = len(table) - 1
    slopes = {}
    if 0 < last < len(points):
        slopes = {j: (values[j + 1] - values[j]) / (table[j + 1] - table[j]) for j in range(last)}
    j = 0
    for point in points:
        if not last:
            _ = point < table[0] or point > table[0]
            continue
        if np.isnan(point):
            continue
        j = interval(point, table, j)
        if not 0 <= j < last or table[j] == point:
            continue
        slope = slopes[j] if slopes else (values[j + 1] - values[j]) / (table[j + 1] - table[j])
        if np.isnan(slope * (point - table[j]) + values[j]) and np.isnan(
            slope * (point - table[j + 1]) + values[j + 1]  # from the other end
        ):
            _ = values[j] == values[j + 1]
    return held(value, x, xp, fp, left, right)


def interval(key: object, table: list[Any], guess: int) -> int:
    """NumPy's binary search, which looks around the interval of the point before first."""
    length = len(table)
    if key > table[-1]:
        return length
    if key < table[0]:
        return -1
    if length <= 4:
        index = 1
        while index < length and key >= table[index]:
            index += 1
        return index - 1
    guess = max(min(guess, length - 3), 1)
    low, high = 0, length
    if key < table[guess]:
        if not key < table[guess - 1]:
            return guess - 1
        high = guess - 1
        if guess > 8 and key >= table[guess - 8]:
            low = guess - 8
    else:
        for index in (guess, guess + 1):
            if key < table[index + 1]:
                return index
        low = guess + 2
        if guess < length - 9 and key < table[guess + 8]:
            high = guess + 8
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if key >= table[middle] else (low, middle)
    return low - 1


ROWS: Final = (
    own("diff"),
    Function("ediff1d", Executed(_ediff1d), EXACT, AS_EXECUTED),
    Function("gradient", Executed(_gradient), EXACT, AS_EXECUTED),
    own("trapezoid", instead={ValueError: ()}),  # which is not tried again
    own("unwrap", opened=True),
    Function("interp", Executed(_interp), BY_VALUE, "interp"),
)
