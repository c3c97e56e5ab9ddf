"""What functions need that are written in NumPy's other functions, for arrays that are differentiated.

Each stands in the file of its subject, as `_kron_of_nodes` does, and its row names it as the derivative. It takes
what NumPy's function takes, with nodes among its arguments; it must count, and give, what NumPy's function does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opcount.counting.errors import Uncounted
from opcount.counting.symbolic import known
from opcount.wrapping.trees import shape_of


def refuse_keywords(name: str, **keywords: object) -> None:
    """Raise Uncounted for arguments that only plain NumPy knows what to do with."""
    for key, value in keywords.items():
        if value is not None and value is not np._NoValue and value is not True:
            raise Uncounted(f"np.{name} with {key}= has no derivative here: leave it out")


def in_dtype(a: Any, dtype: Any) -> Any:
    """What holds numbers, in a dtype; as it is, if it has that, or if None is asked. A number may have no `dtype`."""
    return a if dtype is None or np.dtype(dtype) == getattr(a, "dtype", None) else a.astype(dtype)


def slices_along(a: Any, axis: int) -> list[Any]:
    """The slices of an array along an axis, which is gone in them."""
    before = (slice(None),) * (axis % len(shape_of(a)))
    return [a[(*before, index)] for index in range(known(shape_of(a)[axis]))]


def ordered_axes(axis: Any, dimensions: int) -> tuple[int, ...]:
    """The axes, counted from the first; all of them for None."""
    if axis is None:
        return tuple(range(dimensions))
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, dimensions))


def reduced_axes(axis: object, dimensions: int) -> tuple[int, ...]:
    """The axes of a reduction: a number has none, and NumPy's reductions accept 0 and -1 for it all the same."""
    return () if not dimensions and axis in (0, -1) else ordered_axes(axis, dimensions)
