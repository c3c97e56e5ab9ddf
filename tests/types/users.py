"""A user's script, for type checkers: what they know of opcount, and which mistakes they find.

`make lint` has mypy and pyright check it, strictly; it is not executed by the tests. A line with an ignored error is
a mistake that both must find: an ignore that is not needed is an error itself.
"""

from __future__ import annotations

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import opcount as oc


def square(x: float) -> float:
    return x * x


def energy(w: NDArray[np.float64]) -> np.float64:
    total: np.float64 = np.sum(w * w)
    return total


def layer(x: oc.Array) -> oc.Array:
    return x * 2 + 1


# counts

m = oc.measure(square, 3.0)
assert_type(m.value, float)
assert_type(m.counts, oc.Counts)
assert_type(m.counts.mul, int)
assert_type(m.counts.additive, int)
assert_type(m.counts.total, int)
assert_type(m.counts["mul"], int)
assert_type(m.counts + 2 * m.counts, oc.Counts)
m.counts.muls  # type: ignore[attr-defined]
m.counts.mul = 3  # TODO
