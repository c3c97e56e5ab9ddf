"""Whether one structure of numbers and arrays is like another, and its leaves in the order of the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.wrapping.classes import called
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import Wrapped, is_wrapped_array


def leaves_alike(like: Any, given: Any, name: str, of: str, arrays_as_leaves: bool) -> list[Any]:
    """The leaves of `given`, in the order of those of `like`, which has the structure that it must have.

    >>> leaves_alike({"w": [1.0, 2.0], "b": 3.0}, {"b": 6.0, "w": [4.0, 5.0]}, "v", "x", True)
    [4.0, 5.0, 6.0]

    Raises InvalidValue, by the names of both, where the structures differ: `name` is given, `of` is what it is like.
    """
    if isinstance(like, dict):
        if not isinstance(given, dict) or given.keys() != like.keys():
            raise _differs(name, given, f"{of} is a dict with the keys {list(like)}")
        parts = [(like[key], given[key], f"[{key!r}]") for key in like]
    elif isinstance(like, (list, tuple)):
        if not isinstance(given, (list, tuple)) or len(given) != len(like):
            raise _differs(name, given, f"{of} has {len(like)} items")
        parts = [(one, other, f"[{index}]") for index, (one, other) in enumerate(zip(like, given, strict=True))]
    elif isinstance(like, np.ndarray) or is_wrapped_array(like):
        if not (isinstance(given, np.ndarray) or is_wrapped_array(given)) or shape_of(given) != shape_of(like):
            raise _differs(name, given, f"{of} is an array of shape {shape_of(like)}")
        if is_wrapped_array(like) or (arrays_as_leaves and like.dtype != object):
            return [given]
        return list(given._opened().flat if isinstance(given, Wrapped) else given.flat)
    else:
        if isinstance(given, (list, tuple, dict)) or shape_of(given):
            raise _differs(name, given, f"{of} is a number")
        return [given]
    return [
        leaf
        for one, other, at in parts
        for leaf in leaves_alike(one, other, f"{name}{at}", f"{of}{at}", arrays_as_leaves)
    ]


def _differs(name: str, given: Any, text: str) -> InvalidValue:
    what = f"an array of shape {shape_of(given)}" if hasattr(given, "shape") and shape_of(given) else called(given)
    if isinstance(given, (list, tuple, dict)):
        what += f" of {len(given)}"
    return InvalidValue(f"{name} is {what}, and {text}: give one number for each of {of_whole(text)}")


def of_whole(text: str) -> str:
    return text.split(" ", 1)[0]
