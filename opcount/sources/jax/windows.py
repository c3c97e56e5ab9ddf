"""How many pairs of elements meet where a window slides over data, padded, dilated and with strides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import Size, is_symbolic


class Sliding(NamedTuple):
    """A window along one dimension: the sizes of the data, of the window and of the result, and how it slides."""

    data: Size
    window: Size
    results: Size
    stride: int = 1
    low: int = 0  # how much padding there is before the data; less than 0 cuts data off
    high: int = 0
    data_dilation: int = 1
    window_dilation: int = 1


def meetings(dimensions: Sequence[Sliding]) -> tuple[Size, Size]:
    """The pairs of an element of the window and one of the data that meet, and the results with one pair at least.

    What the window meets in the padding, and between the elements of dilated data, is nothing. Both numbers are
    products over the dimensions. Along one, with a pitch `a` of the data and `b` of the window, the tap t at result p
    lies at p s + t b - low, which holds data if it is a multiple of a from 0 to (n - 1) a. Those t are an arithmetic
    progression, which is counted and not walked through.
    """
    pairs: Size = 1
    results: Size = 1
    for each in dimensions:
        met, alive = _along(each)
        pairs, results = pairs * met, results * alive
    return pairs, results


def _along(each: Sliding) -> tuple[Size, Size]:
    n, window, results, stride, low, high, pitch, step = each
    if each == Sliding(n, 1, n):  # a dimension that the window does not slide over, whatever its size
        return n, n
    if any(map(is_symbolic, each)):
        raise InvalidValue(f"how often a window meets data depends on the size {n}: use a number for it")
    span = (n - 1) * pitch + 1 if n else 0
    before = max(-low, 0)  # where data is cut off
    last = min(span, span + high) - 1
    if not n or not window or not results or last < before:
        return 0, 0
    at = np.arange(results, dtype=object if results * stride > 2**60 else np.int64) * stride - low
    first_tap = np.maximum(-((at - before) // step), 0)
    last_tap = np.minimum((last - at) // step, window - 1)
    divisor = math.gcd(step, pitch)
    period = pitch // divisor
    # t b = -p s + low modulo a: solvable where the divisor goes into it, and then for one t of each period
    solvable = at % divisor == 0
    residue = (-(at // divisor) * pow(step // divisor, -1, period)) % period if period > 1 else at * 0
    first_tap = first_tap + (residue - first_tap) % period
    taps = np.where(solvable & (first_tap <= last_tap), (last_tap - first_tap) // period + 1, 0)
    return int(taps.sum()), int(np.count_nonzero(taps))
